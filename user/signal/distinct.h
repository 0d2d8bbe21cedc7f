/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_DISTINCT_H
#define WEIR_SIGNAL_DISTINCT_H

#include "signal/past.h"
#include "signal/sketch.h"
#include "signal/tuple.h"

/*
 * How many distinct values the newest panes of a cell hold, from whichever pane on: each value is
 * kept once, with the pane that saw it last; a window counts the values whose last pane is in it.
 *
 * Exact while a window has at most `max` values. Beyond, the value seen longest ago is pushed out,
 * and windows that reach back to it are estimated from HyperLogLog registers a pane
 * (SKETCH_ERROR); a set that keeps its values remembers the fingerprint of what it pushed out
 * (past.h).
 */

/* What is the same for all sets of a rule. */
struct distinct_space {
	struct pool *pool;
	struct tuple_buffer *buffer;
	uint32_t max;
	size_t sketches_left; /* bound of the registers' memory: each 2 KiB */
	uint64_t refused;     /* values and registers not had for want of it or of memory */
};

#define DISTINCT_MIN 2 /* entries of a new set; doubles up to its max */

/* How long a pane's list of first appearances may be: its room doubles until it holds twice as many
 * as the set keeps, and is then made anew without those that are not there any more. */
static inline size_t distinct_first_max(uint32_t max)
{
	return (size_t)max * 4 + DISTINCT_MIN;
}

/* Enough for the cursors of a cell, which see what is added and what is pushed out. */
#define DISTINCT_CURSORS 2

/* A set's part of a pane. */
struct distinct_pane {
	uint32_t fresh; /* values seen here last */
	uint32_t first_len, first_cap;
	uint32_t *first; /* keeping sets: entries in order of first appearance in the pane */
	struct sketch_part *sketch;
	/* By cursor: the union of the registers from here up to its `back_from`. */
	struct sketch_part *front[DISTINCT_CURSORS];
};

/*
 * Entries are numbered from 1 to `cap`; 0 is none. They stand in one block: entries [cap], of
 * keeping sets then kept tuples [cap], and of sets that are too large to be looked through then
 * hashed slots.
 */
struct distinct_entry {
	struct item item;
	uint32_t pane;	       /* seq of the pane that saw it last; 0: free */
	uint32_t older, newer; /* by last pane; also the list of free ones */
	uint32_t stamp;
};

struct distinct {
	struct distinct_entry *entries;
	struct past *past; /* keeping sets: what was pushed out */
	uint32_t cap, used, count, free;
	uint32_t oldest, newest;
	uint32_t forgotten; /* newest pane whose value was pushed out; 0: none */
	uint32_t stamp : 30;
	uint32_t keep : 1;	/* the tuples too: values() */
	uint32_t sketching : 1; /* panes have registers */
};

/* Counts the values of all panes from `from` on. */
struct distinct_cursor {
	uint32_t from; /* seq of the first pane */
	uint32_t count;
	struct sketch *sketch;	  /* union of the panes' registers, while it is asked for */
	struct sketch_part *back; /* union of the panes from `back_from` on */
	uint32_t back_from;	  /* 0: there is none */
};

/* The set's part of every pane of its cell, by seq. */
struct distinct_panes {
	char *first; /* of a seq that is a multiple of the number of places */
	size_t stride;
	uint32_t mask; /* places - 1 */
};

static inline struct distinct_pane *distinct_pane(const struct distinct_panes *panes, uint32_t seq)
{
	return (struct distinct_pane *)(panes->first + (seq & panes->mask) * panes->stride);
}

struct distinct_seen {
	struct distinct *set;
	struct distinct_panes panes;
	uint32_t seq;					  /* of the newest pane */
	struct distinct_cursor *cursor[DISTINCT_CURSORS]; /* NULL: does not include the pane */
};

/* A value in the newest pane. `event` and `fields` only for keeping sets. 0, or -ENOMEM (then the
 * value is not counted). */
int distinct_add(struct distinct_space *space, const struct distinct_seen *seen,
		 const struct item *item, const struct event *event,
		 const struct field_list *fields);

/* The cursor leaves `pane` behind; `next` is its new first pane's seq. */
void distinct_leave(struct distinct_space *space, struct distinct_cursor *cursor,
		    const struct distinct_pane *pane, uint32_t next);

/* The oldest pane is about to go: values seen last in it are forgotten as too old to matter. */
void distinct_expire(struct distinct_space *space, struct distinct *set,
		     const struct distinct_panes *panes, uint32_t seq);

/* All seqs of the cell become less by `less`. */
void distinct_renumber(struct distinct *set, uint32_t less);

/* The same of a cursor that has panes. */
static inline void distinct_cursor_renumber(struct distinct_cursor *cursor, uint32_t less)
{
	cursor->from -= less;
	cursor->back_from = cursor->back_from > less ? cursor->back_from - less : 0;
}

/* True the first time that it is asked of an entry since `set->stamp` moved on; false of a free
 * one. */
bool distinct_once(struct distinct *set, uint32_t entry);

/* The values of one entry of a keeping set; texts live as long as the entry. */
void distinct_values(const struct distinct *set, uint32_t entry, const struct field_list *fields,
		     struct value *values);

/* True if the cursor's windows have had more than `max` values. */
static inline bool distinct_estimated(const struct distinct *set,
				      const struct distinct_cursor *cursor)
{
	return set->forgotten && cursor->from <= set->forgotten;
}

/* True if the cursor's sketch must be built (distinct_union()) before distinct_count(). */
static inline bool distinct_wants_sketch(const struct distinct *set,
					 const struct distinct_cursor *cursor)
{
	return distinct_estimated(set, cursor) && !cursor->sketch;
}

/* Empty registers out of what the space may have; NULL: none are left, or no memory. */
struct sketch_part *distinct_part_new(struct distinct_space *space);

/* Makes the sketch of cursor number `which` (union.c). Without memory there is none. */
void distinct_union(struct distinct_space *space, const struct distinct_panes *panes,
		    struct distinct_cursor *cursor, unsigned which, uint32_t newest);

double distinct_count(const struct distinct_space *space, const struct distinct *set,
		      struct distinct_cursor *cursor);

void distinct_cursor_reset(struct distinct_space *space, struct distinct_cursor *cursor);

/*
 * A set as a snapshot has it: its entries by number (1 to `used`) in the order of its list, oldest
 * first; the parts of its panes; `forgotten` and `sketching`. It is built anew, after its panes, by
 * making room, putting the entries in that same order, and ending; then come the parts.
 */
static inline struct distinct_entry *distinct_entry(const struct distinct *set, uint32_t entry)
{
	return &set->entries[entry - 1];
}

/* What is kept of the entry's values; NULL: the item says them. Of keeping sets. */
static inline struct tuple **distinct_kept(const struct distinct *set, uint32_t entry)
{
	return (struct tuple **)(set->entries + set->cap) + (entry - 1);
}

/* Room for entries up to `used`, in a set that has none. 0, or -ENOMEM. */
int distinct_rebuild(struct distinct_space *space, struct distinct *set, uint32_t used);

/* The entry `entry`, which is free, has this value, seen last in the pane `seq`. The set owns
 * `kept` from then on (NULL: the item says it all). */
void distinct_put(struct distinct *set, const struct distinct_panes *panes, uint32_t entry,
		  uint32_t seq, const struct item *item, struct tuple *kept);

/* Whether the value is in already. */
bool distinct_has(const struct distinct *set, const struct item *item);

/* Numbers that were not put are free. */
void distinct_rebuilt(struct distinct *set);

/* Of a set whose panes have all gone. */
void distinct_free(struct distinct_space *space, struct distinct *set);

#endif
