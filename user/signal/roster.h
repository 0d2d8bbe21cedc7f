/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_ROSTER_H
#define WEIR_SIGNAL_ROSTER_H

#include "signal/pool.h"

/*
 * Entries of one size, each found by the bytes that it begins with (compared whole: no padding left
 * unset). They stay where they are and are called by a number of 32 bits, which is half of a
 * pointer in the table and in the lists that the caller strings through them. The hash is seeded;
 * so nothing that can be seen may depend on the table's order, and nothing here tells it. Numbers
 * and room are used again. One thread.
 */
#define ROSTER_NONE 0u

struct roster {
	struct pool *pool;
	size_t key_size, entry_size;
	unsigned shift;	  /* entries a block: 1 << shift */
	char **blocks;	  /* by number >> shift */
	uint32_t numbers; /* given out so far, and perhaps given back */
	uint32_t free;	  /* the last given back; the next one stands in the entry */
	struct roster_cell *cells;
	uint32_t mask; /* cells - 1 */
	uint32_t count;
};

/* Keys are at least 8 bytes, entries a multiple of 8. */
void roster_init(struct roster *roster, struct pool *pool, size_t key_size, size_t entry_size);
void roster_free(struct roster *roster);

static inline void *roster_at(const struct roster *roster, uint32_t number)
{
	return roster->blocks[number >> roster->shift] +
	       (number & ((1u << roster->shift) - 1)) * roster->entry_size;
}

/* The same of all rosters whose keys are as long. */
uint32_t roster_hash(const struct roster *roster, const void *key);

/* ROSTER_NONE: it is not in. */
uint32_t roster_find(const struct roster *roster, const void *key, uint32_t hash);

/* Asks memory for what roster_find() will read: first the table's part, then the entry's. */
void roster_expect(const struct roster *roster, uint32_t hash);
void roster_expect_entry(const struct roster *roster, uint32_t hash);

/* A new entry, zeroed but for its key, which must not be in. ROSTER_NONE without memory. */
uint32_t roster_add(struct roster *roster, const void *key);
void roster_remove(struct roster *roster, uint32_t number);

/* Bytes that the table itself takes, beside the pool. */
size_t roster_bytes(const struct roster *roster);

#endif
