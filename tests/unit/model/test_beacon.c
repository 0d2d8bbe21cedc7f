/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/beacon.h"

#define DAY 86400.0

/* Scores as RITA publishes them, with its own tolerance (integration/beacons_test.go there). */
#define PUBLISHED 0.05

static int by_number(const void *a, const void *b)
{
	const struct beacon_share *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* Of starts in order, seconds into a day, and sizes. */
static struct beacon_scores score_of(const double *at, const double *size, size_t len)
{
	struct beacon_share *gaps = calloc(len, sizeof(*gaps)),
			    *sizes = calloc(len, sizeof(*sizes)),
			    *spare = calloc(len, sizeof(*spare));
	struct beacon_input input = {.gaps = gaps, .sizes = sizes, .spare = spare};
	struct beacon_scores scores;

	assert_non_null(gaps);
	assert_non_null(sizes);
	assert_non_null(spare);
	for (size_t i = 0; i < len; i++) {
		if (i && at[i] > at[i - 1])
			gaps[input.gaps_len++] = (struct beacon_share){at[i] - at[i - 1], 1};
		sizes[input.sizes_len++] = (struct beacon_share){size[i], 1};
		input.bin[(int)(at[i] / DAY * BEACON_BINS)]++;
	}
	qsort(gaps, input.gaps_len, sizeof(*gaps), by_number);
	qsort(sizes, input.sizes_len, sizeof(*sizes), by_number);
	input.covered = (at[len - 1] - at[0]) / DAY;
	if (!beacon_score(&input, &scores))
		scores.score = -1;
	free(gaps);
	free(sizes);
	free(spare);
	return scores;
}

/* A C2 sample of 20,054 connections and a weather tile of 48: 1.0 in all four. */
static void what_calls_by_the_clock_scores_one(void **state)
{
	static double at[20054], size[20054];
	static const size_t lens[] = {20054, 48};

	(void)state;
	for (size_t l = 0; l < 2; l++) {
		struct beacon_scores s;

		for (size_t i = 0; i < lens[l]; i++) {
			at[i] = DAY / (double)lens[l] * (double)i;
			size[i] = l && i % 12 == 0 ? 1302 : 1300;
		}
		s = score_of(at, size, lens[l]);
		assert_float_equal(s.timestamps, 1, PUBLISHED);
		assert_float_equal(s.sizes, 1, PUBLISHED);
		assert_float_equal(s.histogram, 1, PUBLISHED);
		assert_float_equal(s.duration, 1, PUBLISHED);
		assert_float_equal(s.score, 1, PUBLISHED);
	}
}

/* 0.896 is 0.999, 0.47, 0.937 and 1: every 142 s nearly, but with sizes of all kinds. */
static void regular_times_with_mixed_sizes_score_less(void **state)
{
	double at[607], size[607];
	struct beacon_scores s;
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < 607; i++) {
		x = x * 1103515245 + 12345;
		at[i] = 142.2 * (double)i;
		size[i] = x >> 16 & 1 ? 60 + (x >> 20 & 15) : 9000 + (x >> 18 & 4095);
	}
	s = score_of(at, size, 607);
	assert_float_equal(s.timestamps, 0.999, PUBLISHED);
	assert_float_equal(s.sizes, 0.47, 2 * PUBLISHED);
	assert_true(s.histogram > 0.937 - PUBLISHED);
	assert_float_equal(s.duration, 1, PUBLISHED);
	assert_float_equal(s.score, 0.896, PUBLISHED);
}

/* 0.465 is 0.407, 0.632, 0 and 0.823: 24 connections of a person, in bursts over 20 hours. */
static void a_person_scores_low(void **state)
{
	double at[24], size[24];
	struct beacon_scores s;

	(void)state;
	for (size_t i = 0; i < 24; i++) {
		static const double burst[] = {1000, 16000, 30000, 44500, 58000, 71000};
		static const double within[] = {0, 3, 40, 500};

		at[i] = burst[i / 4] + within[i % 4];
		size[i] = 700 + (double)((i * 37 % 24) * (i * 37 % 24)) * 12;
	}
	s = score_of(at, size, 24);
	assert_true(s.timestamps < 0.407);
	assert_float_equal(s.sizes, 0.632, 3 * PUBLISHED);
	assert_float_equal(s.histogram, 0, PUBLISHED);
	assert_float_equal(s.duration, 0.823, PUBLISHED);
	assert_true(s.score < 0.465);
}

/* What the parts come to, worked out by hand: gaps, then the timestamp score. */
static void timestamps_are_skewness_and_deviation(void **state)
{
	static const struct {
		double gaps[10];
		size_t len;
		double is;
	} table[] = {
		{{1, 1, 1, 1, 1, 1, 1, 1, 1}, 9, 1},
		{{98, 99, 99, 100, 100, 100, 101, 101, 102}, 9, 0.995},
		{{98, 300, 98, 300, 98, 300, 98, 300, 98, 300}, 10, (1 + 98 / 199.0) / 2},
		{{1, 299, 25, 4975, 90, 2, 42, 500, 1500}, 9, (1 - 833.5 / 986.5 + 1 / 90.0) / 2},
		{{0.2, 0.3, 0.4}, 3, 1}, /* a median below a second */
	};

	(void)state;
	for (size_t t = 0; t < sizeof(table) / sizeof(table[0]); t++) {
		struct beacon_share gaps[10], spare[10];
		struct beacon_input input = {
			.gaps = gaps, .gaps_len = table[t].len, .spare = spare};
		struct beacon_scores s;

		for (size_t i = 0; i < table[t].len; i++)
			gaps[i] = (struct beacon_share){table[t].gaps[i], 1};
		qsort(gaps, table[t].len, sizeof(*gaps), by_number);
		assert_true(beacon_score(&input, &s));
		if (fabs(s.timestamps - table[t].is) > 1e-9)
			fail_msg("%zu: %g, not %g", t, s.timestamps, table[t].is);
		assert_float_equal(s.sizes, 0, 0);
	}
}

/* Counts stand for as many numbers. */
static void shares_are_numbers_that_come_more_than_once(void **state)
{
	struct beacon_share many[] = {{98, 1}, {98, 1}, {98, 1}, {100, 1}, {100, 1}, {140, 1}};
	struct beacon_share few[] = {{98, 3}, {100, 2}, {140, 1}}, spare[6];
	struct beacon_input a = {.gaps = many, .gaps_len = 6, .spare = spare},
			    b = {.gaps = few, .gaps_len = 3, .spare = spare};
	struct beacon_scores x, y;

	(void)state;
	assert_true(beacon_score(&a, &x));
	assert_true(beacon_score(&b, &y));
	assert_float_equal(x.timestamps, y.timestamps, 1e-12);
}

static void histogram_and_duration_need_enough_parts(void **state)
{
	struct beacon_share gaps[] = {{60, 9}}, spare[1];
	struct beacon_input input = {.gaps = gaps, .gaps_len = 1, .spare = spare, .covered = 0.9};
	struct beacon_scores s;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		input.bin[i] = 10;
	assert_true(beacon_score(&input, &s));
	assert_float_equal(s.duration, 0, 0);
	assert_float_equal(s.histogram, 0, 0); /* their deviation is above their mean */
	input.bin[5] = 10;
	input.covered = 0.2;
	assert_true(beacon_score(&input, &s));
	assert_float_equal(s.duration, 0.5, 1e-12); /* six in a row, of twelve */
	for (unsigned i = 0; i < BEACON_BINS; i++)
		input.bin[i] = i % 2 ? 2 : 40; /* two heights */
	assert_true(beacon_score(&input, &s));
	assert_float_equal(s.histogram, 1, 1e-12);
	input.gaps_len = 0;
	assert_false(beacon_score(&input, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_calls_by_the_clock_scores_one),
		cmocka_unit_test(regular_times_with_mixed_sizes_score_less),
		cmocka_unit_test(a_person_scores_low),
		cmocka_unit_test(timestamps_are_skewness_and_deviation),
		cmocka_unit_test(shares_are_numbers_that_come_more_than_once),
		cmocka_unit_test(histogram_and_duration_need_enough_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
