/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/sketch.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

uint64_t sketch_hash(const void *bytes, size_t length)
{
	return hash_keyed(bytes, length, UINT64_C(0xa0761d6478bd642f),
			  UINT64_C(0xe7037ed1a0b428db));
}

/* Rank: 1 + the number of leading zeros of what the register's number leaves of the hash. */
static unsigned rank_of(uint64_t hash)
{
	uint64_t rest = hash << SKETCH_BITS;

	return rest ? (unsigned)__builtin_clzll(rest) + 1 : SKETCH_RANKS - 1;
}

static unsigned register_of(uint64_t hash)
{
	return (unsigned)(hash >> (64 - SKETCH_BITS));
}

void sketch_part_add(struct sketch_part *part, uint64_t hash)
{
	unsigned rank = rank_of(hash);
	uint8_t *at = &part->rank[register_of(hash)];

	if (*at < rank)
		*at = (uint8_t)rank;
}

void sketch_init(struct sketch *sketch)
{
	memset(sketch, 0, sizeof(*sketch));
	sketch->ranks[0] = SKETCH_REGISTERS;
	sketch->estimate = 0;
}

static void raise_rank(struct sketch *sketch, unsigned i, unsigned rank)
{
	uint8_t *at = &sketch->part.rank[i];

	if (*at >= rank)
		return;
	sketch->ranks[*at]--;
	sketch->ranks[rank]++;
	*at = (uint8_t)rank;
	sketch->estimate = -1;
}

void sketch_add(struct sketch *sketch, uint64_t hash)
{
	raise_rank(sketch, register_of(hash), rank_of(hash));
}

/* Written for compilers to do 16 registers at a time: windows of many panes merge often. */
void sketch_merge(struct sketch *sketch, const struct sketch_part *part)
{
	uint8_t *restrict into = sketch->part.rank;
	const uint8_t *restrict from = part->rank;

	for (unsigned i = 0; i < SKETCH_REGISTERS; i++)
		into[i] = into[i] > from[i] ? into[i] : from[i];
}

void sketch_merged(struct sketch *sketch)
{
	memset(sketch->ranks, 0, sizeof(sketch->ranks));
	for (unsigned i = 0; i < SKETCH_REGISTERS; i++)
		sketch->ranks[sketch->part.rank[i]]++;
	sketch->estimate = -1;
}

/*
 * The estimator without bias tables and without a switch between ranges, so that it only grows
 * with the registers: O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches",
 * 2017 (arXiv:1702.01284), algorithm 6 with sigma and tau of its equations 14 and 18.
 */
static double sigma(double x)
{
	double y = 1, z = x, before;

	if (x == 1)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

static double tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x == 0 || x == 1)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y /= 2;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}

double sketch_estimate(struct sketch *sketch)
{
	const double m = SKETCH_REGISTERS;
	double z;

	if (sketch->estimate >= 0)
		return sketch->estimate;
	z = m * tau(1 - sketch->ranks[SKETCH_RANKS - 1] / m);
	for (unsigned k = SKETCH_RANKS - 2; k >= 1; k--)
		z = 0.5 * (z + sketch->ranks[k]);
	z += m * sigma(sketch->ranks[0] / m);
	sketch->estimate = m * m / (2 * M_LN2 * z);
	return sketch->estimate;
}
