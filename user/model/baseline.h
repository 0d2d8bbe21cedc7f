/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_MODEL_BASELINE_H
#define WEIR_MODEL_BASELINE_H

#include "rule/rule.h"

/*
 * What a value usually is, of one rule, key and computed value (docs/rules.md, zscore): mean and
 * variance with exponential weight, from windows that do not overlap. One line a kind of time;
 * which line a window is held against: usual.h.
 */
struct baseline {
	double mean, variance; /* learned */
	double windows;	       /* that it was learned from; a flagged one counts as a tenth */
};

/* What a new value is held against. */
struct baseline_now {
	double mean, deviation;
	bool known; /* false: too little was learned and the rule gives no prior */
};

struct baseline_now baseline_now(const struct baseline *baseline, const struct rule_baseline *rule);

/* Deviations from the mean; null if the baseline is not known. */
struct value baseline_zscore(const struct baseline_now *now, double value);

/* A window of this value has closed; flagged: it met its rule. */
void baseline_learn(struct baseline *baseline, const struct rule_baseline *rule, double value,
		    bool flagged);

/* So many windows without events have passed. The time does not grow with their number. */
void baseline_learn_nothing(struct baseline *baseline, const struct rule_baseline *rule,
			    uint64_t windows);

#endif
