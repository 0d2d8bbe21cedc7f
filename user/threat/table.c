/* SPDX-License-Identifier: Apache-2.0 */
#include "threat/table.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"

#define FIRST_CAP 1024

/* One secret for all tables: entries move from one to the next. */
static uint64_t secret[2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void secret_make(void)
{
	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		secret[0] = hash_bytes(&secret, sizeof(secret));
}

static uint64_t key_of(unsigned kind, unsigned size, const void *bytes, size_t length)
{
	uint64_t key;

	pthread_once(&once, secret_make);
	key = hash_keyed(bytes, length, secret[0] + (kind << 8 | size), secret[1]);
	return key ? key : 1;
}

static size_t place_of(const struct threat_table *table, uint64_t key)
{
	return (size_t)((unsigned __int128)key * table->cap >> 64);
}

static size_t after(const struct threat_table *table, size_t place)
{
	return place + 1 == table->cap ? 0 : place + 1;
}

static void put(struct threat_table *table, const struct threat_entry *entry)
{
	size_t place = place_of(table, entry->key);

	while (table->cells[place].key)
		place = after(table, place);
	table->cells[place] = *entry;
	table->len++;
	table->kinds[entry->kind] = true;
	if (entry->kind == INDICATOR_ADDRESS)
		table->prefixes[entry->size / 64] |= UINT64_C(1) << entry->size % 64;
	if (entry->kind == INDICATOR_DOMAIN)
		table->labels[entry->size / 64] |= UINT64_C(1) << entry->size % 64;
}

static int resize(struct threat_table *table, size_t cap)
{
	struct threat_table grown = {.cap = cap};

	grown.cells = calloc(grown.cap, sizeof(*grown.cells));
	if (!grown.cells)
		return -ENOMEM;
	for (size_t i = 0; i < table->cap; i++)
		if (table->cells[i].key)
			put(&grown, &table->cells[i]);
	free(table->cells);
	*table = grown;
	return 0;
}

/* At most four of five cells are used. */
static int grow(struct threat_table *table)
{
	if (table->len * 5 < table->cap * 4)
		return 0;
	return resize(table, table->cap ? table->cap + table->cap / 2 : FIRST_CAP);
}

int threat_table_reserve(struct threat_table *table, size_t more)
{
	size_t wanted = (table->len + more) / 4 * 5 + FIRST_CAP;

	return wanted > table->cap ? resize(table, wanted) : 0;
}

void threat_table_free(struct threat_table *table)
{
	free(table->cells);
	*table = (struct threat_table){0};
}

static void entry_of(const struct indicator *indicator, struct threat_entry *entry)
{
	const void *bytes = indicator->text;
	size_t length = indicator->length;

	if (indicator->kind == INDICATOR_ADDRESS) {
		entry->size = indicator->network.prefix;
		bytes = &indicator->network.base;
		length = sizeof(indicator->network.base);
	} else if (indicator->kind == INDICATOR_DOMAIN) {
		entry->size = (uint8_t)indicator_labels(indicator->text, length);
	}
	entry->kind = (uint8_t)indicator->kind;
	entry->key = key_of(entry->kind, entry->size, bytes, length);
}

int threat_table_add(struct threat_table *table, const struct indicator *indicator, uint16_t list,
		     uint32_t until)
{
	struct threat_entry entry = {.until = until, .list = list};
	size_t place;

	if (grow(table))
		return -ENOMEM;
	entry_of(indicator, &entry);
	for (place = place_of(table, entry.key); table->cells[place].key;
	     place = after(table, place)) {
		struct threat_entry *known = &table->cells[place];

		if (known->key != entry.key || known->list != list)
			continue;
		if (!until || (known->until && until > known->until))
			known->until = until;
		return 0;
	}
	put(table, &entry);
	return 1;
}

/* Into room made before: entries come in the order of their keys, which would fill one end of a
 * table that grows with them. */
int threat_table_copy(struct threat_table *table, const struct threat_table *from, uint16_t list,
		      uint16_t to)
{
	if (threat_table_reserve(table, from->len))
		return -ENOMEM;
	for (size_t i = 0; i < from->cap; i++) {
		struct threat_entry entry = from->cells[i];

		if (!entry.key || entry.list != list)
			continue;
		entry.list = to;
		put(table, &entry);
	}
	return 0;
}

typedef void found_fn(void *context, const struct threat_entry *entry);

static void find_key(const struct threat_table *table, uint64_t key, found_fn *found, void *context)
{
	for (size_t place = place_of(table, key); table->cells[place].key;
	     place = after(table, place))
		if (table->cells[place].key == key)
			found(context, &table->cells[place]);
}

/* The first `prefix` bits of an address, the rest zero. */
static struct addr head_of(const struct addr *address, unsigned prefix)
{
	struct addr head = {{0}};

	memcpy(&head, address, prefix / 8);
	if (prefix % 8)
		head.byte[prefix / 8] = address->byte[prefix / 8] & (uint8_t)(0xff00 >> prefix % 8);
	return head;
}

static void find_address(const struct threat_table *table, const struct addr *address,
			 found_fn *found, void *context)
{
	for (unsigned word = 0; word < 3; word++)
		for (uint64_t bits = table->prefixes[word]; bits; bits &= bits - 1) {
			unsigned prefix = word * 64 + (unsigned)__builtin_ctzll(bits);
			struct addr head = head_of(address, prefix);

			find_key(table, key_of(INDICATOR_ADDRESS, prefix, &head, sizeof(head)),
				 found, context);
		}
}

size_t threat_suffix(const char *text, size_t length, unsigned labels)
{
	size_t at = length;

	while (at && (text[at - 1] != '.' || --labels))
		at--;
	return at;
}

static void find_domain(const struct threat_table *table, const struct indicator *name,
			found_fn *found, void *context)
{
	unsigned all = indicator_labels(name->text, name->length);

	for (unsigned word = 0; word < 2; word++)
		for (uint64_t bits = table->labels[word]; bits; bits &= bits - 1) {
			unsigned labels = word * 64 + (unsigned)__builtin_ctzll(bits);
			size_t at;

			if (labels > all)
				return;
			at = threat_suffix(name->text, name->length, labels);
			find_key(table,
				 key_of(INDICATOR_DOMAIN, labels, name->text + at,
					name->length - at),
				 found, context);
		}
}

void threat_table_find(const struct threat_table *table, const struct indicator *indicator,
		       found_fn *found, void *context)
{
	if (!table->len || !table->kinds[indicator->kind])
		return;
	if (indicator->kind == INDICATOR_ADDRESS)
		find_address(table, &indicator->network.base, found, context);
	else if (indicator->kind == INDICATOR_DOMAIN)
		find_domain(table, indicator, found, context);
	else
		find_key(table, key_of(indicator->kind, 0, indicator->text, indicator->length),
			 found, context);
}
