/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/index.h"

#include <endian.h>
#include <stdlib.h>

#include "base/log.h"
#include "rule/atoms.h"
#include "rule/filter.h"

/* A value that a rule asks for: a number, or the hash of a network. */
struct entry {
	uint64_t value;
	unsigned rule;
};

/* All rules of a service that are found by one field. */
struct lookup {
	enum field field;
	const struct literals *literals; /* NULL: none */
	struct entry *entries;		 /* sorted */
	uint32_t *first;		 /* where a value begins, plus one, by hash */
	uint32_t entries_len, cells;
	uint8_t prefixes[129]; /* of the networks, each once */
	unsigned prefixes_len;
	unsigned *present; /* rules that ask for the field alone */
	unsigned present_len;
};

struct shelf {
	struct lookup *lookups;
	unsigned lookups_len;
	const struct literals *keywords; /* NULL: none */
	unsigned *rest;			 /* rules that nothing finds */
	unsigned rest_len;
};

struct rule_index {
	struct shelf shelves[SERVICE_COUNT];
};

/* Spreads bits; values of rules are no outsider's to choose, so it needs no seed. */
static uint64_t spread(uint64_t value)
{
	value = (value ^ value >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	return value ^ value >> 29;
}

/* The network of an address, and how long its prefix is, in one number. */
static uint64_t hash_network(const struct addr *addr, unsigned prefix)
{
	uint64_t half[2];

	memcpy(half, addr->byte, sizeof(half));
	for (unsigned i = 0; i < 2; i++) {
		unsigned bits = prefix > 64 * i ? prefix - 64 * i : 0;

		if (bits < 64)
			half[i] &= htobe64(bits ? ~UINT64_C(0) << (64 - bits) : 0);
	}
	return spread(spread(half[0] + prefix) ^ half[1]);
}

static uint64_t event_number(const struct event *e, enum field f)
{
	const void *slot = event_slot(e, f);

	switch ((enum field_type)field_table[f].type) {
	case TYPE_ENUM:
		return *(const uint16_t *)slot;
	case TYPE_COUNT:
		return *(const uint64_t *)slot;
	case TYPE_BOOL:
		return *(const bool *)slot;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
	case TYPE_REAL:
	case TYPE_TIME:
	case TYPE_DURATION:
	case TYPE_ROLES:
		break;
	}
	return 0;
}

/* ---- building ---- */

/* What a rule of the shelf at hand is found by. */
struct found {
	struct atom atom;
	unsigned rule;
};

struct finds {
	VEC(struct found) list;
	VEC(unsigned) rest;
};

static bool find_add(struct finds *finds, const struct rule *rule, struct arena *arena)
{
	struct atoms atoms = {.odds = 0};
	bool good = atoms_of(rule->clause, &atoms, arena);
	unsigned *rest;

	if (!good) {
		rest = vec_add(&finds->rest);
		if (rest)
			*rest = rule->index;
		return rest != NULL;
	}
	vec_each (atom, &atoms.list) {
		struct found *found = vec_add(&finds->list);

		good = good && found;
		if (found)
			*found = (struct found){*atom, rule->index};
	}
	vec_free(&atoms.list);
	return good;
}

static int by_field(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->atom.field != y->atom.field)
		return x->atom.field < y->atom.field ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static int by_value(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static bool entries_index(struct lookup *lookup, struct arena *arena)
{
	if (!lookup->entries_len)
		return true;
	qsort(lookup->entries, lookup->entries_len, sizeof(*lookup->entries), by_value);
	for (lookup->cells = 4; lookup->cells < 2 * lookup->entries_len;)
		lookup->cells *= 2;
	lookup->first = arena_alloc(arena, lookup->cells * sizeof(*lookup->first));
	if (!lookup->first)
		return false;
	for (uint32_t i = 0; i < lookup->entries_len; i++) {
		uint64_t value = lookup->entries[i].value;
		uint32_t cell = (uint32_t)spread(value);

		if (i && lookup->entries[i - 1].value == value)
			continue;
		while (lookup->first[cell % lookup->cells])
			cell++;
		lookup->first[cell % lookup->cells] = i + 1;
	}
	return true;
}

static void prefix_add(struct lookup *lookup, uint8_t prefix)
{
	for (unsigned i = 0; i < lookup->prefixes_len; i++)
		if (lookup->prefixes[i] == prefix)
			return;
	lookup->prefixes[lookup->prefixes_len++] = prefix;
}

static void entry_add(struct lookup *lookup, const struct found *found)
{
	uint64_t value = found->atom.number;

	if (found->atom.kind == ATOM_NETWORK) {
		prefix_add(lookup, found->atom.network.prefix);
		value = hash_network(&found->atom.network.base, found->atom.network.prefix);
	}
	lookup->entries[lookup->entries_len++] = (struct entry){value, found->rule};
}

/* All that one field finds. */
static bool lookup_build(struct lookup *lookup, const struct found *found, size_t len,
			 struct arena *arena)
{
	struct literal *literals = calloc(len, sizeof(*literals));
	size_t literals_len = 0;
	bool good;

	lookup->field = found->atom.field;
	lookup->entries = arena_alloc(arena, len * sizeof(*lookup->entries));
	lookup->present = arena_alloc(arena, len * sizeof(*lookup->present));
	good = literals && lookup->entries && lookup->present;
	for (size_t i = 0; good && i < len; i++) {
		switch (found[i].atom.kind) {
		case ATOM_LITERAL:
			literals[literals_len] = found[i].atom.literal;
			literals[literals_len++].means = found[i].rule;
			break;
		case ATOM_NUMBER:
		case ATOM_NETWORK:
			entry_add(lookup, &found[i]);
			break;
		case ATOM_PRESENT:
			lookup->present[lookup->present_len++] = found[i].rule;
			break;
		}
	}
	if (good && literals_len)
		lookup->literals = literals_build(literals, literals_len, arena);
	free(literals);
	return good && (!literals_len || lookup->literals) && entries_index(lookup, arena);
}

/* Fields in a list that is sorted by them. */
static size_t count_fields(const struct finds *finds)
{
	size_t fields = 0;

	for (size_t i = 0; i < finds->list.len; i++)
		fields += !i || finds->list.at[i].atom.field != finds->list.at[i - 1].atom.field;
	return fields;
}

static bool shelf_fill(struct shelf *shelf, struct finds *finds, struct arena *arena)
{
	size_t len = finds->list.len, from = 0;

	if (len)
		qsort(finds->list.at, len, sizeof(*finds->list.at), by_field);
	shelf->rest = arena_alloc(arena, (finds->rest.len + 1) * sizeof(*shelf->rest));
	shelf->lookups = arena_alloc(arena, (count_fields(finds) + 1) * sizeof(*shelf->lookups));
	if (!shelf->rest || !shelf->lookups)
		return false;
	vec_each (rule, &finds->rest)
		shelf->rest[shelf->rest_len++] = *rule;
	while (from < len) {
		struct lookup *lookup = &shelf->lookups[shelf->lookups_len];
		size_t to = from;

		while (to < len && finds->list.at[to].atom.field == finds->list.at[from].atom.field)
			to++;
		if (!lookup_build(lookup, &finds->list.at[from], to - from, arena))
			return false;
		if (lookup->field == FIELD_NONE)
			shelf->keywords = lookup->literals;
		else
			shelf->lookups_len++;
		from = to;
	}
	return true;
}

static bool shelf_build(struct ruleset *set, struct shelf *shelf, unsigned service)
{
	struct finds finds = {.list = {0}};
	bool good = true;

	for (unsigned i = 0; i < set->len && good; i++)
		if (set->rules[i].kind == RULE_BASE && (set->rules[i].services >> service & 1))
			good = find_add(&finds, &set->rules[i], &set->arena);
	good = good && shelf_fill(shelf, &finds, &set->arena);
	vec_free(&finds.list);
	vec_free(&finds.rest);
	return good;
}

struct rule_index *rule_index_build(struct ruleset *set)
{
	struct rule_index *index = arena_alloc(&set->arena, sizeof(*index));

	set->matcher = arena_alloc(&set->arena, sizeof(*set->matcher));
	if (!index || !set->matcher)
		return NULL;
	set->matcher->tried =
		arena_alloc(&set->arena, (set->len + 1) * sizeof(*set->matcher->tried));
	if (!set->matcher->tried)
		return NULL;
	for (unsigned s = 0; s < SERVICE_COUNT; s++)
		if (!shelf_build(set, &index->shelves[s], s))
			return NULL;
	return index;
}

/* ---- matching ---- */

struct matching {
	const struct ruleset *set;
	struct look look;
	unsigned *matched, len;
};

/* Adds a rule that matches, keeping `matched` in the set's order. */
static void try_rule(struct matching *m, unsigned index)
{
	const struct rule *rule = &m->set->rules[index];
	struct matcher *matcher = m->set->matcher;
	unsigned at = m->len;
	bool met;

	if (matcher->tried[index] == matcher->folds.event)
		return;
	matcher->tried[index] = matcher->folds.event;
	met = predicate_match(rule->match, &m->look);
	if (m->look.gave_up && !m->set->tally[index].gave_up++)
		log_warn("rule %s: a regular expression took more than %d steps and was given "
			 "up: such events do not match ('weir status' counts them)",
			 rule->display, REGEX_STEPS_MAX);
	if (!met || (rule->event_filters_len && filters_match_event(m->set, rule, &m->look)))
		return;
	for (; at && m->matched[at - 1] > index; at--)
		m->matched[at] = m->matched[at - 1];
	m->matched[at] = index;
	m->len++;
}

static bool on_literal(void *context, uint32_t rule)
{
	try_rule(context, rule);
	return false;
}

/* Texts too long to be folded are rare: the rules that ask for them are all tried. */
static void all_literals(struct matching *m, const struct literals *literals)
{
	literals_each(literals, on_literal, m);
}

static void try_texts(struct matching *m, const struct literals *literals, enum field field)
{
	struct subject whole = folds_get(m->look.folds, m->look.event, field);
	struct text texts = {whole.folded, (uint32_t)whole.length}, element;

	if (!whole.folded)
		all_literals(m, literals);
	else if (field_table[field].type == TYPE_TEXT)
		literals_find(literals, whole.folded, whole.length, on_literal, m);
	else
		for (uint32_t at = 0; texts_next(&texts, &at, &element);)
			literals_find(literals, element.at, element.length, on_literal, m);
}

static void try_value(struct matching *m, const struct lookup *lookup, uint64_t value)
{
	uint32_t cell = (uint32_t)spread(value), i;

	while ((i = lookup->first[cell % lookup->cells]) && lookup->entries[i - 1].value != value)
		cell++;
	for (; i && i <= lookup->entries_len && lookup->entries[i - 1].value == value; i++)
		try_rule(m, lookup->entries[i - 1].rule);
}

static void try_lookup(struct matching *m, const struct lookup *lookup)
{
	const void *slot = event_slot(m->look.event, lookup->field);

	if (lookup->literals)
		try_texts(m, lookup->literals, lookup->field);
	for (unsigned i = 0; i < lookup->prefixes_len; i++)
		try_value(m, lookup, hash_network(slot, lookup->prefixes[i]));
	if (lookup->entries_len && !lookup->prefixes_len)
		try_value(m, lookup, event_number(m->look.event, lookup->field));
	for (unsigned i = 0; i < lookup->present_len; i++)
		try_rule(m, lookup->present[i]);
}

static void try_keywords(struct matching *m, const struct literals *keywords)
{
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		if (type_is_text(field_table[f].type) && event_has(m->look.event, (enum field)f))
			try_texts(m, keywords, (enum field)f);
}

unsigned rule_match(const struct ruleset *set, const struct event *event, unsigned *matched)
{
	struct matching m = {.set = set, .matched = matched};
	const struct shelf *shelf;

	if (event->service >= SERVICE_COUNT)
		return 0;
	folds_next(&set->matcher->folds);
	m.look = (struct look){.event = event, .folds = &set->matcher->folds};
	shelf = &set->index->shelves[event->service];
	for (unsigned i = 0; i < shelf->lookups_len; i++)
		if (event_has(event, shelf->lookups[i].field))
			try_lookup(&m, &shelf->lookups[i]);
	if (shelf->keywords)
		try_keywords(&m, shelf->keywords);
	for (unsigned i = 0; i < shelf->rest_len; i++)
		try_rule(&m, shelf->rest[i]);
	return m.len;
}
