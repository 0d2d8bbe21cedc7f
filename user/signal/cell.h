/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_CELL_H
#define WEIR_SIGNAL_CELL_H

#include "base/arena.h"
#include "signal/plan.h"

/*
 * The aggregates of one key (or of one inner group of a key) over time, in panes that overlapping
 * windows share. Events come in order and a window is always asked for while nothing behind its
 * end has come yet, so a window is "all panes from its start on"; a cursor stands at such a start
 * and only moves forward. What a cursor covers is known at once, and moving it costs a constant a
 * pane (two stacks: Tangwongsan, Hirzel, Schneider, "Optimal and general out-of-order sliding-
 * window aggregation", 2019, section 2), however many panes a window has.
 *
 * Panes are numbered from 1 in order of time (`seq`); those from `oldest` to `newest` are alive.
 * Most keys have one pane ever, so the first one is in the cell itself, and a cursor's sum is that
 * pane's. With the second one the cell gets a history, until it is freed: panes in a ring, by seq,
 * and for each cursor where it stands and what it sums up.
 */

enum cell_cursor {
	CURSOR_CLOSE, /* the oldest window that has still to close */
	CURSOR_EARLY, /* the oldest window that may still become true before it closes */
	CURSORS,
};
_Static_assert(CURSORS == DISTINCT_CURSORS, "a set tells all cursors of its cell");

struct signal_set;

struct pane {
	weir_time start, first; /* first: its earliest event */
	/* Then: words [words], distinct_pane [sets], bytes of series; in a history also words
	 * [CURSORS][words], what it and the panes up to the cursor's `back` come to. */
};

struct cursor {
	uint32_t at;   /* first pane in the window; 0: none */
	uint32_t back; /* panes from here on are summed up in the cursor, the ones before it each
			* hold the sum from themselves up to it */
};

struct history {
	uint32_t cap; /* panes there is room for: a power of two */
	struct cursor cursor[CURSORS];
	weir_time oldest; /* start of the oldest pane; of a cell with panes */

	/* Then: words [CURSORS][words], panes [cap]. */
};

struct cell {
	struct history *history;
	uint32_t oldest, newest;  /* oldest > newest: there is no pane */
	weir_time start[CURSORS]; /* of the cursor's window; TIME_NONE: it is not in use */
	/* Then: distinct_cursor [CURSORS][sets], distinct [sets], bytes of series, the first
	 * pane. */
};

/*
 * A cell as a snapshot has it (cell_save.c): its panes from `oldest` to `newest`, of each its
 * times, its words and its parts of the sets; the sets (distinct.h); the series; `start`. All else
 * follows from these. It is built anew by cell_init(), then for each pane cell_pane() and its
 * words, then the sets and the series, then cell_seek() for each cursor in use. Panes have the
 * numbers 1, 2, … then.
 */

/* `cell` has plan->cell_size bytes, zeroed. */
void cell_init(const struct plan *plan, struct cell *cell);
void cell_free(const struct plan *plan, struct cell *cell);

/* The pane that starts at `start` becomes (or is) the newest. -ENOMEM: the event is lost. */
int cell_pane(const struct plan *plan, struct cell *cell, weir_time start, weir_time time);

/* Adds env->event to the newest pane; conditions read `env`. */
void cell_add(const struct plan *plan, struct cell *cell, const struct expr_env *env);

static inline uint32_t cell_panes(const struct cell *cell)
{
	return cell->newest + 1 - cell->oldest;
}

/* When the oldest and the newest pane start; TIME_NONE: there is none. */
weir_time cell_oldest(const struct plan *plan, const struct cell *cell);
weir_time cell_newest(const struct plan *plan, const struct cell *cell);

/* Puts the cursor at the window that starts at `start` (never back), in use from now on. */
void cell_seek(const struct plan *plan, struct cell *cell, enum cell_cursor which, weir_time start);
void cell_unused(const struct plan *plan, struct cell *cell, enum cell_cursor which);

/* Forgets panes that start before `start`; cursors in use move at least there. */
void cell_trim(const struct plan *plan, struct cell *cell, weir_time start);

/* The i-th value of the cursor's window; null for what is computed over inner groups. */
struct value cell_value(const struct plan *plan, struct cell *cell, enum cell_cursor which,
			unsigned i);

/* How good the i-th value is. */
struct series_told cell_told(const struct plan *plan, struct cell *cell, enum cell_cursor which,
			     unsigned i);

/* Whether any event is in the cursor's window, and when the first came. */
bool cell_first(const struct plan *plan, const struct cell *cell, enum cell_cursor which,
		weir_time *first);

/* The tuples of a values() line in order of first appearance; texts live as long as the panes. */
int cell_values(const struct plan *plan, struct cell *cell, enum cell_cursor which, unsigned i,
		struct arena *arena, struct signal_set *set);

#endif
