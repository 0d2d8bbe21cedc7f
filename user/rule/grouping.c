/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/load.h"
#include "rule/words.h"

/* By what a correlation groups: fields that all its rules have, and aliases, which are another
 * field in each. */

int ref_find(void *context, const char *name, size_t length)
{
	const struct draft *draft = context;

	for (unsigned i = 0; i < draft->refs_len; i++)
		if (strlen(draft->refs[i]->rule.name) == length &&
		    !memcmp(draft->refs[i]->rule.name, name, length))
			return (int)i;
	return -1;
}

bool ref_unknown(struct load *load, const struct draft *draft, struct item at)
{
	const char *names[RULE_REFS_MAX + 1];

	for (unsigned i = 0; i < draft->refs_len; i++)
		names[i] = draft->refs[i]->rule.name;
	names[draft->refs_len] = NULL;
	return load_fault(load, at, "'%s' is none of this rule's rules: the nearest is '%s'",
			  item_text(at), nearest_word(item_text(at), item_length(at), names));
}

/* The fields of an alias hold values of one kind, or they would never be equal. */
static bool types_check(struct load *load, struct item map, const struct draft *draft,
			const struct rule_alias *alias)
{
	for (unsigned i = 1; i < draft->refs_len; i++)
		if (field_table[alias->by_ref[i]].type != field_table[alias->by_ref[0]].type)
			return load_fault(
				load, map,
				"alias '%s' is %s in one rule and %s in another, which are "
				"not of one type",
				alias->name, field_table[alias->by_ref[0]].name,
				field_table[alias->by_ref[i]].name);
	return true;
}

bool alias_read(struct load *load, struct draft *draft, struct item name, struct item map,
		struct rule_alias *alias)
{
	if (!item_is_map(map))
		return load_fault(load, map,
				  "an alias is a map: '{port_scan: source.ip}' would be "
				  "right");
	if (!read_text(load, name, &alias->name))
		return false;
	for (unsigned i = 0; i < RULE_REFS_MAX; i++)
		alias->by_ref[i] = FIELD_NONE;
	for (size_t i = 0; i < item_len(map); i++) {
		struct item key = item_key(map, i), value = item_value(map, i);
		int ref = ref_find(draft, item_text(key), item_length(key));

		if (ref < 0)
			return ref_unknown(load, draft, key);
		if (!read_field(load, value, &alias->by_ref[ref]) ||
		    !key_check(load, value, &draft->refs[ref]->rule, alias->by_ref[ref]))
			return false;
	}
	for (unsigned i = 0; i < draft->refs_len; i++)
		if (alias->by_ref[i] == FIELD_NONE)
			return load_fault(load, map,
					  "alias '%s' does not say its field in rule '%s'",
					  alias->name, draft->refs[i]->rule.name);
	return types_check(load, map, draft, alias);
}

/* One more key of a window: a field, which every rule has, or an alias. */
static bool key_read(struct load *load, struct correlation *c, struct item one,
		     struct rule_alias *alias)
{
	struct item map = item_get(c->aliases, item_text(one));
	enum field f;

	if (map.node)
		return alias_read(load, c->draft, one, map, alias);
	if (!read_field(load, one, &f))
		return false;
	for (unsigned i = 0; i < c->draft->refs_len; i++) {
		if (!key_check(load, one, &c->draft->refs[i]->rule, f))
			return false;
		alias->by_ref[i] = f;
	}
	return true;
}

/* Outside of its rule an alias is the field that it stands for in the first of the rules. */
static bool key_add(struct load *load, struct correlation *c, struct item one,
		    const struct rule_alias *alias)
{
	struct rule_window *w = &c->draft->rule.window;
	unsigned at = w->group_by.len;

	for (unsigned i = 0; i < at; i++)
		if (w->group_by.at[i] == alias->by_ref[0])
			return load_fault(load, one, "field '%s' stands twice",
					  alias->name ? field_table[alias->by_ref[0]].name
						      : item_text(one));
	w->key_names[at] = alias->name;
	w->group_by.at[w->group_by.len++] = alias->by_ref[0];
	for (unsigned i = 0; i < c->draft->refs_len; i++) {
		w->by_ref[i].at[at] = alias->by_ref[i];
		w->by_ref[i].len = w->group_by.len;
	}
	return true;
}

bool window_keys_read(struct load *load, struct correlation *c)
{
	struct rule_window *w = &c->draft->rule.window;
	struct item list = c->group_by;
	size_t len = item_is_list(list) ? item_len(list) : list.node != NULL;
	bool aliased = false;

	if (c->aliases.node && !item_is_map(c->aliases))
		return load_fault(load, c->aliases, "aliases is no map");
	if (len > RULE_FIELDS_MAX)
		return load_fault(load, list, "%zu fields: at most %d would be right", len,
				  RULE_FIELDS_MAX);
	w->by_ref = arena_alloc(load->arena, RULE_REFS_MAX * sizeof(*w->by_ref));
	if (!load_memory(load, w->by_ref))
		return false;
	for (size_t i = 0; i < len; i++) {
		struct item one = item_is_list(list) ? item_at(list, i) : list;
		struct rule_alias alias = {.name = NULL};

		if (!key_read(load, c, one, &alias) || !key_add(load, c, one, &alias))
			return false;
		aliased |= alias.name != NULL;
	}
	if (!aliased)
		w->by_ref = NULL;
	return true;
}
