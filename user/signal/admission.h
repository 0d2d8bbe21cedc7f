/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_ADMISSION_H
#define WEIR_SIGNAL_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state/reader.h"

/*
 * Who was forgotten for want of room: a Bloom filter in blocks of one cache line (Putze, Sanders,
 * Singler, "Cache-, hash- and space-efficient Bloom filters", 2007), 16 bits and 8 probes a key,
 * about 1 in 1,000 falsely known. Two generations: when the newer is full it becomes the older, so
 * the last ADMISSION_KEYS at least are known. Made at the first key that is forgotten. A zeroed
 * one is empty and valid. Hashes are fixed: what it answers can be seen.
 */
#define ADMISSION_KEYS (1u << 20)

struct admission {
	struct admission_block *generation[2]; /* newer, older */
	uint32_t keys;			       /* in the newer */
};

void admission_add(struct admission *admission, uint64_t hash);
bool admission_has(const struct admission *admission, uint64_t hash);
size_t admission_bytes(const struct admission *admission);
void admission_free(struct admission *admission);

/* In a snapshot; and back, into a zeroed one: 0 or -ENOMEM. */
void admission_save(const struct admission *admission, struct state_writer *writer);
int admission_load(struct admission *admission, struct state_reader *reader);

#endif
