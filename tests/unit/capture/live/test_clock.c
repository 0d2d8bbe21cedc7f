/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/live/clock.h"

#define BOOT (1000 * WEIR_SEC)
#define WALL (INT64_C(1800000000) * WEIR_SEC)

static struct clock_sample sample(uint64_t jiffies, weir_time after)
{
	return (struct clock_sample){jiffies, BOOT + after, BOOT + after, WALL + after};
}

static void ticks_are_what_kernels_have(void **state)
{
	(void)state;
	assert_int_equal(clock_tick(250, WEIR_SEC), WEIR_SEC / 250);
	assert_int_equal(clock_tick(25, 100 * WEIR_MSEC), WEIR_SEC / 250);
	assert_int_equal(clock_tick(26, 100 * WEIR_MSEC), WEIR_SEC / 250);
	assert_int_equal(clock_tick(30, 100 * WEIR_MSEC), WEIR_SEC / 300);
	assert_int_equal(clock_tick(10, 100 * WEIR_MSEC), WEIR_SEC / 100);
	assert_int_equal(clock_tick(999, WEIR_SEC), WEIR_SEC / 1000);
	/* Too short to tell, or no tick at all: a guess, never a division by zero. */
	assert_int_equal(clock_tick(3, 10 * WEIR_MSEC), WEIR_SEC / 250);
	assert_int_equal(clock_tick(0, WEIR_SEC), WEIR_SEC / 250);
}

static void boot_time_becomes_wall_time(void **state)
{
	struct clock_sample first = sample(5000, 0);
	struct live_clock clock;

	(void)state;
	clock_start(&clock, &first, TIME_NONE);
	assert_int_equal(clock_from_boot(&clock, (uint64_t)(BOOT + 7)), WALL + 7);
}

static void jiffies_wrap(void **state)
{
	struct clock_sample first = sample((UINT64_C(1) << 32) - 100, 0);
	struct clock_sample second = sample((UINT64_C(1) << 32) + 150, WEIR_SEC);
	struct live_clock clock;

	(void)state;
	clock_start(&clock, &first, TIME_NONE);
	assert_false(clock_update(&clock, &second));
	assert_int_equal(clock.tick, 4 * WEIR_MSEC);
	assert_int_equal(clock_from_jiffies(&clock, 150), WALL + WEIR_SEC);
	assert_int_equal(clock_from_jiffies(&clock, 0), WALL + WEIR_SEC - 150 * 4 * WEIR_MSEC);
	assert_int_equal(clock_from_jiffies(&clock, UINT32_MAX),
			 WALL + WEIR_SEC - 151 * 4 * WEIR_MSEC);
	/* A packet that came after the sample. */
	assert_int_equal(clock_from_jiffies(&clock, 151), WALL + WEIR_SEC + 4 * WEIR_MSEC);
}

static void steps_move_no_event(void **state)
{
	struct clock_sample first = sample(5000, 0), second = sample(5250, WEIR_SEC);
	struct live_clock clock;

	(void)state;
	clock_start(&clock, &first, TIME_NONE);
	second.wall += 40 * WEIR_MSEC; /* slewing, or a slow read */
	assert_false(clock_update(&clock, &second));
	assert_int_equal(clock_from_boot(&clock, (uint64_t)BOOT), WALL);
	second.wall += WEIR_HOUR;
	assert_true(clock_update(&clock, &second));
	assert_int_equal(clock.shift, WEIR_HOUR + 40 * WEIR_MSEC);
	assert_int_equal(clock_from_boot(&clock, (uint64_t)BOOT), WALL);
	second.wall -= 2 * WEIR_HOUR;
	assert_true(clock_update(&clock, &second));
	assert_int_equal(clock.shift, -WEIR_HOUR + 40 * WEIR_MSEC);
	assert_int_equal(clock_from_boot(&clock, (uint64_t)BOOT), WALL);
	assert_int_equal(clock.steps, 2);
	assert_false(clock_update(&clock, &second));
	/* Differences stay what they were. */
	assert_int_equal(clock_from_boot(&clock, 9) - clock_from_boot(&clock, 4), 5);
}

/* A leap second: the wall clock says one second twice. */
static void leap_seconds_move_no_event(void **state)
{
	struct clock_sample first = sample(5000, 0), second = sample(5250, WEIR_SEC);
	struct live_clock clock;

	(void)state;
	clock_start(&clock, &first, TIME_NONE);
	second.wall -= WEIR_SEC;
	assert_true(clock_update(&clock, &second));
	assert_int_equal(clock.shift, -WEIR_SEC);
	assert_int_equal(clock_from_boot(&clock, (uint64_t)(BOOT + WEIR_SEC)), WALL + WEIR_SEC);
}

/* The clock was set back while weir did not run. */
static void what_is_remembered_is_not_of_the_future(void **state)
{
	struct clock_sample first = sample(5000, 0);
	struct live_clock clock;

	(void)state;
	clock_start(&clock, &first, WALL + WEIR_HOUR);
	assert_int_equal(clock_from_boot(&clock, (uint64_t)BOOT), WALL + WEIR_HOUR);
	assert_int_equal(clock.shift, -WEIR_HOUR);
	clock_start(&clock, &first, WALL - WEIR_HOUR);
	assert_int_equal(clock_from_boot(&clock, (uint64_t)BOOT), WALL);
	assert_int_equal(clock.shift, 0);
}

/* Boot time goes on in suspend, jiffies do not. */
static void suspend_does_not_change_the_tick(void **state)
{
	struct clock_sample first = sample(5000, 0), second = sample(5250, WEIR_SEC);
	struct live_clock clock;

	(void)state;
	clock_start(&clock, &first, TIME_NONE);
	second.boot += WEIR_HOUR;
	second.wall += WEIR_HOUR;
	assert_false(clock_update(&clock, &second));
	assert_int_equal(clock.tick, 4 * WEIR_MSEC);
	assert_int_equal(clock_from_jiffies(&clock, 5250), WALL + WEIR_SEC + WEIR_HOUR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_are_what_kernels_have),
		cmocka_unit_test(boot_time_becomes_wall_time),
		cmocka_unit_test(jiffies_wrap),
		cmocka_unit_test(steps_move_no_event),
		cmocka_unit_test(leap_seconds_move_no_event),
		cmocka_unit_test(what_is_remembered_is_not_of_the_future),
		cmocka_unit_test(suspend_does_not_change_the_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
