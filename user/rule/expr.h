/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_EXPR_H
#define WEIR_RULE_EXPR_H

#include "rule/fault.h"
#include "rule/value.h"

/*
 * Expressions of `where`, `having`, `severity`, `condition` and `confidence` (grammar: EBNF in
 * docs/rules.md). Compiled once to a program over slot numbers; evaluation looks nothing up by
 * name and allocates nothing. Three-valued: NULL is "unknown".
 */
struct expr;
struct rule_aggregate;

/* What names mean where an expression stands; filled by the loader of the rule. */
struct expr_scope {
	void *context;
	bool fields;		 /* event fields may be named (`where`) */
	struct field_set *reads; /* takes those that are; NULL: nobody asks */
	/* A computed value (`compute`, in order) by name, and what computes it; -1: none. NULL:
	 * none may be named. */
	int (*computed)(void *context, const char *name, size_t length,
			const struct rule_aggregate **aggregate);
	/* A rule by name: a base rule as predicate over the event, or (temporal) a signal's rule as
	 * "it holds". Its index in the rule's `refs`; -1: none. */
	int (*rule)(void *context, const char *name, size_t length);
	/* A value that a referenced rule computed ("port_scan.targets"), temporal only: index of
	 * the rule in *ref and of the value as result, the aggregate itself in *aggregate; -1:
	 * none.
	 */
	int (*remote)(void *context, const char *rule, size_t rule_length, const char *name,
		      size_t name_length, int *ref, const struct rule_aggregate **aggregate);
	bool baseline; /* zscore() and baseline() may be called */
	/* The place of a field among those that are kept of a key's event for prev() (`where` of
	 * windows); -1: no room for one more. NULL: prev() may not be called. */
	int (*previous)(void *context, enum field field);
	/* All known names, for "nearest" in messages; ended by NULL. */
	const char *const *names;
};

/* What an evaluation reads. Arrays are as long as the scope that compiled it says. */
struct expr_env {
	const struct event *event;    /* `where` */
	const struct value *previous; /* of the key's event before; NULL: there was none */
	const struct value *computed; /* by index of `compute` */
	/* By index of `refs`: 1 true, 0 false, -1 unknown. */
	const int8_t *rules;
	/* Functions that need state; called with the index of the computed value. */
	struct value (*zscore)(void *context, int computed);
	struct value (*baseline)(void *context, int computed);
	/* Of a referenced rule's signal (temporal): its severity (enum severity as number). */
	struct value (*severity)(void *context, int ref);
	struct value (*remote)(void *context, int ref, int computed);
	/* Number of values that stand in all the named sets (remote indexes). */
	struct value (*common)(void *context, const int *refs, const int *computed, int sets);
	void *context;
};

/* Compiles `text`, which stands at `at`; NULL with faults added. Memory from `arena`. */
const struct expr *expr_compile(const char *text, struct place at, const struct expr_scope *scope,
				struct arena *arena, struct faults *faults);

/* Whether the name is a function's. */
bool expr_is_function(const char *name, size_t length);

/* What it yields: VALUE_NULL if that is not known before. */
enum value_type expr_type(const struct expr *expr);
enum unit expr_unit(const struct expr *expr);

struct value expr_eval(const struct expr *expr, const struct expr_env *env);

/* 1 true, 0 false, -1 unknown. */
int expr_truth(const struct expr *expr, const struct expr_env *env);

/*
 * Early firing (docs/rules.md, Windows): a bit set per computed value whose monotone growth
 * (count, distinct, max, sum of a non-negative field: `grows`, by computed index) can make it
 * true before the window closes. False if it must wait for the close altogether.
 */
bool expr_fires_early(const struct expr *expr, const bool *grows, size_t computed);

/* As expr_truth(), but what is not monotone counts as unknown: true only if the window may fire.
 * `grows` is as long as the scope's computed values. */
int expr_truth_early(const struct expr *expr, const struct expr_env *env, const bool *grows);

/* A comparison that expr_truth_early() decides: while none of them holds, it is not true. */
struct expr_bound {
	int computed;
	bool strict; /* > and not >= */
	double number;
};

/* All of them, at most `max`; -1: there are more. */
int expr_bounds(const struct expr *expr, const bool *grows, struct expr_bound *bounds, int max);

/* True if the whole can only turn from false to true while the window is open. */
bool expr_grows(const struct expr *expr, const bool *grows, size_t computed);

/* As expr_truth(), of a window that the input's end cut short: only > >= and what is known() are
 * decided, and `and` and `or` of these. */
int expr_truth_cut(const struct expr *expr, const struct expr_env *env);

/* True if what the expression yields may depend on this computed value. */
bool expr_reads(const struct expr *expr, int computed);

/* True if the expression calls zscore() or baseline() on this computed value. */
bool expr_needs_baseline(const struct expr *expr, int computed);

/* The comparisons that name the computed value, as text for people ("> 20", "> 1GB or > 3
 * deviations"; cut where there is no room): what `weir.values.*.threshold` shows. False: none. */
#define THRESHOLD_MAX 160
bool expr_threshold(const struct expr *expr, int computed, char text[THRESHOLD_MAX]);

#endif
