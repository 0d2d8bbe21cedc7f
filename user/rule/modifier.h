/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_MODIFIER_H
#define WEIR_RULE_MODIFIER_H

#include "rule/load.h"
#include "rule/predicate.h"

/* "field|modifier|modifier", read. */
struct selector {
	enum field field;
	unsigned open; /* enum pattern_open: contains, startswith, endswith */
	bool all, exists, cased, differs, cidr, text;
	bool compares;
	enum test_kind compare; /* lt lte gt gte */
};

bool selector_read(struct load *load, struct item key, struct selector *selector);

/* match.c: a selector and its value or list of values as a clause; NULL with a fault. */
struct clause *selector_clause(struct load *load, const struct selector *selector,
			       struct item value);

struct clause *clause_new(struct load *load, enum clause_kind kind, unsigned kids);
struct clause *clause_not(struct load *load, struct clause *clause);

/* condition.c: the condition over named clauses. */
struct selection {
	const char *name;
	struct clause *clause;
	struct item item;
	bool used;
};

struct clause *condition_read(struct load *load, struct item item, struct selection *selections,
			      unsigned len);

#endif
