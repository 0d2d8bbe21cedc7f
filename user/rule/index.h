/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_INDEX_H
#define WEIR_RULE_INDEX_H

#include "rule/fold.h"
#include "rule/rule.h"

/*
 * Base rules by service, then by what an event must have so that they can match (rule/atoms.h).
 * Memory is the set's arena; NULL without.
 */
struct rule_index *rule_index_build(struct ruleset *set);

/* What matching writes: room of its own, and counts. One thread's at a time. */
struct matcher {
	struct folds folds;
	uint64_t *tried; /* by rule: number of the event that it was tried on last */
};

#endif
