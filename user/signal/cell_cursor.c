/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/cell_inside.h"

void cursor_empty(const struct plan *plan, struct cell *cell, unsigned which)
{
	stand(cell, which, 0, 0);
	if (cell->history)
		memset(history_sums(plan, cell->history, which), 0, plan->words * sizeof(double));
	for (unsigned s = 0; s < plan->sets; s++)
		distinct_cursor_reset(plan->space, cursor_set(plan, cell, which, s));
}

void cursor_meet(const struct plan *plan, struct cell *cell, unsigned which)
{
	if (!covers(cell, which, cell_pane_of(plan, cell, cell->newest)) ||
	    (cell->history && cell->history->cursor[which].at))
		return;
	stand(cell, which, cell->newest, cell->newest);
	for (unsigned s = 0; s < plan->sets; s++)
		cursor_set(plan, cell, which, s)->from = cell->newest;
}

static void merge(const struct plan *plan, double *into, const double *later)
{
	for (unsigned i = 0; i < plan->len; i++)
		if (plan->item[i].plain >= 0)
			plan->item[i].ops->merge(into + plan->item[i].plain,
						 later + plan->item[i].plain);
}

/* Moves what the cursor, which stands at `at`, sums up onto its panes: all but the newest, which
 * still grows. */
static void turn(const struct plan *plan, struct cell *cell, unsigned which, uint32_t at)
{
	size_t row = plan->words * sizeof(double);
	double *later = NULL;

	stand(cell, which, at, cell->newest);
	if (!cell->history)
		return;
	memcpy(history_sums(plan, cell->history, which),
	       pane_own(cell_pane_of(plan, cell, cell->newest)), row);
	for (uint32_t seq = cell->newest; seq != at;) {
		struct pane *pane = cell_pane_of(plan, cell, --seq);
		double *front = pane_front(plan, pane, which);

		memcpy(front, pane_own(pane), row);
		if (later)
			merge(plan, front, later);
		later = front;
	}
}

/* A cursor that was not in use counts what the panes from its start on hold. */
static void cursor_begin(const struct plan *plan, struct cell *cell, unsigned which)
{
	uint32_t at = 0;

	cursor_empty(plan, cell, which);
	for (uint32_t seq = cell->newest; seq + 1 != cell->oldest; seq--) {
		struct pane *pane = cell_pane_of(plan, cell, seq);

		if (!covers(cell, which, pane))
			break;
		at = seq;
		for (unsigned s = 0; s < plan->sets; s++) {
			cursor_set(plan, cell, which, s)->count += pane_set(plan, pane, s)->fresh;
			cursor_set(plan, cell, which, s)->from = seq;
		}
	}
	if (at)
		turn(plan, cell, which, at);
}

/* The cursor stood at `at` and its window starts later now. */
static void move_on(const struct plan *plan, struct cell *cell, unsigned which, uint32_t at)
{
	bool turned = false;

	while (at && !covers(cell, which, cell_pane_of(plan, cell, at))) {
		uint32_t next = at == cell->newest ? 0 : at + 1;

		for (unsigned s = 0; s < plan->sets; s++)
			distinct_leave(plan->space, cursor_set(plan, cell, which, s),
				       pane_set(plan, cell_pane_of(plan, cell, at), s), next);
		turned |= cell->history && at == cell->history->cursor[which].back;
		at = next;
	}
	if (!at)
		cursor_empty(plan, cell, which);
	else if (turned)
		turn(plan, cell, which, at);
	else if (cell->history)
		cell->history->cursor[which].at = at;
}

void cell_seek(const struct plan *plan, struct cell *cell, enum cell_cursor which, weir_time start)
{
	weir_time before = cell->start[which];
	uint32_t at;

	if (before != TIME_NONE && start <= before)
		return;
	at = cell_at(plan, cell, which);
	cell->start[which] = start;
	if (before == TIME_NONE)
		cursor_begin(plan, cell, which);
	else if (at)
		move_on(plan, cell, which, at);
}

void cell_unused(const struct plan *plan, struct cell *cell, enum cell_cursor which)
{
	cell->start[which] = TIME_NONE;
	cursor_empty(plan, cell, which);
}
