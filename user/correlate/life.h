/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_LIFE_H
#define WEIR_CORRELATE_LIFE_H

#include "correlate/correlate.h"
#include "correlate/match.h"

/*
 * A detection from the moment it is raised until its rule has not held for `suppress`. One a
 * family (or rule) and keys at a time: what holds meanwhile updates it.
 *
 * An update that only says again what is known (no new signal, no worse severity) is told at most
 * once in LIFE_TELL of event time; its count is right all the same. It is announced once: when it
 * is critical, or LIFE_TELL after it was raised.
 */
#define LIFE_TELL      (5 * WEIR_SEC)
#define LIVES_MAX      10000
#define LIFE_NAMES_MAX (2 * RULE_FIELDS_MAX)

struct lives {
	const struct ruleset *set;
	struct table table;
	struct life *first_close, *last_close; /* by when they close */
	struct life *first_told, *last_told;   /* with something untold, by when it is due */
	const struct correlate_ops *ops;
	struct correlate_stats *stats;
	struct pool *pool;
	struct arena *arena;
	struct tuple_buffer *buffer;
	uint64_t *fired; /* by rule */
};

/* Why a rule holds now. */
struct holding {
	const struct rule *rule;
	weir_time now, suppress;
	const char *const *names; /* of the keys */
	const enum field *fields; /* FIELD_NONE: an alias */
	const struct value *keys;
	unsigned keys_len;
	const struct evidence *const *evidence;
	unsigned evidence_len;
	const struct evidence *arrived; /* of it, what was not there before */
	uint64_t dropped;		/* signals that the rule no longer looks at */
	const struct value *common;
	unsigned common_len, common_width;
	double common_wrong;
	const char *common_name;
	enum severity severity;
	double confidence, coverage;
	const char *message;
};

void lives_init(struct lives *lives);
void lives_free(struct lives *lives);

/* What came of it. */
struct held {
	const struct detection *detection; /* NULL: nothing, without memory */
	bool raised;			   /* else it was open */
	bool news;			   /* raised, or a new signal, or a worse severity */
};

/* The rule holds: raises a detection or updates the open one. A rule that makes signals has the
 * same life, but nobody is told of it as of a detection. */
struct held lives_hold(struct lives *lives, const struct holding *holding);

/* Event time is `now`: what is due is told or closed, in order. */
void lives_advance(struct lives *lives, weir_time now);

/* The end of the input: what is untold is told, all stays open. */
void lives_end(struct lives *lives);

/* Why it fired, in words, a line each thing (why.c). */
const char *why_of(struct arena *arena, const struct detection *detection, const char *common_name,
		   unsigned common_width, uint64_t left_out, uint64_t dropped);

/* "a, b and 3 more". */
const char *why_list(struct arena *arena, const struct field_list *fields,
		     const struct value *values, unsigned len, unsigned width);

#endif
