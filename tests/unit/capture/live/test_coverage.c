/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "capture/live/coverage.h"
#include "state/memory.h"

#define T0	(INT64_C(1800000000) * WEIR_SEC)
#define AT(s)	(T0 + (s)*WEIR_SEC)
#define MARGIN	1e-6
#define SECONDS (25 * 3600)

static void nothing_moved_is_whole(void **state)
{
	struct coverage *c = coverage_new();

	(void)state;
	assert_float_equal(coverage_share(c, AT(0), AT(60)), 1, MARGIN);
	coverage_add(c, AT(1), 0, 0);
	assert_float_equal(coverage_share(c, AT(0), AT(60)), 1, MARGIN);
	assert_float_equal(coverage_share(c, AT(5), AT(5)), 1, MARGIN);
	coverage_free(c);
}

/* Polls stand at the end of the second that they tell of. */
static void shares_by_window(void **state)
{
	struct coverage *c = coverage_new();

	(void)state;
	coverage_add(c, AT(1), 100, 0);
	coverage_add(c, AT(2), 200, 50);
	coverage_add(c, AT(3), 300, 50);
	assert_float_equal(coverage_share(c, AT(0), AT(1)), 1, MARGIN);
	assert_float_equal(coverage_share(c, AT(1), AT(2)), 0.5, MARGIN);
	assert_float_equal(coverage_share(c, AT(2), AT(3)), 1, MARGIN);
	assert_float_equal(coverage_share(c, AT(1), AT(3)), 0.75, MARGIN);
	assert_float_equal(coverage_share(c, AT(-60), AT(60)), 1 - 50.0 / 300, MARGIN);
	/* A part of a second counts as the whole. */
	assert_float_equal(coverage_share(c, AT(1) + 5, AT(1) + 6), 0.5, MARGIN);
	assert_float_equal(coverage_share(c, AT(1) + 5, AT(1) + 5), 0.5, MARGIN);
	assert_float_equal(coverage_share(c, AT(2), AT(1)), 1, MARGIN);
	coverage_add(c, AT(4) + 20 * WEIR_MSEC, 400, 150);
	assert_float_equal(coverage_share(c, AT(3), AT(4)), 0, MARGIN);
	coverage_free(c);
}

/* What one process saw, the next one counts on. */
static void it_goes_on_in_another(void **state)
{
	struct coverage *c = coverage_new(), *next = coverage_new();
	struct state_writer *writer = malloc(sizeof(*writer));
	struct state_memory memory = {0};
	struct state_image image;
	struct state_reader r;
	const char *words;

	(void)state;
	coverage_add(c, AT(1), 100, 0);
	coverage_add(c, AT(2), 200, 50);
	coverage_add(c, AT(4), 300, 50);
	assert_int_equal(state_begin(writer, 1, state_memory_put, &memory), 0);
	state_section(writer, "coverage", "", 0, 1);
	coverage_save(c, writer);
	assert_int_equal(state_end(writer), 0);
	assert_int_equal(state_image_open(&image, memory.bytes, memory.length, &words), 0);
	assert_true(state_find(&image, "coverage", "", &r));
	assert_true(coverage_load(next, &r));
	assert_true(state_done(&r));
	coverage_add(next, AT(5), 400, 150);
	assert_float_equal(coverage_share(next, AT(0), AT(1)), 1, MARGIN);
	assert_float_equal(coverage_share(next, AT(1), AT(2)), 0.5, MARGIN);
	assert_float_equal(coverage_share(next, AT(2), AT(4)), 1, MARGIN);
	assert_float_equal(coverage_share(next, AT(4), AT(5)), 0, MARGIN);
	image.entries[0].length--;
	assert_true(state_find(&image, "coverage", "", &r));
	assert_false(coverage_load(next, &r));
	state_image_close(&image);
	state_memory_free(&memory);
	free(writer);
	coverage_free(next);
	coverage_free(c);
}

static void all_lost_is_none(void **state)
{
	struct coverage *c = coverage_new();

	(void)state;
	coverage_add(c, AT(1), 10, 0);
	coverage_add(c, AT(2), 20, 40);
	assert_float_equal(coverage_share(c, AT(1), AT(2)), 0, MARGIN);
	coverage_free(c);
}

/* A poll that came late tells of all the seconds since the last. */
static void gaps_are_bridged(void **state)
{
	struct coverage *c = coverage_new();

	(void)state;
	coverage_add(c, AT(1), 100, 0);
	coverage_add(c, AT(5), 200, 20);
	assert_float_equal(coverage_share(c, AT(2), AT(3)), 1, MARGIN);
	assert_float_equal(coverage_share(c, AT(4), AT(5)), 0.8, MARGIN);
	coverage_free(c);
}

static void old_seconds_are_forgotten(void **state)
{
	struct coverage *c = coverage_new();
	int i;

	(void)state;
	for (i = 1; i <= SECONDS + 100; i++)
		coverage_add(c, AT(i), (uint64_t)i * 10, i <= 50 ? (uint64_t)i * 10 : 500);
	assert_float_equal(coverage_share(c, AT(0), AT(50)), 1, MARGIN);
	assert_float_equal(coverage_share(c, AT(SECONDS), AT(SECONDS + 100)), 1, MARGIN);
	coverage_add(c, AT(SECONDS + 101), (SECONDS + 101) * 10, 505);
	assert_float_equal(coverage_share(c, AT(SECONDS + 100), AT(SECONDS + 101)), 0.5, MARGIN);
	coverage_free(c);
}

/* Longer than all that is kept, and a clock that goes back. */
static void leaps(void **state)
{
	struct coverage *c = coverage_new();

	(void)state;
	coverage_add(c, AT(1), 100, 100);
	coverage_add(c, AT(10 * SECONDS), 200, 100);
	assert_float_equal(coverage_share(c, AT(9 * SECONDS), AT(10 * SECONDS)), 1, MARGIN);
	coverage_add(c, AT(5), 300, 200);
	assert_float_equal(coverage_share(c, AT(10 * SECONDS - 1), AT(10 * SECONDS)), 0.5, MARGIN);
	coverage_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_moved_is_whole),
		cmocka_unit_test(shares_by_window),
		cmocka_unit_test(it_goes_on_in_another),
		cmocka_unit_test(all_lost_is_none),
		cmocka_unit_test(gaps_are_bridged),
		cmocka_unit_test(old_seconds_are_forgotten),
		cmocka_unit_test(leaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
