/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_SIZES_H
#define WEIR_LIVE_SIZES_H

#include <stddef.h>
#include <stdint.h>

#include "capture/live/live.h"

/* How large the kernel's tables are made. */

#define SLOTS_MIN      16384u
#define SLOTS_MAX      (1u << 20)
#define RING_BYTES_MIN (64u << 10)

struct sizes {
	uint32_t slots, half_open; /* entries; half_open: of each of two */
	size_t ring_bytes, payload_ring;
	uint64_t memory; /* bytes that slots were reckoned from; 0: the options said */
	char why[96];	 /* for `weir status` */
};

/* 2 % of the memory at 300 bytes a flow, between the bounds, a multiple of a page of slots. */
uint32_t sizes_slots(uint64_t memory);

/* Entries of a half-open table: an LRU hash frees in batches of 128 a CPU. */
uint32_t sizes_half_open(unsigned cpus);

/* A ring as the kernel takes it: a power of two of at least a page. */
size_t sizes_ring(size_t asked);

/* The ring of payload: a 2048th of the memory, a power of two from 1 to 4 MiB. Its reader has twice
 * as much resident from the start: it is mapped whole, and twice. */
size_t sizes_payload_ring(uint64_t memory);

/* The lesser of the machine's memory and the limits of our cgroup and those above it, in bytes;
 * *by_cgroup says which. `proc`: "/proc". */
uint64_t sizes_memory(const char *proc, int *by_cgroup);

/* All of it, from the options and the machine. */
void sizes_choose(struct sizes *sizes, const struct live_options *options);

#endif
