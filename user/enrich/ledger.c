/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Entries lie in chunks: a ledger grows without copying what it has, and a small host's stays
 * small. */
#define CHUNK	  512
#define HEADS_MIN 256

void ledger_init(struct ledger *ledger, size_t more, size_t max)
{
	*ledger = (struct ledger){.entry_size = sizeof(struct ledger_entry) + more, .max = max};
}

void ledger_free(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->chunks_len; i++)
		free(ledger->chunks[i]);
	free(ledger->chunks);
	free(ledger->heads);
	ledger_init(ledger, ledger->entry_size - sizeof(struct ledger_entry), ledger->max);
}

/* Numbers begin with 1: 0 is none. */
static struct ledger_entry *at(const struct ledger *ledger, uint32_t number)
{
	uint32_t i = number - 1;

	return (void *)(ledger->chunks[i / CHUNK] + (size_t)(i % CHUNK) * ledger->entry_size);
}

static uint32_t *head_of(const struct ledger *ledger, uint64_t key)
{
	return &ledger->heads[key & ledger->mask];
}

static uint32_t number_of(const struct ledger *ledger, uint64_t key)
{
	uint32_t number;

	if (!ledger->len)
		return 0;
	for (number = *head_of(ledger, key); number;) {
		const struct ledger_entry *entry = at(ledger, number);

		if (ledger_key(entry) == key)
			return number;
		number = entry->next;
	}
	return 0;
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

static void chain_add(struct ledger *ledger, uint32_t number)
{
	struct ledger_entry *entry = at(ledger, number);
	uint32_t *head = head_of(ledger, ledger_key(entry));

	entry->next = *head;
	*head = number;
}

static void chain_remove(struct ledger *ledger, uint32_t number)
{
	const struct ledger_entry *entry = at(ledger, number);
	uint32_t *link = head_of(ledger, ledger_key(entry));

	while (*link != number)
		link = &at(ledger, *link)->next;
	*link = entry->next;
}

/* Chains hold two entries on average at most: half the index is worth a second look. */
static int heads_grow(struct ledger *ledger)
{
	size_t len = ledger->heads ? (ledger->mask + 1) * 2 : HEADS_MIN;
	uint32_t *grown;

	if (ledger->heads && ledger->len < len)
		return 0;
	grown = calloc(len, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	free(ledger->heads);
	ledger->heads = grown;
	ledger->mask = len - 1;
	for (uint32_t number = 1; number <= ledger->len; number++)
		chain_add(ledger, number);
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
		if (heads_grow(ledger) || chunks_grow(ledger)) {
			ledger->refused++;
			return 0;
		}
		return (uint32_t)++ledger->len;
	}
	if (!number)
		return 0;
	chain_remove(ledger, number);
	list_remove(ledger, at(ledger, number));
	ledger->evicted++;
	return number;
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
	entry->days = 1;
	chain_add(ledger, number);
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
	if (ledger->newest != number) {
		list_remove(ledger, entry);
		list_add(ledger, number);
	}
	if (day > entry->last) {
		entry->days += entry->days < UINT8_MAX;
		entry->last = day;
	} else if (day < entry->first) {
		entry->first = day; /* an older recording than what was learned from before */
	}
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
	       (ledger->heads ? (ledger->mask + 1) * sizeof(*ledger->heads) : 0);
}
