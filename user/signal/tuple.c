/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/tuple.h"

#include <stdlib.h>

#include "base/hash.h"
#include "signal/sketch.h"

#define ITEM_INLINE 15
#define ITEM_LONG   0xff /* in the last byte, where else the length stands */

/* First byte of each field: its shape; numbers carry their length in the low bits. */
enum {
	TUPLE_NULL = 0x01,
	TUPLE_V4 = 0x02,
	TUPLE_V6 = 0x03,
	TUPLE_TEXT = 0x04,
	TUPLE_NUMBER = 0x10
};

static uint8_t *room(struct tuple_buffer *buffer, size_t more)
{
	uint8_t *at;

	if (buffer->len + more > buffer->cap) {
		size_t cap = (buffer->len + more) * 2 + 64;

		at = realloc(buffer->at, cap);
		if (!at)
			return NULL;
		buffer->at = at;
		buffer->cap = cap;
	}
	at = buffer->at + buffer->len;
	buffer->len += more;
	return at;
}

static bool put_number(struct tuple_buffer *buffer, uint64_t number)
{
	size_t length = number ? (71 - (size_t)__builtin_clzll(number)) / 8 : 0;
	uint8_t *at = room(buffer, 1 + length);

	if (!at)
		return false;
	*at = (uint8_t)(TUPLE_NUMBER | length);
	memcpy(at + 1, &number, length); /* little end first: the low bytes */
	return true;
}

static bool put_addr(struct tuple_buffer *buffer, const struct addr *addr)
{
	bool v4 = addr_is_v4(addr);
	uint8_t *at = room(buffer, v4 ? 5 : 17);

	if (!at)
		return false;
	*at = v4 ? TUPLE_V4 : TUPLE_V6;
	memcpy(at + 1, v4 ? addr->byte + 12 : addr->byte, v4 ? 4 : 16);
	return true;
}

static bool put_text(struct tuple_buffer *buffer, const struct text *text)
{
	uint8_t *at = room(buffer, 5 + text->length);

	if (!at)
		return false;
	*at++ = TUPLE_TEXT;
	memcpy(at, &text->length, 4);
	at += 4;
	for (uint32_t i = 0; i < text->length; i++) {
		uint8_t c = (uint8_t)text->at[i];

		at[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
	return true;
}

static bool put_field(struct tuple_buffer *buffer, const struct event *event, enum field field)
{
	const void *slot = event_slot(event, field);
	uint64_t bits;

	switch ((enum field_type)field_table[field].type) {
	case TYPE_ADDR:
		return put_addr(buffer, slot);
	case TYPE_TEXT:
	case TYPE_TEXTS:
		return put_text(buffer, slot);
	case TYPE_ENUM:
		return put_number(buffer, *(const uint16_t *)slot);
	case TYPE_BOOL:
		return put_number(buffer, *(const bool *)slot);
	case TYPE_REAL: {
		double real = *(const double *)slot + 0.0; /* one zero only */

		memcpy(&bits, &real, sizeof(bits));
		return put_number(buffer, bits);
	}
	case TYPE_COUNT:
	case TYPE_TIME:
	case TYPE_DURATION:
	case TYPE_ROLES:
		memcpy(&bits, slot, sizeof(bits));
		return put_number(buffer, bits);
	}
	return false;
}

static void seal(const struct tuple_buffer *buffer, struct item *item)
{
	*item = (struct item){0};
	if (buffer->len <= ITEM_INLINE) {
		if (buffer->len)
			memcpy(item->byte, buffer->at, buffer->len);
		item->byte[15] = (uint8_t)buffer->len;
		return;
	}
	item->word[0] = sketch_hash(buffer->at, buffer->len);
	item->word[1] = hash_bytes(buffer->at, buffer->len);
	item->byte[15] = ITEM_LONG;
}

bool tuple_item(struct tuple_buffer *buffer, const struct event *event,
		const struct field_list *fields, bool null_too, struct item *item)
{
	buffer->len = 0;
	for (unsigned i = 0; i < fields->len; i++) {
		if (event_has(event, fields->at[i])) {
			if (!put_field(buffer, event, fields->at[i]))
				return false;
			continue;
		}
		if (!null_too)
			return false;

		uint8_t *at = room(buffer, 1);

		if (!at)
			return false;
		*at = TUPLE_NULL;
	}
	seal(buffer, item);
	return true;
}

uint64_t item_fixed_hash(const struct item *item)
{
	if (item->byte[15] == ITEM_LONG)
		return item->word[0];
	return sketch_hash(item->byte, sizeof(item->byte));
}

struct tuple *tuple_keep(struct pool *pool, const struct event *event,
			 const struct field_list *fields)
{
	size_t size = sizeof(struct tuple) + fields->len * sizeof(struct value);
	struct value values[RULE_FIELDS_MAX];
	struct tuple *tuple;
	char *text;

	for (unsigned i = 0; i < fields->len; i++) {
		values[i] = value_of_field(event, fields->at[i]);
		if (values[i].type == VALUE_TEXT)
			size += values[i].text.length;
	}
	tuple = pool_get(pool, size);
	if (!tuple)
		return NULL;
	tuple->size = size;
	text = (char *)(tuple->at + fields->len);
	for (unsigned i = 0; i < fields->len; i++) {
		tuple->at[i] = values[i];
		if (values[i].type != VALUE_TEXT)
			continue;
		if (values[i].text.length)
			memcpy(text, values[i].text.at, values[i].text.length);
		tuple->at[i].text.at = text;
		text += values[i].text.length;
	}
	return tuple;
}

void tuple_drop(struct pool *pool, struct tuple *tuple)
{
	if (tuple)
		pool_put(pool, tuple, tuple->size);
}

static bool put_value(struct tuple_buffer *buffer, const struct value *value)
{
	double number;
	uint64_t bits;

	switch ((enum value_type)value->type) {
	case VALUE_ADDR:
		return put_addr(buffer, &value->addr);
	case VALUE_TEXT:
		return put_text(buffer, &value->text);
	case VALUE_BOOL:
		return put_number(buffer, value->truth);
	case VALUE_NUMBER:
		number = value->number + 0.0; /* one zero only */
		memcpy(&bits, &number, sizeof(bits));
		return put_number(buffer, bits);
	case VALUE_NULL:
		break;
	}
	return false;
}

bool tuple_values_item(struct tuple_buffer *buffer, const struct value *values, unsigned len,
		       struct item *item)
{
	buffer->len = 0;
	for (unsigned i = 0; i < len; i++)
		if (!put_value(buffer, &values[i]))
			return false;
	seal(buffer, item);
	return true;
}
