/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_FILTER_H
#define WEIR_RULE_FILTER_H

#include "rule/load.h"
#include "rule/predicate.h"

/* Sigma's filters: allow-lists on rules (docs/rules.md, Filters). */

/* Reads `filter` of a document for every rule that it is for. After all rules were read. */
bool filter_read(struct load *load, struct draft *draft);

/* Whether one of a rule's event filters takes the event out. Counts it. */
bool filters_match_event(const struct ruleset *set, const struct rule *rule, struct look *look);

#endif
