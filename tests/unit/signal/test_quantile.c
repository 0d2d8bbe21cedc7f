/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signal/quantile.h"

static struct pool pool;

static struct series_space space_of(size_t bytes)
{
	return (struct series_space){.pool = &pool, .bytes_left = bytes};
}

static int teardown(void **state)
{
	(void)state;
	pool_free(&pool);
	return 0;
}

/* Every number is in a bucket that is taken for something within the stated error of it. */
static void holds(const struct quantile *sketch, double number)
{
	for (uint32_t i = 0; i < sketch->len; i++)
		if (fabs(quantile_number(sketch, i) - number) <=
		    quantile_error(sketch) * fabs(number) * (1 + 1e-9))
			return;
	fail_msg("%g is in no bucket", number);
}

static void numbers_of_all_sizes_keep_to_the_error(void **state)
{
	static const double numbers[] = {0,	 1,    -1,	5e-324, 1.7e308, -1.7e308,
					 1e-300, 1500, -1500.5, 3,	1e18};
	struct series_space space = space_of(1 << 20);
	struct quantile *sketch = NULL;
	size_t len = sizeof(numbers) / sizeof(numbers[0]);

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_true(quantile_add(&space, &sketch, numbers[i], 1));
	assert_float_equal(quantile_error(sketch), QUANTILE_ERROR, 1e-12);
	for (size_t i = 2; i < len; i++)
		if (fabs(numbers[i]) >
		    1e-320) /* the least has no neighbour within half a percent */
			holds(sketch, numbers[i]);
	for (uint32_t i = 1; i < sketch->len; i++)
		assert_true(quantile_number(sketch, i - 1) < quantile_number(sketch, i));
	quantile_free(&space, sketch);
	assert_int_equal(space.bytes_left, 1 << 20);
}

/* Beyond the buckets, or the memory, the error grows and is still kept to. */
static void without_room_the_error_grows(void **state)
{
	static const size_t rooms[] = {1 << 20, 600};

	(void)state;
	for (size_t r = 0; r < 2; r++) {
		struct series_space space = space_of(rooms[r]);
		struct quantile *sketch = NULL;

		for (unsigned i = 0; i < 4000; i++)
			assert_true(quantile_add(&space, &sketch, exp(i * 0.009) - 1e9, 1));
		assert_true(sketch->len <= QUANTILE_BUCKETS);
		assert_true(r == 0 || sketch->len <= 64);
		assert_true(quantile_error(sketch) > QUANTILE_ERROR);
		for (unsigned i = 0; i < 4000; i++)
			holds(sketch, exp(i * 0.009) - 1e9);
		quantile_free(&space, sketch);
		assert_int_equal(space.bytes_left, rooms[r]);
	}
}

static void neither_order_nor_joining_shows(void **state)
{
	struct series_space space = space_of(1 << 20);
	struct quantile *all = NULL, *part[3] = {NULL}, *joined = NULL;

	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		assert_true(quantile_add(&space, &all, pow(1.007, i), 1));
	for (unsigned i = 3000; i-- > 0;)
		assert_true(quantile_add(&space, &part[i % 3], pow(1.007, i), 1));
	for (unsigned p = 0; p < 3; p++)
		assert_true(quantile_merge(&space, &joined, part[2 - p]));
	assert_int_equal(joined->joined, all->joined);
	assert_int_equal(joined->len, all->len);
	assert_memory_equal(joined->bucket, all->bucket, all->len * sizeof(all->bucket[0]));
	quantile_free(&space, all);
	quantile_free(&space, joined);
	for (unsigned p = 0; p < 3; p++)
		quantile_free(&space, part[p]);
}

static void no_memory_at_all_is_told(void **state)
{
	struct series_space space = space_of(8);
	struct quantile *sketch = NULL;

	(void)state;
	assert_false(quantile_add(&space, &sketch, 1, 1));
	assert_int_equal(space.refused, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_all_sizes_keep_to_the_error),
		cmocka_unit_test(without_room_the_error_grows),
		cmocka_unit_test(neither_order_nor_joining_shows),
		cmocka_unit_test(no_memory_at_all_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
