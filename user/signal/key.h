/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_KEY_H
#define WEIR_SIGNAL_KEY_H

#include "base/hash.h"
#include "model/usual.h"
#include "signal/admission.h"
#include "signal/cell.h"
#include "signal/roster.h"

/*
 * The keys of a window rule: who is known, since when, and who goes first when room is short.
 *
 * Two lists, each ordered by last event: keys with one event so far, and all others. The head of
 * the first goes first (last event time, creation number), then the head of the second (least
 * recently updated). A key whose windows have all passed goes at once, unless it must be
 * remembered (quiet by `suppress`, or a baseline): then it sleeps, without panes.
 *
 * Memory: a rule may have millions of keys, nearly all with one event. Such a key is one entry of
 * the store's roster (struct key, its cell with the one pane in it, then the window's rows: see
 * window.h) and 8 to 21 bytes of the table. All else is made when it is needed: kept values, where
 * the item does not say them; samples, from the second event on; what was said; more panes
 * (cell.h). Keys and lists call each other by their numbers in the roster.
 */

/* A signal that was said: what its updates go on with. */
struct fired {
	struct fired *older;
	weir_time window, window_end;
	weir_time first; /* contributing event */
	weir_time said;	 /* time of the event that made it true */
	enum severity severity;
	char id[UUID_TEXT_MAX];
};

/* Inner groups (`per`) of a key, by last event. */
struct group_list {
	struct group *oldest, *newest;
	size_t len;
	weir_time overflow; /* newest event that found no room; TIME_NONE: none */
};

struct key {
	struct item item;     /* first: what the roster finds it by */
	uint64_t created;     /* number in order of creation */
	weir_time last;	      /* event */
	weir_time close_at;   /* end of its next window to close; TIME_NEVER: none */
	weir_time true_until; /* start of the newest window known to be true */
	uint32_t number;      /* its own */
	uint32_t older, newer;
	union {
		struct {
			uint32_t ring_older, ring_newer; /* hop: closes at the same time */
		};
		uint32_t heap_at; /* session: position among those that will close */
	};
	uint8_t samples_len;
	bool single : 1, asleep : 1;
	bool short_of : 1;   /* was forgotten before: values may be too small */
	bool coarse : 1;     /* sliding: panes hold more than one moment */
	bool holds : 1;	     /* sliding: its condition was true at its last event */
	struct tuple *kept;  /* of its values; NULL: the item says them */
	struct fired *fired; /* newest first */
	uint64_t samples;    /* the newest: 1 + its place in the rule's log; 0: none */
	weir_time sampled;   /* time of the first of the samples_len that were kept together */
	struct cell cell;    /* last: its rows follow, then the window's */
};

struct key_list {
	uint32_t oldest, newest;
	uint32_t awake; /* oldest that is not asleep */
};

struct key_store {
	struct roster roster;
	struct key_list single, many;
	struct admission admission;
	struct pool *pool;
	struct tuple_buffer *buffer;
	const struct field_list *fields;
	size_t max;
	uint64_t max_bytes; /* of the pool; beyond it keys go as if there were too many */
	uint64_t created, evicted;
	/* Frees what the key holds beyond itself. */
	void (*release)(void *context, struct key *key);
	void *context;
};

/* `max_bytes` is unlimited until it is set. */
void keys_init(struct key_store *store, struct pool *pool, struct tuple_buffer *buffer,
	       const struct field_list *fields, size_t key_size, size_t max);
void keys_free(struct key_store *store);

/* The key of a number; NULL for ROSTER_NONE. */
static inline struct key *key_at(const struct key_store *store, uint32_t number)
{
	return number ? roster_at(&store->roster, number) : NULL;
}

/* The key's state for an event of `time`, made if it is not known; *fresh then. NULL without
 * memory. `hash` is the roster's. Counts the event: last event time, single or not. */
struct key *keys_touch(struct key_store *store, const struct item *item, uint32_t hash,
		       const struct event *event, bool *fresh);

/* Its values, as many as the store has fields; texts live as long as the key. */
void key_values(const struct key_store *store, const struct key *key, struct value *values);

void keys_remove(struct key_store *store, struct key *key);

/*
 * Keys as a snapshot has them: each list from its oldest on, by `newer`; of a key all but its
 * numbers. They are built anew in the same order. The key that is made has `single` and `asleep` as
 * given, and is not counted as created: the caller sets `created`, of key and store. The key owns
 * `kept`. NULL without memory, or if the item is known: `kept` is the caller's then.
 */
struct key *keys_restore(struct key_store *store, const struct item *item, struct tuple *kept,
			 bool single, bool asleep);

/* The oldest key awake whose last event is before `before`; NULL: none. */
struct key *keys_stale(struct key_store *store, weir_time before);
void keys_sleep(struct key_store *store, struct key *key);

/* Nobody has to go before this time, if the ones awake may stay for `awake` from their
 * last event on and those asleep for `asleep`. TIME_NEVER: there is no key. */
weir_time keys_next(const struct key_store *store, weir_time awake, weir_time asleep);

/* A sleeping key whose last event is at or before `until`; NULL: none. */
struct key *keys_sleeping(struct key_store *store, weir_time until);

#endif
