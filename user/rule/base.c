/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/modifier.h"
#include "rule/words.h"

/* Base rules: logsource and detection. */

#define RULE_SINGLE_SUPPRESS WEIR_HOUR

static bool detection_read(struct load *load, struct draft *draft)
{
	static const char *const others[] = {NULL};
	struct clause *clause;

	load->services = draft->rule.services;
	clause = selections_clause(load, draft->detection, others);
	load->services = 0;
	if (!clause)
		return false;
	draft->rule.clause = clause;
	draft->rule.match = predicate_compile(clause, load->arena);
	return draft->rule.match ||
	       load_fault(load, draft->detection, "more than 65,000 tests: split the rule");
}

static bool base_suppress(struct load *load, struct item value, void *into)
{
	return read_duration(load, value, &((struct draft *)into)->rule.single.suppress);
}

static bool base_summary(struct load *load, struct item value, void *into)
{
	(void)load;
	((struct draft *)into)->summary = value;
	return true;
}

static bool base_raise(struct load *load, struct item value, void *into)
{
	return raise_read(load, value, into);
}

static bool base_actions(struct load *load, struct item value, void *into)
{
	return read_texts(load, value, &((struct draft *)into)->rule.actions);
}

static const struct key weir_keys[] = {
	{"suppress", base_suppress, false},
	{"summary", base_summary, false},
	{"raise", base_raise, false},
	{"actions", base_actions, false},
	{NULL, NULL, false},
};

bool base_read(struct load *load, struct draft *draft)
{
	draft->rule.single.suppress = RULE_SINGLE_SUPPRESS;
	return logsource_read(load, draft->logsource, &draft->rule.services) &&
	       detection_read(load, draft) &&
	       (!draft->weir.node || keys_read(load, draft->weir, "weir", weir_keys, draft)) &&
	       summary_read(load, draft);
}
