/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_BPF_STREAM_H
#define WEIR_TESTS_BPF_STREAM_H

/* Two ends that say something: streams whose every byte is known, and what the payload ring has of
 * them. */

#include "talk.h"

#define ISN_CLIENT 0xfffffc00u /* wraps within the opening */
#define ISN_SERVER 1000u
#define OPENING	   PAYLOAD_OPENING_BYTES

/* ---- what is sent ---- */

/* The byte of a side's stream at an offset. */
static inline uint8_t stream_byte(bool from_client, uint64_t offset)
{
	return (uint8_t)(offset * 31 + (offset >> 8) * 7 + (from_client ? 3 : 101));
}

static inline uint32_t isn(bool from_client)
{
	return from_client ? ISN_CLIENT : ISN_SERVER;
}

/* A segment with the stream's bytes from `offset` on; `text`: other bytes at its beginning. */
static inline void segment_frame(const struct talk *t, bool from_client, unsigned flags,
				 uint64_t offset, size_t length, const char *text, size_t text_len,
				 struct frame *f)
{
	uint32_t seq = isn(from_client) + (flags & SYN ? 0 : 1) + (uint32_t)offset;
	uint32_t ack = flags & ACK ? isn(!from_client) + 1 : 0;
	uint8_t *tcp, *payload;

	talk_tcp_frame(t, from_client, flags, length, f);
	tcp = f->byte + f->ip + 20;
	frame_put16(tcp + 4, seq >> 16);
	frame_put16(tcp + 6, seq & 0xffff);
	frame_put16(tcp + 8, ack >> 16);
	frame_put16(tcp + 10, ack & 0xffff);
	payload = f->byte + f->len - length;
	for (size_t i = 0; i < length; i++)
		payload[i] = stream_byte(from_client, offset + i);
	memcpy(payload, text, text_len);
}

static inline void segment(const struct talk *t, bool from_client, unsigned flags, uint64_t offset,
			   size_t length)
{
	struct frame f;

	segment_frame(t, from_client, flags, offset, length, "", 0, &f);
	assert_true(rig_run(t->rig, talk_program(t, from_client), &f));
}

static inline void segment_text(const struct talk *t, bool from_client, uint64_t offset,
				size_t length, const char *text, size_t text_len)
{
	struct frame f;

	segment_frame(t, from_client, ACK | PSH, offset, length, text, text_len, &f);
	assert_true(rig_run(t->rig, talk_program(t, from_client), &f));
}

static inline void handshake(const struct talk *t)
{
	segment(t, true, SYN, 0, 0);
	segment(t, false, SYN_ACK, 0, 0);
	segment(t, true, ACK, 0, 0);
}

/* ---- what came ---- */

/* The next record; the test fails if there is none. */
static inline const struct payload_record *record(struct rig *rig, size_t number)
{
	rig_drain_payload(rig);
	assert_true(number < rig->payloads);
	return rig->payload[number];
}

static inline void none(struct rig *rig)
{
	rig_drain_payload(rig);
	assert_int_equal(rig->payloads, 0);
}

/* The record tells of this stretch of the stream. */
static inline void check_stretch(const struct talk *t, const struct payload_record *r,
				 bool from_client, uint64_t offset, size_t length)
{
	assert_int_equal(r->kind, PAYLOAD_FLOW);
	assert_memory_equal(&r->key, &t->key, sizeof(r->key));
	assert_int_equal(r->direction, from_client ? t->direction : !t->direction);
	assert_int_equal(r->initiator, t->direction);
	assert_int_equal(r->length, length);
	assert_true(r->at > 0);
	assert_int_equal(r->seq, isn(from_client) + 1 + (uint32_t)offset);
	assert_int_equal(r->started, 1);
	assert_int_equal(r->start, isn(from_client) + 1);
	for (size_t i = 0; i < length; i++)
		assert_int_equal(r->bytes[i], stream_byte(from_client, offset + r->offset + i));
}

static inline void datagram(const struct talk *t, bool from_client, const uint8_t *bytes,
			    size_t length)
{
	struct frame f;

	frame_link(&f);
	frame_v4(&f, from_client ? 1 : 2, from_client ? 2 : 1, 17, 0);
	frame_udp(&f, from_client ? t->client : t->server, from_client ? t->server : t->client);
	memcpy(frame_put(&f, length), bytes, length);
	frame_end(&f);
	assert_true(rig_run(t->rig, talk_program(t, from_client), &f));
}

/* XDP counts what comes in on ifindex 1; TC there only supplies what XDP lacks. */
static inline void behind_xdp(struct rig *rig)
{
	const struct attachment a = {.ifindex = 1,
				     .netns = RIG_NETNS,
				     .id_in = RIG_IN,
				     .id_out = RIG_OUT,
				     .stats_out = 1,
				     .flags = ATTACHMENT_XDP};

	rig_attach(rig, &a);
}

#endif
