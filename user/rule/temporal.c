/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "rule/load.h"
#include "rule/words.h"

/* Correlations of what several rules say. */

#define INTO(into)     ((struct correlation *)(into))
#define TEMPORAL(into) (&INTO(into)->draft->rule.temporal)

static bool on_require(struct load *load, struct item value, void *into)
{
	size_t require;

	if (!read_count(load, value, 1, INTO(into)->draft->refs_len, &require))
		return false;
	TEMPORAL(into)->require = (unsigned)require;
	return true;
}

static bool on_common(struct load *load, struct item value, void *into)
{
	INTO(into)->common = value;
	return read_fields(load, value, &TEMPORAL(into)->common);
}

static bool on_differ(struct load *load, struct item value, void *into)
{
	INTO(into)->differ = value;
	return read_fields(load, value, &TEMPORAL(into)->differ);
}

static bool on_min_severity(struct load *load, struct item value, void *into)
{
	struct draft *draft = INTO(into)->draft;

	if (!item_is_map(value))
		return load_fault(load, value,
				  "min_severity is no map: '{port_scan: high}' would "
				  "be right");
	for (size_t i = 0; i < item_len(value); i++) {
		struct item key = item_key(value, i);
		int ref = ref_find(draft, item_text(key), item_length(key));
		enum severity severity;

		if (ref < 0)
			return ref_unknown(load, draft, key);
		if (!read_severity(load, item_value(value, i), &severity))
			return false;
		draft->rule.temporal.min_severity[ref] = (int)severity;
	}
	return true;
}

static const struct key weir_keys[] = {
	{"require", on_require, false},	  {"common", on_common, false},
	{"differ", on_differ, false},	  {"min_severity", on_min_severity, false},
	{"severity", on_severity, false}, {"confidence", on_confidence, false},
	{"suppress", on_suppress, false}, {"summary", on_summary, false},
	{"raise", on_raise, false},	  {"family", on_family, false},
	{"actions", on_actions, false},	  {NULL, NULL, false},
};

static int remote_find(void *context, const char *rule, size_t rule_length, const char *name,
		       size_t name_length, int *ref, const struct rule_aggregate **aggregate)
{
	const struct draft *draft = context;
	const struct rule *other;

	*ref = ref_find(context, rule, rule_length);
	if (*ref < 0 || draft->refs[*ref]->rule.kind != RULE_WINDOW)
		return -1;
	other = &draft->refs[*ref]->rule;
	for (unsigned i = 0; i < other->window.compute_len; i++)
		if (strlen(other->window.compute[i].name) == name_length &&
		    !memcmp(other->window.compute[i].name, name, name_length)) {
			*aggregate = &other->window.compute[i];
			return (int)i;
		}
	return -1;
}

/* A group-by name is an alias, or a field that every rule has as key. */
static bool group_one(struct load *load, struct correlation *c, struct item one)
{
	struct rule_temporal *t = &c->draft->rule.temporal;
	struct item map = item_get(c->aliases, item_text(one));
	enum field f;

	if (t->group_by.len + t->aliases_len == RULE_FIELDS_MAX)
		return load_fault(load, one, "more than %d group-by fields", RULE_FIELDS_MAX);
	if (map.node)
		return alias_read(load, c->draft, one, map, &t->aliases[t->aliases_len++]);
	if (!read_field(load, one, &f))
		return false;
	for (unsigned i = 0; i < c->draft->refs_len; i++)
		if (!key_check(load, one, &c->draft->refs[i]->rule, f))
			return false;
	t->group_by.at[t->group_by.len++] = f;
	return true;
}

static bool group_read(struct load *load, struct correlation *c)
{
	struct item list = c->group_by;
	size_t len = item_is_list(list) ? item_len(list) : list.node != NULL;

	if (c->aliases.node && !item_is_map(c->aliases))
		return load_fault(load, c->aliases, "aliases is no map");
	for (size_t i = 0; i < len; i++)
		if (!group_one(load, c, item_is_list(list) ? item_at(list, i) : list))
			return false;
	return true;
}

static bool on_more(struct load *load, struct item value, void *into)
{
	size_t more;

	if (!read_count(load, value, 0, INTO(into)->draft->refs_len - 1, &more))
		return false;
	TEMPORAL(into)->require = (unsigned)more + 1;
	return true;
}

/* Rules that are not met yet may be so in a moment: a number of them cannot be too large. */
static bool on_bound(struct load *load, struct item value, void *into)
{
	(void)into;
	return load_fault(load, value,
			  "rules that are met only become more: 'gte' or 'gt' would be right");
}

static const struct key count_keys[] = {
	{"gte", on_require, false}, {"gt", on_more, false},  {"lt", on_bound, false},
	{"lte", on_bound, false},   {"eq", on_bound, false}, {"neq", on_bound, false},
	{NULL, NULL, false},
};

static bool bounds_read(struct load *load, struct correlation *c)
{
	if (!keys_read(load, c->condition, "condition", count_keys, c))
		return false;
	return item_len(c->condition) == 1 ||
	       load_fault(load, c->condition, "one bound would be right: 'gte: 2'");
}

static bool condition_read_temporal(struct load *load, struct correlation *c,
				    const struct expr_scope *scope)
{
	struct rule_temporal *t = &c->draft->rule.temporal;

	if (!c->condition.node)
		return true;
	if (t->require)
		return load_fault(load, c->condition,
				  "'require' and 'condition' in one rule: one of "
				  "them would be right");
	if (item_is_map(c->condition))
		return bounds_read(load, c);
	return read_expr(load, c->condition, scope, VALUE_BOOL, &t->condition);
}

static bool same_fields(const struct field_list *a, const struct field_list *b)
{
	return a->len == b->len && !memcmp(a->at, b->at, a->len * sizeof(a->at[0]));
}

/* By rule the first set over just these fields. */
static bool sets_find(struct load *load, const struct draft *draft, struct item at,
		      const struct field_list *fields, int sets[RULE_REFS_MAX])
{
	unsigned found = 0;

	for (unsigned r = 0; r < draft->refs_len; r++) {
		const struct rule *rule = &draft->refs[r]->rule;

		for (unsigned i = 0;
		     rule->kind == RULE_WINDOW && sets[r] < 0 && i < rule->window.compute_len; i++)
			if (rule->window.compute[i].kind == AGGREGATE_VALUES &&
			    same_fields(&rule->window.compute[i].fields, fields))
				sets[r] = (int)i;
		found += sets[r] >= 0;
	}
	return found >= 2 ||
	       load_fault(load, at,
			  "fewer than two of the rules compute values(%s%s): "
			  "two would be right",
			  field_table[fields->at[0]].name, fields->len > 1 ? ", …" : "");
}

/* Names of the rules, and of all that they compute. */
static const char **names_all(struct load *load, const struct draft *draft)
{
	size_t len = 1, n = 0;
	const char **names;

	for (unsigned i = 0; i < draft->refs_len; i++)
		len += 1 + RULE_COMPUTE_MAX;
	names = arena_alloc(load->arena, len * sizeof(*names));
	for (unsigned i = 0; names && i < draft->refs_len; i++) {
		const struct rule *rule = &draft->refs[i]->rule;

		names[n++] = rule->name;
		for (unsigned j = 0; rule->kind == RULE_WINDOW && j < rule->window.compute_len;
		     j++) {
			names[n] = arena_format(load->arena, "%s.%s", rule->name,
						rule->window.compute[j].name);
			if (!names[n++])
				return NULL;
		}
	}
	return names;
}

static bool expressions_read(struct load *load, struct correlation *c)
{
	struct rule_temporal *t = &c->draft->rule.temporal;
	struct expr_scope scope = {.context = c->draft, .rule = ref_find, .remote = remote_find};

	scope.names = names_all(load, c->draft);
	if (!load_memory(load, scope.names) || !condition_read_temporal(load, c, &scope))
		return false;
	if (c->severity.node && !levels_read(load, c->severity, &scope, t->levels, &t->levels_len))
		return false;
	return !c->confidence.node ||
	       read_expr(load, c->confidence, &scope, VALUE_NUMBER, &t->confidence);
}

static bool sets_read(struct load *load, const struct correlation *c)
{
	struct rule_temporal *t = &c->draft->rule.temporal;

	return (!c->common.node ||
		sets_find(load, c->draft, c->common, &t->common, t->common_set)) &&
	       (!c->differ.node || sets_find(load, c->draft, c->differ, &t->differ, t->differ_set));
}

bool temporal_read(struct load *load, struct draft *draft)
{
	struct rule_temporal *t = &draft->rule.temporal;
	struct correlation c;

	for (unsigned i = 0; i < RULE_REFS_MAX; i++) {
		t->common_set[i] = t->differ_set[i] = -1;
		t->min_severity[i] = -1;
	}
	for (unsigned i = 0; i < draft->refs_len; i++)
		draft->rule.services |= draft->refs[i]->rule.services;
	if (!correlation_read(load, draft, &c) ||
	    (draft->weir.node && !keys_read(load, draft->weir, "weir", weir_keys, &c)))
		return false;
	t->ordered = c.type->ordered;
	t->timespan = c.timespan;
	t->suppress = c.suppress_set ? c.suppress : c.timespan;
	return group_read(load, &c) && expressions_read(load, &c) && sets_read(load, &c) &&
	       summary_read(load, draft);
}
