/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/filter.h"
#include "rule/index.h"

/* Filters at work. */

static bool any_match(const struct ruleset *set, const struct filter_use *uses, unsigned len,
		      struct look *look)
{
	for (unsigned i = 0; i < len; i++)
		if (predicate_match(uses[i].match, look)) {
			set->filters[uses[i].filter].suppressed++;
			return true;
		}
	return false;
}

bool filters_match_event(const struct ruleset *set, const struct rule *rule, struct look *look)
{
	return any_match(set, rule->event_filters, rule->event_filters_len, look);
}

bool rule_drops_event(const struct ruleset *set, const struct rule *rule, const struct event *event)
{
	struct look look = {.event = event, .folds = &set->matcher->folds};

	if (!rule->event_filters_len)
		return false;
	folds_next(look.folds);
	return filters_match_event(set, rule, &look);
}

static void number_set(void *slot, enum field f, double number)
{
	switch ((enum field_type)field_table[f].type) {
	case TYPE_COUNT:
		*(uint64_t *)slot = number > 0 ? (uint64_t)number : 0;
		break;
	case TYPE_TIME:
	case TYPE_DURATION:
		*(int64_t *)slot = (int64_t)number;
		break;
	case TYPE_REAL:
		*(double *)slot = number;
		break;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
	case TYPE_ENUM:
	case TYPE_BOOL:
	case TYPE_ROLES:
		break;
	}
}

static void text_set(void *slot, enum field f, const struct text *text)
{
	int number;

	switch ((enum field_type)field_table[f].type) {
	case TYPE_TEXT:
	case TYPE_TEXTS:
		*(struct text *)slot = *text;
		break;
	case TYPE_ENUM:
		number = field_enum_number(f, text->at, text->length);
		*(uint16_t *)slot = (uint16_t)number;
		break;
	case TYPE_ROLES:
		number = field_role_number(text->at, text->length);
		*(uint64_t *)slot = number < 0 ? 0 : UINT64_C(1) << number;
		break;
	case TYPE_ADDR:
	case TYPE_COUNT:
	case TYPE_TIME:
	case TYPE_DURATION:
	case TYPE_REAL:
	case TYPE_BOOL:
		break;
	}
}

/* A key as the field of an event, where predicates look for it. */
static void key_set(struct event *event, enum field f, const struct value *value)
{
	void *slot = (char *)event + field_table[f].offset;

	switch ((enum value_type)value->type) {
	case VALUE_NULL:
		return;
	case VALUE_BOOL:
		*(bool *)slot = value->truth;
		break;
	case VALUE_NUMBER:
		number_set(slot, f, value->number);
		break;
	case VALUE_TEXT:
		text_set(slot, f, &value->text);
		break;
	case VALUE_ADDR:
		*(struct addr *)slot = value->addr;
		break;
	}
	event_mark(event, f);
}

bool rule_drops_signal(const struct ruleset *set, const struct rule *rule,
		       const enum field *key_fields, const struct value *keys, unsigned keys_len,
		       const struct value *computed)
{
	struct event event;
	struct look look = {.event = &event, .computed = computed, .folds = &set->matcher->folds};

	if (!rule->signal_filters_len)
		return false;
	event = (struct event){0};
	for (unsigned i = 0; i < keys_len; i++)
		if (key_fields[i] != FIELD_NONE)
			key_set(&event, key_fields[i], &keys[i]);
	folds_next(look.folds);
	return any_match(set, rule->signal_filters, rule->signal_filters_len, &look);
}
