/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sink/aging.h"

#define WALL (INT64_C(1800000000) * WEIR_SEC)
#define BOOT (500 * WEIR_SEC)
#define YEAR (365 * WEIR_DAY)

static void a_steady_clock_is_followed(void **state)
{
	struct aging aging;

	(void)state;
	aging_start(&aging, TIME_NONE, BOOT);
	for (weir_time t = 0; t < 40 * WEIR_DAY; t += WEIR_HOUR)
		assert_int_equal(aging_now(&aging, WALL + t, BOOT + t), WALL + t);
}

static void a_leap_makes_nothing_old(void **state)
{
	struct aging aging;

	(void)state;
	aging_start(&aging, TIME_NONE, BOOT);
	assert_int_equal(aging_now(&aging, WALL, BOOT), WALL);
	for (weir_time t = 0; t < 12 * WEIR_HOUR; t += WEIR_MIN)
		assert_int_equal(aging_now(&aging, WALL + YEAR + t, BOOT + t), WALL + t);
	/* Mended: as if nothing had been. */
	assert_int_equal(aging_now(&aging, WALL + 13 * WEIR_HOUR, BOOT + 13 * WEIR_HOUR),
			 WALL + 13 * WEIR_HOUR);
}

static void a_leap_that_stands_is_followed(void **state)
{
	struct aging aging;

	(void)state;
	aging_start(&aging, TIME_NONE, BOOT);
	aging_now(&aging, WALL, BOOT);
	for (weir_time t = WEIR_MIN; t <= WEIR_DAY; t += WEIR_MIN)
		assert_int_equal(aging_now(&aging, WALL + YEAR + t, BOOT + t), WALL + t);
	for (weir_time t = WEIR_DAY + WEIR_MIN; t < 2 * WEIR_DAY; t += WEIR_MIN)
		assert_int_equal(aging_now(&aging, WALL + YEAR + t, BOOT + t), WALL + YEAR + t);
}

static void small_steps_are_followed_at_once(void **state)
{
	struct aging aging;

	(void)state;
	aging_start(&aging, TIME_NONE, BOOT);
	aging_now(&aging, WALL, BOOT);
	assert_int_equal(aging_now(&aging, WALL + WEIR_HOUR, BOOT), WALL + WEIR_HOUR);
	assert_int_equal(aging_now(&aging, WALL - YEAR, BOOT), WALL - YEAR);
}

/* The clock leapt, or the host was off, before the start: that cannot be told apart. */
static void what_was_stored_is_looked_at(void **state)
{
	struct aging aging;

	(void)state;
	aging_start(&aging, WALL - YEAR, BOOT);
	assert_int_equal(aging_now(&aging, WALL, BOOT), WALL - YEAR);
	aging_start(&aging, WALL - WEIR_HOUR, BOOT);
	assert_int_equal(aging_now(&aging, WALL, BOOT), WALL);
	aging_start(&aging, WALL + YEAR, BOOT);
	assert_int_equal(aging_now(&aging, WALL, BOOT), WALL);
}

/* Boot time counts a suspend: that is no leap. */
static void a_suspend_is_no_leap(void **state)
{
	struct aging aging;

	(void)state;
	aging_start(&aging, TIME_NONE, BOOT);
	aging_now(&aging, WALL, BOOT);
	assert_int_equal(aging_now(&aging, WALL + 9 * WEIR_DAY, BOOT + 9 * WEIR_DAY),
			 WALL + 9 * WEIR_DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_clock_is_followed),
		cmocka_unit_test(a_leap_makes_nothing_old),
		cmocka_unit_test(a_leap_that_stands_is_followed),
		cmocka_unit_test(small_steps_are_followed_at_once),
		cmocka_unit_test(what_was_stored_is_looked_at),
		cmocka_unit_test(a_suspend_is_no_leap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
