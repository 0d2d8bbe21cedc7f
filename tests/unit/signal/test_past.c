/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "signal/past.h"

static uint32_t print_of(uint32_t value)
{
	return past_print(hash_bytes(&value, sizeof(value)));
}

static unsigned held(const struct past *past, uint32_t from, uint32_t first, uint32_t end)
{
	struct arena arena = {0};
	struct past_seen seen;
	unsigned count = 0;

	assert_int_equal(past_window(past, from, &arena, &seen), 0);
	assert_true(past_is_sound(&seen));
	for (uint32_t value = first; value < end; value++)
		count += past_has(&seen, print_of(value));
	arena_free(&arena);
	return count;
}

static void follows_the_window(void **state)
{
	struct pool pool = {0};
	struct past *past = NULL;

	(void)state;
	for (uint32_t value = 0; value < 3000; value++)
		assert_int_equal(past_add(&pool, &past, print_of(value), 1 + value / 1000, 4000),
				 0);
	assert_int_equal(held(past, 1, 0, 3000), 3000);
	assert_int_equal(held(past, 2, 1000, 3000), 2000);
	assert_true(held(past, 2, 0, 1000) <= 1); /* by chance one in two million */
	assert_true(held(past, 1, 3000, 13000) <= 1);
	past_add(&pool, &past, print_of(5), 3, 4000); /* seen again */
	assert_int_equal(held(past, 3, 5, 6), 1);
	past_renumber(past, 1);
	assert_int_equal(held(past, 2, 2000, 3000), 1000);
	past_free(&pool, &past);
	pool_free(&pool);
}

/* What left the windows makes room. */
static void is_bounded(void **state)
{
	struct pool pool = {0};
	struct past *past = NULL;

	(void)state;
	for (uint32_t value = 0; value < 100; value++)
		assert_int_equal(past_add(&pool, &past, print_of(value), 1 + value / 50, 100), 0);
	assert_int_equal(past_add(&pool, &past, print_of(100), 3, 100), -ENOSPC);
	assert_int_equal(past_add(&pool, &past, print_of(99), 3, 100), 0);
	past_expire(past, 1);
	assert_int_equal(past_add(&pool, &past, print_of(100), 3, 100), 0);
	assert_int_equal(held(past, 2, 50, 101), 51);
	past_free(&pool, &past);
	pool_free(&pool);
}

static void slots_without_an_end_are_not_sound(void **state)
{
	static const uint32_t full[4] = {1, 2, 3, 4}, some[4] = {1, 0, 3, 0};

	(void)state;
	assert_false(past_is_sound(&(struct past_seen){full, 4, 4}));
	assert_false(past_is_sound(&(struct past_seen){some, 4, 3}));
	assert_false(past_is_sound(&(struct past_seen){some, 3, 2}));
	assert_true(past_is_sound(&(struct past_seen){some, 4, 2}));
	assert_true(past_is_sound(&(struct past_seen){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_window),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(slots_without_an_end_are_not_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
