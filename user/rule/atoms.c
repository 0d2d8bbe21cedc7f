/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/atoms.h"

#include "base/vec.h"

/* Odds that an event of the service has it, guessed once for all: only their order matters. */
#define ODDS_PRESENT 0.9
#define ODDS_TRUTH   0.5
#define ODDS_NAME    0.3
#define ODDS_PORT    0.02
#define ODDS_COMMON  0.3 /* ports that most traffic has */
#define ODDS_ADDRESS 0.001

static double number_odds(uint64_t number)
{
	return number == 80 || number == 443 || number == 53 || number == 200 ? ODDS_COMMON
									      : ODDS_PORT;
}

/* Letters make words, which are many and alike; digits and signs tell more. What may stand anywhere
 * has more places to do so. */
static double literal_odds(const struct literal *literal)
{
	double odds = literal->open == PATTERN_OPEN_BOTH ? 2 : 0.5;

	for (unsigned i = 0; i < literal->length && odds > 1e-9; i++)
		odds *= literal->at[i] >= 'a' && literal->at[i] <= 'z' ? 0.6 : 0.3;
	return odds > ODDS_PRESENT ? ODDS_PRESENT : odds;
}

static double network_odds(const struct network *network)
{
	double odds = 0.5;

	/* IPv4 is where nearly all is. */
	for (unsigned i = 96; i < network->prefix && odds > ODDS_ADDRESS; i += 2)
		odds /= 1.5;
	return network->prefix < 96 ? ODDS_PRESENT : odds;
}

static bool atom_add(struct atoms *atoms, const struct atom *atom, double odds)
{
	struct atom *slot = atoms->list.len < ATOMS_MAX ? vec_add(&atoms->list) : NULL;

	if (!slot)
		return false;
	*slot = *atom;
	atoms->odds += odds;
	return true;
}

static bool present(const struct test *t, struct atoms *atoms)
{
	const struct atom atom = {.kind = ATOM_PRESENT, .field = t->field};

	vec_free(&atoms->list);
	atoms->odds = 0;
	return t->field != FIELD_NONE && t->field < FIELD_COMPUTED &&
	       atom_add(atoms, &atom, ODDS_PRESENT);
}

static bool lower_literal(const struct pattern *pattern, struct literal *literal,
			  struct arena *arena)
{
	char *copy;

	*literal = (struct literal){pattern->literal, pattern->literal_len, pattern->open, 0};
	if (!pattern->cased)
		return true;
	copy = arena_copy(arena, pattern->literal, pattern->literal_len);
	for (unsigned i = 0; copy && i < literal->length; i++)
		copy[i] = pattern_lower(copy[i]);
	literal->at = copy;
	return copy != NULL;
}

static bool text_atoms(const struct test *t, struct atoms *atoms, struct arena *arena)
{
	if (t->field != FIELD_NONE && !type_is_text(field_table[t->field].type))
		return present(t, atoms);
	for (unsigned i = 0; i < t->len; i++) {
		struct atom atom = {.kind = ATOM_LITERAL, .field = t->field};

		if (!t->patterns[i].literal_len ||
		    !lower_literal(&t->patterns[i], &atom.literal, arena) ||
		    !atom_add(atoms, &atom, literal_odds(&atom.literal)))
			return present(t, atoms);
	}
	return true;
}

static bool network_atoms(const struct test *t, struct atoms *atoms)
{
	if (field_table[t->field].type != TYPE_ADDR)
		return present(t, atoms);
	for (unsigned i = 0; i < t->len; i++) {
		const struct atom atom = {
			.kind = ATOM_NETWORK, .field = t->field, .network = t->networks[i]};

		if (!atom_add(atoms, &atom, network_odds(&t->networks[i])))
			return present(t, atoms);
	}
	return true;
}

static bool number_atoms(const struct test *t, struct atoms *atoms)
{
	if (t->field >= FIELD_COMPUTED || field_table[t->field].type != TYPE_COUNT)
		return present(t, atoms);
	for (unsigned i = 0; i < t->len; i++) {
		struct atom atom = {.kind = ATOM_NUMBER, .field = t->field};

		/* A number that no slot can hold asks for nothing. */
		if (t->numbers[i] < 0 || t->numbers[i] >= 0x1p63)
			continue;
		atom.number = (uint64_t)t->numbers[i];
		if (!atom_add(atoms, &atom, number_odds(atom.number)))
			return present(t, atoms);
	}
	return true;
}

static bool name_atoms(const struct test *t, struct atoms *atoms)
{
	if (field_table[t->field].type != TYPE_ENUM)
		return present(t, atoms);
	for (unsigned n = 0; n < 256; n++) {
		const struct atom atom = {.kind = ATOM_NUMBER, .field = t->field, .number = n};

		if ((t->named[n / 64] >> (n % 64) & 1) && !atom_add(atoms, &atom, ODDS_NAME))
			return present(t, atoms);
	}
	return true;
}

static bool truth_atom(const struct test *t, struct atoms *atoms)
{
	const struct atom atom = {.kind = ATOM_NUMBER, .field = t->field, .number = t->truth};

	return atom_add(atoms, &atom, ODDS_TRUTH);
}

static bool test_atoms(const struct test *t, struct atoms *atoms, struct arena *arena)
{
	switch (t->kind) {
	case TEST_TEXT:
	case TEST_KEYWORD:
		return text_atoms(t, atoms, arena);
	case TEST_NETWORK:
		return network_atoms(t, atoms);
	case TEST_EQUAL:
		return number_atoms(t, atoms);
	case TEST_NAMED:
		return name_atoms(t, atoms);
	case TEST_TRUTH:
		return truth_atom(t, atoms);
	case TEST_EXISTS:
	case TEST_LESS:
	case TEST_AT_MOST:
	case TEST_MORE:
	case TEST_AT_LEAST:
	case TEST_REGEX:
	case TEST_KEYREGEX:
	case TEST_REFERENCE:
	case TEST_KINDS:
		break;
	}
	return present(t, atoms);
}

/* All must be met: the best of any one of them will do. */
static bool best_of(const struct clause *clause, struct atoms *atoms, struct arena *arena)
{
	bool any = false;

	for (unsigned i = 0; i < clause->kids; i++) {
		struct atoms own = {.odds = 0};

		if (atoms_of(clause->kid[i], &own, arena) && (!any || own.odds < atoms->odds)) {
			vec_free(&atoms->list);
			*atoms = own;
			any = true;
		} else {
			vec_free(&own.list);
		}
	}
	return any;
}

/* One must be met: the atoms of each. */
static bool all_of(const struct clause *clause, struct atoms *atoms, struct arena *arena)
{
	for (unsigned i = 0; i < clause->kids; i++) {
		struct atoms own = {.odds = 0};
		bool good = atoms_of(clause->kid[i], &own, arena);

		vec_each (atom, &own.list)
			good = good && atom_add(atoms, atom, 0);
		atoms->odds += own.odds;
		vec_free(&own.list);
		if (!good)
			return false;
	}
	return true;
}

bool atoms_of(const struct clause *clause, struct atoms *atoms, struct arena *arena)
{
	bool good = false;

	switch (clause->kind) {
	case CLAUSE_TEST:
		good = test_atoms(&clause->test, atoms, arena);
		break;
	case CLAUSE_AND:
		good = best_of(clause, atoms, arena);
		break;
	case CLAUSE_OR:
		good = all_of(clause, atoms, arena);
		break;
	case CLAUSE_NOT:
		break;
	}
	if (!good)
		vec_free(&atoms->list);
	return good;
}
