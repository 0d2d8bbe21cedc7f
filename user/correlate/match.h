/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_MATCH_H
#define WEIR_CORRELATE_MATCH_H

#include "correlate/shared.h"

/*
 * Whether a temporal rule holds: which of the signals at hand lie in [anchor - timespan, anchor]
 * and what they have in common (docs/rules.md, Detections).
 */

#define MATCH_SIGNALS_MAX 64 /* of one ref and key */

/* The signals of one ref for the same keys, in order of first arrival. */
struct ref_signals {
	struct evidence *at[MATCH_SIGNALS_MAX];
	unsigned len;
};

struct match {
	const struct rule *rule;
	const struct ref_signals *refs; /* [refs_len]: all that is known */
	weir_time anchor;
	struct arena *arena;
	struct tuple_buffer *buffer;
	/* found */
	const struct evidence **in[RULE_REFS_MAX]; /* by ref, in time and severe enough */
	unsigned in_len[RULE_REFS_MAX];
	int8_t holds[RULE_REFS_MAX];
	const struct value *common;
	unsigned common_len, common_width; /* values, and values a tuple */
	double common_wrong; /* chance that one of them is not; 0: all are known whole */
	enum severity severity;
	double confidence, coverage;
};

/* Fills in what was found; true if the rule holds. Memory from the match's arena. */
bool match_find(struct match *match);

/* The newest signal of the ref in the match; NULL: none. */
const struct evidence *match_newest(const struct match *match, unsigned ref);

#endif
