/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_CAPTURE_BUILD_H
#define TEST_CAPTURE_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/vec.h"
#include "capture/source.h"

/* Builds capture files in memory, in either byte order, and reads them back through a source. */

struct bytes {
	VEC(uint8_t) v;
	bool swapped;
};

static inline void put(struct bytes *b, const void *at, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		uint8_t *byte = vec_add(&b->v);

		assert_non_null(byte);
		*byte = ((const uint8_t *)at)[i];
	}
}

static inline void put_u8(struct bytes *b, uint8_t n)
{
	put(b, &n, 1);
}

static inline void put_u16(struct bytes *b, uint16_t n)
{
	n = b->swapped ? __builtin_bswap16(n) : n;
	put(b, &n, 2);
}

static inline void put_u32(struct bytes *b, uint32_t n)
{
	n = b->swapped ? __builtin_bswap32(n) : n;
	put(b, &n, 4);
}

static inline void put_u64(struct bytes *b, uint64_t n)
{
	n = b->swapped ? __builtin_bswap64(n) : n;
	put(b, &n, 8);
}

static inline void put_be16(struct bytes *b, uint16_t n)
{
	put_u8(b, (uint8_t)(n >> 8));
	put_u8(b, (uint8_t)n);
}

static inline void put_be32(struct bytes *b, uint32_t n)
{
	put_be16(b, (uint16_t)(n >> 16));
	put_be16(b, (uint16_t)n);
}

static inline void set_u32(struct bytes *b, size_t at, uint32_t n)
{
	n = b->swapped ? __builtin_bswap32(n) : n;
	memcpy(b->v.at + at, &n, 4);
}

/* --- pcap --- */

static inline void pcap_begin(struct bytes *b, uint32_t magic, uint32_t link)
{
	put_u32(b, magic);
	put_u16(b, 2);
	put_u16(b, 4);
	put_u32(b, 0);
	put_u32(b, 0);
	put_u32(b, 65535);
	put_u32(b, link);
}

static inline void pcap_packet(struct bytes *b, uint32_t seconds, uint32_t fraction, const void *at,
			       uint32_t captured, uint32_t wire)
{
	put_u32(b, seconds);
	put_u32(b, fraction);
	put_u32(b, captured);
	put_u32(b, wire);
	put(b, at, captured);
}

/* --- pcapng --- */

static inline size_t block_begin(struct bytes *b, uint32_t type)
{
	size_t start = b->v.len;

	put_u32(b, type);
	put_u32(b, 0);
	return start;
}

static inline void pad(struct bytes *b, size_t length)
{
	while (length++ % 4)
		put_u8(b, 0);
}

static inline void block_end(struct bytes *b, size_t start)
{
	uint32_t length = (uint32_t)(b->v.len - start + 4);

	put_u32(b, length);
	set_u32(b, start + 4, length);
}

static inline void section(struct bytes *b)
{
	size_t start = block_begin(b, 0x0a0d0d0a);

	put_u32(b, 0x1a2b3c4d);
	put_u16(b, 1);
	put_u16(b, 0);
	put_u64(b, UINT64_MAX);
	block_end(b, start);
}

/* resolution < 0: no option; offset 0: no option. */
static inline void interface(struct bytes *b, uint16_t link, uint32_t snap, int resolution,
			     int64_t offset)
{
	size_t start = block_begin(b, 1);

	put_u16(b, link);
	put_u16(b, 0);
	put_u32(b, snap);
	put_u16(b, 2); /* a name, to be stepped over */
	put_u16(b, 3);
	put(b, "eth\0", 4);
	if (resolution >= 0) {
		put_u16(b, 9);
		put_u16(b, 1);
		put_u8(b, (uint8_t)resolution);
		pad(b, 1);
	}
	if (offset) {
		put_u16(b, 14);
		put_u16(b, 8);
		put_u64(b, (uint64_t)offset);
	}
	put_u32(b, 0);
	block_end(b, start);
}

static inline void packet(struct bytes *b, uint32_t number, uint64_t ticks, const void *at,
			  uint32_t captured, uint32_t wire)
{
	size_t start = block_begin(b, 6);

	put_u32(b, number);
	put_u32(b, (uint32_t)(ticks >> 32));
	put_u32(b, (uint32_t)ticks);
	put_u32(b, captured);
	put_u32(b, wire);
	put(b, at, captured);
	pad(b, captured);
	block_end(b, start);
}

/* --- reading back --- */

struct read_packet {
	weir_time at;
	uint32_t interface, captured, wire_length;
	uint16_t link_type;
	uint8_t first; /* byte */
};

struct reading {
	VEC(struct read_packet) packets;
	VEC(struct event) events;
	struct arena arena; /* their texts */
	unsigned signals;
	uint64_t sum; /* of all bytes: each was readable */
	json_t *report;
	int err; /* of source_open() */
	struct error error;
};

static inline void keep_packet(void *context, const struct capture_packet *p)
{
	struct reading *r = context;
	struct read_packet *kept = vec_add(&r->packets);

	assert_non_null(kept);
	*kept = (struct read_packet){p->at,	     p->interface, p->captured,
				     p->wire_length, p->link_type, p->captured ? p->bytes[0] : 0};
	for (uint32_t i = 0; i < p->captured; i++)
		r->sum += p->bytes[i];
}

static inline void keep_event(void *context, const struct event *e)
{
	struct reading *r = context;
	struct event *kept = vec_add(&r->events);

	assert_non_null(kept);
	*kept = *e;
	assert_int_equal(event_keep(kept, &r->arena), 0);
}

static inline void keep_signal(void *context, const struct recorded_signal *signal)
{
	struct reading *r = context;

	assert_true(signal->rule.length > 0);
	r->signals++;
}

static inline struct reading read_path(const char *path)
{
	struct reading r = {0};
	const struct intake intake = {&r, keep_packet, keep_event, keep_signal};
	struct source *source;
	weir_time at;
	uint64_t done, all;

	r.err = source_open(&source, path, &r.error);
	if (r.err)
		return r;
	while (source->ops->peek(source, &at) > 0) {
		weir_time again;

		assert_int_equal(source->ops->peek(source, &again), 1);
		assert_int_equal(at, again);
		source->ops->deliver(source, &intake);
	}
	assert_int_equal(source->ops->peek(source, &at), 0);
	source->ops->progress(source, &done, &all);
	assert_true(done <= all || !all);
	r.report = source->ops->report(source);
	source->ops->close(source);
	return r;
}

static inline struct reading read_bytes(const void *at, size_t length)
{
	char path[] = "/tmp/weir-test-XXXXXX";
	int fd = mkstemp(path);
	struct reading r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, at, length), (ssize_t)length);
	close(fd);
	r = read_path(path);
	unlink(path);
	return r;
}

static inline struct reading read_built(const struct bytes *b)
{
	return read_bytes(b->v.at, b->v.len);
}

static inline json_int_t skipped(const struct reading *r, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(r->report, "skipped"), key));
}

static inline void reading_free(struct reading *r)
{
	vec_free(&r->packets);
	vec_free(&r->events);
	arena_free(&r->arena);
	json_decref(r->report);
	*r = (struct reading){0};
}

#endif
