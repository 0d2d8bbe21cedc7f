/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signal/rank.h"

#define LONGEST 300

static uint32_t random_state = 3;

static uint32_t next_random(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Numbers that are random, alike, in order, or in the other. */
static void fill(double *numbers, size_t len, unsigned shape)
{
	for (size_t i = 0; i < len; i++)
		numbers[i] = shape == 0	  ? (double)next_random() - 1e7
			     : shape == 1 ? (double)(next_random() % 3)
			     : shape == 2 ? (double)i
					  : (double)(len - i);
}

static void ranks_are_those_of_sorted_numbers(void **state)
{
	double numbers[LONGEST], sorted[LONGEST], copy[LONGEST];

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		size_t len = 1 + next_random() % LONGEST, bytes = len * sizeof(double);
		double percent = 1 + next_random() % 100, middle;

		fill(numbers, len, round % 4);
		memcpy(sorted, numbers, bytes);
		qsort(sorted, len, sizeof(double), by_size);
		middle = len % 2 ? sorted[len / 2] : (sorted[len / 2 - 1] + sorted[len / 2]) / 2;
		memcpy(copy, numbers, bytes);
		assert_true(rank_median(copy, len).number == middle);
		memcpy(copy, numbers, bytes);
		assert_true(rank_percentile(copy, len, percent).number ==
			    sorted[(size_t)ceil(percent * (double)len / 100) - 1]);
		qsort(copy, len, sizeof(double), by_size); /* still the same numbers */
		assert_memory_equal(copy, sorted, bytes);
	}
}

/* 29 % of 100 is the 29th number, though 0.29 is less than 29 hundredths in binary. */
static void percents_are_no_binary_fractions(void **state)
{
	double numbers[1000];

	(void)state;
	for (unsigned percent = 1; percent <= 100; percent++) {
		for (size_t i = 0; i < 1000; i++)
			numbers[i] = (double)i + 1;
		assert_true(rank_percentile(numbers, 1000, percent).number == percent * 10.0);
	}
}

static void no_middle_is_infinite(void **state)
{
	double large[] = {1.7e308, 1.7e308}, apart[] = {-1.7e308, 1.7e308, 1.7e308};

	(void)state;
	assert_true(rank_median(large, 2).number == 1.7e308);
	assert_int_equal(rank_mad(apart, 3).type, VALUE_NUMBER); /* 0: two are the median */
	assert_int_equal(rank_median(apart, 0).type, VALUE_NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_are_those_of_sorted_numbers),
		cmocka_unit_test(percents_are_no_binary_fractions),
		cmocka_unit_test(no_middle_is_infinite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
