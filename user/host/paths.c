/* SPDX-License-Identifier: Apache-2.0 */
#include "host/paths.h"

#include <stdlib.h>

#include "base/hash.h"

#define CELLS_MIN 1024

void paths_free(struct path_set *set)
{
	free(set->cells);
	*set = (struct path_set){0};
}

/* Zero means an empty cell. */
static uint64_t key_of(const char *path, size_t length)
{
	uint64_t key = hash_bytes(path, length);

	return key ? key : 1;
}

static uint64_t *cell_of(const struct path_set *set, uint64_t key)
{
	size_t i = key & set->mask;

	while (set->cells[i] && set->cells[i] != key)
		i = (i + 1) & set->mask;
	return &set->cells[i];
}

static bool grow(struct path_set *set)
{
	size_t cells = set->cells ? (set->mask + 1) * 2 : CELLS_MIN;
	size_t before = set->cells ? set->mask + 1 : 0;
	struct path_set grown = {.mask = cells - 1, .count = set->count};

	grown.cells = calloc(cells, sizeof(*grown.cells));
	if (!grown.cells)
		return false;
	for (size_t i = 0; i < before; i++)
		if (set->cells[i])
			*cell_of(&grown, set->cells[i]) = set->cells[i];
	free(set->cells);
	*set = grown;
	return true;
}

void paths_add(struct path_set *set, const char *path, size_t length)
{
	uint64_t key = key_of(path, length), *cell;

	if (!set->cells || (set->count + 1) * 4 > (set->mask + 1) * 3) {
		if (set->count >= PATHS_MAX || !grow(set)) {
			set->full = true;
			return;
		}
	}
	cell = cell_of(set, key);
	set->count += !*cell;
	*cell = key;
}

bool paths_has(const struct path_set *set, const char *path, size_t length)
{
	return set->cells && *cell_of(set, key_of(path, length));
}

size_t paths_bytes(const struct path_set *set)
{
	return set->cells ? (set->mask + 1) * sizeof(*set->cells) : 0;
}
