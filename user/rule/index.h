/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_INDEX_H
#define WEIR_RULE_INDEX_H

#include "rule/rule.h"

/* Base rules by service, then by the value that their most selective equality asks for. Memory is
 * the set's arena; NULL without. */
struct rule_index *rule_index_build(struct ruleset *set);

#endif
