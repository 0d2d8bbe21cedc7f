/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "model/baseline.h"

static const struct rule_baseline with_prior = {
	.used = true, .warmup = 20, .prior = true, .mean = 10, .stddev = 3};
static const struct rule_baseline without = {.used = true, .warmup = 3};

static void the_prior_stands_until_learned(void **state)
{
	struct baseline b = {0};
	struct baseline_now now = baseline_now(&b, &with_prior);

	(void)state;
	assert_true(now.known);
	assert_float_equal(now.mean, 10, 0);
	assert_float_equal(now.deviation, 3, 0);
	assert_float_equal(baseline_zscore(&now, 400).number, 130, 1e-9);
	for (int i = 0; i < 20; i++)
		baseline_learn(&b, &with_prior, 12, false);
	now = baseline_now(&b, &with_prior);
	assert_float_equal(now.mean, 11, 1e-9); /* as many windows as warmup: half and half */
	for (int i = 0; i < 2000; i++)
		baseline_learn(&b, &with_prior, 12, false);
	now = baseline_now(&b, &with_prior);
	assert_float_equal(now.mean, 12, 0.05);
}

static void without_prior_null_until_warm(void **state)
{
	struct baseline b = {0};
	struct baseline_now now;

	(void)state;
	for (int i = 0; i < 3; i++) {
		now = baseline_now(&b, &without);
		assert_int_equal(baseline_zscore(&now, 5).type, VALUE_NULL);
		baseline_learn(&b, &without, 100, false);
	}
	now = baseline_now(&b, &without);
	assert_int_equal(baseline_zscore(&now, 105).type, VALUE_NUMBER);
}

/* Greatest of 5 % of the mean, 1 unit, the rule's floor. */
static void the_deviation_has_a_floor(void **state)
{
	struct rule_baseline rule = without;
	struct baseline b = {.mean = 1000, .windows = 100};

	(void)state;
	assert_float_equal(baseline_now(&b, &rule).deviation, 50, 1e-9);
	b.mean = 2;
	assert_float_equal(baseline_now(&b, &rule).deviation, 1, 1e-9);
	rule.floor = 7;
	assert_float_equal(baseline_now(&b, &rule).deviation, 7, 1e-9);
}

static void the_weight_is_a_twentieth(void **state)
{
	struct baseline b = {.mean = 100, .windows = 100};

	(void)state;
	baseline_learn(&b, &without, 110, false); /* within 3 × 5 */
	assert_float_equal(b.mean, 100.5, 1e-9);
	assert_float_equal(b.variance, 0.95 * (10 * 0.5), 1e-9);
}

static void far_values_enter_clipped(void **state)
{
	struct baseline b = {.mean = 100, .windows = 100};

	(void)state;
	baseline_learn(&b, &without, 1e9, false);
	assert_float_equal(b.mean, 100 + 0.05 * 15, 1e-9);
	b = (struct baseline){.mean = 100, .windows = 100};
	baseline_learn(&b, &without, -1e9, false);
	assert_float_equal(b.mean, 100 - 0.05 * 15, 1e-9);
}

static void flagged_windows_count_a_tenth(void **state)
{
	struct baseline b = {.mean = 100, .windows = 100};

	(void)state;
	baseline_learn(&b, &without, 110, true);
	assert_float_equal(b.mean, 100 + 0.005 * 10, 1e-9);
	assert_float_equal(b.windows, 100.1, 1e-9);
}

/* Many windows without events at once are as many one by one, at no cost. */
static void nothing_is_learned_in_closed_form(void **state)
{
	const uint64_t counts[] = {1, 100, 511, 512, 513, 600, 5000};
	struct timespec a, z;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct baseline fast = {.mean = 400, .variance = 900, .windows = 40}, slow = fast;

		baseline_learn_nothing(&fast, &with_prior, counts[i]);
		for (uint64_t n = 0; n < counts[i]; n++)
			baseline_learn(&slow, &with_prior, 0, false);
		assert_float_equal(fast.mean, slow.mean, 1e-9);
		assert_float_equal(fast.variance, slow.variance, 1e-9);
		assert_float_equal(fast.windows, slow.windows, 1e-6);
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 100; i++) {
		struct baseline b = {.mean = 400, .variance = 900, .windows = 40};

		baseline_learn_nothing(&b, &with_prior, UINT64_C(1) << 50);
		assert_true(isfinite(b.mean) && isfinite(b.variance));
	}
	clock_gettime(CLOCK_MONOTONIC, &z);
	assert_true(z.tv_sec - a.tv_sec < 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_prior_stands_until_learned),
		cmocka_unit_test(without_prior_null_until_warm),
		cmocka_unit_test(the_deviation_has_a_floor),
		cmocka_unit_test(the_weight_is_a_twentieth),
		cmocka_unit_test(far_values_enter_clipped),
		cmocka_unit_test(flagged_windows_count_a_tenth),
		cmocka_unit_test(nothing_is_learned_in_closed_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
