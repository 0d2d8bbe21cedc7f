/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_LEDGER_H
#define WEIR_ENRICH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What was seen on which days, by a 64-bit hash of what it is. Bounded: without room the entry
 * that was seen least recently goes first, to a 256th of the bound. An entry takes 24 bytes, what
 * its ledger adds, and 5 to 7 bytes of index. One thread.
 *
 * The hash must be keyed with a secret that lives as long as the ledger: two things with one hash
 * are one, and nobody outside may choose them.
 */
struct ledger_entry {
	uint32_t key[2];
	uint32_t older, newer; /* numbers of entries; 0: none */
	uint16_t first, last;  /* days since the epoch, UTC */
	uint8_t age;	       /* of the ledger, when it was put to the end of the list */
	uint8_t own[3];	       /* the ledger's user's */
	uint8_t more[];	       /* so many bytes as ledger_init() was told */
};

struct ledger {
	uint32_t *cells; /* entry's number and 8 bits of its key; 0: empty */
	size_t cells_len;
	uint8_t **chunks;
	size_t entry_size, max, len, chunks_len;
	uint32_t oldest, newest;
	uint64_t made;	  /* entries, ever */
	uint64_t evicted; /* for want of room */
	uint64_t refused; /* for want of memory */
};

#define LEDGER_MAX 16000000 /* entries */

/* `more` bytes beside each entry, a multiple of 4; at most `max` entries. Takes no memory yet. */
void ledger_init(struct ledger *ledger, size_t more, size_t max);
void ledger_free(struct ledger *ledger);

/* Begins to fetch what ledger_find() will look at first. */
static inline void ledger_fetch(const struct ledger *ledger, uint64_t key)
{
	if (ledger->cells)
		__builtin_prefetch(&ledger->cells[(key >> 32) * ledger->cells_len >> 32]);
}

struct ledger_entry *ledger_find(const struct ledger *ledger, uint64_t key);

/* The entry of something seen on `day`, made where there is none (*fresh; its own bytes are zero).
 * NULL without memory. */
struct ledger_entry *ledger_see(struct ledger *ledger, uint64_t key, uint16_t day, bool *fresh);

/* From the least recently seen to the newest: start with NULL; NULL at the end. */
const struct ledger_entry *ledger_next(const struct ledger *ledger,
				       const struct ledger_entry *entry);

static inline uint64_t ledger_key(const struct ledger_entry *entry)
{
	return (uint64_t)entry->key[1] << 32 | entry->key[0];
}

/* Memory held, bytes. */
size_t ledger_bytes(const struct ledger *ledger);

#endif
