/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_FUZZ_TALK_H
#define WEIR_TESTS_FUZZ_TALK_H

#include <stddef.h>

#include "decode/decode.h"
#include "decode/protocols.h"

/*
 * The decode stage, or one decoder of it, over the payload of a few flows. An input is a run of
 * packets, each
 *
 *     FLOW SIDE LENGTH(2) GAP BYTES…
 *
 * FLOW chooses one of the fuzzer's port pairs, GAP (from 240 on) leaves out so many bytes before
 * the packet. The payload is chosen as of a capture: bpf/payload.h.
 */

struct talk_flow {
	uint8_t proto;
	uint16_t port;
};

#define TALK_FLOWS_MAX 16

/* Every text of an event is looked at, so that what it must not refer to is found. */
static inline void talk_on_event(void *context, const struct decode_origin *origin,
				 struct event *event)
{
	volatile char seen = 0;

	(void)context;
	(void)origin;
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		const struct text *text = event_slot(event, (enum field)f);

		if (!event_has(event, (enum field)f) || !type_is_text(field_table[f].type))
			continue;
		for (uint32_t i = 0; i < text->length; i++)
			seen ^= text->at[i];
	}
	(void)seen;
}

static inline void talk_on_protocol(void *context, const struct decode_origin *origin,
				    const char *name)
{
	(void)context;
	(void)origin;
	if (!decode_protocol(name, strlen(name)))
		__builtin_trap();
}

struct talk_sent {
	uint32_t seq[2];
	uint64_t seen[2];
	uint8_t watch;
};

static inline void talk_packet(struct decode *decode, const struct talk_flow *flow,
			       struct talk_sent *sent, unsigned number, unsigned side, unsigned gap,
			       const uint8_t *bytes, uint16_t length, weir_time at)
{
	struct payload_record r = {
		.key = {.port = {bpf_htons(40000), bpf_htons(flow->port)}, .proto = flow->proto},
		.seq = sent->seq[side] + gap,
		.started = 1,
		.seen = sent->seen[side],
		.wire = length,
		.length = length,
		.kind = PAYLOAD_FLOW,
		.direction = (uint8_t)side,
		.icmp_type = 8,
		.last = 1,
	};
	struct payload_view view = {.opening = PAYLOAD_OPENING_BYTES,
				    .seen = r.seen,
				    .length = length,
				    .watch = sent->watch,
				    .proto = r.key.proto};
	struct payload_choice choice;

	r.key.addr[0][15] = (uint8_t)number;
	r.key.addr[1][15] = 200;
	view.head_length = length < PAYLOAD_HEAD ? (uint8_t)length : PAYLOAD_HEAD;
	memcpy(view.head, bytes, view.head_length);
	choice = payload_choose(&view);
	r.watch = sent->watch = choice.watch;
	if (choice.take < length)
		r.length = (uint16_t)choice.take;
	sent->seq[side] += gap + length;
	sent->seen[side] += length;
	if (choice.send)
		decode_payload(decode, &r, bytes, at);
}

/* `only`: the decoders, ended by NULL; NULL: all. At most TALK_FLOWS_MAX flows. */
static inline int talk_fuzz(const struct decoder *const *only, const struct talk_flow *flows,
			    size_t count, const uint8_t *data, size_t size)
{
	const struct decode_options options = {.decoders = only, .talks_max = 64};
	const struct decode_ops ops = {talk_on_event, talk_on_protocol, NULL};
	struct decode *decode = decode_new(&options, &ops);
	struct talk_sent sent[TALK_FLOWS_MAX] = {0};
	weir_time at = 0;

	if (!decode)
		return 0;
	for (size_t i = 0; i < count; i++)
		sent[i].watch = payload_watch_of(flows[i].proto, bpf_htons(40000),
						 bpf_htons(flows[i].port));
	while (size > 5) {
		unsigned flow = data[0] % count, gap = data[4] < 240 ? 0 : data[4];
		size_t length = (size_t)data[2] << 8 | data[3];

		if (length > size - 5)
			length = size - 5;
		at += 100 * WEIR_MSEC;
		talk_packet(decode, &flows[flow], &sent[flow], flow, data[1] & 1, gap, data + 5,
			    (uint16_t)length, at);
		decode_advance(decode, at);
		data += 5 + length;
		size -= 5 + length;
	}
	decode_finish(decode);
	json_decref(decode_report(decode));
	decode_free(decode);
	return 0;
}

#endif
