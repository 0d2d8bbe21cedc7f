/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/cell.h"

#include <errno.h>

#include "signal/signal.h"

/* A pane's partials: its own, and for each cursor what it and the panes up to the cursor's `back`
 * come to. */
enum { SUM_OWN, SUM_FRONT, SUM_ROWS = SUM_FRONT + CURSORS };

struct pane {
	struct pane *older, *newer;
	weir_time start, first; /* first: its earliest event */
	uint32_t seq;
	/* Then: partials [SUM_ROWS][plains], distinct_pane [sets]. */
};

static struct partial *pane_sums(const struct plan *plan, struct pane *pane, unsigned row)
{
	return (struct partial *)(pane + 1) + row * plan->plains;
}

static struct distinct_pane *pane_set(const struct plan *plan, struct pane *pane, unsigned set)
{
	return (struct distinct_pane *)pane_sums(plan, pane, SUM_ROWS) + set;
}

static struct partial *cursor_sums(const struct plan *plan, struct cell *cell, unsigned which)
{
	return (struct partial *)(cell + 1) + which * plan->plains;
}

static struct distinct_cursor *cursor_set(const struct plan *plan, struct cell *cell,
					  unsigned which, unsigned set)
{
	return (struct distinct_cursor *)cursor_sums(plan, cell, CURSORS) + which * plan->sets +
	       set;
}

static struct distinct *cell_set(const struct plan *plan, struct cell *cell, unsigned set)
{
	return (struct distinct *)cursor_set(plan, cell, CURSORS, 0) + set;
}

void plan_init(struct plan *plan, const struct rule_aggregate *list, unsigned len,
	       size_t max_distinct, struct distinct_space *space, struct tuple_buffer *buffer)
{
	*plan = (struct plan){.len = len, .space = space, .buffer = buffer};
	plan->max_distinct = max_distinct ? (uint32_t)max_distinct : 1;
	for (unsigned i = 0; i < len; i++) {
		struct plan_item *item = &plan->item[i];

		*item = (struct plan_item){&list[i], &aggregate_table[list[i].kind], -1, -1};
		plan->where |= list[i].where != NULL && list[i].per < 0;
		if (list[i].per >= 0)
			continue;
		if (item->ops->set)
			item->set = (int)plan->sets++;
		else
			item->plain = (int)plan->plains++;
	}
	plan->pane_size = sizeof(struct pane) + SUM_ROWS * plan->plains * sizeof(struct partial) +
			  plan->sets * sizeof(struct distinct_pane);
	plan->cell_size = sizeof(struct cell) + CURSORS * plan->plains * sizeof(struct partial) +
			  CURSORS * plan->sets * sizeof(struct distinct_cursor) +
			  plan->sets * sizeof(struct distinct);
}

void cell_init(const struct plan *plan, struct cell *cell)
{
	cell->oldest_start = cell->newest_start = TIME_NONE;
	for (unsigned c = 0; c < CURSORS; c++)
		cell->cursor[c].start = TIME_NONE;
	for (unsigned i = 0; i < plan->len; i++) {
		const struct plan_item *item = &plan->item[i];

		if (item->set < 0)
			continue;
		cell_set(plan, cell, (unsigned)item->set)->max = plan->max_distinct;
		cell_set(plan, cell, (unsigned)item->set)->keep =
			item->aggregate->kind == AGGREGATE_VALUES;
	}
}

static void drop_oldest(const struct plan *plan, struct cell *cell)
{
	struct pane *pane = cell->oldest;

	for (unsigned s = 0; s < plan->sets; s++)
		distinct_expire(plan->space, cell_set(plan, cell, s), pane_set(plan, pane, s));
	cell->oldest = pane->newer;
	*(pane->newer ? &pane->newer->older : &cell->newest) = NULL;
	cell->oldest_start = pane->newer ? pane->newer->start : TIME_NONE;
	if (!pane->newer)
		cell->newest_start = TIME_NONE;
	cell->panes--;
	pool_put(plan->space->pool, pane, plan->pane_size);
}

void cell_free(const struct plan *plan, struct cell *cell)
{
	while (cell->oldest)
		drop_oldest(plan, cell);
	for (unsigned s = 0; s < plan->sets; s++) {
		distinct_free(plan->space, cell_set(plan, cell, s));
		for (unsigned c = 0; c < CURSORS; c++)
			distinct_cursor_reset(plan->space, cursor_set(plan, cell, c, s));
	}
	memset(cell, 0, plan->cell_size);
	cell_init(plan, cell);
}

/* The cursor has no pane, and sums up nothing. */
static void cursor_empty(const struct plan *plan, struct cell *cell, unsigned which)
{
	struct cursor *cursor = &cell->cursor[which];

	cursor->at = cursor->back = NULL;
	memset(cursor_sums(plan, cell, which), 0, plan->plains * sizeof(struct partial));
	for (unsigned s = 0; s < plan->sets; s++)
		distinct_cursor_reset(plan->space, cursor_set(plan, cell, which, s));
}

/* The newest pane is new: cursors that had none and include it stand there. */
static void cursor_meet(const struct plan *plan, struct cell *cell, unsigned which)
{
	struct cursor *cursor = &cell->cursor[which];

	if (cursor->start == TIME_NONE || cursor->at || cell->newest->start < cursor->start)
		return;
	cursor->at = cursor->back = cell->newest;
	for (unsigned s = 0; s < plan->sets; s++)
		cursor_set(plan, cell, which, s)->from = cell->newest->seq;
}

int cell_pane(const struct plan *plan, struct cell *cell, weir_time start, weir_time time)
{
	struct pane *pane;

	if (cell->newest_start >= start)
		return 0;
	pane = pool_get(plan->space->pool, plan->pane_size);
	if (!pane)
		return -ENOMEM;
	pane->start = start;
	pane->first = time;
	pane->seq = ++cell->seq;
	for (unsigned s = 0; s < plan->sets; s++)
		pane_set(plan, pane, s)->seq = pane->seq;
	pane->older = cell->newest;
	if (!cell->newest)
		cell->oldest_start = start;
	*(cell->newest ? &cell->newest->newer : &cell->oldest) = pane;
	cell->newest = pane;
	cell->newest_start = start;
	cell->panes++;
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
	item->ops->add(&pane_sums(plan, cell->newest, SUM_OWN)[item->plain], number);
	for (unsigned c = 0; c < CURSORS; c++)
		if (cell->cursor[c].at)
			item->ops->add(&cursor_sums(plan, cell, c)[item->plain], number);
}

static void add_set(const struct plan *plan, struct cell *cell, const struct plan_item *item,
		    const struct event *event)
{
	unsigned s = (unsigned)item->set;
	struct distinct_seen seen = {.set = cell_set(plan, cell, s),
				     .pane = pane_set(plan, cell->newest, s)};
	struct item value;

	if (!tuple_item(plan->buffer, event, &item->aggregate->fields, false, &value))
		return;
	for (unsigned c = 0; c < CURSORS; c++)
		seen.cursor[c] = cell->cursor[c].at ? cursor_set(plan, cell, c, s) : NULL;
	if (distinct_add(plan->space, &seen, &value, event, &item->aggregate->fields))
		plan->space->refused++;
}

void cell_add(const struct plan *plan, struct cell *cell, const struct event *event,
	      const int8_t *rules)
{
	struct expr_env env = {.event = event, .rules = rules};

	for (unsigned i = 0; i < plan->len; i++) {
		const struct plan_item *item = &plan->item[i];

		if (item->aggregate->per >= 0)
			continue;
		if (item->aggregate->where && expr_truth(item->aggregate->where, &env) != 1)
			continue;
		if (item->set >= 0)
			add_set(plan, cell, item, event);
		else
			add_plain(plan, cell, item, event);
	}
}

static void merge(const struct plan *plan, struct partial *into, const struct partial *later)
{
	for (unsigned i = 0; i < plan->len; i++)
		if (plan->item[i].plain >= 0)
			plan->item[i].ops->merge(&into[plan->item[i].plain],
						 &later[plan->item[i].plain]);
}

/* Moves what the cursor sums up onto its panes: all but the newest, which still grows. */
static void turn(const struct plan *plan, struct cell *cell, unsigned which)
{
	struct cursor *cursor = &cell->cursor[which];
	size_t row = plan->plains * sizeof(struct partial);

	cursor->back = cell->newest;
	memcpy(cursor_sums(plan, cell, which), pane_sums(plan, cell->newest, SUM_OWN), row);
	if (cursor->at == cursor->back)
		return;
	for (struct pane *pane = cursor->back->older;; pane = pane->older) {
		struct partial *front = pane_sums(plan, pane, SUM_FRONT + which);

		memcpy(front, pane_sums(plan, pane, SUM_OWN), row);
		if (pane->newer != cursor->back)
			merge(plan, front, pane_sums(plan, pane->newer, SUM_FRONT + which));
		if (pane == cursor->at)
			return;
	}
}

/* A cursor that was not in use counts what the panes from its start on hold. */
static void cursor_begin(const struct plan *plan, struct cell *cell, unsigned which)
{
	struct cursor *cursor = &cell->cursor[which];

	cursor_empty(plan, cell, which);
	for (struct pane *pane = cell->newest; pane && pane->start >= cursor->start;
	     pane = pane->older) {
		cursor->at = pane;
		for (unsigned s = 0; s < plan->sets; s++) {
			cursor_set(plan, cell, which, s)->count += pane_set(plan, pane, s)->fresh;
			cursor_set(plan, cell, which, s)->from = pane->seq;
		}
	}
	if (cursor->at)
		turn(plan, cell, which);
}

void cell_seek(const struct plan *plan, struct cell *cell, enum cell_cursor which, weir_time start)
{
	struct cursor *cursor = &cell->cursor[which];
	bool turned = false;

	if (cursor->start == TIME_NONE) {
		cursor->start = start;
		cursor_begin(plan, cell, which);
		return;
	}
	if (start <= cursor->start)
		return;
	cursor->start = start;
	while (cursor->at && cursor->at->start < start) {
		struct pane *next = cursor->at->newer;

		for (unsigned s = 0; s < plan->sets; s++)
			distinct_leave(plan->space, cursor_set(plan, cell, which, s),
				       pane_set(plan, cursor->at, s), next ? next->seq : 0);
		turned |= cursor->at == cursor->back;
		cursor->at = next;
	}
	if (!cursor->at)
		cursor_empty(plan, cell, which);
	else if (turned)
		turn(plan, cell, which);
}

void cell_unused(const struct plan *plan, struct cell *cell, enum cell_cursor which)
{
	cell->cursor[which].start = TIME_NONE;
	cursor_empty(plan, cell, which);
}

void cell_trim(const struct plan *plan, struct cell *cell, weir_time start)
{
	if (!cell->oldest || cell->oldest_start >= start)
		return;
	for (unsigned c = 0; c < CURSORS; c++)
		if (cell->cursor[c].start != TIME_NONE)
			cell_seek(plan, cell, c, start);
	while (cell->oldest && cell->oldest_start < start)
		drop_oldest(plan, cell);
}

static double set_count(const struct plan *plan, struct cell *cell, unsigned which, unsigned s)
{
	struct distinct *set = cell_set(plan, cell, s);
	struct distinct_cursor *cursor = cursor_set(plan, cell, which, s);

	if (distinct_wants_sketch(set, cursor) && distinct_sketch(plan->space, cursor))
		for (struct pane *pane = cell->cursor[which].at; pane; pane = pane->newer)
			if (pane_set(plan, pane, s)->sketch)
				sketch_merge(cursor->sketch, pane_set(plan, pane, s)->sketch);
	return distinct_count(set, cursor);
}

struct value cell_value(const struct plan *plan, struct cell *cell, enum cell_cursor which,
			unsigned i)
{
	const struct plan_item *item = &plan->item[i];
	const struct cursor *cursor = &cell->cursor[which];
	struct partial whole = {0};

	if (item->set >= 0)
		return value_number(cursor->at ? set_count(plan, cell, which, (unsigned)item->set)
					       : 0);
	if (item->plain < 0)
		return (struct value){.type = VALUE_NULL};
	if (cursor->at && cursor->at != cursor->back)
		whole = pane_sums(plan, cursor->at, SUM_FRONT + which)[item->plain];
	item->ops->merge(&whole, &cursor_sums(plan, cell, which)[item->plain]);
	return item->ops->value(&whole);
}

bool cell_estimated(const struct plan *plan, const struct cell *at, enum cell_cursor which,
		    unsigned i)
{
	struct cell *cell = (struct cell *)at;
	int s = plan->item[i].set;

	return s >= 0 && cell->cursor[which].at &&
	       distinct_estimated(cell_set(plan, cell, (unsigned)s),
				  cursor_set(plan, cell, which, (unsigned)s));
}

bool cell_first(const struct cell *cell, enum cell_cursor which, weir_time *first)
{
	const struct pane *pane = cell->cursor[which].at;

	if (pane)
		*first = pane->first;
	return pane != NULL;
}

int cell_values(const struct plan *plan, struct cell *cell, enum cell_cursor which, unsigned i,
		struct arena *arena, struct signal_set *out)
{
	unsigned s = (unsigned)plan->item[i].set;
	struct distinct *set = cell_set(plan, cell, s);
	const struct field_list *fields = &plan->item[i].aggregate->fields;
	struct value *at = arena_alloc(arena, (set->count * fields->len + 1) * sizeof(*at));

	if (!at)
		return -ENOMEM;
	*out = (struct signal_set){.computed = i, .fields = *fields, .at = at};
	out->whole = !cell_estimated(plan, cell, which, i);
	set->stamp++;
	for (struct pane *pane = cell->cursor[which].at; pane; pane = pane->newer) {
		const struct distinct_pane *seen = pane_set(plan, pane, s);

		for (uint32_t f = 0; f < seen->first_len; f++) {
			struct distinct_entry *entry = &set->entries[seen->first[f]];

			if (!entry->pane || entry->stamp == set->stamp)
				continue;
			entry->stamp = set->stamp;
			memcpy(at + out->len++ * fields->len, entry->tuple->at,
			       fields->len * sizeof(*at));
		}
	}
	return 0;
}
