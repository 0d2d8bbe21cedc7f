/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Entries lie in chunks: a ledger grows without copying what it has, and a small host's stays
 * small. */
#define CHUNK	  512
#define CELLS_MIN 512
#define AGES	  256 /* to which the order of the list is kept, within the bound */

void ledger_init(struct ledger *ledger, size_t more, size_t max)
{
	*ledger = (struct ledger){.entry_size = sizeof(struct ledger_entry) + more, .max = max};
}

void ledger_free(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->chunks_len; i++)
		free(ledger->chunks[i]);
	free(ledger->chunks);
	free(ledger->cells);
	ledger_init(ledger, ledger->entry_size - sizeof(struct ledger_entry), ledger->max);
}

/* Numbers begin with 1: 0 is none. */
static struct ledger_entry *at(const struct ledger *ledger, uint32_t number)
{
	uint32_t i = number - 1;

	return (void *)(ledger->chunks[i / CHUNK] + (size_t)(i % CHUNK) * ledger->entry_size);
}

#define CELL(number, key) ((uint32_t)(number) | (uint32_t)(key) << 24)
#define CELL_NUMBER(cell) ((cell)&0xffffff)

static size_t home_of(const struct ledger *ledger, uint64_t key)
{
	return (key >> 32) * ledger->cells_len >> 32;
}

static size_t behind(const struct ledger *ledger, size_t cell)
{
	return cell + 1 < ledger->cells_len ? cell + 1 : 0;
}

/* Linear probing; the bits of the key beside the number spare most looks at entries. */
static uint32_t number_of(const struct ledger *ledger, uint64_t key)
{
	if (!ledger->len)
		return 0;
	for (size_t i = home_of(ledger, key);; i = behind(ledger, i)) {
		uint32_t cell = ledger->cells[i];

		if (!cell)
			return 0;
		if (cell == CELL(CELL_NUMBER(cell), key) &&
		    ledger_key(at(ledger, CELL_NUMBER(cell))) == key)
			return CELL_NUMBER(cell);
	}
}

struct ledger_entry *ledger_find(const struct ledger *ledger, uint64_t key)
{
	uint32_t number = number_of(ledger, key);

	return number ? at(ledger, number) : NULL;
}

static void list_remove(struct ledger *ledger, const struct ledger_entry *entry)
{
	*(entry->older ? &at(ledger, entry->older)->newer : &ledger->oldest) = entry->newer;
	*(entry->newer ? &at(ledger, entry->newer)->older : &ledger->newest) = entry->older;
}

static void list_add(struct ledger *ledger, uint32_t number)
{
	struct ledger_entry *entry = at(ledger, number);

	entry->older = ledger->newest;
	entry->newer = 0;
	*(ledger->newest ? &at(ledger, ledger->newest)->newer : &ledger->oldest) = number;
	ledger->newest = number;
}

static void cell_add(struct ledger *ledger, uint64_t key, uint32_t number)
{
	size_t i = home_of(ledger, key);

	while (ledger->cells[i])
		i = behind(ledger, i);
	ledger->cells[i] = CELL(number, key);
}

/* Whether `cell` lies on the way from `home` to `end`, so that it may take the entry there. */
static bool on_the_way(size_t home, size_t cell, size_t end)
{
	return home <= end ? home <= cell && cell <= end : home <= cell || cell <= end;
}

/* Closes the gap by moving back what may stand in it (Knuth 6.4, algorithm R). */
static void cell_remove(struct ledger *ledger, uint64_t key, uint32_t number)
{
	size_t gap = home_of(ledger, key);

	while (CELL_NUMBER(ledger->cells[gap]) != number)
		gap = behind(ledger, gap);
	for (size_t i = behind(ledger, gap); ledger->cells[i]; i = behind(ledger, i)) {
		uint64_t other = ledger_key(at(ledger, CELL_NUMBER(ledger->cells[i])));

		if (!on_the_way(home_of(ledger, other), gap, i))
			continue;
		ledger->cells[gap] = ledger->cells[i];
		gap = i;
	}
	ledger->cells[gap] = 0;
}

/* By half, when seven eighths are full; never more than the bound needs. */
static int cells_grow(struct ledger *ledger)
{
	size_t most = ledger->max + ledger->max / 6 + 1, len = ledger->cells_len;
	uint32_t *grown;

	if (ledger->len + 1 <= len - len / 8 && len)
		return 0;
	len = len ? len + len / 2 : CELLS_MIN;
	len = len < most ? len : most;
	grown = calloc(len, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	free(ledger->cells);
	ledger->cells = grown;
	ledger->cells_len = len;
	for (uint32_t number = 1; number <= ledger->len; number++)
		cell_add(ledger, ledger_key(at(ledger, number)), number);
	return 0;
}

static int chunks_grow(struct ledger *ledger)
{
	uint8_t **chunks;

	if (ledger->len < ledger->chunks_len * CHUNK)
		return 0;
	chunks = realloc(ledger->chunks, (ledger->chunks_len + 1) * sizeof(*chunks));
	if (!chunks)
		return -ENOMEM;
	ledger->chunks = chunks;
	chunks[ledger->chunks_len] = malloc(CHUNK * ledger->entry_size);
	if (!chunks[ledger->chunks_len])
		return -ENOMEM;
	ledger->chunks_len++;
	return 0;
}

/* The place of a new entry, in neither list; 0 without memory. */
static uint32_t room(struct ledger *ledger)
{
	uint32_t number = ledger->oldest;

	if (ledger->len < ledger->max) {
		if (cells_grow(ledger) || chunks_grow(ledger)) {
			ledger->refused++;
			return 0;
		}
		return (uint32_t)++ledger->len;
	}
	if (!number)
		return 0;
	cell_remove(ledger, ledger_key(at(ledger, number)), number);
	list_remove(ledger, at(ledger, number));
	ledger->evicted++;
	return number;
}

/* Grows by one while a 256th of the bound is made anew. */
static uint8_t age_of(const struct ledger *ledger)
{
	return (uint8_t)(ledger->made / (ledger->max / AGES + 1));
}

static struct ledger_entry *make(struct ledger *ledger, uint64_t key, uint16_t day)
{
	uint32_t number = room(ledger);
	struct ledger_entry *entry;

	if (!number)
		return NULL;
	entry = at(ledger, number);
	memset(entry, 0, ledger->entry_size);
	entry->key[0] = (uint32_t)key;
	entry->key[1] = (uint32_t)(key >> 32);
	entry->first = entry->last = day;
	entry->age = age_of(ledger);
	ledger->made++;
	cell_add(ledger, key, number);
	list_add(ledger, number);
	return entry;
}

struct ledger_entry *ledger_see(struct ledger *ledger, uint64_t key, uint16_t day, bool *fresh)
{
	uint32_t number = number_of(ledger, key);
	struct ledger_entry *entry;

	*fresh = !number;
	if (!number)
		return make(ledger, key, day);
	entry = at(ledger, number);
	/* Moving it each time would cost three looks at memory, and say little more. */
	if (entry->age != age_of(ledger)) {
		entry->age = age_of(ledger);
		list_remove(ledger, entry);
		list_add(ledger, number);
	}
	if (day > entry->last)
		entry->last = day;
	if (day < entry->first) /* an older recording than what was learned from before */
		entry->first = day;
	return entry;
}

const struct ledger_entry *ledger_next(const struct ledger *ledger,
				       const struct ledger_entry *entry)
{
	uint32_t number = entry ? entry->newer : ledger->oldest;

	return number ? at(ledger, number) : NULL;
}

size_t ledger_bytes(const struct ledger *ledger)
{
	return ledger->chunks_len * (CHUNK * ledger->entry_size + sizeof(*ledger->chunks)) +
	       ledger->cells_len * sizeof(*ledger->cells);
}
