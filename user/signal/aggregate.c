/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/aggregate.h"

static void count_add(struct partial *partial, double number)
{
	partial->value += number;
}

static void count_merge(struct partial *into, const struct partial *later)
{
	into->value += later->value;
}

static struct value count_value(const struct partial *partial)
{
	return value_number(partial->value);
}

static void sum_add(struct partial *partial, double number)
{
	partial->value += number;
	partial->weight += 1;
}

static void sum_merge(struct partial *into, const struct partial *later)
{
	into->value += later->value;
	into->weight += later->weight;
}

/* An aggregate of nothing is null. */
static struct value plain_value(const struct partial *partial)
{
	return partial->weight ? value_number(partial->value) : (struct value){.type = VALUE_NULL};
}

static struct value avg_value(const struct partial *partial)
{
	return partial->weight ? value_number(partial->value / partial->weight)
			       : (struct value){.type = VALUE_NULL};
}

static void min_add(struct partial *partial, double number)
{
	if (!partial->weight || number < partial->value)
		partial->value = number;
	partial->weight += 1;
}

static void min_merge(struct partial *into, const struct partial *later)
{
	if (later->weight && (!into->weight || later->value < into->value))
		into->value = later->value;
	into->weight += later->weight;
}

static void max_add(struct partial *partial, double number)
{
	if (!partial->weight || number > partial->value)
		partial->value = number;
	partial->weight += 1;
}

static void max_merge(struct partial *into, const struct partial *later)
{
	if (later->weight && (!into->weight || later->value > into->value))
		into->value = later->value;
	into->weight += later->weight;
}

const struct aggregate_ops aggregate_table[AGGREGATE_KINDS] = {
	[AGGREGATE_COUNT] = {"count", false, count_add, count_merge, count_value},
	[AGGREGATE_SUM] = {"sum", false, sum_add, sum_merge, plain_value},
	[AGGREGATE_AVG] = {"avg", false, sum_add, sum_merge, avg_value},
	[AGGREGATE_MIN] = {"min", false, min_add, min_merge, plain_value},
	[AGGREGATE_MAX] = {"max", false, max_add, max_merge, plain_value},
	[AGGREGATE_DISTINCT] = {.name = "distinct", .set = true},
	[AGGREGATE_VALUES] = {.name = "values", .set = true},
};

static bool field_number(const struct event *event, enum field field, double *number)
{
	const void *slot = event_slot(event, field);

	switch ((enum field_type)field_table[field].type) {
	case TYPE_COUNT:
	case TYPE_ROLES:
		*number = (double)*(const uint64_t *)slot;
		return true;
	case TYPE_REAL:
		*number = *(const double *)slot;
		return true;
	case TYPE_TIME:
	case TYPE_DURATION:
		*number = (double)*(const int64_t *)slot;
		return true;
	case TYPE_BOOL:
		*number = *(const bool *)slot;
		return true;
	case TYPE_ENUM:
		*number = *(const uint16_t *)slot;
		return true;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
		return false;
	}
	return false;
}

bool aggregate_number(const struct rule_aggregate *aggregate, const struct event *event,
		      double *number)
{
	enum field field = aggregate->fields.len ? aggregate->fields.at[0] : FIELD_NONE;

	if (aggregate->kind == AGGREGATE_COUNT && field == FIELD_NONE) {
		*number = event_has(event, FIELD_EVENT_COUNT) ? (double)event->event_count : 1;
		return true;
	}
	return field != FIELD_NONE && event_has(event, field) && field_number(event, field, number);
}
