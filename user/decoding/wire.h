/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODING_WIRE_H
#define WEIR_DECODING_WIRE_H

#include "decode/decode.h"
#include "decode/totals.h"

/*
 * What the child that decodes says to the engine: messages of records, native byte order, nothing
 * aligned. Whoever reads it believes nothing: every length, number and name is checked, and a text
 * points into the message.
 */

/* A message, bytes; an event that needs more is not told, and counted. */
#define WIRE_MESSAGE_MAX 65536

/* The other way: a datagram of one byte wakes it; the end
 * of the stream asks the child to finish and to leave. */

struct wire_message {
	uint64_t newest; /* boot time of the newest packet that it may be about, ns */
			 /* records follow */
};

enum wire_kind {
	WIRE_READY = 1, /* first and once: the child is confined, and how */
	WIRE_EVENT,
	WIRE_PROTOCOL, /* what a flow speaks */
	WIRE_TOTALS,   /* of the child's life so far */
};

struct wire_ready {
	uint32_t landlock; /* version; 0: this kernel has none */
};

/* What the child counts beside its decoders. */
struct wire_totals {
	uint64_t told;	       /* events and protocols that were sent */
	uint64_t full;	       /* that found the channel full, and were lost */
	uint64_t too_long;     /* that fit into no message, and were lost */
	uint64_t refused;      /* fields that a decoder may not tell (WIRE fields, wire.c) */
	uint64_t ring_records; /* of a form that the programs do not send */
	struct decode_totals decode;
};

/* ---- writing: the child ---- */

struct wire_out {
	size_t length;
	size_t records; /* events and protocols in it */
	uint64_t refused;
	uint8_t bytes[WIRE_MESSAGE_MAX];
};

void wire_begin(struct wire_out *out);
bool wire_empty(const struct wire_out *out);

/* Each adds a record; false: there is no room for it. */
bool wire_put_ready(struct wire_out *out, const struct wire_ready *ready);
bool wire_put_event(struct wire_out *out, const struct decode_origin *origin,
		    const struct event *event);
bool wire_put_protocol(struct wire_out *out, const struct decode_origin *origin,
		       const char *protocol);
bool wire_put_totals(struct wire_out *out, const struct wire_totals *totals);

/* Its bytes, of out->length. */
const uint8_t *wire_end(struct wire_out *out, uint64_t newest);

/* ---- reading: the engine ---- */

struct wire_in {
	const uint8_t *at, *end;
	uint64_t newest;
	uint64_t now;	   /* boot time: nothing may be later than it and a second */
	const char *fault; /* what was wrong, once -EBADMSG was returned */
};

struct wire_record {
	enum wire_kind kind;
	struct wire_ready ready;
	struct decode_origin origin; /* of an event, a protocol */
	const char *protocol;	     /* static */
	struct wire_totals totals;
	struct event event; /* time: boot time, ns */
};

/* 0, or -EBADMSG. The bytes must stay while records are read. */
int wire_open(struct wire_in *in, const uint8_t *bytes, size_t length, uint64_t now);

/* 1: there is a record; 0: the end; -EBADMSG. */
int wire_next(struct wire_in *in, struct wire_record *record);

#endif
