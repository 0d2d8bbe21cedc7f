/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_PREDICATE_H
#define WEIR_RULE_PREDICATE_H

#include "base/arena.h"
#include "rule/fold.h"
#include "rule/literals.h"
#include "rule/regex.h"
#include "rule/value.h"

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
	TEST_NETWORK,	/* an address in one of the networks */
	TEST_TEXT,	/* one of the patterns; what is no text as it is written */
	TEST_REGEX,	/* one of the expressions, likewise */
	TEST_KEYWORD,	/* one of the patterns in any text of the event; no field */
	TEST_KEYREGEX,	/* one of the expressions, likewise */
	TEST_REFERENCE, /* another field of the event */
	TEST_KINDS,
};

/* What of a time is compared, UTC. */
enum time_part {
	PART_NONE, /* all of it */
	PART_MINUTE,
	PART_HOUR,
	PART_DAY,  /* of the month */
	PART_WEEK, /* ISO 8601 */
	PART_MONTH,
	PART_YEAR,
};

/* A field of a test from here on is the value that a signal computed: FIELD_COMPUTED + its index.
 */
#define FIELD_COMPUTED ((enum field)(FIELD_COUNT + 1))

struct test {
	enum test_kind kind;
	enum field field; /* FIELD_NONE: any text */
	unsigned len;
	enum time_part part; /* of numbers */
	union {
		uint64_t named[4];
		const double *numbers;
		double bound;
		bool truth;
		const struct network *networks;
		struct {
			const struct pattern *patterns;
			const struct literals *quick; /* NULL: patterns are tried in turn */
		};
		struct regex *const *regexes;
		struct {
			enum field other;
			uint8_t open; /* enum pattern_open: of the other within the field */
			bool cased;
		};
	};
};

enum clause_kind { CLAUSE_TEST, CLAUSE_AND, CLAUSE_OR, CLAUSE_NOT };

struct clause {
	enum clause_kind kind;
	struct clause **kid;
	unsigned kids;
	struct test test;
};

/* What a predicate is asked about. */
struct look {
	const struct event *event;
	const struct value *computed; /* NULL: no test asks for computed values */
	struct folds *folds;
	bool gave_up; /* set where an expression met its limit: the answer is then false */
};

struct predicate;

/* NULL without memory, or with more than 65,000 tests. */
const struct predicate *predicate_compile(const struct clause *clause, struct arena *arena);
bool predicate_match(const struct predicate *predicate, struct look *look);

/* Tests of a clause, and of what it can be met by: for the index. */
bool test_match(const struct test *test, struct look *look);

#endif
