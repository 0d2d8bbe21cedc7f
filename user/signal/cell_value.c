/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "signal/cell_inside.h"
#include "signal/signal.h"

static double set_count(const struct plan *plan, struct cell *cell, unsigned which, unsigned s)
{
	struct distinct *set = cell_set(plan, cell, s);
	struct distinct_cursor *cursor = cursor_set(plan, cell, which, s);

	if (distinct_wants_sketch(set, cursor)) {
		struct distinct_panes panes = cell_set_panes(plan, cell, s);

		distinct_union(plan->space, &panes, cursor, which, cell->newest);
	}
	return distinct_count(plan->space, set, cursor);
}

static struct value plain_value(const struct plan *plan, struct cell *cell, unsigned which,
				uint32_t at, const struct plan_item *item)
{
	struct history *history = cell->history;
	double whole[AGGREGATE_WORDS_MAX] = {0};

	if (!history)
		return item->ops->value(at ? pane_own(first_pane(plan, cell)) + item->plain
					   : whole);
	if (at && at != history->cursor[which].back)
		memcpy(whole, pane_front(plan, cell_pane_of(plan, cell, at), which) + item->plain,
		       item->ops->words * sizeof(double));
	item->ops->merge(whole, history_sums(plan, history, which) + item->plain);
	return item->ops->value(whole);
}

static struct value series_value(const struct plan *plan, struct cell *cell, unsigned which,
				 uint32_t at, const struct plan_item *item,
				 struct series_told *told)
{
	struct series_panes panes;

	*told = (struct series_told){0};
	if (!at)
		return (struct value){.type = VALUE_NULL};
	panes = series_panes(plan, cell, item, at);
	panes.start = cell->start[which];
	return item->ops->series->value(plan->series, item->aggregate,
					cell_series(plan, cell) + item->in_cell, panes, told);
}

struct value cell_value(const struct plan *plan, struct cell *cell, enum cell_cursor which,
			unsigned i)
{
	const struct plan_item *item = &plan->item[i];
	uint32_t at = cell_at(plan, cell, which);
	struct series_told told;

	if (item->set >= 0)
		return value_number(at ? set_count(plan, cell, which, (unsigned)item->set) : 0);
	if (item->in_pane >= 0)
		return series_value(plan, cell, which, at, item, &told);
	if (item->plain < 0)
		return (struct value){.type = VALUE_NULL};
	return plain_value(plan, cell, which, at, item);
}

struct series_told cell_told(const struct plan *plan, struct cell *cell, enum cell_cursor which,
			     unsigned i)
{
	const struct plan_item *item = &plan->item[i];
	uint32_t at = cell_at(plan, cell, which);
	struct series_told told = {0};

	if (item->in_pane >= 0)
		series_value(plan, cell, which, at, item, &told);
	if (item->set < 0 || !at ||
	    !distinct_estimated(cell_set(plan, cell, (unsigned)item->set),
				cursor_set(plan, cell, which, (unsigned)item->set)))
		return told;
	return (struct series_told){.estimated = true, .error = SKETCH_ERROR};
}

bool cell_first(const struct plan *plan, const struct cell *cell, enum cell_cursor which,
		weir_time *first)
{
	uint32_t at = cell_at(plan, cell, which);

	if (at)
		*first = cell_pane_of(plan, cell, at)->first;
	return at != 0;
}

int cell_values(const struct plan *plan, struct cell *cell, enum cell_cursor which, unsigned i,
		struct arena *arena, struct signal_set *out)
{
	unsigned s = (unsigned)plan->item[i].set;
	struct distinct *set = cell_set(plan, cell, s);
	const struct field_list *fields = &plan->item[i].aggregate->fields;
	struct value *at = arena_alloc(arena, (set->count * fields->len + 1) * sizeof(*at));
	uint32_t from = cell_at(plan, cell, which);

	if (!at)
		return -ENOMEM;
	*out = (struct signal_set){.computed = i, .fields = *fields, .at = at};
	out->whole = !cell_told(plan, cell, which, i).estimated;
	if (!out->whole && past_window(set->past, from, arena, &out->past))
		return -ENOMEM;
	set->stamp++;
	for (uint32_t seq = from; from && seq != cell->newest + 1; seq++) {
		const struct distinct_pane *seen = pane_set(plan, cell_pane_of(plan, cell, seq), s);

		for (uint32_t f = 0; f < seen->first_len; f++)
			if (distinct_once(set, seen->first[f]))
				distinct_values(set, seen->first[f], fields,
						at + out->len++ * fields->len);
	}
	return 0;
}
