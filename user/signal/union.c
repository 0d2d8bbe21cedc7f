/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/distinct.h"

/*
 * The union of the registers of a cursor's panes. Two stacks, as for sums (cell.h): the registers
 * since a turn are summed up behind the cursor, each pane before it holds the union from itself up
 * to there. So a pane that a cursor leaves costs a constant number of unions, and not as many as
 * there are panes.
 */

static void part_set(struct sketch_part *part, const struct sketch_part *to)
{
	*part = to ? *to : (struct sketch_part){0};
}

static void part_join(struct sketch_part *into, const struct sketch_part *more)
{
	for (unsigned i = 0; i < SKETCH_REGISTERS; i++)
		if (into->rank[i] < more->rank[i])
			into->rank[i] = more->rank[i];
}

/* False without room: the union must do without. */
static bool turn(struct distinct_space *space, const struct distinct_panes *panes,
		 struct distinct_cursor *cursor, unsigned which, uint32_t newest)
{
	struct sketch_part *later = NULL;

	cursor->back_from = 0;
	if (!cursor->back)
		cursor->back = distinct_part_new(space);
	if (!cursor->back)
		return false;
	part_set(cursor->back, distinct_pane(panes, newest)->sketch);
	for (uint32_t seq = newest; seq != cursor->from;) {
		struct distinct_pane *pane = distinct_pane(panes, --seq);

		if (!pane->front[which])
			pane->front[which] = distinct_part_new(space);
		if (!pane->front[which])
			return false;
		part_set(pane->front[which], pane->sketch);
		if (later)
			part_join(pane->front[which], later);
		later = pane->front[which];
	}
	cursor->back_from = newest;
	return true;
}

static void merge_all(const struct distinct_panes *panes, struct distinct_cursor *cursor,
		      uint32_t newest)
{
	for (uint32_t seq = cursor->from; seq != newest + 1; seq++)
		if (distinct_pane(panes, seq)->sketch)
			sketch_merge(cursor->sketch, distinct_pane(panes, seq)->sketch);
}

void distinct_union(struct distinct_space *space, const struct distinct_panes *panes,
		    struct distinct_cursor *cursor, unsigned which, uint32_t newest)
{
	cursor->sketch = pool_get(space->pool, sizeof(*cursor->sketch));
	if (!cursor->sketch)
		return;
	sketch_init(cursor->sketch);
	if (cursor->from > cursor->back_from && !turn(space, panes, cursor, which, newest)) {
		merge_all(panes, cursor, newest);
	} else {
		if (cursor->from != cursor->back_from)
			sketch_merge(cursor->sketch,
				     distinct_pane(panes, cursor->from)->front[which]);
		sketch_merge(cursor->sketch, cursor->back);
	}
	sketch_merged(cursor->sketch);
}
