/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_RING_H
#define WEIR_LIVE_RING_H

#include <stddef.h>

/*
 * Reads a BPF ring buffer. Unlike libbpf's reader it maps the ring once, not twice in a row: every
 * mapped page is resident from the start, so that would be as much memory again. The one record in
 * a round that goes over the ring's end is copied. One thread, and one reader a ring at a time.
 */
struct ring;

/* A record, alive during the call and aligned to 8 bytes. Negative: no more of them now; this one
 * is read. */
typedef int (*ring_taker)(void *context, void *data, size_t size);

/* Maps the ring of the map `fd`, which stays the caller's and may be closed then. 0, or -errno. */
int ring_open(struct ring **ring, int fd, ring_taker taker, void *context);
void ring_close(struct ring *ring); /* NULL: nothing */

/* Readable when the programs say that something waits. */
int ring_fd(const struct ring *ring);

/* Gives all that waits. 0; what the taker said, if that was negative; -ENOMEM: a record could not
 * be copied, and is given the next time; -EBADMSG: the reader's place, which any reader before this
 * one could write, is none of a record. */
int ring_consume(struct ring *ring);

#endif
