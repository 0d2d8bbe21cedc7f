/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_SIGNAL_H
#define WEIR_SIGNAL_SIGNAL_H

#include "base/hash.h"
#include "rule/rule.h"
#include "signal/past.h"

/* What a window (or a single event) that met its rule says. */

#define SIGNAL_SAMPLES_MAX 8

/* One computed value with what it was held against. */
struct signal_value {
	const char *name; /* NULL: holds a place, whoever recorded the signal did not say it */
	struct value value;
	enum unit unit;
	const char *threshold; /* "> 20"; NULL: only shown */
	bool scored;	       /* the next three are set */
	double zscore, mean, deviation;
	bool estimated; /* beyond what is kept exactly, or short by what was forgotten */
	double error; /* then of the value, relative: what is stated of the estimate; 0: nothing */
};

/* The distinct tuples of one `values()` aggregate, for `common` and `differ`. */
struct signal_set {
	unsigned computed; /* index in rule_window.compute */
	struct field_list fields;
	const struct value *at; /* len × fields.len, in order of first appearance */
	unsigned len;
	bool whole;	       /* false: more than the exact bound were seen */
	struct past_seen past; /* then: those that are not in `at` */
};

/* Borrowed: alive during the call that hands it over. A bare one (signal_engine_ops.bare) has no
 * values, sets, samples and message. */
struct signal {
	const struct rule *rule;
	char id[UUID_TEXT_MAX];
	const enum field *key_fields;
	const struct value *keys;
	unsigned keys_len;
	weir_time start, time; /* first contributing event; the one that made it true */
	weir_time emitted;     /* event time then: of the event, or the end of the window */
	weir_time window_start, window_end;
	bool update;  /* of a signal said before: same id */
	bool silent;  /* suppressed: for correlation only, not for output */
	bool partial; /* the window reached past the end of the input */
	enum severity severity;
	double confidence, coverage; /* 0 to 1 */
	const struct signal_value *values;
	unsigned values_len;
	const struct signal_set *sets;
	unsigned sets_len;
	const struct event *samples; /* oldest first */
	unsigned samples_len;
	const char *message;
};

#endif
