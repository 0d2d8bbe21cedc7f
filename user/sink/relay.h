/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_RELAY_H
#define WEIR_SINK_RELAY_H

#include "sink/sink.h"
#include "sink/spool.h"
#include "sink/worker.h"

/*
 * What every sink with a receiver elsewhere has: records wait in a bounded queue, then in a spool
 * on disk; two threads, so that a slow receiver holds up nobody. One fills the spool, the other
 * delivers from it, in order, and keeps at it: after a failure it waits, twice as long each time up
 * to RELAY_WAIT_MAX_MS, less a random part, so that many hosts do not come at once. What was
 * delivered is finished with only when the receiver said so: it may come twice, never out of turn.
 */
#define RELAY_WAIT_MAX_MS 60000
#define RELAY_ASKED_MAX_S 3600 /* a receiver may ask for so long */

/* What came of a delivery. Records that the receiver will never take are marked `refused` in the
 * batch, and are finished with. */
struct relay_outcome {
	size_t done;	/* so many of the batch, from its front, are finished with */
	unsigned asked; /* seconds until the receiver wants to be asked again; 0: it did not say */
	/* Why it is not all, or why something was refused; no text: all is well. */
	struct error error;
};

struct relay;

/* What differs. `context` is the sink's own. */
struct relay_ops {
	const char *name;
	size_t records, bytes; /* of a batch, at most */
	/* Whether it is to be told. Engine thread. */
	bool (*wants)(void *context, const struct out *out);
	/* Fills id, body and length, with memory of the arena; false without memory. One thread. */
	bool (*encode)(void *context, struct out *out, struct arena *arena,
		       struct spool_record *record);
	/* Another thread. May take as long as it must, but gives up when relay_expired(). */
	void (*deliver)(void *context, struct relay *relay, struct spool_batch *batch,
			struct relay_outcome *outcome);
	void (*tell)(void *context, json_t *status); /* adds to the status; any thread */
	void (*free)(void *context);		     /* the last call */
};

struct relay_options {
	const struct relay_ops *ops;
	void *context; /* the relay's, once it is open */
	uint32_t kinds;
	size_t queue; /* records; 0: 1,024 */
	struct spool_options spool;
};

/* 0, or -errno with `error` said; then the context is still the caller's. */
int relay_open(struct sink **sink, const struct relay_options *options, struct error *error);

/* For deliver(): time to give up, because weir stops. */
bool relay_expired(struct relay *relay);
bool relay_stopping(struct relay *relay); /* it will be soon */

/* How long it is waited for the `failures`th time (1: the first) in ms, of which a random part is
 * taken off by `random` (any number). */
int relay_wait(unsigned failures, uint32_t random);

#endif
