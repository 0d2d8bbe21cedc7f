/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/load.h"
#include "rule/words.h"

/* What window and temporal rules share. */

#define INTO(into) ((struct correlation *)(into))

static const struct correlation_type types[] = {
	{"event_count", false, false, AGGREGATE_COUNT},
	{"value_count", false, false, AGGREGATE_DISTINCT},
	{"value_sum", false, false, AGGREGATE_SUM},
	{"value_avg", false, false, AGGREGATE_AVG},
	{"value_median", false, false, AGGREGATE_MEDIAN},
	{"value_percentile", false, false, AGGREGATE_PERCENTILE},
	{"temporal", true, false, AGGREGATE_KINDS},
	{"temporal_ordered", true, true, AGGREGATE_KINDS},
};

#define TYPES (sizeof(types) / sizeof(types[0]))

static bool on_type(struct load *load, struct item value, void *into)
{
	const char *names[TYPES + 1] = {NULL};

	for (size_t i = 0; i < TYPES; i++) {
		names[i] = types[i].name;
		if (!strcmp(item_text(value), types[i].name)) {
			INTO(into)->type = &types[i];
			return true;
		}
	}
	return load_fault(load, value, "unknown correlation type '%s': the nearest is '%s'",
			  item_text(value),
			  nearest_word(item_text(value), item_length(value), names));
}

static bool on_group_by(struct load *load, struct item value, void *into)
{
	(void)load;
	INTO(into)->group_by = value;
	return true;
}

static bool on_timespan(struct load *load, struct item value, void *into)
{
	INTO(into)->timespan_at = value;
	return read_duration(load, value, &INTO(into)->timespan);
}

static bool on_condition(struct load *load, struct item value, void *into)
{
	(void)load;
	INTO(into)->condition = value;
	return true;
}

static bool on_aliases(struct load *load, struct item value, void *into)
{
	(void)load;
	INTO(into)->aliases = value;
	return true;
}

static bool on_generate(struct load *load, struct item value, void *into)
{
	return read_bool(load, value, &INTO(into)->draft->generate);
}

static const struct key keys[] = {
	{"type", on_type, true},
	{"rules", NULL, true}, /* read by link.c */
	{"group-by", on_group_by, false},
	{"timespan", on_timespan, true},
	{"condition", on_condition, false},
	{"aliases", on_aliases, false},
	{"generate", on_generate, false},
	{NULL, NULL, false},
};

bool correlation_read(struct load *load, struct draft *draft, struct correlation *correlation)
{
	*correlation = (struct correlation){.draft = draft};
	return keys_read(load, draft->correlation, "correlation", keys, correlation);
}

bool on_summary(struct load *load, struct item value, void *into)
{
	(void)load;
	INTO(into)->draft->summary = value;
	return true;
}

bool on_suppress(struct load *load, struct item value, void *into)
{
	INTO(into)->suppress_set = true;
	return read_duration(load, value, &INTO(into)->suppress);
}

bool on_raise(struct load *load, struct item value, void *into)
{
	return raise_read(load, value, INTO(into)->draft);
}

bool on_family(struct load *load, struct item value, void *into)
{
	return read_text(load, value, &INTO(into)->draft->rule.family);
}

bool on_actions(struct load *load, struct item value, void *into)
{
	return read_texts(load, value, &INTO(into)->draft->rule.actions);
}

bool on_severity(struct load *load, struct item value, void *into)
{
	(void)load;
	INTO(into)->severity = value;
	return true;
}

bool on_confidence(struct load *load, struct item value, void *into)
{
	(void)load;
	INTO(into)->confidence = value;
	return true;
}

bool levels_read(struct load *load, struct item map, const struct expr_scope *scope,
		 struct rule_level levels[RULE_LEVELS_MAX], unsigned *len)
{
	if (!item_is_map(map))
		return load_fault(load, map,
				  "severity is no map: '{critical: sent > 2GB}' would be "
				  "right");
	for (size_t i = 0; i < item_len(map); i++) {
		struct rule_level level;
		unsigned at = *len;

		if (!read_severity(load, item_key(map, i), &level.severity) ||
		    !read_expr(load, item_value(map, i), scope, VALUE_BOOL, &level.when))
			return false;
		for (unsigned j = 0; j < *len; j++)
			if (levels[j].severity == level.severity)
				return load_fault(load, item_key(map, i),
						  "'%s' stands twice in severity: once would be "
						  "right",
						  severity_name(level.severity));
		for (; at && levels[at - 1].severity < level.severity; at--)
			levels[at] = levels[at - 1];
		levels[at] = level;
		(*len)++;
	}
	return true;
}
