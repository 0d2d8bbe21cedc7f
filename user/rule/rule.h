/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_RULE_H
#define WEIR_RULE_RULE_H

#include "base/time.h"
#include "rule/expr.h"
#include "rule/placeholder.h"
#include "rule/regex.h"
#include "rule/severity.h"

/*
 * A rule set: Sigma YAML, loaded, checked and compiled (docs/rules.md). Immutable once loaded, and
 * any thread may read it, but for what matching counts and keeps for itself (tally, filters'
 * counts, matcher): one thread at a time matches. All memory is the set's own.
 */

enum rule_kind {
	RULE_BASE,     /* selects events */
	RULE_WINDOW,   /* aggregates over events (or signals) of rules in a window: makes signals */
	RULE_TEMPORAL, /* signals (or events) of several rules together: makes detections */
};

enum window_type {
	WINDOW_SLIDING,
	WINDOW_TUMBLING,
	WINDOW_HOP,
	WINDOW_SESSION,
};

/* Kinds of aggregate. Names, arguments and units: rule/compute.c; how each is kept: signal/. */
enum aggregate_kind {
	AGGREGATE_COUNT,
	AGGREGATE_SUM,
	AGGREGATE_AVG,
	AGGREGATE_MIN,
	AGGREGATE_MAX,
	AGGREGATE_DISTINCT,
	AGGREGATE_VALUES,
	AGGREGATE_STDDEV,
	AGGREGATE_CV,
	AGGREGATE_MEDIAN,
	AGGREGATE_MAD,
	AGGREGATE_PERCENTILE,
	AGGREGATE_FIRST,
	AGGREGATE_LAST,
	AGGREGATE_ENTROPY,
	AGGREGATE_INTERVAL_MEAN,
	AGGREGATE_INTERVAL_CV,
	AGGREGATE_BEACON,
	AGGREGATE_KINDS,
};

#define RULE_FIELDS_MAX	 8 /* of a group-by or an aggregate's tuple */
#define RULE_COMPUTE_MAX 32
#define RULE_PER_MAX	 4
#define RULE_REFS_MAX	 32
#define RULE_LEVELS_MAX	 SEVERITY_COUNT

struct field_list {
	enum field at[RULE_FIELDS_MAX];
	unsigned len;
};

/*
 * One line of `compute`: over the events that match a ref of the rule, or (per >= 0) over the inner
 * groups of `per[per]`, one value a group: `max(dst.ports)` is {MAX, per of dst, inner of ports},
 * `count(dst where ports > 9)` is {COUNT, per of dst, inner -1}. Inner groups whose value is null
 * are skipped as null fields are.
 */
struct rule_aggregate {
	const char *name;
	enum aggregate_kind kind;
	struct field_list fields; /* over events; empty for COUNT and over inner groups */
	int per, inner; /* -1: over events; inner: index in that per's compute, -1: none */
	/* NULL: every event (group). Over events env.event and env.rules are read, over inner
	 * groups env.computed is the group's own computed values. */
	const struct expr *where;
	double percent; /* PERCENTILE: above 0, up to 100 */
	uint8_t type;	/* enum value_type of what it yields */
	enum unit unit;
	bool grows; /* can only grow within a window: may fire early */
};

/* An inner group of a window (`per`): its key's events once more grouped by further fields. */
struct rule_per {
	const char *name;
	struct field_list by;
	struct rule_aggregate *compute; /* over events: per and inner are -1 */
	unsigned compute_len;
	size_t max_groups; /* of one key in one window; what overflows is counted. 1,024 */
};

struct rule_baseline {
	bool used;
	unsigned warmup; /* windows until what was learned counts more than the prior */
	bool prior;	 /* mean and stddev below are set */
	double mean, stddev, floor;
};

struct rule_level {
	enum severity severity;
	const struct expr *when;
};

/* Quiet until the condition has been false (sliding windows without `suppress`). */
#define SUPPRESS_WHILE_TRUE (-1)

struct rule_window {
	enum window_type type;
	weir_time timespan, every, gap; /* every: hop only; tumbling: = timespan */
	/* Where a key is an alias, the field that it is in the first of the rules; by ref the
	 * fields that it is in the events of each (NULL: no key is one), of the same types. */
	struct field_list group_by, *by_ref;
	const char *key_names[RULE_FIELDS_MAX]; /* aliases; NULL: a field */
	struct rule_per per[RULE_PER_MAX];
	unsigned per_len;
	struct rule_aggregate compute[RULE_COMPUTE_MAX];
	unsigned compute_len;
	struct field_list previous; /* what prev() asks of a key's event before */
	const struct expr *having;  /* never NULL: without it, from Sigma's condition */
	struct rule_level levels[RULE_LEVELS_MAX]; /* most severe first */
	unsigned levels_len;
	struct rule_baseline baseline;
	const struct expr *confidence; /* over computed values; NULL: 1 */
	/* Default: the timespan; sliding without the key: SUPPRESS_WHILE_TRUE. */
	weir_time suppress;
	size_t max_keys;     /* default 100,000 */
	size_t max_distinct; /* values and numbers kept exactly; default 1,024 */
};

/* A group-by name of a temporal rule that is no field, and the field it is in each referenced rule.
 * The keys of a temporal rule are those of `group_by`, then the aliases, in that order. */
struct rule_alias {
	const char *name;
	enum field by_ref[RULE_REFS_MAX]; /* FIELD_NONE where that rule is not mapped */
};

struct rule_temporal {
	bool ordered;
	weir_time timespan;
	struct field_list group_by;
	struct rule_alias aliases[RULE_FIELDS_MAX];
	unsigned aliases_len;
	const struct expr *condition; /* over refs; NULL: all of them (or `require`) */
	unsigned require;	      /* any so many of the refs; 0: all */
	/* A value shared by the sets that the refs compute by values(); and by ref the index of
	 * that set in its compute, or -1 where the rule has none and is not asked. The same of
	 * differ. */
	struct field_list common, differ;
	int common_set[RULE_REFS_MAX], differ_set[RULE_REFS_MAX];
	int min_severity[RULE_REFS_MAX]; /* -1: any */
	struct rule_level levels[RULE_LEVELS_MAX];
	unsigned levels_len;
	const struct expr *confidence; /* over refs; NULL: 1 */
	weir_time suppress;	       /* default: the timespan */
};

/* A filter on one of its rules, ready to be asked. */
struct filter_use {
	unsigned filter; /* in ruleset.filters */
	bool computed;	 /* it asks for values that a window computes */
	const struct predicate *match;
};

/* An allow-list (Sigma's `filter`). Which rules it is for stands with them. */
struct rule_filter {
	const char *id, *title;
	struct place place;
	unsigned rules;	     /* how many it is for; 0: it does nothing */
	uint64_t suppressed; /* events and signals that it took out */
};

/* What matching counts of a rule. */
struct rule_tally {
	uint64_t gave_up; /* events on which a regular expression met its limit: not matched */
};

/* What a base rule that nothing refers to says of its events by itself. */
struct rule_single {
	weir_time suppress; /* default: 1 h */
};

/* A piece of a summary. */
enum summary_kind {
	SUMMARY_TEXT,
	SUMMARY_FIELD,	  /* a group field (base rules: any field of the event) */
	SUMMARY_COMPUTED, /* window: a computed value */
	SUMMARY_REMOTE,	  /* temporal: a value that ref computed */
	SUMMARY_COMMON,	  /* temporal: the values that the evidence shares, "a, b and 3 more" */
	SUMMARY_ALIAS,	  /* temporal: a group-by alias */
};

struct summary_part {
	enum summary_kind kind;
	const char *text;
	enum field field;
	unsigned ref, computed, alias;
};

struct rule {
	const char *id, *name, *title, *status, *description, *author, *date;
	const char *display;	       /* rule.name in output: `name`, upper case */
	const char *const *references; /* ended by NULL, as the next three */
	const char *const *falsepositives;
	const char *const *tags;
	const char *const *actions;	/* weir.actions */
	const char *tactic, *technique; /* first of the tags, "TA0008", "T1021"; NULL: none */
	enum severity level;
	struct place place;
	enum rule_kind kind;
	bool raise; /* makes detections, not signals (weir.raise) */
	bool alone; /* base: speaks for itself too: nothing refers to it, or a user says generate */
	const char *family; /* NULL: its own name */
	unsigned index;	    /* in ruleset.rules */
	/* Of what it decides by, its refs' too: the state of a rule of the same id and fingerprint
	 * may go on in it. Never 0. */
	uint64_t fingerprint;
	unsigned refs[RULE_REFS_MAX]; /* indexes of the rules it refers to */
	unsigned refs_len;
	const unsigned *users; /* indexes of the rules that refer to it */
	unsigned users_len;
	uint32_t services;	       /* base: bit a service it can match */
	struct field_set reads;	       /* event fields that it names anywhere */
	const struct predicate *match; /* base */
	const struct clause *clause;   /* base: what it was compiled from */
	/* What takes events out before they match (base) or are aggregated (windows), and what
	 * drops what the rule says (correlations). */
	const struct filter_use *event_filters, *signal_filters;
	unsigned event_filters_len, signal_filters_len;
	const struct summary_part *summary;
	unsigned summary_len;
	union {
		struct rule_single single; /* base */
		struct rule_window window;
		struct rule_temporal temporal;
	};
};

struct ruleset {
	struct arena arena;
	struct rule *rules; /* base rules first; a rule stands after its refs */
	unsigned len;
	uint32_t services;		       /* bit a service that any rule reads */
	struct field_set reads[SERVICE_COUNT]; /* fields that rules read of a service's events */
	struct rule_index *index;
	struct matcher *matcher;     /* what matching keeps for itself */
	struct rule_tally *tally;    /* by rule */
	struct rule_filter *filters; /* in the order of their files */
	unsigned filters_len;
	struct regexes regexes;
	/* Rules left out, with why (lenient), for `weir rules`. */
	VEC(struct fault) skipped;
};

struct rule_options {
	const char *const *paths; /* files and folders, the later wins by rule id; ended by NULL */
	/* A rule for events or fields that weir does not have is skipped and listed. */
	bool lenient;
	const struct rule_placeholder *placeholders;
	size_t placeholders_len;
};

/*
 * Loads all files under the paths: *.yml and *.yaml, folders whole, *.cases.yml (tests of rules)
 * left out. The names of roles must be set before (field_roles_set). Returns 0 if a set could be
 * made (*set, the caller's to free), -EINVAL if there are fatal faults (then *set is NULL). Every
 * fault is in `faults`.
 */
int ruleset_load(struct ruleset **set, const struct rule_options *options, struct faults *faults);

/* The same from memory, for tests and tools: `text` as if it stood in a file `name`. */
int ruleset_load_text(struct ruleset **set, const char *name, const char *text, size_t length,
		      struct faults *faults);
void ruleset_free(struct ruleset *set);

/* The field whose privacy holds for a key, or a computed value, of what a rule says; FIELD_NONE:
 * none. `fields` are the keys' fields; a key that is an alias stands for several, of which it is
 * the one that is kept back most. */
enum field rule_key_privacy(const struct rule *rule, const enum field *fields, unsigned key);
enum field rule_computed_privacy(const struct rule *rule, unsigned computed);

/*
 * The base rules that an event matches and no filter takes it from, as indexes into `matched` (room
 * for ruleset.len), in the set's order. Only rules that can match are tried: by service, then by
 * what an event must have (rule/index.c).
 */
unsigned rule_match(const struct ruleset *set, const struct event *event, unsigned *matched);

/* Whether a filter of a window rule takes the event out. Counts it. */
bool rule_drops_event(const struct ruleset *set, const struct rule *rule,
		      const struct event *event);

/* Whether a filter of a correlation drops what it is about to say: of these keys and, for windows,
 * computed values (NULL for others). Counts it. */
bool rule_drops_signal(const struct ruleset *set, const struct rule *rule,
		       const enum field *key_fields, const struct value *keys, unsigned keys_len,
		       const struct value *computed);

#endif
