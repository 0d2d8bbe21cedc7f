/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/hosts.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

#define REGISTERS 32
#define RANK_BITS 11 /* what the register's number leaves of a fingerprint */

static uint16_t fingerprint(const struct addr *host)
{
	return (uint16_t)(hash_keyed(host, sizeof(*host), UINT64_C(0x8f1bbcdc9e3779b9),
				     UINT64_C(0xca62c1d6b5297a4d)) >>
			  48);
}

static unsigned rank_at(const uint8_t byte[16], unsigned i)
{
	return byte[i / 2] >> (i % 2 * 4) & 0xf;
}

static void sketch_add(uint8_t byte[16], uint16_t print)
{
	unsigned i = print % REGISTERS, rest = print / REGISTERS;
	unsigned rank = rest ? (unsigned)__builtin_clz(rest) - (32 - RANK_BITS) + 1 : RANK_BITS + 1;

	if (rank > rank_at(byte, i))
		byte[i / 2] =
			(uint8_t)((byte[i / 2] & ~(0xf << (i % 2 * 4))) | rank << (i % 2 * 4));
}

static void sketch_begin(uint8_t byte[16])
{
	uint16_t prints[HOSTS_EXACT];

	memcpy(prints, byte, sizeof(prints));
	memset(byte, 0, 16);
	for (unsigned i = 0; i < HOSTS_EXACT; i++)
		sketch_add(byte, prints[i]);
}

void hosts_add(uint8_t *count, uint8_t byte[16], const struct addr *host)
{
	uint16_t print = fingerprint(host), known;

	for (unsigned i = 0; i < *count && *count < HOSTS_MANY; i++) {
		memcpy(&known, byte + 2 * i, sizeof(known));
		if (known == print)
			return;
	}
	if (*count < HOSTS_EXACT) {
		memcpy(byte + 2 * *count, &print, sizeof(print));
		(*count)++;
		return;
	}
	if (*count == HOSTS_EXACT) {
		sketch_begin(byte);
		*count = HOSTS_MANY;
	}
	sketch_add(byte, print);
}

/* Flajolet et al., "HyperLogLog", 2007: raw estimate, and linear counting where it is small. */
unsigned hosts_count(uint8_t count, const uint8_t byte[16])
{
	const double alpha = 0.697, m = REGISTERS;
	unsigned zeros = 0;
	double sum = 0, estimate;

	if (count < HOSTS_MANY)
		return count;
	for (unsigned i = 0; i < REGISTERS; i++) {
		unsigned rank = rank_at(byte, i);

		zeros += !rank;
		sum += 1.0 / (1u << rank);
	}
	estimate = alpha * m * m / sum;
	if (estimate <= 2.5 * m && zeros)
		estimate = m * log(m / zeros);
	return estimate < HOSTS_MANY ? HOSTS_MANY : (unsigned)lround(estimate);
}
