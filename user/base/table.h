/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_TABLE_H
#define WEIR_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A seeded hash table from keys of `key_size` bytes (compared whole: no padding left unset) to
 * entries of the caller's own. Open addressing over (hash, pointer) pairs; the entries stay where
 * the caller has them and must hold their key at `key_offset` while they are in. A zeroed table
 * must be given table_init().
 */
struct table {
	struct table_cell *cells;
	size_t mask; /* cells - 1 */
	size_t count;
	size_t key_size, key_offset;
};

void table_init(struct table *table, size_t key_size, size_t key_offset);
void table_free(struct table *table); /* the cells; entries are the caller's */

void *table_find(const struct table *table, const void *key);

/* The entry's key must not be in already. 0, or -ENOMEM. */
int table_insert(struct table *table, void *entry);

/* Takes it out; does nothing if it is not in. */
void table_remove(struct table *table, void *entry);

/* What the cells take. */
size_t table_bytes(const struct table *table);

/* Walks all entries in no order: start with *cursor = 0; NULL at the end. Removing the entry just
 * returned is not allowed during a walk (cells move). */
void *table_next(const struct table *table, size_t *cursor);

#endif
