/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/runs.h"

static uint32_t state32 = 1;

static uint32_t draw(void)
{
	state32 = state32 * 1664525 + 1013904223;
	return state32 >> 8;
}

/* Times in the orders that logs have, and in none. */
static weir_time in_order(unsigned i)
{
	return i / 3;
}
static weir_time backwards(unsigned i)
{
	return 100000 - (weir_time)i;
}
static weir_time anyhow(unsigned i)
{
	(void)i;
	return draw() % 1000;
}
static weir_time with_ends(unsigned i)
{
	return i + (i % 3 ? draw() % 500 : 0);
}
static weir_time saws(unsigned i)
{
	return i % 100 * 1000 + i / 100;
}

static weir_time (*const orders[])(unsigned i) = {in_order, backwards, anyhow, with_ends, saws};

static bool less(const struct run_entry *a, const struct run_entry *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	return a->input != b->input ? a->input < b->input : a->record < b->record;
}

/* Some are taken while others come; all come out, none before one that was there and is less. */
static void the_least_comes_first(void **state)
{
	(void)state;
	for (size_t o = 0; o < sizeof(orders) / sizeof(orders[0]); o++) {
		struct runs runs = {0};
		struct run_entry last = {.time = TIME_NONE};
		unsigned out = 0;

		for (unsigned i = 0; i < 20000; i++) {
			struct run_entry entry = {orders[o](i), i, draw() % 2, &runs};

			assert_int_equal(runs_push(&runs, &entry), 0);
			if (less(&entry, &last))
				last = (struct run_entry){.time = TIME_NONE};
			while (runs.len > 1000) {
				assert_false(less(runs_first(&runs), &last));
				last = *runs_first(&runs);
				runs_pop(&runs);
				out++;
			}
		}
		last = (struct run_entry){.time = TIME_NONE};
		for (const struct run_entry *first; (first = runs_first(&runs)); out++) {
			assert_true(less(&last, first));
			last = *first;
			runs_pop(&runs);
		}
		assert_int_equal(out, 20000);
		runs_shrink(&runs);
		assert_int_equal(runs.used, 0);
		runs_free(&runs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
