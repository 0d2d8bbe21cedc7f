/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_PAYLOADS_H
#define WEIR_LIVE_PAYLOADS_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/payload.h"

/*
 * Reads the ring through which the programs send payload (bpf/payload.h). Knows nothing of how they
 * were loaded: whoever holds the map's descriptor (live_payload_ring()) can read, in a process of
 * its own too, but only one at a time. One thread.
 */
struct payload_ring;

/* One packet's payload or a piece of it, alive during the call. Malformed records are not given. */
typedef void (*payload_taker)(void *context, const struct payload_record *record);

/* Maps the ring of the map `fd`, which stays the caller's and may be closed then. 0, or -errno. */
int payload_ring_open(struct payload_ring **ring, int fd, payload_taker taker, void *context);
void payload_ring_close(struct payload_ring *ring); /* NULL: nothing */

/*
 * Becomes readable each time that settings.payload_wake bytes more wait; little waits in silence,
 * so whoever wants it soon calls payload_ring_consume() by the clock too.
 */
int payload_ring_fd(const struct payload_ring *ring);

/* Gives all that waits. How many records that was, or -errno. */
int payload_ring_consume(struct payload_ring *ring);
/* At most so many of them (0: all, however many come meanwhile). */
int payload_ring_consume_some(struct payload_ring *ring, size_t most);

/* Records of a form that the programs do not send. */
uint64_t payload_ring_malformed(const struct payload_ring *ring);

#endif
