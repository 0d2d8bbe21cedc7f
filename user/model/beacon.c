/* SPDX-License-Identifier: Apache-2.0 */
#include "model/beacon.h"

#include <math.h>
#include <stdlib.h>

#define GAPS_MIN	3
#define RANGE_LEAST	10.0 /* seconds or bytes between the quartiles, for a skewness */
#define MEDIAN_LEAST	1.0
#define MODE_WIDTH	0.05 /* of the highest bin: bins this much alike are of one height */
#define BIMODAL_BINS	11   /* with connections, at least */
#define OUTLIERS	1    /* bins that may have any height */
#define DURATION_BINS	6    /* with connections, at least */
#define CONSISTENT_BINS 12   /* in a row, for a full score */

static double total(const struct beacon_share *at, size_t len)
{
	double sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += at[i].count;
	return sum;
}

/* The number of a 1-based rank. */
static double at_rank(const struct beacon_share *at, size_t len, double rank)
{
	size_t i = 0;

	for (; i + 1 < len && at[i].count < rank; i++)
		rank -= at[i].count;
	return at[i].number;
}

/* The median of `many` numbers from the rank `first` on. */
static double median(const struct beacon_share *at, size_t len, double first, double many)
{
	return (at_rank(at, len, first + floor((many - 1) / 2)) +
		at_rank(at, len, first + floor(many / 2))) /
	       2;
}

/* The quartiles are the medians of both halves, without the middle number of an odd many. */
static double bowley(const struct beacon_share *at, size_t len, double many)
{
	double half = floor(many / 2);
	double q1 = median(at, len, 1, half), q2 = median(at, len, 1, many);
	double q3 = median(at, len, many - half + 1, half);

	if (q3 - q1 < RANGE_LEAST || q2 == q1 || q2 == q3)
		return 0;
	return (q1 + q3 - 2 * q2) / (q3 - q1);
}

static int by_number(const void *a, const void *b)
{
	const struct beacon_share *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* Median of the distances from `middle`. */
static double deviation(const struct beacon_share *at, size_t len, struct beacon_share *spare,
			double many, double middle)
{
	for (size_t i = 0; i < len; i++)
		spare[i] = (struct beacon_share){fabs(at[i].number - middle), at[i].count};
	qsort(spare, len, sizeof(*spare), by_number);
	return median(spare, len, 1, many);
}

/* Alike and even on both sides; `tiny` is what a median below 1 counts as. */
static double regularity(const struct beacon_share *at, size_t len, struct beacon_share *spare,
			 double many, double tiny)
{
	double middle = median(at, len, 1, many), alike = tiny;

	if (middle >= MEDIAN_LEAST)
		alike = fmax(0, (middle - deviation(at, len, spare, many, middle)) / middle);
	return (1 - fabs(bowley(at, len, many)) + alike) / 2;
}

static unsigned bins_used(const double bin[BEACON_BINS])
{
	unsigned used = 0;

	for (unsigned i = 0; i < BEACON_BINS; i++)
		used += bin[i] > 0;
	return used;
}

static double flatness(const double bin[BEACON_BINS])
{
	double mean = 0, variance = 0;

	for (unsigned i = 0; i < BEACON_BINS; i++)
		mean += bin[i] / BEACON_BINS;
	for (unsigned i = 0; i < BEACON_BINS; i++)
		variance += (bin[i] - mean) * (bin[i] - mean) / BEACON_BINS;
	return mean > 0 ? fmax(0, 1 - sqrt(variance) / mean) : 0;
}

/* The share of the bins whose heights are the two most usual ones. */
static double bimodal(const double bin[BEACON_BINS])
{
	unsigned used = bins_used(bin), many, first = 0, second = 0;
	double highest = 0, width, height[BEACON_BINS];

	if (used < BIMODAL_BINS)
		return 0;
	for (unsigned i = 0; i < BEACON_BINS; i++)
		highest = fmax(highest, bin[i]);
	width = ceil(highest * MODE_WIDTH);
	for (unsigned i = 0; i < BEACON_BINS; i++)
		height[i] = bin[i] > 0 ? floor(bin[i] / width) : -1;
	for (unsigned i = 0; i < BEACON_BINS; i++) {
		bool counted = height[i] < 0;

		many = 0;
		for (unsigned j = 0; j < BEACON_BINS; j++) {
			counted |= j < i && height[j] == height[i];
			many += height[j] == height[i];
		}
		if (counted)
			continue;
		second = many > first ? first : many > second ? many : second;
		first = many > first ? many : first;
	}
	return fmin(1, (first + second) / fmax(1, (double)used - OUTLIERS));
}

/* Bins with connections in a row; the last is followed by the first. */
static unsigned longest_run(const double bin[BEACON_BINS])
{
	unsigned run = 0, longest = 0;

	for (unsigned i = 0; i < 2 * BEACON_BINS; i++) {
		run = bin[i % BEACON_BINS] > 0 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest < BEACON_BINS ? longest : BEACON_BINS;
}

static double duration(const struct beacon_input *input)
{
	if (bins_used(input->bin) < DURATION_BINS)
		return 0;
	return fmin(1, fmax(input->covered, longest_run(input->bin) / (double)CONSISTENT_BINS));
}

bool beacon_score(const struct beacon_input *input, struct beacon_scores *scores)
{
	double gaps = total(input->gaps, input->gaps_len);
	double sizes = total(input->sizes, input->sizes_len);

	*scores = (struct beacon_scores){0};
	if (gaps < GAPS_MIN)
		return false;
	scores->timestamps = regularity(input->gaps, input->gaps_len, input->spare, gaps, 1);
	if (sizes >= GAPS_MIN)
		scores->sizes = regularity(input->sizes, input->sizes_len, input->spare, sizes, 0);
	scores->histogram = fmax(flatness(input->bin), bimodal(input->bin));
	scores->duration = duration(input);
	scores->score =
		(scores->timestamps + scores->sizes + scores->histogram + scores->duration) / 4;
	return true;
}
