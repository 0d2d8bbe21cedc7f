/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/index.h"

#include <stdlib.h>

#include "rule/predicate.h"

/* A value that a rule asks for. Texts and addresses as a hash: the predicate decides anyway. */
struct entry {
	uint64_t value;
	unsigned rule;
};

/* All rules of a service that are found by one field, by value. */
struct lookup {
	enum field field;
	struct entry *entries;
	unsigned len;
};

struct shelf {
	struct lookup *lookups;
	unsigned lookups_len;
	unsigned *rest; /* rules that no value finds */
	unsigned rest_len;
};

struct rule_index {
	struct shelf shelves[SERVICE_COUNT];
};

/* FNV-1a; values of rules are no outsider's to choose, so it needs no seed. */
static uint64_t hash_start(void)
{
	return UINT64_C(0xcbf29ce484222325);
}

static uint64_t hash_byte(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * UINT64_C(0x100000001b3);
}

static uint64_t hash_text(const char *text, size_t length)
{
	uint64_t hash = hash_start();

	for (size_t i = 0; i < length; i++)
		hash = hash_byte(hash, (uint8_t)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20
										  : text[i]));
	return hash;
}

static uint64_t hash_addr(const struct addr *addr)
{
	uint64_t hash = hash_start();

	for (size_t i = 0; i < sizeof(addr->byte); i++)
		hash = hash_byte(hash, addr->byte[i]);
	return hash;
}

static uint64_t event_value(const struct event *e, enum field f)
{
	const void *slot = event_slot(e, f);
	const struct text *text = slot;

	switch ((enum field_type)field_table[f].type) {
	case TYPE_ADDR:
		return hash_addr(slot);
	case TYPE_TEXT:
	case TYPE_TEXTS:
		return hash_text(text->at, text->length);
	case TYPE_ENUM:
		return *(const uint16_t *)slot;
	case TYPE_COUNT:
		return *(const uint64_t *)slot;
	case TYPE_REAL:
	case TYPE_TIME:
	case TYPE_DURATION:
	case TYPE_BOOL:
	case TYPE_ROLES:
		break;
	}
	return 0;
}

static uint64_t pattern_value(const struct pattern *pattern)
{
	uint64_t hash = hash_start();

	for (unsigned i = 0; i < pattern->len; i++) {
		uint8_t byte = (uint8_t)pattern->at[i];

		hash = hash_byte(hash, byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
	}
	return hash;
}

/* The values of a key test, up to `max`; returns how many. */
static unsigned key_values(const struct test *t, uint64_t *values, unsigned max)
{
	unsigned len = 0;

	if (t->kind == TEST_NAMED) {
		for (unsigned n = 0; n < 256 && len < max; n++)
			if (t->named[n / 64] >> (n % 64) & 1)
				values[len++] = n;
		return len;
	}
	for (unsigned i = 0; i < t->len && len < max; i++) {
		/* A number that no slot can hold asks for nothing. */
		if (t->kind == TEST_EQUAL && (t->numbers[i] < 0 || t->numbers[i] >= 0x1p63))
			continue;
		values[len++] = t->kind == TEST_NETWORK ? hash_addr(&t->networks[i].base)
				: t->kind == TEST_TEXT	? pattern_value(&t->patterns[i])
							: (uint64_t)t->numbers[i];
	}
	return len;
}

#define VALUES_MAX 256

static struct lookup *lookup_of(struct shelf *shelf, enum field field)
{
	struct lookup *lookup = shelf->lookups;

	for (unsigned i = 0; i < shelf->lookups_len; i++, lookup++)
		if (lookup->field == field)
			return lookup;
	lookup->field = field;
	shelf->lookups_len++;
	return lookup;
}

static bool entries_add(struct shelf *shelf, struct arena *arena, const struct rule *rule,
			const struct test *key, unsigned room)
{
	struct lookup *lookup = lookup_of(shelf, key->field);
	uint64_t values[VALUES_MAX];
	unsigned len = key_values(key, values, VALUES_MAX);

	if (!lookup->entries)
		lookup->entries = arena_alloc(arena, room * sizeof(*lookup->entries));
	if (!lookup->entries)
		return false;
	for (unsigned i = 0; i < len; i++) {
		bool known = false; /* 80.0 and 80 are one value: a rule is met once */

		for (unsigned j = 0; j < i; j++)
			known |= values[j] == values[i];
		if (!known)
			lookup->entries[lookup->len++] = (struct entry){values[i], rule->index};
	}
	return true;
}

static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static bool on_shelf(const struct rule *rule, unsigned service)
{
	return rule->kind == RULE_BASE && (rule->services >> service & 1);
}

static bool shelf_build(struct ruleset *set, struct shelf *shelf, unsigned service)
{
	uint64_t values[VALUES_MAX];
	unsigned rules = 0, room = 0;

	for (unsigned i = 0; i < set->len; i++)
		if (on_shelf(&set->rules[i], service)) {
			const struct test *key = predicate_key(set->rules[i].match);

			rules++;
			room += key ? key_values(key, values, VALUES_MAX) : 0;
		}
	shelf->lookups = arena_alloc(&set->arena, FIELD_COUNT * sizeof(*shelf->lookups));
	shelf->rest = arena_alloc(&set->arena, (rules ? rules : 1) * sizeof(*shelf->rest));
	if (!shelf->lookups || !shelf->rest)
		return false;
	for (unsigned i = 0; i < set->len; i++) {
		const struct test *key;

		if (!on_shelf(&set->rules[i], service))
			continue;
		key = predicate_key(set->rules[i].match);
		if (!key)
			shelf->rest[shelf->rest_len++] = i;
		else if (!entries_add(shelf, &set->arena, &set->rules[i], key, room ? room : 1))
			return false;
	}
	for (unsigned i = 0; i < shelf->lookups_len; i++)
		qsort(shelf->lookups[i].entries, shelf->lookups[i].len, sizeof(struct entry),
		      entry_compare);
	return true;
}

struct rule_index *rule_index_build(struct ruleset *set)
{
	struct rule_index *index = arena_alloc(&set->arena, sizeof(*index));

	for (unsigned s = 0; index && s < SERVICE_COUNT; s++)
		if (!shelf_build(set, &index->shelves[s], s))
			return NULL;
	return index;
}

/* The first entry of this value, or the end. */
static const struct entry *first_entry(const struct lookup *lookup, uint64_t value)
{
	unsigned low = 0, high = lookup->len;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (lookup->entries[mid].value < value)
			low = mid + 1;
		else
			high = mid;
	}
	return lookup->entries + low;
}

/* Adds a rule that matches, keeping `matched` in the set's order. */
static unsigned try_rule(const struct ruleset *set, const struct event *event, unsigned rule,
			 unsigned *matched, unsigned len)
{
	unsigned at = len;

	if (!predicate_match(set->rules[rule].match, event))
		return len;
	for (; at && matched[at - 1] > rule; at--)
		matched[at] = matched[at - 1];
	matched[at] = rule;
	return len + 1;
}

unsigned rule_match(const struct ruleset *set, const struct event *event, unsigned *matched)
{
	const struct shelf *shelf;
	unsigned len = 0;

	if (event->service >= SERVICE_COUNT)
		return 0;
	shelf = &set->index->shelves[event->service];
	for (unsigned i = 0; i < shelf->lookups_len; i++) {
		const struct lookup *lookup = &shelf->lookups[i];
		const struct entry *e, *end = lookup->entries + lookup->len;
		uint64_t value;

		if (!event_has(event, lookup->field))
			continue;
		value = event_value(event, lookup->field);
		for (e = first_entry(lookup, value); e < end && e->value == value; e++)
			len = try_rule(set, event, e->rule, matched, len);
	}
	for (unsigned i = 0; i < shelf->rest_len; i++)
		len = try_rule(set, event, shelf->rest[i], matched, len);
	return len;
}
