/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_READER_H
#define WEIR_DECODE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads bytes that an attacker chose, never beyond their end. What is not there reads as 0 and
 * sets `failed`, which stays: one look at the end of a structure is enough. Numbers are in network
 * order unless the name says le (little-endian).
 */
struct reader_bytes {
	const uint8_t *at, *end;
	bool failed;
};

static inline struct reader_bytes bytes_of(const uint8_t *at, size_t length)
{
	return (struct reader_bytes){.at = at, .end = at + length};
}

static inline size_t bytes_left(const struct reader_bytes *r)
{
	return (size_t)(r->end - r->at);
}

/* The next `length` bytes, or NULL. */
static inline const uint8_t *bytes_take(struct reader_bytes *r, size_t length)
{
	const uint8_t *at = r->at;

	if (length > bytes_left(r)) {
		r->failed = true;
		r->at = r->end;
		return NULL;
	}
	r->at += length;
	return at;
}

static inline uint64_t bytes_number(struct reader_bytes *r, unsigned length)
{
	const uint8_t *at = bytes_take(r, length);
	uint64_t n = 0;

	for (unsigned i = 0; at && i < length; i++)
		n = n << 8 | at[i];
	return n;
}

static inline uint64_t bytes_number_le(struct reader_bytes *r, unsigned length)
{
	const uint8_t *at = bytes_take(r, length);
	uint64_t n = 0;

	for (unsigned i = 0; at && i < length; i++)
		n |= (uint64_t)at[i] << (8 * i);
	return n;
}

static inline uint8_t bytes_u8(struct reader_bytes *r)
{
	return (uint8_t)bytes_number(r, 1);
}

static inline uint16_t bytes_u16(struct reader_bytes *r)
{
	return (uint16_t)bytes_number(r, 2);
}

static inline uint32_t bytes_u24(struct reader_bytes *r)
{
	return (uint32_t)bytes_number(r, 3);
}

static inline uint32_t bytes_u32(struct reader_bytes *r)
{
	return (uint32_t)bytes_number(r, 4);
}

/* A part of it, as a reader of its own; empty and failed if it is not there. */
static inline struct reader_bytes bytes_part(struct reader_bytes *r, size_t length)
{
	const uint8_t *at = bytes_take(r, length);
	struct reader_bytes part = bytes_of(at ? at : r->end, at ? length : 0);

	part.failed = !at;
	return part;
}

#endif
