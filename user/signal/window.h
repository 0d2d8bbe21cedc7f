/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_WINDOW_H
#define WEIR_SIGNAL_WINDOW_H

#include "base/table.h"
#include "signal/engine.h"
#include "signal/key.h"

/*
 * A window rule while it runs. What its window type does with events and time is a table of
 * operations (hop.c, sliding.c, session.c); keys, aggregates and what is said are shared by all.
 */
struct window;

struct window_ops {
	int (*open)(struct window *window); /* -ENOMEM; NULL: nothing to do */
	void (*close)(struct window *window);
	/* An event of the key in order; timers due by then have run. */
	void (*event)(struct window *window, struct key *key, const struct event *event);
	/* Runs what is due at window->due, and sets it anew. */
	void (*timer)(struct window *window);
	/* The key is about to go, or to sleep. */
	void (*forget)(struct window *window, struct key *key);
	/* A key that was loaded has a timer; NULL: keys of this type have none. False: no memory.
	 */
	bool (*schedule)(struct window *window, struct key *key, weir_time at);
};

extern const struct window_ops hop_ops, sliding_ops, session_ops;
const struct window_ops *window_ops_of(enum window_type type);

/* A rule's samples (sample.c). */
struct sample_log {
	uint8_t *at;
	size_t cap;
	uint64_t end;  /* bytes ever written, and left out at the ring's end */
	uint64_t base; /* what is before is gone; it stands, or would, in the ring's first place */
};

/* What the event at hand is to all rules that group by the same fields. */
struct keying {
	const struct field_list *fields;
	uint64_t event; /* number of the event that the rest is of */
	bool known;	/* no field is null */
	struct item item;
	uint32_t hash;
};

/* A time when weir did not run, in event time. When there are too many the two oldest become one,
 * with the time between them: what was watched then is not claimed any more. */
#define ABSENCES_MAX 32
struct absence {
	weir_time from, until;
};

/* What all rules share: what is used again for each signal, and the room of single events. */
struct workshop {
	const struct ruleset *set;
	struct pool pool;
	struct tuple_buffer buffer;
	struct tuple_buffer numbers; /* of inner groups */
	struct tuple_buffer scratch; /* of series */
	struct arena arena;	     /* of the signal that is being said */
	struct {
		struct sample *sample;
		size_t cap;
		uint64_t event; /* number of the event that it is */
	} packed;
	struct keying *keyings; /* each list of fields once */
	unsigned keyings_len;
	uint64_t event; /* number of the one at hand, signals that windows count among them */
	const struct signal_engine_ops *ops;
	struct signal_engine_stats stats;
	weir_time clock; /* event time now */
	bool ended;	 /* the input is at its end: what closes is partial */
	/* When nobody watched, oldest first: windows that reach into it teach no baseline, and did
	 * not see all there was. */
	struct absence absence[ABSENCES_MAX];
	unsigned absences;
	bool elsewhere; /* events that weir did not watch itself: all of their time was seen */
};

#define WINDOW_BOUNDS_MAX 8

struct window {
	const struct window_ops *ops;
	const struct rule *rule;
	const struct rule_window *spec;
	struct workshop *shop;
	struct pool pool; /* all that the rule holds */
	struct plan plan, per_plan[RULE_PER_MAX];
	struct table groups[RULE_PER_MAX];
	struct distinct_space space;
	struct series_space series;
	struct key_store keys;
	unsigned keying; /* in shop->keyings */
	bool grows[RULE_COMPUTE_MAX];
	bool asked[RULE_COMPUTE_MAX]; /* the condition depends on it, or a baseline learns it */
	int outer[RULE_COMPUTE_MAX];  /* index among values over inner groups; -1: none */
	int scored[RULE_COMPUTE_MAX]; /* index among the key's baselines; -1: none */
	const char *threshold[RULE_COMPUTE_MAX];
	unsigned outers, scoreds;
	bool early; /* some part of the condition may be true before the close */
	struct expr_bound bounds[WINDOW_BOUNDS_MAX]; /* one of them holds then */
	int bounds_len;				     /* -1: more than could be listed */
	bool waits;	     /* some part is decided at the close only, or a baseline learns */
	bool listened;	     /* a rule takes its signals, those that output does not see too */
	bool bare;	     /* nobody reads what they hold: no evidence is kept for them */
	weir_time due;	     /* next timer; TIME_NEVER: none */
	weir_time tidy_at;   /* before it no key's windows have all passed */
	int8_t *rules;	     /* by ref: whether the event at hand matches it */
	struct expr_env env; /* of the event at hand, for `where` */
	struct value previous[RULE_FIELDS_MAX]; /* what prev() yields for it */
	uint64_t fired, suppressed;
	uint64_t lost;	     /* events that found no memory */
	uint64_t overflowed; /* events that found no room for one more inner group */
	size_t rows;	     /* bytes before the window's own rows of a key */
	struct sample_log samples;
	/* hop: keys by when they close next, a slot for each window end within a timespan */
	struct hop_slot *ring;
	weir_time pane; /* of the newest event */
	size_t ring_len;
	struct key **sorted;
	size_t sorted_cap;
	/* session: a heap of keys by when they may close */
	struct key **heap;
	uint32_t heap_len, heap_cap;
};

struct window *window_new(struct workshop *shop, const struct ruleset *set,
			  const struct rule *rule);
void window_free(struct window *window);

/* A key that is new in the store, but for what the store itself sets. */
void window_key_begin(struct window *window, struct key *key);

/* All goes but what the baselines have learned of the keys. */
void window_forget(struct window *window);

void window_stats(const struct window *window, struct signal_rule_stats *stats);

/* Asks memory for what window_event() will read of the event's key, in two steps. */
void window_expect(struct window *window, const struct event *event);
void window_expect_key(struct window *window);

/* An event that matches the rule; `matched` tells which rules of the set it matches. */
void window_event(struct window *window, const struct event *event, const bool *matched);

/* The same under one key, that of `keyed`; window->rules says which of the rules it matches there.
 */
void window_keyed(struct window *window, const struct event *event, const struct event *keyed);

/* aliased.c: window_event() of a rule with aliases: once under each key. */
void aliased_event(struct window *window, const struct event *event, const bool *matched);

/* Keys whose windows have all passed go or sleep. Cheap when there are none. True: keys are left.
 */
bool window_tidy(struct window *window);

/* A key's rows behind its cell: inner groups [per_len], early values over them [outers], then what
 * the baselines have learned [scoreds], and in its own line when they learn next. */
static inline struct group_list *key_groups(const struct window *window, const struct key *key)
{
	return (struct group_list *)((char *)key + window->rows);
}

static inline double *key_outer(const struct window *window, const struct key *key)
{
	return (double *)(key_groups(window, key) + window->spec->per_len);
}

static inline struct usual *key_baselines(const struct window *window, const struct key *key)
{
	return (struct usual *)(key_outer(window, key) + window->outers * AGGREGATE_WORDS_MAX);
}

/* Start of the next window that the baselines learn from; of rules that have some. */
static inline weir_time *key_aligned(const struct window *window, const struct key *key)
{
	return (weir_time *)(key_baselines(window, key) + window->scoreds);
}

/* A key's event before, as prev() asks for it (previous.c); of rules that do. */
struct previous {
	bool known;
	weir_time time;
	struct item item;    /* of the fields of spec->previous, null too */
	struct tuple *tuple; /* NULL: the item says it all */
};

static inline struct previous *key_previous(const struct window *window, const struct key *key)
{
	return (struct previous *)(key_aligned(window, key) + (window->scoreds > 0));
}

/* What prev() yields for the next event of the key: sets window->env. */
void previous_read(struct window *window, const struct key *key);
void previous_keep(struct window *window, struct key *key, const struct event *event);
void previous_free(struct window *window, struct key *key);

/* Inner groups: the same events, once more by group (group.c). */
struct group;
void groups_add(struct window *window, struct key *key, const struct event *event, weir_time pane);
void groups_seek(struct window *window, struct key *key, enum cell_cursor which, weir_time start);
void groups_trim(struct window *window, struct key *key, weir_time start);
void groups_unused(struct window *window, struct key *key, enum cell_cursor which);
void groups_free(struct window *window, struct key *key);
bool groups_estimated(const struct window *window, struct key *key, enum cell_cursor which,
		      unsigned computed);
struct value groups_value(struct window *window, struct key *key, enum cell_cursor which,
			  unsigned computed);

/* The key's cell and its groups together. */
void window_seek(struct window *window, struct key *key, enum cell_cursor which, weir_time start);
void window_trim(struct window *window, struct key *key, weir_time start);
void window_unused(struct window *window, struct key *key, enum cell_cursor which);
void window_add(struct window *window, struct key *key, const struct event *event, weir_time pane);

/* The i-th computed value of the cursor's window. */
struct value window_value(struct window *window, struct key *key, enum cell_cursor which,
			  unsigned i);

/* Whether the early cursor's window is true by what can only grow. */
bool window_fires(struct window *window, struct key *key);

/* Evidence (sample.c). */
void sample_keep(struct window *window, struct key *key, const struct event *event,
		 weir_time since);
void samples_free(struct key *key);

/* Texts of what it gives live until the next sample is kept. */
unsigned samples_of(const struct window *window, const struct key *key, weir_time since,
		    const struct event *now, struct event out[SIGNAL_SAMPLES_MAX]);

/* What is to be said of a window that is true (say.c). */
struct moment {
	enum cell_cursor cursor;
	weir_time start, end;	   /* of the window */
	weir_time time;		   /* event that made it true, or the last one */
	const struct event *event; /* it; NULL at a close */
	bool early;		   /* severity from what can only grow */
	bool final;		   /* of a window that was true before: only updates */
};

/* Whether the window's condition holds; fills in the baselines it was held against. */
struct judged {
	struct value values[RULE_COMPUTE_MAX];
	struct baseline_now now[RULE_COMPUTE_MAX]; /* by index of compute, where scored */
	struct window *window;
};
void judge(struct window *window, struct key *key, const struct moment *moment,
	   struct judged *judged);
int judged_truth(const struct judged *judged, bool partial);

/* Baselines (teach.c). */
struct usual_memory teach_memory(struct window *window);
void teach_begin(struct window *window, struct key *key, weir_time time);
void teach_gap(struct window *window, struct key *key, weir_time until);
void teach(struct window *window, struct key *key, const struct judged *judged, weir_time start,
	   bool flagged);
void teach_free(struct window *window, struct key *key);

void say(struct window *window, struct key *key, const struct moment *moment,
	 struct judged *judged);

/* Forgets the signals whose window has closed, but the newest. */
void fired_forget(struct window *window, struct key *key, weir_time closed);
void fired_free(struct window *window, struct key *key);

#endif
