/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "signal/cell_inside.h"

#define HISTORY_MIN 2

/* Before seqs reach their end, those of a cell begin anew. */
#define SEQ_MAX (UINT32_C(1) << 31)

static size_t history_size(const struct plan *plan, uint32_t cap)
{
	return sizeof(struct history) + CURSORS * plan->words * sizeof(double) +
	       cap * plan->pane_size;
}

void cell_init(const struct plan *plan, struct cell *cell)
{
	cell->oldest = 1;
	for (unsigned c = 0; c < CURSORS; c++)
		cell->start[c] = TIME_NONE;
	for (unsigned i = 0; i < plan->len; i++)
		if (plan->item[i].set >= 0)
			cell_set(plan, cell, (unsigned)plan->item[i].set)->keep =
				plan->item[i].aggregate->kind == AGGREGATE_VALUES;
}

static void drop_series(const struct plan *plan, struct cell *cell)
{
	for (unsigned i = 0; i < plan->len; i++) {
		const struct plan_item *item = &plan->item[i];
		struct series_panes panes;

		if (item->in_pane < 0)
			continue;
		panes = series_panes(plan, cell, item, cell->oldest);
		item->ops->series->expire(plan->series, cell_series(plan, cell) + item->in_cell,
					  series_pane(&panes, 0));
	}
}

static void drop_oldest(const struct plan *plan, struct cell *cell)
{
	if (plan->pane_series)
		drop_series(plan, cell);
	for (unsigned s = 0; s < plan->sets; s++) {
		struct distinct_panes panes = cell_set_panes(plan, cell, s);

		distinct_expire(plan->space, cell_set(plan, cell, s), &panes, cell->oldest);
	}
	cell->oldest++;
	if (cell->history && cell_panes(cell))
		cell->history->oldest = cell_pane_of(plan, cell, cell->oldest)->start;
}

void cell_free(const struct plan *plan, struct cell *cell)
{
	while (cell_panes(cell))
		drop_oldest(plan, cell);
	for (unsigned s = 0; s < plan->sets; s++) {
		distinct_free(plan->space, cell_set(plan, cell, s));
		for (unsigned c = 0; c < CURSORS; c++)
			distinct_cursor_reset(plan->space, cursor_set(plan, cell, c, s));
	}
	for (unsigned i = 0; plan->cell_series && i < plan->len; i++)
		if (plan->item[i].in_pane >= 0 && plan->item[i].ops->series->free)
			plan->item[i].ops->series->free(
				plan->series, cell_series(plan, cell) + plan->item[i].in_cell);
	if (cell->history)
		pool_put(plan->space->pool, cell->history, history_size(plan, cell->history->cap));
	memset(cell, 0, plan->cell_size);
	cell_init(plan, cell);
}

weir_time cell_oldest(const struct plan *plan, const struct cell *cell)
{
	if (!cell_panes(cell))
		return TIME_NONE;
	return cell->history ? cell->history->oldest : first_pane(plan, cell)->start;
}

weir_time cell_newest(const struct plan *plan, const struct cell *cell)
{
	return cell_panes(cell) ? cell_pane_of(plan, cell, cell->newest)->start : TIME_NONE;
}

/* The history of a cell with one pane so far. */
static int history_begin(const struct plan *plan, struct cell *cell)
{
	struct history *history = pool_get(plan->space->pool, history_size(plan, HISTORY_MIN));
	size_t row = plan->words * sizeof(double);
	struct pane *first = first_pane(plan, cell);

	if (!history)
		return -ENOMEM;
	history->cap = HISTORY_MIN;
	for (unsigned c = 0; c < CURSORS; c++) {
		if (!covers(cell, c, first))
			continue;
		history->cursor[c] = (struct cursor){.at = cell->newest, .back = cell->newest};
		memcpy(history_sums(plan, history, c), pane_own(first), row);
	}
	history->oldest = first->start;
	cell->history = history;
	memcpy(cell_pane_of(plan, cell, cell->newest), first, plan->pane_size - plan->front_size);
	return 0;
}

static int history_grow(const struct plan *plan, struct cell *cell)
{
	struct history *old = cell->history;
	struct history *history = pool_get(plan->space->pool, history_size(plan, old->cap * 2));

	if (!history)
		return -ENOMEM;
	memcpy(history, old, history_size(plan, 0));
	history->cap = old->cap * 2;
	for (uint32_t seq = cell->oldest; seq != cell->newest + 1; seq++) {
		struct pane *from = cell_pane_of(plan, cell, seq);

		cell->history = history;
		memcpy(cell_pane_of(plan, cell, seq), from, plan->pane_size);
		cell->history = old;
	}
	cell->history = history;
	pool_put(plan->space->pool, old, history_size(plan, old->cap));
	return 0;
}

/* All seqs less by what leaves each pane in its place of the ring. */
static void renumber(const struct plan *plan, struct cell *cell)
{
	uint32_t less = (cell->oldest - 1) & ~(cell->history ? cell->history->cap - 1 : 0);

	cell->oldest -= less;
	cell->newest -= less;
	for (unsigned c = 0; c < CURSORS; c++) {
		uint32_t at = cell_at(plan, cell, c);

		if (at && cell->history)
			stand(cell, c, at - less, cell->history->cursor[c].back - less);
		for (unsigned s = 0; at && s < plan->sets; s++)
			distinct_cursor_renumber(cursor_set(plan, cell, c, s), less);
	}
	for (unsigned s = 0; s < plan->sets; s++)
		distinct_renumber(cell_set(plan, cell, s), less);
}

/* Room for one more pane. */
static int make_room(const struct plan *plan, struct cell *cell)
{
	if (cell->newest >= SEQ_MAX)
		renumber(plan, cell);
	if (!cell->history)
		return cell_panes(cell) ? history_begin(plan, cell) : 0;
	return cell_panes(cell) == cell->history->cap ? history_grow(plan, cell) : 0;
}

int cell_pane(const struct plan *plan, struct cell *cell, weir_time start, weir_time time)
{
	struct pane *pane;
	int err;

	if (cell_panes(cell) && cell_pane_of(plan, cell, cell->newest)->start >= start)
		return 0;
	err = make_room(plan, cell);
	if (err)
		return err;
	cell->newest++;
	pane = cell_pane_of(plan, cell, cell->newest);
	memset(pane, 0, cell->history ? plan->pane_size : plan->pane_size - plan->front_size);
	pane->start = start;
	pane->first = time;
	if (cell->history && cell_panes(cell) == 1)
		cell->history->oldest = start;
	for (unsigned c = 0; c < CURSORS; c++)
		cursor_meet(plan, cell, c);
	return 0;
}

static void add_plain(const struct plan *plan, struct cell *cell, const struct plan_item *item,
		      const struct event *event)
{
	double number;

	if (!aggregate_number(item->aggregate, event, &number))
		return;
	item->ops->add(pane_own(cell_pane_of(plan, cell, cell->newest)) + item->plain, number);
	for (unsigned c = 0; cell->history && c < CURSORS; c++)
		if (cell->history->cursor[c].at)
			item->ops->add(history_sums(plan, cell->history, c) + item->plain, number);
}

static void add_set(const struct plan *plan, struct cell *cell, const struct plan_item *item,
		    const struct event *event)
{
	unsigned s = (unsigned)item->set;
	struct distinct_seen seen = {.set = cell_set(plan, cell, s),
				     .panes = cell_set_panes(plan, cell, s),
				     .seq = cell->newest};
	struct item value;

	if (!tuple_item(plan->space->buffer, event, &item->aggregate->fields, false, &value))
		return;
	for (unsigned c = 0; c < CURSORS; c++)
		if (cell_at(plan, cell, c))
			seen.cursor[c] = cursor_set(plan, cell, c, s);
	if (distinct_add(plan->space, &seen, &value, event, &item->aggregate->fields))
		plan->space->refused++;
}

static void add_series(const struct plan *plan, struct cell *cell, const struct plan_item *item,
		       const struct event *event)
{
	struct series_panes panes = series_panes(plan, cell, item, cell->oldest);

	item->ops->series->add(plan->series, item->aggregate,
			       cell_series(plan, cell) + item->in_cell, &panes, event);
}

void cell_add(const struct plan *plan, struct cell *cell, const struct expr_env *env)
{
	const struct event *event = env->event;

	for (unsigned i = 0; i < plan->len; i++) {
		const struct plan_item *item = &plan->item[i];

		if (item->aggregate->per >= 0)
			continue;
		if (item->aggregate->where && expr_truth(item->aggregate->where, env) != 1)
			continue;
		if (item->set >= 0)
			add_set(plan, cell, item, event);
		else if (item->plain >= 0)
			add_plain(plan, cell, item, event);
		else
			add_series(plan, cell, item, event);
	}
}

void cell_trim(const struct plan *plan, struct cell *cell, weir_time start)
{
	if (!cell_panes(cell) || cell_oldest(plan, cell) >= start)
		return;
	for (unsigned c = 0; c < CURSORS; c++)
		if (cell->start[c] != TIME_NONE)
			cell_seek(plan, cell, c, start);
	while (cell_panes(cell) && cell_oldest(plan, cell) < start)
		drop_oldest(plan, cell);
}
