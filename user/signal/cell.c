/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/cell.h"

#include <errno.h>

#include "signal/signal.h"

#define HISTORY_MIN 2

/* Before seqs reach their end, those of a cell begin anew. */
#define SEQ_MAX (UINT32_C(1) << 31)

static struct distinct_cursor *cursor_set(const struct plan *plan, const struct cell *cell,
					  unsigned which, unsigned set)
{
	return (struct distinct_cursor *)(cell + 1) + which * plan->sets + set;
}

struct distinct *cell_set(const struct plan *plan, const struct cell *cell, unsigned set)
{
	return (struct distinct *)cursor_set(plan, cell, CURSORS, 0) + set;
}

static char *cell_series(const struct plan *plan, const struct cell *cell)
{
	return (char *)cell_set(plan, cell, plan->sets);
}

static struct pane *first_pane(const struct plan *plan, const struct cell *cell)
{
	return (struct pane *)(cell_series(plan, cell) + plan->cell_series);
}

static double *history_sums(const struct plan *plan, struct history *history, unsigned which)
{
	return (double *)(history + 1) + which * plan->words;
}

static char *history_panes(const struct plan *plan, struct history *history)
{
	return (char *)history_sums(plan, history, CURSORS);
}

static size_t history_size(const struct plan *plan, uint32_t cap)
{
	return sizeof(struct history) + CURSORS * plan->words * sizeof(double) +
	       cap * plan->pane_size;
}

struct pane *cell_pane_of(const struct plan *plan, const struct cell *cell, uint32_t seq)
{
	struct history *history = cell->history;

	if (!history)
		return first_pane(plan, cell);
	return (struct pane *)(history_panes(plan, history) +
			       (seq & (history->cap - 1)) * plan->pane_size);
}

static struct distinct_pane *pane_set(const struct plan *plan, struct pane *pane, unsigned set)
{
	return (struct distinct_pane *)(pane_own(pane) + plan->words) + set;
}

static char *pane_series(const struct plan *plan, struct pane *pane)
{
	return (char *)pane_set(plan, pane, plan->sets);
}

static double *pane_front(const struct plan *plan, struct pane *pane, unsigned which)
{
	return (double *)(pane_series(plan, pane) + plan->pane_series) + which * plan->words;
}

struct distinct_panes cell_set_panes(const struct plan *plan, const struct cell *cell, unsigned set)
{
	return (struct distinct_panes){
		.first = (char *)pane_set(plan, cell_pane_of(plan, cell, 0), set),
		.stride = plan->pane_size,
		.mask = cell->history ? cell->history->cap - 1 : 0,
	};
}

/* A series' part of the panes from `at` on. */
static struct series_panes series_panes(const struct plan *plan, const struct cell *cell,
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

static void item_place(struct plan *plan, struct plan_item *item)
{
	const struct aggregate_ops *ops = item->ops;

	if (ops->set)
		item->set = (int)plan->sets++;
	if (ops->words) {
		item->plain = (int)plan->words;
		plan->words += ops->words;
	}
	if (!ops->series)
		return;
	item->in_pane = (int)plan->pane_series;
	item->in_cell = (int)plan->cell_series;
	plan->pane_series += ops->series->pane_size;
	plan->cell_series += ops->series->cell_size;
}

void plan_init(struct plan *plan, const struct rule_aggregate *list, unsigned len,
	       struct distinct_space *space, struct series_space *series)
{
	*plan = (struct plan){.len = len, .space = space, .series = series};
	for (unsigned i = 0; i < len; i++) {
		struct plan_item *item = &plan->item[i];

		*item = (struct plan_item){&list[i], &aggregate_table[list[i].kind], -1, -1, -1,
					   -1};
		plan->where |= list[i].where != NULL && list[i].per < 0;
		if (list[i].per < 0)
			item_place(plan, item);
	}
	plan->front_size = CURSORS * plan->words * sizeof(double);
	plan->pane_size = sizeof(struct pane) + plan->words * sizeof(double) +
			  plan->sets * sizeof(struct distinct_pane) + plan->pane_series +
			  plan->front_size;
	plan->cell_size = sizeof(struct cell) +
			  CURSORS * plan->sets * sizeof(struct distinct_cursor) +
			  plan->sets * sizeof(struct distinct) + plan->cell_series +
			  plan->pane_size - plan->front_size;
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

/* Whether the cursor is in use and its window holds this pane. */
static bool covers(const struct cell *cell, unsigned which, const struct pane *pane)
{
	return cell->start[which] != TIME_NONE && pane->start >= cell->start[which];
}

uint32_t cell_at(const struct plan *plan, const struct cell *cell, enum cell_cursor which)
{
	if (cell->history)
		return cell->history->cursor[which].at;
	if (!cell_panes(cell) || !covers(cell, which, first_pane(plan, cell)))
		return 0;
	return cell->newest;
}

static void stand(struct cell *cell, unsigned which, uint32_t at, uint32_t back)
{
	if (cell->history)
		cell->history->cursor[which] = (struct cursor){.at = at, .back = back};
}

/* The cursor has no pane, and sums up nothing. */
static void cursor_empty(const struct plan *plan, struct cell *cell, unsigned which)
{
	stand(cell, which, 0, 0);
	if (cell->history)
		memset(history_sums(plan, cell->history, which), 0, plan->words * sizeof(double));
	for (unsigned s = 0; s < plan->sets; s++)
		distinct_cursor_reset(plan->space, cursor_set(plan, cell, which, s));
}

/* The newest pane is new: cursors that had none and include it stand there. */
static void cursor_meet(const struct plan *plan, struct cell *cell, unsigned which)
{
	if (!covers(cell, which, cell_pane_of(plan, cell, cell->newest)) ||
	    (cell->history && cell->history->cursor[which].at))
		return;
	stand(cell, which, cell->newest, cell->newest);
	for (unsigned s = 0; s < plan->sets; s++)
		cursor_set(plan, cell, which, s)->from = cell->newest;
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

void cell_series_save(const struct plan *plan, const struct cell *cell, struct state_writer *w)
{
	for (unsigned i = 0; plan->pane_series && i < plan->len; i++) {
		const struct plan_item *item = &plan->item[i];

		if (item->in_pane < 0)
			continue;
		item->ops->series->save(w, cell_series(plan, cell) + item->in_cell,
					series_panes(plan, cell, item, cell->oldest));
	}
}

int cell_series_load(const struct plan *plan, struct cell *cell, struct state_reader *r)
{
	int err = 0;

	for (unsigned i = 0; plan->pane_series && i < plan->len && !err && !r->bad; i++) {
		const struct plan_item *item = &plan->item[i];

		if (item->in_pane < 0)
			continue;
		err = item->ops->series->load(plan->series, item->aggregate, r,
					      cell_series(plan, cell) + item->in_cell,
					      series_panes(plan, cell, item, cell->oldest));
	}
	return err;
}
