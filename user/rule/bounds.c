/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/load.h"

/* Sigma's own condition of a window rule: bounds of one value, which its type says. */

static const struct {
	const char *key, *sign;
} bounds[] = {
	{"gt", ">"}, {"gte", ">="}, {"lt", "<"}, {"lte", "<="}, {"eq", "="}, {"neq", "!="},
};

#define BOUNDS (sizeof(bounds) / sizeof(bounds[0]))

static const struct key condition_keys[] = {
	{"field", NULL, false}, {"gt", NULL, false},	     {"gte", NULL, false},
	{"lt", NULL, false},	{"lte", NULL, false},	     {"eq", NULL, false},
	{"neq", NULL, false},	{"percentile", NULL, false}, {NULL, NULL, false},
};

/* "event_count >= 10 and event_count < 20", of the bounds that stand there. */
static char *bounds_text(struct load *load, struct item map, const char *name)
{
	char *text = NULL;

	for (size_t i = 0; i < BOUNDS; i++) {
		struct item bound = item_get(map, bounds[i].key);
		enum unit unit;
		double number;

		if (!bound.node)
			continue;
		if (!read_number(load, bound, &number, &unit))
			return NULL;
		text = arena_format(load->arena, "%s%s%s %s %s", text ? text : "",
				    text ? " and " : "", name, bounds[i].sign, item_text(bound));
		if (!load_memory(load, text))
			return NULL;
	}
	if (!text)
		load_fault(load, map, "the condition has no bound: 'gte: 10' would be right");
	return text;
}

static bool percent_read(struct load *load, struct correlation *c, double *percent)
{
	struct item item = item_get(c->condition, "percentile");
	enum unit unit;

	if (c->type->kind != AGGREGATE_PERCENTILE)
		return !item.node || load_fault(load, item, "'percentile' is for value_percentile");
	if (!item.node)
		return load_fault(load, c->condition,
				  "%s needs 'percentile' in its condition: 'percentile: 95' would "
				  "be right",
				  c->type->name);
	return read_number(load, item, percent, &unit) &&
	       ((unit == UNIT_NONE && *percent > 0 && *percent <= 100) ||
		load_fault(load, item, "'%s' is no percentile: above 0, up to 100 would be right",
			   item_text(item)));
}

static bool field_read(struct load *load, struct correlation *c, struct rule_aggregate *a)
{
	struct item field = item_get(c->condition, "field");

	if (a->kind == AGGREGATE_COUNT)
		return !field.node || load_fault(load, field,
						 "event_count counts events: 'field' is "
						 "for value_count");
	if (!field.node)
		return load_fault(load, c->condition, "%s needs 'field' in its condition",
				  c->type->name);
	if (!read_fields(load, field, &a->fields))
		return false;
	if (a->kind == AGGREGATE_DISTINCT ||
	    (a->fields.len == 1 && field_is_number(a->fields.at[0])))
		return true;
	return load_fault(load, field, "%s needs one field that is a number", c->type->name);
}

/* The value that Sigma's condition is about, as one more computed value. */
static bool implicit_read(struct load *load, struct correlation *c)
{
	struct rule_window *w = &c->draft->rule.window;
	struct rule_aggregate *a = &w->compute[w->compute_len];

	if (w->compute_len == RULE_COMPUTE_MAX)
		return load_fault(load, c->compute, "more than %d computed values",
				  RULE_COMPUTE_MAX);
	*a = (struct rule_aggregate){.name = c->type->name,
				     .kind = c->type->kind,
				     .per = -1,
				     .inner = -1,
				     .type = VALUE_NUMBER,
				     .unit = count_unit(c->draft->rule.services)};
	if (!field_read(load, c, a) || !percent_read(load, c, &a->percent))
		return false;
	w->compute_len++;
	if (a->kind != AGGREGATE_COUNT)
		a->unit = a->kind == AGGREGATE_DISTINCT ? distinct_unit(&a->fields)
							: field_unit(a->fields.at[0]);
	a->grows = a->kind == AGGREGATE_COUNT || a->kind == AGGREGATE_DISTINCT ||
		   (a->kind == AGGREGATE_SUM && field_table[a->fields.at[0]].type == TYPE_COUNT);
	return true;
}

bool window_condition(struct load *load, struct correlation *c, const struct expr_scope *scope)
{
	struct rule_window *w = &c->draft->rule.window;
	size_t before = load->faults->fatal;
	const char *text;

	if (!c->condition.node)
		return load_fault(load, c->draft->correlation, "correlation has no 'condition'");
	if (!keys_read(load, c->condition, "condition", condition_keys, c))
		return false;
	if (c->having.node) {
		text = bounds_text(load, c->condition, c->type->name);
		return text && read_expr(load, c->having, scope, VALUE_BOOL, &w->having);
	}
	if (!implicit_read(load, c))
		return false;
	text = bounds_text(load, c->condition, c->type->name);
	if (!text)
		return false;
	w->having = expr_compile(text, item_place(c->condition), scope, load->arena, load->faults);
	return w->having || load->faults->fatal > before || load_memory(load, NULL);
}
