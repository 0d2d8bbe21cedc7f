/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/tuple.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

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
	TUPLE_NUMBER = 0x10,
	TUPLE_LENGTH = 0x0f,
};

static struct tuple_secret secret;

/* Before main(), so that no thread sees it half made. */
__attribute__((constructor)) static void make_secret(void)
{
	if (getrandom(&secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		secret.word[0] = (uint64_t)(uintptr_t)&secret;
}

struct tuple_secret tuple_secret_get(void)
{
	return secret;
}

void tuple_secret_set(struct tuple_secret other)
{
	secret = other;
}

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

double *tuple_buffer_numbers(struct tuple_buffer *buffer, size_t len)
{
	buffer->len = 0;
	return (double *)(void *)room(buffer, len * sizeof(double));
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
	*at = TUPLE_TEXT;
	memcpy(at + 1, &text->length, 4);
	if (text->length)
		memcpy(at + 5, text->at, text->length);
	return true;
}

static uint32_t text_length(const uint8_t *at)
{
	uint32_t length;

	memcpy(&length, at + 1, sizeof(length));
	return length;
}

/* Bytes of the field that begins at `at`. */
static size_t size_of(const uint8_t *at)
{
	switch (*at) {
	case TUPLE_NULL:
		return 1;
	case TUPLE_V4:
		return 5;
	case TUPLE_V6:
		return 17;
	case TUPLE_TEXT:
		return 5 + (size_t)text_length(at);
	}
	return 1 + (size_t)(*at & TUPLE_LENGTH);
}

static void fold(uint8_t *at, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if (at[i] >= 'A' && at[i] <= 'Z')
			at[i] |= 0x20;
}

/* Rules compare without case. */
static void fold_texts(struct tuple_buffer *buffer)
{
	for (size_t at = 0; at < buffer->len; at += size_of(buffer->at + at))
		if (buffer->at[at] == TUPLE_TEXT)
			fold(buffer->at + at + 5, text_length(buffer->at + at));
}

/* What a field of numbers holds. False: it is none. */
static bool number_of(const struct event *event, enum field field, uint64_t *bits)
{
	const void *slot = event_slot(event, field);
	double real;

	switch ((enum field_type)field_table[field].type) {
	case TYPE_ENUM:
		*bits = *(const uint16_t *)slot;
		return true;
	case TYPE_BOOL:
		*bits = *(const bool *)slot;
		return true;
	case TYPE_REAL:
		real = *(const double *)slot + 0.0; /* one zero only */
		memcpy(bits, &real, sizeof(*bits));
		return true;
	case TYPE_COUNT:
	case TYPE_TIME:
	case TYPE_DURATION:
	case TYPE_ROLES:
		memcpy(bits, slot, sizeof(*bits));
		return true;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
		return false;
	}
	return false;
}

static bool put_field(struct tuple_buffer *buffer, const struct event *event, enum field field)
{
	const void *slot = event_slot(event, field);
	uint64_t bits;

	if (number_of(event, field, &bits))
		return put_number(buffer, bits);
	return field_table[field].type == TYPE_ADDR ? put_addr(buffer, slot)
						    : put_text(buffer, slot);
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
	item->word[1] = hash_keyed(buffer->at, buffer->len, secret.word[0], secret.word[1]);
	item->byte[15] = ITEM_LONG;
}

static bool put_fields(struct tuple_buffer *buffer, const struct event *event,
		       const struct field_list *fields, bool null_too)
{
	buffer->len = 0;
	for (unsigned i = 0; i < fields->len; i++) {
		uint8_t *at;

		if (event_has(event, fields->at[i])) {
			if (!put_field(buffer, event, fields->at[i]))
				return false;
			continue;
		}
		at = null_too ? room(buffer, 1) : NULL;
		if (!at)
			return false;
		*at = TUPLE_NULL;
	}
	return true;
}

static bool has_text(const struct field_list *fields)
{
	for (unsigned i = 0; i < fields->len; i++)
		if (type_is_text(field_table[fields->at[i]].type))
			return true;
	return false;
}

/*
 * The item of IPv4 addresses and numbers where all are there and 15 bytes hold them, as nearly all
 * are; what put_fields() and seal() make of them, without the buffer. False: it is not so.
 */
static bool short_item(const struct event *event, const struct field_list *fields,
		       struct item *item)
{
	uint8_t at[ITEM_INLINE + 1 + sizeof(uint64_t)] = {0};
	unsigned len = 0;

	for (unsigned i = 0; i < fields->len; i++) {
		enum field field = fields->at[i];
		uint64_t bits;

		if (!event_has(event, field) || len >= ITEM_INLINE)
			return false;
		if (number_of(event, field, &bits)) {
			unsigned length = bits ? (71 - (unsigned)__builtin_clzll(bits)) / 8 : 0;

			at[len] = (uint8_t)(TUPLE_NUMBER | length);
			memcpy(at + len + 1, &bits, sizeof(bits)); /* zeroes behind it */
			len += 1 + length;
		} else {
			const struct addr *addr = event_slot(event, field);

			if (field_table[field].type != TYPE_ADDR || !addr_is_v4(addr))
				return false;
			at[len] = TUPLE_V4;
			memcpy(at + len + 1, addr->byte + 12, 4);
			len += 5;
		}
	}
	if (len > ITEM_INLINE)
		return false;
	memcpy(item->byte, at, sizeof(item->byte));
	item->byte[15] = (uint8_t)len;
	return true;
}

bool tuple_item(struct tuple_buffer *buffer, const struct event *event,
		const struct field_list *fields, bool null_too, struct item *item)
{
	if (short_item(event, fields, item))
		return true;
	if (!put_fields(buffer, event, fields, null_too))
		return false;
	if (has_text(fields))
		fold_texts(buffer);
	seal(buffer, item);
	return true;
}

uint64_t item_fixed_hash(const struct item *item)
{
	if (item->byte[15] == ITEM_LONG)
		return item->word[0];
	return sketch_hash(item->byte, sizeof(item->byte));
}

int tuple_keep(struct pool *pool, struct tuple_buffer *buffer, const struct event *event,
	       const struct field_list *fields, const struct item *item, struct tuple **tuple)
{
	*tuple = NULL;
	if (item->byte[15] != ITEM_LONG && !has_text(fields))
		return 0;
	if (!put_fields(buffer, event, fields, true))
		return -ENOMEM;
	*tuple = pool_get(pool, sizeof(**tuple) + buffer->len);
	if (!*tuple)
		return -ENOMEM;
	(*tuple)->length = (uint32_t)buffer->len;
	memcpy((*tuple)->byte, buffer->at, buffer->len);
	return 0;
}

void tuple_drop(struct pool *pool, struct tuple *tuple)
{
	if (tuple)
		pool_put(pool, tuple, sizeof(*tuple) + tuple->length);
}

/* Fills the field's slot from its bytes at `at`. */
static void take_field(struct event *event, enum field field, const uint8_t *at)
{
	void *slot = (char *)event + field_table[field].offset;
	uint64_t bits = 0;

	event_mark(event, field);
	switch (*at) {
	case TUPLE_NULL:
		event_clear(event, field);
		return;
	case TUPLE_V4:
		memcpy(&bits, at + 1, 4);
		*(struct addr *)slot = addr_from_v4((uint32_t)bits);
		return;
	case TUPLE_V6:
		memcpy(slot, at + 1, sizeof(struct addr));
		return;
	case TUPLE_TEXT:
		*(struct text *)slot = (struct text){(const char *)at + 5, text_length(at)};
		return;
	}
	memcpy(&bits, at + 1, *at & TUPLE_LENGTH);
	switch ((enum field_type)field_table[field].type) {
	case TYPE_ENUM:
		*(uint16_t *)slot = (uint16_t)bits;
		return;
	case TYPE_BOOL:
		*(bool *)slot = bits;
		return;
	case TYPE_REAL:
	case TYPE_COUNT:
	case TYPE_TIME:
	case TYPE_DURATION:
	case TYPE_ROLES:
		memcpy(slot, &bits, sizeof(bits));
		return;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
		return; /* not numbers */
	}
}

void tuple_values(const struct item *item, const struct tuple *tuple,
		  const struct field_list *fields, struct value *values)
{
	const uint8_t *at = tuple ? tuple->byte : item->byte;
	struct event event;

	memset(event.present, 0, sizeof(event.present));
	for (unsigned i = 0; i < fields->len; i++, at += size_of(at)) {
		take_field(&event, fields->at[i], at);
		values[i] = value_of_field(&event, fields->at[i]);
	}
}

static bool tag_fits(uint8_t tag, enum field field)
{
	switch ((enum field_type)field_table[field].type) {
	case TYPE_ADDR:
		return tag == TUPLE_V4 || tag == TUPLE_V6;
	case TYPE_TEXT:
	case TYPE_TEXTS:
		return tag == TUPLE_TEXT;
	case TYPE_ENUM:
	case TYPE_BOOL:
	case TYPE_REAL:
	case TYPE_COUNT:
	case TYPE_TIME:
	case TYPE_DURATION:
	case TYPE_ROLES:
		return (tag & ~TUPLE_LENGTH) == TUPLE_NUMBER && (tag & TUPLE_LENGTH) <= 8;
	}
	return false;
}

bool tuple_is_sound(const struct item *item, const struct tuple *tuple,
		    const struct field_list *fields)
{
	const uint8_t *at = tuple ? tuple->byte : item->byte;
	size_t left = tuple ? tuple->length : item->byte[15];

	if (!tuple && item->byte[15] > ITEM_INLINE)
		return false;
	for (unsigned i = 0; i < fields->len; i++) {
		size_t size;

		/* The length of a text must be there before it is read. */
		if (!left || (*at == TUPLE_TEXT && left < 5))
			return false;
		size = size_of(at);
		if ((*at != TUPLE_NULL && !tag_fits(*at, fields->at[i])) || size > left)
			return false;
		at += size;
		left -= size;
	}
	return left == 0;
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
	fold_texts(buffer);
	seal(buffer, item);
	return true;
}
