/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "rule/load.h"

/* Which fields what a rule says has: what another rule may group it by. */

static const struct field_list nothing;

static const struct field_list *keys_of(const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_WINDOW:
		return &rule->window.group_by;
	case RULE_TEMPORAL:
		return &rule->temporal.group_by;
	case RULE_BASE: /* any */
		break;
	}
	return &nothing;
}

bool rule_has_key(const struct rule *rule, enum field field)
{
	const struct field_list *keys = keys_of(rule);

	if (rule->kind == RULE_BASE)
		return true;
	for (unsigned i = 0; i < keys->len; i++)
		if (keys->at[i] == field)
			return true;
	for (unsigned i = 0; rule->kind == RULE_TEMPORAL && i < rule->temporal.aliases_len; i++)
		if (rule->temporal.aliases[i].by_ref[0] == field)
			return true;
	return false;
}

bool key_check(struct load *load, struct item at, const struct rule *rule, enum field field)
{
	char names[256] = "nothing";
	size_t used = 0;

	if (rule_has_key(rule, field))
		return true;
	for (int f = 0; f < FIELD_COUNT && used < sizeof(names) - 1; f++) {
		int n;

		if (!rule_has_key(rule, f))
			continue;
		n = snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
			     field_table[f].name);
		used += n > 0 ? (size_t)n : 0;
	}
	return load_fault(load, at, "rule '%s' does not group by '%s': it groups by %s", rule->name,
			  field_table[field].name, names);
}
