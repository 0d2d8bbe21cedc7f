/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/aggregate.h"

#include "signal/series.h"

static const struct value nothing = {.type = VALUE_NULL};

static void count_add(double *words, double number)
{
	words[0] += number;
}

static void count_merge(double *into, const double *later)
{
	into[0] += later[0];
}

static struct value count_value(const double *words)
{
	return value_number(words[0]);
}

/* sum, avg, min, max: the number, and how many came in. An aggregate of nothing is null. */
static void sum_add(double *words, double number)
{
	words[0] += number;
	words[1] += 1;
}

static void sum_merge(double *into, const double *later)
{
	into[0] += later[0];
	into[1] += later[1];
}

static struct value plain_value(const double *words)
{
	return words[1] ? value_finite(words[0]) : nothing;
}

static struct value avg_value(const double *words)
{
	return words[1] ? value_finite(words[0] / words[1]) : nothing;
}

static void min_add(double *words, double number)
{
	if (!words[1] || number < words[0])
		words[0] = number;
	words[1] += 1;
}

static void min_merge(double *into, const double *later)
{
	if (later[1] && (!into[1] || later[0] < into[0]))
		into[0] = later[0];
	into[1] += later[1];
}

static void max_add(double *words, double number)
{
	if (!words[1] || number > words[0])
		words[0] = number;
	words[1] += 1;
}

static void max_merge(double *into, const double *later)
{
	if (later[1] && (!into[1] || later[0] > into[0]))
		into[0] = later[0];
	into[1] += later[1];
}

/*
 * stddev, cv: how many, mean, and the sum of squares of what differs from it. Adding: B. Welford,
 * "Note on a method for calculating corrected sums of squares and products", 1962. Joining: T.
 * Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample
 * variances", 1979. Neither takes a difference of large squares, so the order of joining does not
 * show.
 */
enum { MOMENT_LEN, MOMENT_MEAN, MOMENT_SQUARES, MOMENTS };

static void moments_add(double *words, double number)
{
	double difference = number - words[MOMENT_MEAN];

	words[MOMENT_LEN] += 1;
	words[MOMENT_MEAN] += difference / words[MOMENT_LEN];
	words[MOMENT_SQUARES] += difference * (number - words[MOMENT_MEAN]);
}

static void moments_merge(double *into, const double *later)
{
	double len = into[MOMENT_LEN] + later[MOMENT_LEN];
	double difference = later[MOMENT_MEAN] - into[MOMENT_MEAN];

	if (!later[MOMENT_LEN])
		return;
	into[MOMENT_SQUARES] += later[MOMENT_SQUARES] + difference * difference * into[MOMENT_LEN] *
								later[MOMENT_LEN] / len;
	into[MOMENT_MEAN] += difference * later[MOMENT_LEN] / len;
	into[MOMENT_LEN] = len;
}

/* Of the population. */
static struct value stddev_value(const double *words)
{
	if (!words[MOMENT_LEN])
		return nothing;
	return value_finite(sqrt(words[MOMENT_SQUARES] / words[MOMENT_LEN]));
}

static struct value cv_value(const double *words)
{
	if (words[MOMENT_LEN] < 2 || words[MOMENT_MEAN] == 0)
		return nothing;
	return value_finite(sqrt(words[MOMENT_SQUARES] / words[MOMENT_LEN]) /
			    fabs(words[MOMENT_MEAN]));
}

const struct aggregate_ops aggregate_table[AGGREGATE_KINDS] = {
	[AGGREGATE_COUNT] = {"count", 1, count_add, count_merge, count_value, false, NULL},
	[AGGREGATE_SUM] = {"sum", 2, sum_add, sum_merge, plain_value, false, NULL},
	[AGGREGATE_AVG] = {"avg", 2, sum_add, sum_merge, avg_value, false, NULL},
	[AGGREGATE_MIN] = {"min", 2, min_add, min_merge, plain_value, false, NULL},
	[AGGREGATE_MAX] = {"max", 2, max_add, max_merge, plain_value, false, NULL},
	[AGGREGATE_STDDEV] = {"stddev", MOMENTS, moments_add, moments_merge, stddev_value, false,
			      NULL},
	[AGGREGATE_CV] = {"cv", MOMENTS, moments_add, moments_merge, cv_value, false, NULL},
	[AGGREGATE_DISTINCT] = {.name = "distinct", .set = true},
	[AGGREGATE_VALUES] = {.name = "values", .set = true},
	[AGGREGATE_MEDIAN] = {.name = "median", .series = &median_series},
	[AGGREGATE_MAD] = {.name = "mad", .series = &mad_series},
	[AGGREGATE_PERCENTILE] = {.name = "percentile", .series = &percentile_series},
	[AGGREGATE_FIRST] = {.name = "first", .series = &first_series},
	[AGGREGATE_LAST] = {.name = "last", .series = &last_series},
	[AGGREGATE_ENTROPY] = {.name = "entropy", .series = &entropy_series},
	[AGGREGATE_INTERVAL_MEAN] = {.name = "interval_mean", .series = &interval_mean_series},
	[AGGREGATE_INTERVAL_CV] = {.name = "interval_cv", .series = &interval_cv_series},
	[AGGREGATE_BEACON] = {.name = "beacon", .series = &beacon_series},
};

static bool field_number(const struct event *event, enum field field, double *number)
{
	const void *slot = event_slot(event, field);

	switch ((enum field_type)field_table[field].type) {
	case TYPE_COUNT:
	case TYPE_ROLES:
		*number = (double)*(const uint64_t *)slot;
		return true;
	case TYPE_REAL:
		*number = *(const double *)slot;
		return true;
	case TYPE_TIME:
	case TYPE_DURATION:
		*number = (double)*(const int64_t *)slot;
		return true;
	case TYPE_BOOL:
		*number = *(const bool *)slot;
		return true;
	case TYPE_ENUM:
		*number = *(const uint16_t *)slot;
		return true;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
		return false;
	}
	return false;
}

bool aggregate_number(const struct rule_aggregate *aggregate, const struct event *event,
		      double *number)
{
	enum field field = aggregate->fields.len ? aggregate->fields.at[0] : FIELD_NONE;

	if (aggregate->kind == AGGREGATE_COUNT && field == FIELD_NONE) {
		*number = event_has(event, FIELD_EVENT_COUNT) ? (double)event->event_count : 1;
		return true;
	}
	return field != FIELD_NONE && event_has(event, field) && field_number(event, field, number);
}
