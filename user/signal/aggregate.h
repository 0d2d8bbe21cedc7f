/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_AGGREGATE_H
#define WEIR_SIGNAL_AGGREGATE_H

#include "rule/rule.h"

/*
 * What can be kept of many numbers in few words and joined: the partial of a pane. Zeroed is the
 * aggregate of nothing. Numbers are doubles: whole numbers are exact up to 2^53. `distinct` and
 * `values` are sets instead (distinct.h).
 */
struct partial {
	double value;
	double weight; /* how many numbers came in */
};

struct aggregate_ops {
	const char *name;
	bool set; /* distinct.h keeps it; the rest is NULL */
	void (*add)(struct partial *partial, double number);
	void (*merge)(struct partial *into, const struct partial *later);
	struct value (*value)(const struct partial *partial);
};

extern const struct aggregate_ops aggregate_table[AGGREGATE_KINDS];

static inline struct value value_number(double number)
{
	return (struct value){.type = VALUE_NUMBER, .number = number};
}

/* What an event contributes: its count, or its field as a number. False: null, skipped. */
bool aggregate_number(const struct rule_aggregate *aggregate, const struct event *event,
		      double *number);

#endif
