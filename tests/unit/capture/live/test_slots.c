/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "capture/live/own.h"
#include "capture/live/slots.h"

#define SLOTS 8

struct moved {
	uint32_t slot[SLOTS];
	unsigned len;
};

static void note(void *context, uint32_t slot)
{
	struct moved *moved = context;

	moved->slot[moved->len++] = slot;
}

static void scan_finds_what_moved(void **state)
{
	struct flow_slot hot[SLOTS] = {0};
	struct moved moved = {0};

	(void)state;
	hot[1].last[0] = 99;
	hot[2].last[0] = 100;
	hot[4].last[1] = 101;
	hot[5].generation = 7; /* free, was used */
	hot[7].last[0] = 5;
	hot[7].last[1] = 200;
	assert_int_equal(slots_scan(hot, SLOTS, 100, note, &moved), 4);
	assert_int_equal(moved.len, 3);
	assert_int_equal(moved.slot[0], 2);
	assert_int_equal(moved.slot[1], 4);
	assert_int_equal(moved.slot[2], 7);
	moved.len = 0;
	assert_int_equal(slots_scan(hot, 2, 0, note, &moved), 1);
	assert_int_equal(slots_scan_all(hot, SLOTS, note, &moved), 4);
	assert_int_equal(moved.len, 1 + 4);
}

static void scan_over_the_wrap(void **state)
{
	struct flow_slot hot[SLOTS] = {0};
	struct moved moved = {0};

	(void)state;
	hot[0].last[0] = UINT32_MAX - 50; /* before `since` */
	hot[1].last[0] = UINT32_MAX - 5;
	hot[2].last[0] = 3; /* after the wrap */
	slots_scan(hot, SLOTS, UINT32_MAX - 10, note, &moved);
	assert_int_equal(moved.len, 2);
	assert_int_equal(moved.slot[0], 1);
	assert_int_equal(moved.slot[1], 2);
}

static void own_sockets(void **state)
{
	struct own_sockets own;
	uint64_t i;

	(void)state;
	own_init(&own);
	own_add(&own, 0);
	assert_false(own_has(&own, 0)); /* no cookie is nobody's */
	own_add(&own, 17);
	own_add(&own, 17);
	assert_true(own_has(&own, 17));
	assert_false(own_has(&own, 18));
	for (i = 0; i < OWN_SOCKETS_MAX - 1; i++)
		own_add(&own, 1000 + i);
	assert_true(own_has(&own, 17));
	own_add(&own, 5000);
	assert_false(own_has(&own, 17)); /* the oldest */
	assert_true(own_has(&own, 1000));
	own_free(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan_finds_what_moved),
		cmocka_unit_test(scan_over_the_wrap),
		cmocka_unit_test(own_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
