/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/rank.h"

#include <math.h>
#include <stdlib.h>

#include "signal/aggregate.h"

static const struct value nothing = {.type = VALUE_NULL};

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void sort(double *numbers, size_t len)
{
	qsort(numbers, len, sizeof(*numbers), by_size);
}

static void swap(double *a, double *b)
{
	double was = *a;

	*a = *b;
	*b = was;
}

/* Parts the numbers by the middle one of three; where the greater part begins. */
static size_t part(double *at, size_t len)
{
	size_t low = 0, high = len - 1;
	double pivot;

	if (at[len / 2] < at[0])
		swap(&at[len / 2], &at[0]);
	if (at[len - 1] < at[0])
		swap(&at[len - 1], &at[0]);
	if (at[len - 1] < at[len / 2])
		swap(&at[len - 1], &at[len / 2]);
	pivot = at[len / 2];
	for (;;) {
		while (at[low] < pivot)
			low++;
		while (at[high] > pivot)
			high--;
		if (low >= high)
			return high + 1;
		swap(&at[low++], &at[high--]);
	}
}

/* Puts the number of the 0-based rank in its place, those below it before it: C. Hoare, "Find",
 * 1961. Where parting does not get on, as on numbers made for that, the rest is sorted. */
static double select_rank(double *numbers, size_t len, size_t rank)
{
	double *at = numbers;
	size_t left = rank;

	for (unsigned rounds = 0; len > 8 && rounds < 48; rounds++) {
		size_t greater = part(at, len);

		if (left < greater) {
			len = greater;
		} else {
			at += greater;
			left -= greater;
			len -= greater;
		}
	}
	sort(at, len);
	return numbers[rank];
}

static double greatest(const double *numbers, size_t len)
{
	double most = numbers[0];

	for (size_t i = 1; i < len; i++)
		most = fmax(most, numbers[i]);
	return most;
}

struct value rank_median(double *numbers, size_t len)
{
	double upper;

	if (!len)
		return nothing;
	upper = select_rank(numbers, len, len / 2);
	if (len % 2)
		return value_finite(upper);
	/* Halves before they are added: their sum may be infinite. */
	return value_finite(greatest(numbers, len / 2) / 2 + upper / 2);
}

struct value rank_mad(double *numbers, size_t len)
{
	struct value median = rank_median(numbers, len);

	if (median.type == VALUE_NULL)
		return median;
	for (size_t i = 0; i < len; i++)
		numbers[i] = fabs(numbers[i] - median.number);
	return rank_median(numbers, len);
}

/* A share such as 29 % of 100 is no sum of powers of two, so what lies within rounding of
 * a whole number is that number. */
size_t rank_nearest(double percent, double len)
{
	double rank = percent / 100 * len;
	double whole = round(rank);

	rank = fabs(rank - whole) <= 1e-9 * len ? whole : ceil(rank);
	return rank < 1 ? 1 : rank > len ? (size_t)len : (size_t)rank;
}

struct value rank_percentile(double *numbers, size_t len, double percent)
{
	if (!len)
		return nothing;
	return value_finite(select_rank(numbers, len, rank_nearest(percent, (double)len) - 1));
}

/* How many different numbers there are, and the entropy of how often each comes, in bits. */
static double distinct_numbers(double *numbers, size_t len, double *entropy)
{
	double different = 0, sum = 0;

	sort(numbers, len);
	for (size_t i = 0, from = 0; i < len; i++) {
		double count = (double)(i + 1 - from);

		if (i + 1 < len && numbers[i + 1] == numbers[i])
			continue;
		sum += count * log2(count);
		different++;
		from = i + 1;
	}
	*entropy = len ? fmax(0, log2((double)len) - sum / (double)len) : 0;
	return different;
}

struct value rank_numbers(const struct rule_aggregate *aggregate, double *numbers, size_t len)
{
	double entropy, different;

	if (aggregate->kind == AGGREGATE_MEDIAN)
		return rank_median(numbers, len);
	if (aggregate->kind == AGGREGATE_MAD)
		return rank_mad(numbers, len);
	if (aggregate->kind == AGGREGATE_PERCENTILE)
		return rank_percentile(numbers, len, aggregate->percent);
	different = distinct_numbers(numbers, len, &entropy);
	if (aggregate->kind == AGGREGATE_DISTINCT)
		return value_number(different);
	if (aggregate->kind == AGGREGATE_ENTROPY && len)
		return value_number(entropy);
	return nothing;
}
