/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/predicate.h"

#include <stdlib.h>

#define ACCEPT	  0xfffe
#define REJECT	  0xffff
#define STEPS_MAX 65000

struct step {
	struct test test;
	uint16_t yes, no; /* next step, or ACCEPT, REJECT */
};

struct predicate {
	const struct step *steps;
	uint16_t first;
};

bool predicate_match(const struct predicate *predicate, struct look *look)
{
	uint16_t at = predicate->first;

	look->gave_up = false;
	while (at < ACCEPT) {
		const struct step *step = &predicate->steps[at];

		at = test_match(&step->test, look) ? step->yes : step->no;
		if (look->gave_up)
			return false;
	}
	return at == ACCEPT;
}

struct build {
	struct step *steps;
	unsigned len;
};

static unsigned count_tests(const struct clause *clause)
{
	unsigned sum = clause->kind == CLAUSE_TEST;

	for (unsigned i = 0; i < clause->kids && sum <= STEPS_MAX; i++)
		sum += count_tests(clause->kid[i]);
	return sum;
}

/* Roughly, in ns: what costs little is asked first. Names cost 2, but most events have them: bounds
 * are met by fewer. */
static unsigned cost(const struct clause *clause)
{
	static const unsigned costs[TEST_KINDS] = {
		[TEST_EXISTS] = 1,	[TEST_NAMED] = 4,      [TEST_EQUAL] = 4,
		[TEST_LESS] = 3,	[TEST_AT_MOST] = 3,    [TEST_MORE] = 3,
		[TEST_AT_LEAST] = 3,	[TEST_TRUTH] = 1,      [TEST_NETWORK] = 4,
		[TEST_TEXT] = 20,	[TEST_REGEX] = 400,    [TEST_KEYWORD] = 100,
		[TEST_KEYREGEX] = 2000, [TEST_REFERENCE] = 60,
	};
	unsigned sum = clause->kind == CLAUSE_TEST ? costs[clause->test.kind] : 0;

	if (clause->kind == CLAUSE_TEST && clause->test.kind == TEST_TEXT)
		sum += 5 * clause->test.len;
	for (unsigned i = 0; i < clause->kids && sum < (1u << 20); i++)
		sum += cost(clause->kid[i]);
	return sum;
}

struct priced {
	struct clause *kid;
	unsigned cost, at;
};

static int by_cost(const void *a, const void *b)
{
	const struct priced *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Without memory the kids stay as they are, which is as right. */
static void sort_kids(const struct clause *clause)
{
	struct priced *priced = calloc(clause->kids + 1, sizeof(*priced));

	for (unsigned i = 0; priced && i < clause->kids; i++)
		priced[i] = (struct priced){clause->kid[i], cost(clause->kid[i]), i};
	if (priced)
		qsort(priced, clause->kids, sizeof(*priced), by_cost);
	for (unsigned i = 0; priced && i < clause->kids; i++)
		clause->kid[i] = priced[i].kid;
	free(priced);
}

/* Emits from the last to the first, so that where to go on is always known: the first step. */
static uint16_t emit(struct build *b, const struct clause *clause, uint16_t yes, uint16_t no)
{
	uint16_t entry;

	switch (clause->kind) {
	case CLAUSE_NOT:
		return emit(b, clause->kid[0], no, yes);
	case CLAUSE_AND:
		entry = yes;
		sort_kids(clause);
		for (unsigned i = clause->kids; i-- > 0;)
			entry = emit(b, clause->kid[i], entry, no);
		return entry;
	case CLAUSE_OR:
		entry = no;
		sort_kids(clause);
		for (unsigned i = clause->kids; i-- > 0;)
			entry = emit(b, clause->kid[i], yes, entry);
		return entry;
	case CLAUSE_TEST:
		break;
	}
	b->steps[b->len] = (struct step){clause->test, yes, no};
	return (uint16_t)b->len++;
}

const struct predicate *predicate_compile(const struct clause *clause, struct arena *arena)
{
	unsigned len = count_tests(clause);
	struct predicate *predicate = arena_alloc(arena, sizeof(*predicate));
	struct build build = {.len = 0};

	if (len > STEPS_MAX)
		return NULL;
	build.steps = arena_alloc(arena, (len ? len : 1) * sizeof(*build.steps));
	if (!predicate || !build.steps)
		return NULL;
	predicate->first = emit(&build, clause, ACCEPT, REJECT);
	predicate->steps = build.steps;
	return predicate;
}
