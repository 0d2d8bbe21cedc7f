/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_AGGREGATE_H
#define WEIR_SIGNAL_AGGREGATE_H

#include <math.h>

#include "rule/rule.h"

/*
 * How the values of a kind are kept, of three ways: in a few words that can be joined (here), as a
 * set (distinct.h), or event by event (series.h).
 *
 * Words are doubles: whole numbers are exact up to 2^53. Zeroed they are the aggregate of nothing.
 */
#define AGGREGATE_WORDS_MAX 3

struct series_ops;

struct aggregate_ops {
	const char *name;
	unsigned words; /* 0: no words; then the three functions are NULL */
	void (*add)(double *words, double number);
	void (*merge)(double *into, const double *later);
	struct value (*value)(const double *words);
	bool set;
	const struct series_ops *series; /* NULL: none */
};

extern const struct aggregate_ops aggregate_table[AGGREGATE_KINDS];

static inline struct value value_number(double number)
{
	return (struct value){.type = VALUE_NUMBER, .number = number};
}

/* No number that is infinite or none leaves an aggregate. */
static inline struct value value_finite(double number)
{
	return isfinite(number) ? value_number(number) : (struct value){.type = VALUE_NULL};
}

/* What an event contributes: its count, or its field as a number. False: null, skipped. */
bool aggregate_number(const struct rule_aggregate *aggregate, const struct event *event,
		      double *number);

#endif
