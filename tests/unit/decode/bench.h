/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_DECODE_BENCH_H
#define WEIR_TESTS_DECODE_BENCH_H

/*
 * What tests of decoders share: the stage, bytes of a conversation that are given to it, and what
 * it tells, as text. A test says with its own on_event what of an event is told. Include it behind
 * cmocka.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"

struct bench {
	/* Chosen by the test, before set-up or while it gives bytes. */
	struct decode_options options;
	struct decode_ops ops;	  /* its context is the bench */
	uint8_t proto;		  /* 0: TCP */
	uint16_t port;		  /* the server's; host order */
	enum payload_watch watch; /* 0: PAYLOAD_OPENING */
	uint8_t number;		  /* of the conversation: another client */
	weir_time at;

	/* Kept here. */
	struct decode *decode;
	uint64_t sent[2]; /* bytes of each side of this conversation */
	char told[16384];
	char protocol[64]; /* by bench_protocol(): the latest */
};

/* Appends; what finds no room is left out, and the test's comparison says so. */
static inline void __attribute__((format(printf, 2, 3)))
bench_tell(struct bench *b, const char *format, ...)
{
	size_t used = strlen(b->told);
	va_list list;

	va_start(list, format);
	vsnprintf(b->told + used, sizeof(b->told) - used, format, list);
	va_end(list);
}

/* A text of the event behind `before`, if the event has it; a list's elements with commas. */
static inline void bench_put(struct bench *b, const struct event *e, enum field f,
			     const char *before)
{
	const struct text *text = event_slot(e, f);

	if (!event_has(e, f))
		return;
	bench_tell(b, "%s", before);
	for (uint32_t i = 0; i < text->length; i++)
		bench_tell(b, "%c", text->at[i] == TEXTS_JOINT ? ',' : text->at[i]);
}

static inline void bench_protocol(void *context, const struct decode_origin *origin,
				  const char *name)
{
	struct bench *b = context;

	(void)origin;
	snprintf(b->protocol, sizeof(b->protocol), "%s", name);
}

/* A bench like this one; there is one at a time. As cmocka wants it: 0, or -1. */
static inline int bench_set_up(void **state, const struct bench *like)
{
	static struct bench bench;

	bench = *like;
	bench.ops.context = &bench;
	bench.decode = decode_new(&bench.options, &bench.ops);
	*state = &bench;
	return bench.decode ? 0 : -1;
}

static inline int bench_tear_down(void **state)
{
	struct bench *b = *state;

	decode_free(b->decode);
	return 0;
}

/* The next conversation, of another client. */
static inline void bench_another(struct bench *b)
{
	b->number++;
	b->sent[0] = b->sent[1] = 0;
}

/* The next packet of a side, of `wire` bytes of which `length` were chosen: from 10.N.0.1, port
 * 5000 (side 0) to 10.0.0.2 (side 1), or back. */
static inline struct payload_record bench_record(const struct bench *b, unsigned side,
						 size_t length, size_t wire)
{
	struct payload_record r = {
		.key = {.port = {bpf_htons(5000), bpf_htons(b->port)},
			.proto = b->proto ? b->proto : 6},
		.seq = (uint32_t)b->sent[side],
		.started = 1,
		.seen = b->sent[side],
		.wire = (uint32_t)wire,
		.length = (uint16_t)length,
		.kind = PAYLOAD_FLOW,
		.watch = (uint8_t)b->watch,
		.direction = (uint8_t)side,
		.last = 1,
	};

	for (unsigned i = 0; i < 2; i++) {
		memcpy(r.key.addr[i] + 10, "\xff\xff\x0a\0\0", 5);
		r.key.addr[i][15] = (uint8_t)(1 + i);
	}
	r.key.addr[0][13] = b->number;
	return r;
}

/* Its bytes are copied into just so much memory, so that reading past their end is seen. */
static inline void bench_deliver(struct bench *b, const struct payload_record *r, const void *bytes)
{
	uint8_t *copy = calloc(1, r->length ? r->length : 1);

	if (r->length)
		memcpy(copy, bytes, r->length);
	decode_payload(b->decode, r, copy, b->at);
	free(copy);
}

static inline void bench_give_cut(struct bench *b, unsigned side, const void *bytes, size_t length,
				  size_t wire)
{
	const struct payload_record r = bench_record(b, side, length, wire);

	b->sent[side] += wire;
	bench_deliver(b, &r, bytes);
}

static inline void bench_give(struct bench *b, unsigned side, const void *bytes, size_t length)
{
	bench_give_cut(b, side, bytes, length, length);
}

static inline void bench_say(struct bench *b, unsigned side, const char *text)
{
	bench_give(b, side, text, strlen(text));
}

/* How often this kind of malformed was counted for the protocol. */
static inline long long bench_malformed(const struct bench *b, const char *protocol,
					const char *kind)
{
	json_t *report = decode_report(b->decode);
	json_t *of = json_object_get(json_object_get(report, "protocols"), protocol);
	long long n = json_integer_value(json_object_get(json_object_get(of, "malformed"), kind));

	json_decref(report);
	return n;
}

/* All that was told since the last time. */
static inline void bench_assert_told(struct bench *b, const char *expected)
{
	assert_string_equal(b->told, expected);
	b->told[0] = '\0';
}

#endif
