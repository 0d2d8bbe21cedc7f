/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_CELL_INSIDE_H
#define WEIR_SIGNAL_CELL_INSIDE_H

#include "signal/cell.h"

/*
 * The inside of a cell: where its parts lie behind one another (cell.h), and what its panes
 * (cell.c), its cursors (cell_cursor.c), its values (cell_value.c) and its snapshot (cell_save.c)
 * share. Nobody else includes it, but for tests.
 */

static inline double *pane_own(struct pane *pane)
{
	return (double *)(pane + 1);
}

static inline struct distinct_cursor *cursor_set(const struct plan *plan, const struct cell *cell,
						 unsigned which, unsigned set)
{
	return (struct distinct_cursor *)(cell + 1) + which * plan->sets + set;
}

static inline struct distinct *cell_set(const struct plan *plan, const struct cell *cell,
					unsigned set)
{
	return (struct distinct *)cursor_set(plan, cell, CURSORS, 0) + set;
}

static inline char *cell_series(const struct plan *plan, const struct cell *cell)
{
	return (char *)cell_set(plan, cell, plan->sets);
}

static inline struct pane *first_pane(const struct plan *plan, const struct cell *cell)
{
	return (struct pane *)(cell_series(plan, cell) + plan->cell_series);
}

static inline double *history_sums(const struct plan *plan, struct history *history, unsigned which)
{
	return (double *)(history + 1) + which * plan->words;
}

static inline char *history_panes(const struct plan *plan, struct history *history)
{
	return (char *)history_sums(plan, history, CURSORS);
}

static inline struct pane *cell_pane_of(const struct plan *plan, const struct cell *cell,
					uint32_t seq)
{
	struct history *history = cell->history;

	if (!history)
		return first_pane(plan, cell);
	return (struct pane *)(history_panes(plan, history) +
			       (seq & (history->cap - 1)) * plan->pane_size);
}

static inline struct distinct_pane *pane_set(const struct plan *plan, struct pane *pane,
					     unsigned set)
{
	return (struct distinct_pane *)(pane_own(pane) + plan->words) + set;
}

static inline char *pane_series(const struct plan *plan, struct pane *pane)
{
	return (char *)pane_set(plan, pane, plan->sets);
}

static inline double *pane_front(const struct plan *plan, struct pane *pane, unsigned which)
{
	return (double *)(pane_series(plan, pane) + plan->pane_series) + which * plan->words;
}

static inline struct distinct_panes cell_set_panes(const struct plan *plan, const struct cell *cell,
						   unsigned set)
{
	return (struct distinct_panes){
		.first = (char *)pane_set(plan, cell_pane_of(plan, cell, 0), set),
		.stride = plan->pane_size,
		.mask = cell->history ? cell->history->cap - 1 : 0,
	};
}

/* A series' part of the panes from `at` on. */
static inline struct series_panes series_panes(const struct plan *plan, const struct cell *cell,
					       const struct plan_item *item, uint32_t at)
{
	return (struct series_panes){
		.first = pane_series(plan, cell_pane_of(plan, cell, 0)) + item->in_pane,
		.stride = plan->pane_size,
		.mask = cell->history ? cell->history->cap - 1 : 0,
		.at = at,
		.len = cell->newest + 1 - at,
	};
}

/* Whether the cursor is in use and its window holds this pane. */
static inline bool covers(const struct cell *cell, unsigned which, const struct pane *pane)
{
	return cell->start[which] != TIME_NONE && pane->start >= cell->start[which];
}

/* The first pane of the cursor's window; 0: there is none, or the cursor is not in use. */
static inline uint32_t cell_at(const struct plan *plan, const struct cell *cell,
			       enum cell_cursor which)
{
	if (cell->history)
		return cell->history->cursor[which].at;
	if (!cell_panes(cell) || !covers(cell, which, first_pane(plan, cell)))
		return 0;
	return cell->newest;
}

static inline void stand(struct cell *cell, unsigned which, uint32_t at, uint32_t back)
{
	if (cell->history)
		cell->history->cursor[which] = (struct cursor){.at = at, .back = back};
}

/* The cursor has no pane, and sums up nothing. */
void cursor_empty(const struct plan *plan, struct cell *cell, unsigned which);

/* The newest pane is new: cursors that had none and include it stand there. */
void cursor_meet(const struct plan *plan, struct cell *cell, unsigned which);

#endif
