/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sink/lanes.h"

static struct out record(enum record_kind_out kind)
{
	return (struct out){.kind = kind};
}

static void put(struct lanes *lanes, struct out *out)
{
	struct out *victim;

	assert_true(lanes_put(lanes, out, &victim));
	assert_null(victim);
}

static void what_fits_leaves_as_it_came(void **state)
{
	struct out flow = record(OUT_FLOW), signal = record(OUT_SIGNAL);
	struct out detection = record(OUT_DETECTION);
	struct lanes *lanes = lanes_new(4);

	(void)state;
	put(lanes, &flow);
	put(lanes, &signal);
	put(lanes, &detection);
	assert_ptr_equal(lanes_take(lanes), &flow);
	assert_ptr_equal(lanes_take(lanes), &signal);
	assert_ptr_equal(lanes_take(lanes), &detection);
	assert_null(lanes_take(lanes));
	lanes_free(lanes);
}

static void short_of_room_the_important_go_first(void **state)
{
	struct out flows[3] = {record(OUT_FLOW), record(OUT_EVENT), record(OUT_FLOW)};
	struct out signal = record(OUT_SIGNAL), detection = record(OUT_DETECTION);
	struct lanes *lanes = lanes_new(4);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		put(lanes, &flows[i]);
	put(lanes, &signal);
	put(lanes, &detection);
	assert_ptr_equal(lanes_take(lanes), &detection);
	assert_ptr_equal(lanes_take(lanes), &signal);
	assert_ptr_equal(lanes_take(lanes), &flows[0]);
	lanes_take(lanes);
	lanes_take(lanes);
	assert_null(lanes_take(lanes));
	lanes_free(lanes);
}

static void the_lesser_make_room(void **state)
{
	struct out flows[2] = {record(OUT_FLOW), record(OUT_FLOW)}, more = record(OUT_EVENT);
	struct out signals[2] = {record(OUT_SIGNAL), record(OUT_HEALTH)};
	struct out last = record(OUT_SIGNAL), detections[3] = {0};
	struct lanes *lanes = lanes_new(2);
	struct out *victim;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		put(lanes, &flows[i]);
	assert_false(lanes_put(lanes, &more, &victim));
	assert_null(victim);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(lanes_put(lanes, &signals[i], &victim));
		assert_ptr_equal(victim, &flows[i]);
	}
	assert_false(lanes_put(lanes, &last, &victim));
	for (unsigned i = 0; i < 2; i++) {
		detections[i] = record(OUT_DETECTION);
		put(lanes, &detections[i]);
	}
	detections[2] = record(OUT_DETECTION);
	assert_false(lanes_put(lanes, &detections[2], &victim));
	assert_null(victim);
	for (unsigned i = 0; i < 4; i++)
		assert_non_null(lanes_take(lanes));
	lanes_free(lanes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_leaves_as_it_came),
		cmocka_unit_test(short_of_room_the_important_go_first),
		cmocka_unit_test(the_lesser_make_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
