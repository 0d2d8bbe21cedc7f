/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_PREDICATE_H
#define WEIR_RULE_PREDICATE_H

#include "base/arena.h"
#include "rule/pattern.h"

/*
 * What a base rule asks of an event. Its `detection` becomes a tree of clauses, and that a program:
 * steps in a row, each one test of one slot and where to go on if it is met or not. A field that
 * is missing meets no test but "missing" itself, so `not` of a test of it is true, as in Sigma.
 */

enum test_kind {
	TEST_EXISTS,
	TEST_NAMED,    /* ENUM, ROLES: one of a set of numbers */
	TEST_EQUAL,    /* a number, one of a sorted list */
	TEST_LESS,     /* < bound */
	TEST_AT_MOST,  /* <= bound */
	TEST_MORE,     /* > bound */
	TEST_AT_LEAST, /* >= bound */
	TEST_TRUTH,
	TEST_NETWORK, /* an address in one of the networks */
	TEST_TEXT,    /* one of the patterns; an address as it is written */
	TEST_KINDS,
};

struct test {
	enum test_kind kind;
	enum field field;
	unsigned len;
	union {
		uint64_t named[4];
		const double *numbers;
		double bound;
		bool truth;
		const struct network *networks;
		const struct pattern *patterns;
	};
};

enum clause_kind { CLAUSE_TEST, CLAUSE_AND, CLAUSE_OR, CLAUSE_NOT };

struct clause {
	enum clause_kind kind;
	struct clause **kid;
	unsigned kids;
	struct test test;
};

struct predicate;

/* NULL without memory, or with more than 65,000 tests. */
const struct predicate *predicate_compile(const struct clause *clause, struct arena *arena);
bool predicate_match(const struct predicate *predicate, const struct event *event);

/* The test that every event must meet and that fewest do, as far as can be told; NULL: none that
 * an index can use. */
const struct test *predicate_key(const struct predicate *predicate);

#endif
