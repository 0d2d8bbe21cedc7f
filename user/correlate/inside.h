/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_INSIDE_H
#define WEIR_CORRELATE_INSIDE_H

#include "correlate/temporal.h"

/* What correlation keeps: shared by what runs it and what saves it; nobody else includes it. */

struct life {
	struct item item; /* family and keys: in lives->table */
	struct life *close_before, *close_after, *told_before, *told_after;
	weir_time close_at, tell_at; /* TIME_NEVER: nothing untold */
	weir_time announce_at;	     /* TIME_NEVER: it was announced */
	struct detection detection;
	struct evidence *evidence[DETECTION_SIGNALS_MAX]; /* by time */
	const struct signal *signals[DETECTION_SIGNALS_MAX];
	unsigned evidence_len;
	uint64_t left_out; /* evidence that found no room */
	uint64_t
		dropped; /* signals that its rule no longer looks at, as it was when it held last */
	uint32_t number; /* in the last save */
	const char *common_name;
	unsigned common_width;
	struct arena arena; /* keys; and, made anew at each update, words and common values */
	struct arena words;
};

/* Copies the values and their texts; NULL without memory. */
const struct value *life_values(struct arena *arena, const struct value *values, unsigned len);

/* Takes in a life that was made elsewhere, and closes at `close_at`: its item is set here. False if
 * there is one of its family and keys, or without memory: it is the caller's still. */
bool lives_put(struct lives *lives, struct life *life, weir_time close_at);
/* It has something untold, which is due at `tell_at`. Those that are due at once are told in the
 * order of these calls. */
void lives_put_told(struct lives *lives, struct life *life, weir_time tell_at);

struct pair {
	struct item item;	    /* of the keys: in temporal->table */
	struct pair *older, *newer; /* by last arrival */
	weir_time arrived;
	uint64_t dropped;	   /* signals that found no room in refs */
	struct ref_signals refs[]; /* [refs_len] */
};

#define TEMPORAL_KEYS_MAX 100000

struct temporal {
	const struct rule *rule;
	struct lives *lives;
	struct table table;
	struct pair *oldest, *newest;
	weir_time keep; /* how long after its arrival a signal may still match */
	unsigned keys_len;
	const char *names[LIFE_NAMES_MAX];
	enum field fields[LIFE_NAMES_MAX];
	const char *common_name;
	struct temporal_ops ops;
};

/* The pair of the keys that this signal of a ref has, as the newest, made if it is not there; NULL
 * without memory, or if a key is null. */
struct pair *temporal_pair(struct temporal *temporal, unsigned ref, const struct signal *signal,
			   weir_time arrived);

struct correlate {
	const struct ruleset *set;
	struct correlate_ops ops;
	struct correlate_stats stats;
	struct pool pool;
	struct arena arena;
	struct tuple_buffer buffer;
	struct lives lives;
	struct temporal **temporal; /* by rule; NULL: not temporal */
	uint32_t saves;		    /* so far: tells this one's numbers of evidence from others' */
};

#endif
