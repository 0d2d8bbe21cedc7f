/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/predicate.h"

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
	const struct test *key;
};

static double slot_number(const struct event *e, enum field f)
{
	const void *slot = event_slot(e, f);

	switch ((enum field_type)field_table[f].type) {
	case TYPE_COUNT:
		return (double)*(const uint64_t *)slot;
	case TYPE_REAL:
		return *(const double *)slot;
	case TYPE_TIME:
	case TYPE_DURATION:
		return (double)*(const int64_t *)slot;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
	case TYPE_ENUM:
	case TYPE_BOOL:
	case TYPE_ROLES:
		break;
	}
	return 0;
}

static bool test_exists(const struct test *t, const struct event *e)
{
	(void)t;
	(void)e;
	return true;
}

static bool test_named(const struct test *t, const struct event *e)
{
	const void *slot = event_slot(e, t->field);
	uint16_t n;

	if (field_table[t->field].type == TYPE_ROLES)
		return *(const uint64_t *)slot & t->named[0];
	n = *(const uint16_t *)slot;
	return n < 256 && (t->named[n / 64] >> (n % 64) & 1);
}

static bool test_equal(const struct test *t, const struct event *e)
{
	double number = slot_number(e, t->field);
	unsigned low = 0, high = t->len;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (t->numbers[mid] == number)
			return true;
		if (t->numbers[mid] < number)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static bool test_less(const struct test *t, const struct event *e)
{
	return slot_number(e, t->field) < t->bound;
}

static bool test_at_most(const struct test *t, const struct event *e)
{
	return slot_number(e, t->field) <= t->bound;
}

static bool test_more(const struct test *t, const struct event *e)
{
	return slot_number(e, t->field) > t->bound;
}

static bool test_at_least(const struct test *t, const struct event *e)
{
	return slot_number(e, t->field) >= t->bound;
}

static bool test_truth(const struct test *t, const struct event *e)
{
	return *(const bool *)event_slot(e, t->field) == t->truth;
}

static bool test_network(const struct test *t, const struct event *e)
{
	const struct addr *addr = event_slot(e, t->field);

	for (unsigned i = 0; i < t->len; i++)
		if (network_has(&t->networks[i], addr))
			return true;
	return false;
}

static bool any_pattern(const struct test *t, const char *text, size_t length)
{
	for (unsigned i = 0; i < t->len; i++)
		if (pattern_match(&t->patterns[i], text, length))
			return true;
	return false;
}

/* A list is met where one of its elements is. */
static bool test_text(const struct test *t, const struct event *e)
{
	const struct text *text = event_slot(e, t->field);
	char words[ADDR_TEXT_MAX];
	struct text element;

	if (field_table[t->field].type == TYPE_ADDR) {
		addr_format(event_slot(e, t->field), words);
		return any_pattern(t, words, strlen(words));
	}
	if (field_table[t->field].type == TYPE_TEXT)
		return any_pattern(t, text->at, text->length);
	for (uint32_t at = 0; texts_next(text, &at, &element);)
		if (any_pattern(t, element.at, element.length))
			return true;
	return false;
}

static bool (*const tests[TEST_KINDS])(const struct test *t, const struct event *e) = {
	[TEST_EXISTS] = test_exists,	 [TEST_NAMED] = test_named,
	[TEST_EQUAL] = test_equal,	 [TEST_LESS] = test_less,
	[TEST_AT_MOST] = test_at_most,	 [TEST_MORE] = test_more,
	[TEST_AT_LEAST] = test_at_least, [TEST_TRUTH] = test_truth,
	[TEST_NETWORK] = test_network,	 [TEST_TEXT] = test_text,
};

bool predicate_match(const struct predicate *predicate, const struct event *event)
{
	uint16_t at = predicate->first;

	while (at < ACCEPT) {
		const struct step *step = &predicate->steps[at];
		const struct test *t = &step->test;

		at = event_has(event, t->field) && tests[t->kind](t, event) ? step->yes : step->no;
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

/* Emits from the last to the first, so that where to go on is always known: the first step. */
static uint16_t emit(struct build *b, const struct clause *clause, uint16_t yes, uint16_t no)
{
	uint16_t entry;

	switch (clause->kind) {
	case CLAUSE_NOT:
		return emit(b, clause->kid[0], no, yes);
	case CLAUSE_AND:
		entry = yes;
		for (unsigned i = clause->kids; i-- > 0;)
			entry = emit(b, clause->kid[i], entry, no);
		return entry;
	case CLAUSE_OR:
		entry = no;
		for (unsigned i = clause->kids; i-- > 0;)
			entry = emit(b, clause->kid[i], yes, entry);
		return entry;
	case CLAUSE_TEST:
		break;
	}
	b->steps[b->len] = (struct step){clause->test, yes, no};
	return (uint16_t)b->len++;
}

/* How much a test narrows: addresses and texts more than ports, few values more than many. */
static unsigned selectivity(const struct test *t)
{
	if (!t->len)
		return 0;
	switch (t->kind) {
	case TEST_NETWORK:
		for (unsigned i = 0; i < t->len; i++)
			if (t->networks[i].prefix != 128)
				return 0;
		return t->len <= 64 ? 400 - t->len : 0;
	case TEST_TEXT:
		for (unsigned i = 0; i < t->len; i++)
			if (!pattern_is_plain(&t->patterns[i]))
				return 0;
		return t->len <= 64 && field_table[t->field].type == TYPE_TEXT ? 300 - t->len : 0;
	case TEST_EQUAL:
		return t->len <= 64 && field_table[t->field].type == TYPE_COUNT ? 200 - t->len : 0;
	case TEST_NAMED:
		return field_table[t->field].type == TYPE_ENUM && t->len < 50 ? 50 - t->len : 0;
	case TEST_EXISTS:
	case TEST_LESS:
	case TEST_AT_MOST:
	case TEST_MORE:
	case TEST_AT_LEAST:
	case TEST_TRUTH:
	case TEST_KINDS:
		break;
	}
	return 0;
}

static const struct test *best_key(const struct clause *clause, const struct test *best)
{
	if (clause->kind == CLAUSE_AND)
		for (unsigned i = 0; i < clause->kids; i++)
			best = best_key(clause->kid[i], best);
	else if (clause->kind == CLAUSE_OR && clause->kids == 1)
		best = best_key(clause->kid[0], best);
	else if (clause->kind == CLAUSE_TEST &&
		 selectivity(&clause->test) > (best ? selectivity(best) : 0))
		best = &clause->test;
	return best;
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
	predicate->key = best_key(clause, NULL);
	return predicate;
}

const struct test *predicate_key(const struct predicate *predicate)
{
	return predicate->key;
}
