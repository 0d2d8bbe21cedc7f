/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define CELLS_MIN 16

/* Linear probing with back-shift on removal: no tombstones, so a table that churns stays fast. */
struct table_cell {
	uint64_t hash;
	void *entry; /* NULL: empty */
};

static const void *key_of(const struct table *table, const void *entry)
{
	return (const char *)entry + table->key_offset;
}

void table_init(struct table *table, size_t key_size, size_t key_offset)
{
	*table = (struct table){.key_size = key_size, .key_offset = key_offset};
}

void table_free(struct table *table)
{
	free(table->cells);
	table_init(table, table->key_size, table->key_offset);
}

void *table_find(const struct table *table, const void *key)
{
	uint64_t hash;

	if (!table->count)
		return NULL;
	hash = hash_bytes(key, table->key_size);
	for (size_t i = hash & table->mask;; i = (i + 1) & table->mask) {
		const struct table_cell *cell = &table->cells[i];

		if (!cell->entry)
			return NULL;
		if (cell->hash == hash && !memcmp(key_of(table, cell->entry), key, table->key_size))
			return cell->entry;
	}
}

static void place(struct table *table, struct table_cell cell)
{
	size_t i = cell.hash & table->mask;

	while (table->cells[i].entry)
		i = (i + 1) & table->mask;
	table->cells[i] = cell;
}

static int grow(struct table *table)
{
	struct table_cell *old = table->cells;
	size_t cells = old ? (table->mask + 1) * 2 : CELLS_MIN;
	struct table_cell *grown = calloc(cells, sizeof(*grown));
	size_t old_cells = old ? table->mask + 1 : 0;

	if (!grown)
		return -ENOMEM;
	table->cells = grown;
	table->mask = cells - 1;
	for (size_t i = 0; i < old_cells; i++)
		if (old[i].entry)
			place(table, old[i]);
	free(old);
	return 0;
}

int table_insert(struct table *table, void *entry)
{
	if (!table->cells || (table->count + 1) * 4 > (table->mask + 1) * 3) {
		int err = grow(table);

		if (err)
			return err;
	}
	place(table, (struct table_cell){
			     .hash = hash_bytes(key_of(table, entry), table->key_size),
			     .entry = entry,
		     });
	table->count++;
	return 0;
}

/* Closes the gap at `i` by moving back whatever may stand there (Knuth 6.4, algorithm R). */
static void close_gap(struct table *table, size_t i)
{
	for (size_t j = (i + 1) & table->mask; table->cells[j].entry; j = (j + 1) & table->mask) {
		size_t home = table->cells[j].hash & table->mask;

		if (((j - home) & table->mask) >= ((j - i) & table->mask)) {
			table->cells[i] = table->cells[j];
			i = j;
		}
	}
	table->cells[i] = (struct table_cell){0};
}

void table_remove(struct table *table, void *entry)
{
	if (!table->count)
		return;
	for (size_t i = hash_bytes(key_of(table, entry), table->key_size) & table->mask;
	     table->cells[i].entry; i = (i + 1) & table->mask) {
		if (table->cells[i].entry == entry) {
			close_gap(table, i);
			table->count--;
			return;
		}
	}
}

size_t table_bytes(const struct table *table)
{
	return table->cells ? (table->mask + 1) * sizeof(*table->cells) : 0;
}

void *table_next(const struct table *table, size_t *cursor)
{
	while (table->cells && *cursor <= table->mask) {
		void *entry = table->cells[(*cursor)++].entry;

		if (entry)
			return entry;
	}
	return NULL;
}
