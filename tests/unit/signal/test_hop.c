/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

static void early_fires_once(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE("  timespan: 60s\n  condition: {gte: 3}\n",
						"  window: hop\n  every: 10s\n  compute: {n: "
						"count, ports: distinct(destination.port)}\n"
						"  having: n >= 3\n"));

	(void)state;
	push(b, attempt(5, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(6, "10.0.0.1", "10.0.0.2", 2));
	assert_int_equal(louds(b), 0);
	push(b, attempt(7, "10.0.0.1", "10.0.0.2", 2));
	assert_int_equal(louds(b), 1);
	assert_float_equal(number_of(loud(b, 0), "n"), 3, 0);
	assert_float_equal(number_of(loud(b, 0), "ports"), 2, 0);
	assert_seconds(loud(b, 0)->window_start, -50);
	assert_seconds(loud(b, 0)->start, 5);
	assert_seconds(loud(b, 0)->time, 7);
	passes(b, 100);
	assert_int_equal(louds(b), 1);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(early_fires_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
