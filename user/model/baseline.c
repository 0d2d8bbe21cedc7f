/* SPDX-License-Identifier: Apache-2.0 */
#include "model/baseline.h"

#include <math.h>

#define WEIGHT	     0.05
#define FLAGGED	     0.1  /* of the weight of others */
#define CLIP	     3.0  /* deviations */
#define MEAN_SHARE   0.05 /* the deviation is at least this much of the mean */
#define UNIT_LEAST   1.0
#define SINGLE_STEPS 512 /* windows without events that are taken one by one */

/*
 * Before `warmup` windows were learned the prior counts more, after that what was learned: shares
 * windows / (windows + warmup) and the rest. Without a prior nothing is known until then.
 */
struct baseline_now baseline_now(const struct baseline *baseline, const struct rule_baseline *rule)
{
	double learned = baseline->windows + rule->warmup;
	double share = learned > 0 ? baseline->windows / learned : 0;
	double variance = baseline->variance;
	struct baseline_now now = {.mean = baseline->mean};

	if (rule->prior) {
		now.mean = share * baseline->mean + (1 - share) * rule->mean;
		variance = share * variance + (1 - share) * rule->stddev * rule->stddev;
		now.known = true;
	} else {
		now.known = baseline->windows > 0 && baseline->windows >= rule->warmup;
	}
	now.deviation = sqrt(variance);
	now.deviation = fmax(now.deviation, MEAN_SHARE * fabs(now.mean));
	now.deviation = fmax(now.deviation, fmax(UNIT_LEAST, rule->floor));
	return now;
}

struct value baseline_zscore(const struct baseline_now *now, double value)
{
	if (!now->known)
		return (struct value){.type = VALUE_NULL};
	return (struct value){.type = VALUE_NUMBER, .number = (value - now->mean) / now->deviation};
}

/* T. Finch, "Incremental calculation of weighted mean and variance", 2009, equations 124 and 143.
 */
static void step(struct baseline *baseline, double value, double weight)
{
	double difference = value - baseline->mean, part = weight * difference;

	baseline->mean += part;
	baseline->variance = (1 - weight) * (baseline->variance + difference * part);
}

void baseline_learn(struct baseline *baseline, const struct rule_baseline *rule, double value,
		    bool flagged)
{
	struct baseline_now now = baseline_now(baseline, rule);
	bool first = baseline->windows == 0;

	if (now.known)
		value = fmin(fmax(value, now.mean - CLIP * now.deviation),
			     now.mean + CLIP * now.deviation);
	if (first)
		baseline->mean = value;
	else
		step(baseline, value, flagged ? WEIGHT * FLAGGED : WEIGHT);
	baseline->windows += flagged ? FLAGGED : 1;
}

/*
 * One by one first, since an early zero may be clipped; then in closed form. With q = 1 - weight,
 * k steps of value 0 make mean' = q^k mean and variance' = q^k variance + mean^2 q^k (1 - q^k),
 * which is step() unrolled.
 */
void baseline_learn_nothing(struct baseline *baseline, const struct rule_baseline *rule,
			    uint64_t windows)
{
	double q;

	for (int i = 0; windows && i < SINGLE_STEPS; i++, windows--)
		baseline_learn(baseline, rule, 0, false);
	if (!windows)
		return;
	q = pow(1 - WEIGHT, (double)windows);
	baseline->variance = q * baseline->variance + baseline->mean * baseline->mean * q * (1 - q);
	baseline->mean *= q;
	baseline->windows += (double)windows;
}
