/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODING_GAUGE_H
#define WEIR_DECODING_GAUGE_H

#include <stddef.h>
#include <stdint.h>

/*
 * How far a ring's writer and its reader are, from outside: two pages of it are mapped, not the
 * ring. The reader is another process, and what it says of its place need not be true.
 */
struct gauge {
	const uint64_t *written;
	uint64_t *read;
	size_t page, ring; /* bytes */
};

/* `map` is a BPF ring buffer of `ring` bytes; it stays the caller's. 0, or -errno. */
int gauge_open(struct gauge *gauge, int map, size_t ring);
void gauge_close(struct gauge *gauge);

/* Bytes ever written, and read. */
uint64_t gauge_written(const struct gauge *gauge);
uint64_t gauge_read(const struct gauge *gauge);

/* Nobody reads now: what waits is let go, and the reader's place is right again. How many bytes
 * waited; of a place that could not be, 0. */
uint64_t gauge_discard(struct gauge *gauge);

#endif
