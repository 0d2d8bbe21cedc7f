/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODING_DECODING_H
#define WEIR_DECODING_DECODING_H

#include <jansson.h>

#include "base/error.h"
#include "decode/decode.h"

/*
 * Decoding of this host's payload, in a confined child (child.h) that a stranger's bytes may crash
 * or take over without gaining anything. The engine's side: starts the child, takes what it says,
 * believes nothing of it, watches it, and starts it anew.
 *
 * The channel is a pair of SOCK_SEQPACKET sockets, not shared memory: the kernel copies each
 * message once, so what was checked cannot change while it is used; it keeps messages apart, bounds
 * what waits, and tells at once that the child is gone. Neither side ever waits: what the child
 * finds no room for is lost, and counted.
 *
 * A child that crashes, says what makes no sense, or does not read while payload waits for
 * DECODING_HANG, is killed and another one started: at once the first times, then after pauses that
 * grow. What waited in the ring goes with it, because it may be what it died of; that costs
 * decoding only, and is counted. Engine thread only.
 */
struct decoding;

#define DECODING_HANG (500 * WEIR_MSEC)

/* By how much events may be late: a ring that has slept is looked into each second, an event waits
 * for its answer meanwhile (DECODE_HOLD), and takes some time on its way. */
#define DECODING_LATENESS (2 * WEIR_SEC)

struct decoding_ops {
	/* As decode_ops: texts live until the call returns; event->time is boot time. */
	void (*event)(void *context, const struct decode_origin *origin, struct event *event);
	void (*protocol)(void *context, const struct decode_origin *origin, const char *name);
	/* A child ended that should not have. Both live until the call returns. */
	void (*health)(void *context, const char *fact, const char *message);
	void *context;
};

struct decoding_options {
	int ring;	     /* map of the payload ring; stays the caller's, and open */
	size_t ring_bytes;   /* its size */
	uint64_t opening;    /* as decode_options.opening */
	const char *program; /* NULL: this one; it must do as verb_main() does for CHILD_WORD */
	/* Starts it in our place, as child_spawn() does; NULL: we may do it. */
	pid_t (*spawn)(void *context, int channel, int ring, uint64_t opening);
	void *context; /* of spawn */
};

/* Starts the first child; one that does not start is told as one that crashes. 0, or -errno with
 * `error` said. */
int decoding_open(struct decoding **decoding, const struct decoding_options *options,
		  const struct decoding_ops *ops, struct error *error);

/* Readable when there is something to do for decoding_run(). */
int decoding_fd(const struct decoding *decoding);

/*
 * Takes what the child said. `told`: boot time before which the flow stage knows all connections;
 * what is younger waits, so that what is said of a connection finds it.
 */
void decoding_run(struct decoding *decoding, uint64_t told);

/* About once a second. */
void decoding_tick(struct decoding *decoding);

/* Lets the child read what still waits, and say it; at most DECODING_FINISH. No new one starts. */
#define DECODING_FINISH (500 * WEIR_MSEC)
void decoding_finish(struct decoding *decoding);

/* Conversations that the child remembers, as it said last. */
uint64_t decoding_held(const struct decoding *decoding);

void decoding_close(struct decoding *decoding); /* NULL: nothing */

/* `weir status` (a new reference). *degraded is set if it does not decode, or began anew within the
 * last minute. */
json_t *decoding_status(const struct decoding *decoding, bool *degraded);

#endif
