/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/roster.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BLOCK_BYTES 16384 /* at most so much is taken at once where an entry is no larger */
#define CELLS_MIN   16
#define NUMBERS_MAX (UINT32_MAX / 2)
#define LINK_BYTES  8 /* of a free entry: where the next one stands, and what aligns it */

/* Linear probing with back-shift on removal. The hash stands beside the number, so that probing
 * touches no entry that differs, and a table grows without touching any. */
struct roster_cell {
	uint32_t hash;
	uint32_t number; /* ROSTER_NONE: empty */
};

void roster_init(struct roster *roster, struct pool *pool, size_t key_size, size_t entry_size)
{
	*roster = (struct roster){.pool = pool, .key_size = key_size, .entry_size = entry_size};
	while ((entry_size << (roster->shift + 1)) <= BLOCK_BYTES)
		roster->shift++;
}

void roster_free(struct roster *roster)
{
	free(roster->blocks);
	free(roster->cells);
	roster_init(roster, roster->pool, roster->key_size, roster->entry_size);
}

uint32_t roster_hash(const struct roster *roster, const void *key)
{
	return (uint32_t)hash_bytes(key, roster->key_size);
}

/* Most keys are items (tuple.h), of two words. */
static bool same(const struct roster *roster, uint32_t number, const void *key)
{
	const void *own = roster_at(roster, number);

	if (roster->key_size == 16)
		return !memcmp(own, key, 16);
	return !memcmp(own, key, roster->key_size);
}

uint32_t roster_find(const struct roster *roster, const void *key, uint32_t hash)
{
	if (!roster->count)
		return ROSTER_NONE;
	for (uint32_t i = hash & roster->mask; roster->cells[i].number; i = (i + 1) & roster->mask)
		if (roster->cells[i].hash == hash && same(roster, roster->cells[i].number, key))
			return roster->cells[i].number;
	return ROSTER_NONE;
}

void roster_expect(const struct roster *roster, uint32_t hash)
{
	if (roster->count)
		__builtin_prefetch(&roster->cells[hash & roster->mask]);
}

void roster_expect_entry(const struct roster *roster, uint32_t hash)
{
	const char *entry;

	if (!roster->count)
		return;
	for (uint32_t i = hash & roster->mask; roster->cells[i].number;
	     i = (i + 1) & roster->mask) {
		if (roster->cells[i].hash != hash)
			continue;
		entry = roster_at(roster, roster->cells[i].number);
		__builtin_prefetch(entry);
		__builtin_prefetch(entry + 64);
		__builtin_prefetch(entry + 128);
		return;
	}
}

static void place(struct roster *roster, struct roster_cell cell)
{
	uint32_t i = cell.hash & roster->mask;

	while (roster->cells[i].number)
		i = (i + 1) & roster->mask;
	roster->cells[i] = cell;
}

static int grow(struct roster *roster)
{
	struct roster_cell *old = roster->cells;
	size_t old_cells = old ? (size_t)roster->mask + 1 : 0;
	size_t cells = old ? old_cells * 2 : CELLS_MIN;
	struct roster_cell *grown = calloc(cells, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	roster->cells = grown;
	roster->mask = (uint32_t)(cells - 1);
	for (size_t i = 0; i < old_cells; i++)
		if (old[i].number)
			place(roster, old[i]);
	free(old);
	return 0;
}

/* Room for the entry of the next new number. */
static int add_block(struct roster *roster)
{
	size_t blocks = (roster->numbers + 1) >> roster->shift;

	/* Doubled whenever their number is a power of two. */
	if (!(blocks & (blocks - 1))) {
		char **more = realloc(roster->blocks, (blocks ? blocks * 2 : 1) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		roster->blocks = more;
	}
	roster->blocks[blocks] = pool_block(roster->pool, roster->entry_size << roster->shift);
	return roster->blocks[blocks] ? 0 : -ENOMEM;
}

static uint32_t number_new(struct roster *roster)
{
	uint32_t number = roster->free;

	if (number) {
		memcpy(&roster->free, roster_at(roster, number), sizeof(roster->free));
		return number;
	}
	if (roster->numbers == NUMBERS_MAX)
		return ROSTER_NONE;
	/* Number 0 is no entry's, so its room is the first block's first. */
	number = roster->numbers + 1;
	if ((!roster->numbers || !(number & ((1u << roster->shift) - 1))) && add_block(roster))
		return ROSTER_NONE;
	return roster->numbers = number;
}

uint32_t roster_add(struct roster *roster, const void *key)
{
	uint32_t number;
	void *entry;

	if ((!roster->cells || (size_t)roster->count * 4 + 4 > (size_t)roster->mask * 3) &&
	    grow(roster))
		return ROSTER_NONE;
	number = number_new(roster);
	if (!number)
		return ROSTER_NONE;
	entry = roster_at(roster, number);
	pool_show(entry, roster->entry_size);
	memset(entry, 0, roster->entry_size);
	memcpy(entry, key, roster->key_size);
	place(roster, (struct roster_cell){.hash = roster_hash(roster, key), .number = number});
	roster->count++;
	roster->pool->used += roster->entry_size;
	return number;
}

/* Closes the gap at `i` by moving back whatever may stand there (Knuth 6.4, algorithm R). */
static void close_gap(struct roster *roster, uint32_t i)
{
	for (uint32_t j = (i + 1) & roster->mask; roster->cells[j].number;
	     j = (j + 1) & roster->mask) {
		uint32_t home = roster->cells[j].hash & roster->mask;

		if (((j - home) & roster->mask) >= ((j - i) & roster->mask)) {
			roster->cells[i] = roster->cells[j];
			i = j;
		}
	}
	roster->cells[i] = (struct roster_cell){0};
}

void roster_remove(struct roster *roster, uint32_t number)
{
	void *entry = roster_at(roster, number);
	uint32_t i = roster_hash(roster, entry) & roster->mask;

	while (roster->cells[i].number != number)
		i = (i + 1) & roster->mask;
	close_gap(roster, i);
	roster->count--;
	roster->pool->used -= roster->entry_size;
	memcpy(entry, &roster->free, sizeof(roster->free));
	roster->free = number;
	pool_hide((char *)entry + LINK_BYTES, roster->entry_size - LINK_BYTES);
}

size_t roster_bytes(const struct roster *roster)
{
	size_t blocks = roster->blocks ? (roster->numbers >> roster->shift) + 1 : 0;

	return (roster->cells ? ((size_t)roster->mask + 1) * sizeof(*roster->cells) : 0) +
	       blocks * sizeof(*roster->blocks);
}
