/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/chain.h"

/* Where it came from in the order of events: behind every input. */
#define CHAIN_INPUT UINT32_MAX

/* Words of a key to the number that the field has them as. False: it has none. */
static bool number_of(enum field field, const struct value *value, uint64_t *number)
{
	int at;

	if (value->type == VALUE_BOOL)
		*number = value->truth;
	else if (value->type == VALUE_NUMBER)
		*number = (uint64_t)(int64_t)value->number;
	if (value->type != VALUE_TEXT)
		return value->type == VALUE_BOOL || value->type == VALUE_NUMBER;
	at = field_table[field].type == TYPE_ROLES
		     ? field_role_number(value->text.at, value->text.length)
		     : field_enum_number(field, value->text.at, value->text.length);
	*number = field_table[field].type == TYPE_ROLES ? UINT64_C(1) << (at & 63) : (uint64_t)at;
	return at >= 0;
}

static bool set_number(struct event *event, enum field field, const struct value *value)
{
	void *slot = (char *)event + field_table[field].offset;
	uint64_t number;

	if (field_table[field].type == TYPE_REAL && value->type == VALUE_NUMBER) {
		*(double *)slot = value->number;
		return true;
	}
	if (!number_of(field, value, &number))
		return false;
	if (field_table[field].type == TYPE_ENUM)
		*(uint16_t *)slot = (uint16_t)number;
	else if (field_table[field].type == TYPE_BOOL)
		*(bool *)slot = number != 0;
	else
		*(uint64_t *)slot = number;
	return true;
}

/* Texts are copied to *text, which moves behind them. */
static void set_field(struct event *event, enum field field, const struct value *value, char **text)
{
	void *slot = (char *)event + field_table[field].offset;

	if (field == FIELD_NONE)
		return;
	if (type_is_text(field_table[field].type)) {
		if (value->type != VALUE_TEXT)
			return;
		*(struct text *)slot = (struct text){*text, value->text.length};
		if (value->text.length)
			memcpy(*text, value->text.at, value->text.length);
		*text += value->text.length;
	} else if (field_table[field].type == TYPE_ADDR) {
		if (value->type != VALUE_ADDR)
			return;
		*(struct addr *)slot = value->addr;
	} else if (!set_number(event, field, value)) {
		return;
	}
	event_mark(event, field);
}

void chain_add(struct chain *chain, struct pool *pool, const struct signal *signal)
{
	size_t size = sizeof(struct chained);
	struct value message = {.type = VALUE_TEXT};
	struct chained *chained;
	char *text;

	if (signal->message)
		message.text = (struct text){signal->message, (uint32_t)strlen(signal->message)};
	size += message.text.length;
	for (unsigned i = 0; i < signal->keys_len; i++)
		if (signal->keys[i].type == VALUE_TEXT)
			size += signal->keys[i].text.length;
	chained = pool_get(pool, size);
	if (!chained) {
		chain->lost++;
		return;
	}
	chained->size = size;
	chained->rule = signal->rule->index;
	chained->event.time = signal->emitted;
	chained->event.input = CHAIN_INPUT;
	chained->event.record = chain->count++;
	chained->event.service = SERVICE_SIGNAL;
	event_set(&chained->event, EVENT_START, event_start, signal->start);
	text = chained->text;
	set_field(&chained->event, FIELD_MESSAGE, &message, &text);
	for (unsigned i = 0; i < signal->keys_len; i++)
		set_field(&chained->event, signal->key_fields[i], &signal->keys[i], &text);
	*(chain->last ? &chain->last->next : &chain->first) = chained;
	chain->last = chained;
}

struct chained *chain_take(struct chain *chain)
{
	struct chained *chained = chain->first;

	if (!chained)
		return NULL;
	chain->first = chained->next;
	if (!chain->first)
		chain->last = NULL;
	return chained;
}

void chain_drop(struct pool *pool, struct chained *chained)
{
	pool_put(pool, chained, chained->size);
}
