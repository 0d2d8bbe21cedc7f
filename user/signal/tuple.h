/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_TUPLE_H
#define WEIR_SIGNAL_TUPLE_H

#include "rule/rule.h"
#include "signal/pool.h"

/*
 * What tells one group or distinct value from another: the fields of a list, in their order, as
 * bytes. Text is folded (rules compare without case).
 */

/* Up to 15 bytes stand for themselves; a longer tuple is its fixed hash (64 bits) and 56 bits of
 * one under the secret, which nobody outside can aim at. */
struct item {
	union {
		uint8_t byte[16];
		uint64_t word[2];
	};
};

/* Random at start. What is kept for a later process keeps the secret too, and that process sets it
 * before it sees its first event. */
struct tuple_secret {
	uint64_t word[2];
};
struct tuple_secret tuple_secret_get(void);
void tuple_secret_set(struct tuple_secret secret);

/* Grows to the longest tuple seen. */
struct tuple_buffer {
	uint8_t *at;
	size_t len, cap;
};

/* Its memory, for so many numbers, until it is used again; NULL without memory. */
double *tuple_buffer_numbers(struct tuple_buffer *buffer, size_t len);

/* False if a field is null (unless `null_too`) or without memory. */
bool tuple_item(struct tuple_buffer *buffer, const struct event *event,
		const struct field_list *fields, bool null_too, struct item *item);

/* The same of values; not the same item as of an event's fields. */
bool tuple_values_item(struct tuple_buffer *buffer, const struct value *values, unsigned len,
		       struct item *item);

/* A hash of the item that is the same in every run. */
uint64_t item_fixed_hash(const struct item *item);

static inline bool item_equal(const struct item *a, const struct item *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

/*
 * The fields' bytes as they came, case and all, kept where the item does not say it all: of texts,
 * and of what is longer than an item.
 */
struct tuple {
	uint32_t length;
	uint8_t byte[];
};

/* *tuple is NULL where the item says it all. Uses the buffer. 0, or -ENOMEM. */
int tuple_keep(struct pool *pool, struct tuple_buffer *buffer, const struct event *event,
	       const struct field_list *fields, const struct item *item, struct tuple **tuple);
void tuple_drop(struct pool *pool, struct tuple *tuple);

/* Whether the bytes are what tuple_keep() makes of such fields: of one that was read from
 * elsewhere. */
bool tuple_is_sound(const struct item *item, const struct tuple *tuple,
		    const struct field_list *fields);

/* The fields' values, `fields->len` of them; texts point into the tuple. */
void tuple_values(const struct item *item, const struct tuple *tuple,
		  const struct field_list *fields, struct value *values);

#endif
