/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/modifier.h"
#include "rule/words.h"

/* The selections of a base rule or a filter, and the condition over them. */

#define SELECTIONS_MAX 256

static bool line_twice(struct load *load, struct item map, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (!strcmp(item_text(item_key(map, i)), item_text(item_key(map, at)))) {
			load_fault(load, item_key(map, at),
				   "'%s' stands twice in the selection: a list of values would be "
				   "right",
				   item_text(item_key(map, at)));
			return true;
		}
	return false;
}

/* A map: every line must be met. */
static struct clause *map_clause(struct load *load, struct item map)
{
	struct clause *clause;
	struct selector selector;

	if (!item_len(map)) {
		load_fault(load, map, "an empty selection: 'field: value' would be right");
		return NULL;
	}
	if (item_len(map) > SELECTIONS_MAX) {
		load_fault(load, map, "more than %d lines in a selection: split it",
			   SELECTIONS_MAX);
		return NULL;
	}
	clause = clause_new(load, CLAUSE_AND, (unsigned)item_len(map));
	if (!clause)
		return NULL;
	for (unsigned i = 0; i < clause->kids; i++) {
		if (line_twice(load, map, i) || !selector_read(load, item_key(map, i), &selector))
			return NULL;
		clause->kid[i] = selector_clause(load, &selector, item_value(map, i));
		if (!clause->kid[i])
			return NULL;
	}
	return clause;
}

bool keywords_read(struct load *load)
{
	for (int f = 0; f < FIELD_COUNT; f++)
		if (type_is_text(field_table[f].type))
			field_set_add(load->reads, (enum field)f);
	return true;
}

static struct clause *keyword_clause(struct load *load, struct item item)
{
	const struct selector keyword = {.field = FIELD_NONE};

	keywords_read(load);
	return selector_clause(load, &keyword, item);
}

/* A list: of maps, and of keywords, which are looked for everywhere; one of all must be met. */
static struct clause *list_clause(struct load *load, struct item list)
{
	struct clause *clause = clause_new(load, CLAUSE_OR, (unsigned)item_len(list));

	for (unsigned i = 0; clause && i < clause->kids; i++) {
		struct item one = item_at(list, i);

		if (item_is_list(one)) {
			load_fault(load, one,
				   "a list in a list: one list of maps or keywords "
				   "would be right");
			return NULL;
		}
		clause->kid[i] =
			item_is_map(one) ? map_clause(load, one) : keyword_clause(load, one);
		if (!clause->kid[i])
			return NULL;
	}
	return clause;
}

static struct clause *selection_clause(struct load *load, struct item item)
{
	if (item_is_map(item))
		return map_clause(load, item);
	if (item_is_list(item) && item_len(item))
		return list_clause(load, item);
	if (item_is_text(item) && !item_is_null(item))
		return keyword_clause(load, item);
	load_fault(load, item, "a selection is a map of fields, a list of such maps, or keywords");
	return NULL;
}

static bool is_other(const char *name, const char *const *others)
{
	for (; *others; others++)
		if (!strcmp(name, *others))
			return true;
	return !strcmp(name, "condition");
}

static bool selections_read(struct load *load, struct item map, const char *const *others,
			    struct selection *selections, unsigned *len)
{
	for (size_t i = 0; i < item_len(map); i++) {
		struct item key = item_key(map, i);
		const char *name = item_text(key);

		if (is_other(name, others))
			continue;
		if (!strcmp(name, "timeframe"))
			return load_fault(load, key,
					  "'timeframe' is of old Sigma: a correlation "
					  "with a timespan would be right");
		if (*len == SELECTIONS_MAX)
			return load_fault(load, key, "more than %d selections: split the rule",
					  SELECTIONS_MAX);
		for (unsigned j = 0; j < *len; j++)
			if (!strcmp(selections[j].name, name))
				return load_fault(load, key,
						  "'%s' stands twice in detection: once "
						  "would be right",
						  name);
		selections[*len].name = name;
		selections[*len].item = key;
		selections[*len].clause = selection_clause(load, item_value(map, i));
		if (!selections[*len].clause)
			return false;
		(*len)++;
	}
	return true;
}

/* A condition, or a list of them, of which one must be met. */
static struct clause *conditions_read(struct load *load, struct item item,
				      struct selection *selections, unsigned len)
{
	struct clause *clause;

	if (!item_is_list(item))
		return condition_read(load, item, selections, len);
	if (!item_len(item) || item_len(item) > SELECTIONS_MAX) {
		load_fault(load, item, "a list of 1 to %d conditions would be right",
			   SELECTIONS_MAX);
		return NULL;
	}
	clause = clause_new(load, CLAUSE_OR, (unsigned)item_len(item));
	for (unsigned i = 0; clause && i < clause->kids; i++) {
		clause->kid[i] = condition_read(load, item_at(item, i), selections, len);
		if (!clause->kid[i])
			return NULL;
	}
	return clause;
}

struct clause *selections_clause(struct load *load, struct item map, const char *const *others)
{
	struct selection selections[SELECTIONS_MAX] = {0};
	struct item condition = item_get(map, "condition");
	struct clause *clause;
	unsigned len = 0;

	if (!item_is_map(map)) {
		load_fault(load, map, "no map: selections and a condition would be right");
		return NULL;
	}
	if (!condition.node) {
		load_fault(load, map,
			   "there is no 'condition': 'condition: selection' would be "
			   "right");
		return NULL;
	}
	if (!selections_read(load, map, others, selections, &len))
		return NULL;
	clause = conditions_read(load, condition, selections, len);
	for (unsigned i = 0; clause && i < len; i++)
		if (!selections[i].used)
			fault_add(load->faults, item_place(selections[i].item), false,
				  "selection '%s' is not used: the condition does not name it",
				  selections[i].name);
	return clause;
}
