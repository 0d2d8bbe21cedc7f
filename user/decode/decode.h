/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_DECODE_H
#define WEIR_DECODE_DECODE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/payload.h"
#include "event/event.h"

/*
 * The decode stage: the payload that was chosen of each packet (bpf/payload.h) becomes dns, tls,
 * http, file, login, icmp, dhcp and arp events, and a name for what is spoken. The same in a
 * replay and in the confined child of the live source. Its times are those of the packets as they
 * are given, whatever clock that is. One thread. Bounded in all it keeps; what is malformed, cut
 * or forgotten is counted (decode_report()).
 */
struct decode;

/* Whose payload it was. */
struct decode_origin {
	struct flow_key key;
	uint8_t client; /* direction of the client in the key */
};

struct decode_ops {
	/* An event with its 5-tuple (source: the client) and network.protocol. Its texts live until
	 * the call returns. */
	void (*event)(void *context, const struct decode_origin *origin, struct event *event);
	/* What the flow speaks, by content: once a flow. The name is static. */
	void (*protocol)(void *context, const struct decode_origin *origin, const char *name);
	void *context;
};

struct decoder;

struct decode_options {
	const struct decoder *const *decoders; /* ended by NULL; NULL: all */
	size_t talks_max;		       /* conversations remembered; 0: 65,536 */
	size_t bytes_max;		       /* of payload that waits for more; 0: 32 MiB */
	uint64_t opening; /* bytes of each direction that were chosen in any case; 0:
			   * PAYLOAD_OPENING_BYTES */
};

/* What the libraries of decoders do at their first use is done: before a process confines itself.
 */
void decode_prepare(void);

struct decode *decode_new(const struct decode_options *options, const struct decode_ops *ops);
void decode_free(struct decode *decode); /* nothing more is told */

/* `bytes`: record->length of them. */
void decode_payload(struct decode *decode, const struct payload_record *record,
		    const uint8_t *bytes, weir_time at);

/* Time has come to `now`: what was held back for its answer waits no longer. */
void decode_advance(struct decode *decode, weir_time now);

/* The end of the input: what is held back leaves. */
void decode_finish(struct decode *decode);

/* What was seen, by protocol, and what was malformed, by kind (a new reference). */
json_t *decode_report(const struct decode *decode);

/* An event waits at most so long for the answer that completes it. Less than the lateness that the
 * order stage allows a capture. */
#define DECODE_HOLD (900 * WEIR_MSEC)

/* What is said of a conversation whose content is none of those known. */
#define PROTOCOL_UNIDENTIFIED "unidentified"

/* The static name that reads like this, or NULL: names cross from the child as text. */
const char *decode_protocol(const char *name, size_t length);

#endif
