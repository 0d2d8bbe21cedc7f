/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_MODEL_USUAL_H
#define WEIR_MODEL_USUAL_H

#include "model/baseline.h"
#include "state/reader.h"

/*
 * Baselines of one rule, key and computed value by time of the week, UTC (docs/rules.md, zscore): a
 * line for each hour of the week, each hour of the day, and all time alike. A window is of the hour
 * in which it starts. Each line learns from its windows; a new value is held against the first of
 * the three that has learned from enough.
 */
#define USUAL_DAY  24
#define USUAL_WEEK 168

struct usual {
	struct baseline all;
	struct baseline *day;  /* [USUAL_DAY]; NULL: the key is not known for a day yet */
	struct baseline *week; /* [USUAL_WEEK]; NULL: nor for a week */
	weir_time since;       /* start of the first window; TIME_NONE: there was none */
};

/* Zeroed memory for lines, or NULL; from and back to the caller's pool. */
struct usual_memory {
	struct baseline *(*get)(void *context, size_t lines);
	void (*put)(void *context, struct baseline *lines, size_t len);
	void *context;
};

/* A zeroed one that no window was told of yet. */
void usual_begin(struct usual *usual);
void usual_free(struct usual *usual, const struct usual_memory *memory);

/* What a window that starts at `start` is held against. */
struct baseline_now usual_now(const struct usual *usual, const struct rule_window *rule,
			      weir_time start);

/* So many windows from `start` on of `rule->timespan` each, one behind the other, had no event. */
void usual_learn_nothing(struct usual *usual, const struct rule_window *rule, weir_time start,
			 uint64_t windows);

/* A window has closed with this value; flagged: it met its rule. Makes lines that it is time for;
 * without memory the others go on. */
void usual_learn(struct usual *usual, const struct rule_window *rule,
		 const struct usual_memory *memory, weir_time start, double value, bool flagged);

/* In a snapshot; and back, into one that has begun: 0, or -ENOMEM; that it was bad says the reader,
 * and what is there is then good for usual_free(). */
void usual_save(const struct usual *usual, struct state_writer *writer);
int usual_load(struct usual *usual, const struct usual_memory *memory, struct state_reader *reader);

#endif
