/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/admission.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BITS 512
#define BITS_A_KEY 16
#define PROBES	   8
#define BLOCKS	   (ADMISSION_KEYS / (BLOCK_BITS / BITS_A_KEY))

struct admission_block {
	uint64_t word[BLOCK_BITS / 64];
};

static struct admission_block *block_of(struct admission_block *blocks, uint64_t hash)
{
	return &blocks[(hash >> 32) % BLOCKS];
}

/* Probe positions by double hashing within the block, from the hash's lower half. */
static unsigned probe(uint64_t hash, unsigned i)
{
	uint32_t a = (uint32_t)hash, b = (uint32_t)(hash >> 16) | 1;

	return ((a + i * b) * UINT32_C(0x9e3779b1)) >> 23;
}

static bool block_has(const struct admission_block *block, uint64_t hash)
{
	for (unsigned i = 0; i < PROBES; i++) {
		unsigned bit = probe(hash, i);

		if (!(block->word[bit / 64] >> (bit % 64) & 1))
			return false;
	}
	return true;
}

static void next_generation(struct admission *admission)
{
	struct admission_block *oldest = admission->generation[1];

	if (!oldest)
		oldest = malloc(BLOCKS * sizeof(*oldest));
	if (oldest)
		memset(oldest, 0, BLOCKS * sizeof(*oldest));
	admission->generation[1] = admission->generation[0];
	admission->generation[0] = oldest;
	admission->keys = 0;
}

void admission_add(struct admission *admission, uint64_t hash)
{
	struct admission_block *block;

	if (!admission->generation[0] || admission->keys == ADMISSION_KEYS)
		next_generation(admission);
	if (!admission->generation[0])
		return;
	block = block_of(admission->generation[0], hash);
	for (unsigned i = 0; i < PROBES; i++) {
		unsigned bit = probe(hash, i);

		block->word[bit / 64] |= UINT64_C(1) << (bit % 64);
	}
	admission->keys++;
}

bool admission_has(const struct admission *admission, uint64_t hash)
{
	for (unsigned g = 0; g < 2; g++)
		if (admission->generation[g] &&
		    block_has(block_of(admission->generation[g], hash), hash))
			return true;
	return false;
}

size_t admission_bytes(const struct admission *admission)
{
	return ((admission->generation[0] != NULL) + (admission->generation[1] != NULL)) * BLOCKS *
	       sizeof(struct admission_block);
}

void admission_free(struct admission *admission)
{
	free(admission->generation[0]);
	free(admission->generation[1]);
	*admission = (struct admission){0};
}

void admission_save(const struct admission *admission, struct state_writer *w)
{
	state_put_uint(w, admission->keys);
	for (unsigned g = 0; g < 2; g++) {
		const struct admission_block *blocks = admission->generation[g];

		state_put_uint(w, blocks != NULL);
		if (blocks)
			state_put_raw(w, blocks, BLOCKS * sizeof(*blocks));
	}
}

int admission_load(struct admission *admission, struct state_reader *r)
{
	admission->keys = (uint32_t)state_get_below(r, ADMISSION_KEYS);
	for (unsigned g = 0; g < 2; g++) {
		struct admission_block *blocks;

		if (!state_get_bool(r))
			continue;
		blocks = malloc(BLOCKS * sizeof(*blocks));
		if (!blocks)
			return -ENOMEM;
		state_get_raw(r, blocks, BLOCKS * sizeof(*blocks));
		admission->generation[g] = blocks;
	}
	return 0;
}
