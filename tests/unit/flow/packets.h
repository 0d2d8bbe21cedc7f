/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_FLOW_PACKETS_H
#define TEST_FLOW_PACKETS_H

#include "flow/track.h"
#include "unit/flow/collect.h"

/* Makes packets for the tracker. */

struct frame {
	uint8_t bytes[512];
	uint32_t length;
	uint32_t ip; /* where the IP header is */
};

#define ETHERNET 1
#define RAW	 101

static inline void frame_put(struct frame *f, const void *bytes, uint32_t length)
{
	assert_true(f->length + length <= sizeof(f->bytes));
	memcpy(f->bytes + f->length, bytes, length);
	f->length += length;
}

static inline void frame_put16(struct frame *f, uint16_t n)
{
	n = htons(n);
	frame_put(f, &n, 2);
}

static inline void frame_put32(struct frame *f, uint32_t n)
{
	n = htonl(n);
	frame_put(f, &n, 4);
}

/* An IPv4 header for `payload` bytes behind it. Hosts are 10.0.0.`n`. `fragment`: flags, offset. */
static inline void frame_v4(struct frame *f, unsigned from, unsigned to, uint8_t proto,
			    uint16_t payload, uint16_t id, uint16_t fragment)
{
	f->ip = f->length;
	frame_put16(f, 0x4500);
	frame_put16(f, (uint16_t)(20 + payload));
	frame_put16(f, id);
	frame_put16(f, fragment);
	frame_put16(f, (uint16_t)(64 << 8 | proto));
	frame_put16(f, 0);
	frame_put32(f, 0x0a000000 + from);
	frame_put32(f, 0x0a000000 + to);
}

static inline void frame_zeros(struct frame *f, uint32_t length)
{
	static const uint8_t zeros[400];

	frame_put(f, zeros, length);
}

static inline struct frame frame_tcp(unsigned from, uint16_t sport, unsigned to, uint16_t dport,
				     uint8_t flags, uint16_t payload)
{
	struct frame f = {.length = 0};

	frame_v4(&f, from, to, 6, (uint16_t)(20 + payload), 1, 0);
	frame_put16(&f, sport);
	frame_put16(&f, dport);
	frame_put32(&f, 1);
	frame_put32(&f, flags & 0x10 ? 2 : 0); /* what a SYN with the number 1 waits for */
	frame_put16(&f, (uint16_t)(5 << 12 | flags));
	frame_zeros(&f, 6u + payload);
	return f;
}

static inline struct frame frame_udp(unsigned from, uint16_t sport, unsigned to, uint16_t dport,
				     uint16_t payload)
{
	struct frame f = {.length = 0};

	frame_v4(&f, from, to, 17, (uint16_t)(8 + payload), 1, 0);
	frame_put16(&f, sport);
	frame_put16(&f, dport);
	frame_put16(&f, (uint16_t)(8 + payload));
	frame_put16(&f, 0);
	frame_zeros(&f, payload);
	return f;
}

static inline struct frame frame_icmp(unsigned from, unsigned to, uint8_t type, uint8_t code,
				      uint16_t id)
{
	struct frame f = {.length = 0};

	frame_v4(&f, from, to, 1, 8, 1, 0);
	frame_put16(&f, (uint16_t)(type << 8 | code));
	frame_put16(&f, 0);
	frame_put16(&f, id);
	frame_put16(&f, 1);
	return f;
}

/* An ICMP error from `from` about `refused`: its IP header and 8 bytes. */
static inline struct frame frame_error(unsigned from, unsigned to, uint8_t type, uint8_t code,
				       const struct frame *refused)
{
	struct frame f = {.length = 0};

	frame_v4(&f, from, to, 1, 8 + 28, 1, 0);
	frame_put16(&f, (uint16_t)(type << 8 | code));
	frame_zeros(&f, 6);
	frame_put(&f, refused->bytes + refused->ip, 28);
	return f;
}

/* --- the bench --- */

struct bench {
	struct collected got;
	struct flow_table *table;
	struct track *track;
	uint16_t link;
	uint32_t interface;
	bool several;
	weir_time at;
};

static inline int bench_setup(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));
	struct flow_ops ops = collect_ops(&b->got);

	b->table = flow_table_new(&ops);
	b->track = track_new(b->table);
	assert_non_null(b->track);
	b->link = RAW;
	b->at = T0;
	*state = b;
	return 0;
}

static inline int bench_teardown(void **state)
{
	struct bench *b = *state;

	track_free(b->track);
	flow_table_free(b->table);
	vec_free(&b->got.events);
	test_free(b);
	return 0;
}

/* Gives the frame at b->at, which moves on by 10 ms. */
static inline void give(struct bench *b, struct frame f)
{
	struct capture_packet p = {
		.at = b->at,
		.link_type = b->link,
		.interface = b->interface,
		.several = b->several,
		.captured = f.length,
		.wire_length = f.length,
		.bytes = f.bytes,
	};

	track_packet(b->track, &p);
	b->at += 10 * WEIR_MSEC;
}

static inline void finish(struct bench *b)
{
	struct track_stats stats;
	struct sums sums;

	track_finish(b->track);
	flow_finish(b->table);
	track_stats(b->track, &stats);
	sums = collected_sums(&b->got);
	assert_int_equal(sums.bytes[0] + sums.bytes[1], stats.ip_bytes);
}

static inline const struct event *got(struct bench *b, enum event_service service, size_t n)
{
	const struct event *e = collected(&b->got, service, n);

	assert_non_null(e);
	return e;
}

static inline size_t count(struct bench *b, enum event_service service)
{
	return collected_count(&b->got, service);
}

#endif
