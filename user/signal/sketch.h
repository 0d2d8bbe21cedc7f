/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_SKETCH_H
#define WEIR_SIGNAL_SKETCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * HyperLogLog: how many distinct values were seen, in 2 KiB. Standard error 1.04 / sqrt(2048) =
 * 2.3 %. The hash is fixed, not seeded: an estimate is seen by people and two runs must agree.
 */
#define SKETCH_BITS	 11
#define SKETCH_REGISTERS (1u << SKETCH_BITS)
#define SKETCH_RANKS	 (64 - SKETCH_BITS + 2)
#define SKETCH_ERROR	 0.023

/* The registers alone: what a pane keeps. */
struct sketch_part {
	uint8_t rank[SKETCH_REGISTERS];
};

/* The union of parts, with how many registers have each rank, so that an estimate is cheap. */
struct sketch {
	struct sketch_part part;
	uint16_t ranks[SKETCH_RANKS];
	double estimate; /* < 0: must be computed */
};

uint64_t sketch_hash(const void *bytes, size_t length);

void sketch_part_add(struct sketch_part *part, uint64_t hash);
void sketch_init(struct sketch *sketch);
void sketch_add(struct sketch *sketch, uint64_t hash);

/* The union with a part; after the last one sketch_merged() makes the sketch whole again. */
void sketch_merge(struct sketch *sketch, const struct sketch_part *part);
void sketch_merged(struct sketch *sketch);

double sketch_estimate(struct sketch *sketch);

#endif
