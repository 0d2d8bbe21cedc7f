/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_KEY_H
#define WEIR_SIGNAL_KEY_H

#include "base/hash.h"
#include "base/table.h"
#include "model/baseline.h"
#include "signal/admission.h"
#include "signal/cell.h"

/*
 * The keys of a window rule: who is known, since when, and who goes first when room is short.
 *
 * Two lists, each ordered by last event: keys with one event so far, and all others. The head of
 * the first goes first (last event time, creation number), then the head of the second (least
 * recently updated). A key whose windows have all passed goes at once, unless it must be
 * remembered (quiet by `suppress`, or a baseline): then it sleeps, without panes.
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

/* A contributing event that was kept as evidence. */
struct sample {
	struct sample *older, *newer; /* of the rule, by time */
	struct key *key;
	struct event event;
	char *text; /* what the event's texts point into */
	size_t text_size;
};

/* Inner groups (`per`) of a key, by last event. */
struct group_list {
	struct group *oldest, *newest;
	size_t len;
	weir_time overflow; /* newest event that found no room; TIME_NONE: none */
};

#define KEY_SAMPLES_MAX 8

struct key {
	struct item item; /* in the store's table */
	uint64_t created; /* number in order of creation */
	struct key *older, *newer;
	struct key *ring_older, *ring_newer; /* closes at the same time */
	weir_time last;			     /* event */
	weir_time close_at;		     /* end of its next window to close; TIME_NEVER: none */
	weir_time true_until;		     /* start of the newest window known to be true */
	size_t heap_at;			     /* session: position among those that will close */
	struct tuple *values;
	struct fired *fired; /* newest first */
	struct sample *sample[KEY_SAMPLES_MAX];
	uint8_t samples;
	bool single, asleep;
	bool short_of;		    /* was forgotten before: values may be too small */
	bool coarse;		    /* sliding: panes hold more than one moment */
	bool holds;		    /* sliding: its condition was true at its last event */
	weir_time aligned;	    /* start of the next window that its baselines learn from */
	struct group_list *per;	    /* [per_len] */
	struct partial *outer;	    /* [outer]: early values over inner groups */
	struct baseline *baselines; /* [scored] */
	struct cell cell;	    /* last: its rows follow */
};

struct key_list {
	struct key *oldest, *newest;
	struct key *awake; /* oldest that is not asleep */
};

struct key_store {
	struct table table;
	struct key_list single, many;
	struct admission admission;
	struct pool *pool;
	size_t max, key_size;
	uint64_t created, evicted;
	/* Frees what the key holds beyond itself. */
	void (*release)(void *context, struct key *key);
	void *context;
};

void keys_init(struct key_store *store, struct pool *pool, size_t key_size, size_t max);
void keys_free(struct key_store *store);

/* The key's state for an event of `time`, made if it is not known; *fresh then. NULL without
 * memory. Counts the event: last event time, single or not. */
struct key *keys_touch(struct key_store *store, const struct item *item, const struct event *event,
		       const struct field_list *fields, bool *fresh);

void keys_remove(struct key_store *store, struct key *key);

/* The oldest key awake whose last event is before `before`; NULL: none. */
struct key *keys_stale(struct key_store *store, weir_time before);
void keys_sleep(struct key_store *store, struct key *key);

/* The oldest sleeping key; NULL: none. */
struct key *keys_sleeping(struct key_store *store);

#endif
