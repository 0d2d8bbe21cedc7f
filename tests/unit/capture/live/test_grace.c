/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "capture/live/grace.h"

/* The sweep of the main table: what leads astray is found, in one go or in parts. */

#define KEYS  20000
#define SLOTS 16
#define PART  4096

struct swept {
	struct grace grace;
	struct flow_slot hot[SLOTS];
	int map;
	bool opened;
};

static int teardown(void **state)
{
	struct swept *s = *state;

	if (s->opened)
		grace_close(&s->grace);
	if (s->map >= 0)
		close(s->map);
	test_free(s);
	return 0;
}

static void put(struct swept *s, uint32_t number, uint32_t generation)
{
	struct flow_key key = {.proto = 6};
	struct flow_ref ref = {number % SLOTS, generation};

	memcpy(key.addr[0], &number, sizeof(number));
	assert_int_equal(bpf_map_update_elem(s->map, &key, &ref, BPF_ANY), 0);
}

/* Every thousandth key means an earlier life of its slot. */
static int setup(void **state)
{
	struct swept *s = test_calloc(1, sizeof(*s));

	*state = s;
	s->map = bpf_map_create(BPF_MAP_TYPE_HASH, "swept", sizeof(struct flow_key),
				sizeof(struct flow_ref), KEYS, NULL);
	if (s->map < 0)
		return 0;
	for (unsigned i = 0; i < SLOTS; i++)
		s->hot[i].generation = 2;
	for (uint32_t i = 0; i < KEYS; i++)
		put(s, i, i % 1000 ? 2 : 1);
	s->opened = !grace_open(&s->grace, s->map);
	return 0;
}

static unsigned sweep(struct swept *s, uint32_t most)
{
	struct pollfd done = {.fd = s->grace.event, .events = POLLIN};

	grace_ask_sweep(&s->grace, s->hot, SLOTS, most);
	assert_int_equal(poll(&done, 1, 30000), 1);
	assert_int_equal(grace_take(&s->grace), GRACE_SWEEP);
	return s->grace.strays_len;
}

static void need(const struct swept *s)
{
	if (s->map >= 0)
		return;
	print_message("skipped: no BPF maps without root\n");
	skip();
}

static void test_whole(void **state)
{
	struct swept *s = *state;

	need(s);
	assert_true(s->opened);
	assert_int_equal(sweep(s, GRACE_ALL), KEYS / 1000);
	assert_int_equal(sweep(s, GRACE_ALL), KEYS / 1000); /* from the beginning again */
}

static void test_parts(void **state)
{
	struct swept *s = *state;
	unsigned found = 0, sweeps = 0, first;

	need(s);
	do {
		first = sweep(s, PART);
		found += first;
		assert_true(++sweeps <= KEYS / PART + 2);
		assert_true(first < KEYS / 1000);
	} while (s->grace.midway);
	assert_int_equal(found, KEYS / 1000); /* each once */
	assert_true(sweeps >= KEYS / PART - 1);
	/* All of it, though the one before ended in the middle. */
	sweep(s, PART);
	assert_true(s->grace.midway);
	assert_int_equal(sweep(s, GRACE_ALL), KEYS / 1000);
	assert_false(s->grace.midway);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
