/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/cell_save.h"

#include <errno.h>

#include "signal/cell_inside.h"

void item_save(struct state_writer *w, const struct item *item)
{
	state_put_raw(w, item->byte, sizeof(item->byte));
}

void item_load(struct state_reader *r, struct item *item)
{
	state_get_raw(r, item->byte, sizeof(item->byte));
}

void tuple_save(struct state_writer *w, const struct tuple *tuple)
{
	state_put_bytes(w, tuple ? tuple->byte : NULL, tuple ? tuple->length : 0);
}

int tuple_load(struct pool *pool, const struct item *item, const struct field_list *fields,
	       struct state_reader *r, struct tuple **tuple)
{
	size_t length;
	const char *bytes = state_get_bytes(r, &length);

	*tuple = NULL;
	if (length && length < UINT32_MAX) {
		*tuple = pool_get(pool, sizeof(**tuple) + length);
		if (!*tuple)
			return -ENOMEM;
		(*tuple)->length = (uint32_t)length;
		memcpy((*tuple)->byte, bytes, length);
	}
	if (r->bad || tuple_is_sound(item, *tuple, fields))
		return 0;
	tuple_drop(pool, *tuple);
	*tuple = NULL;
	r->bad = true;
	return 0;
}

/* ---- sets ---- */

static void fingerprints_save(const struct distinct *set, uint32_t less, struct state_writer *w)
{
	const struct past *past = set->past;

	for (uint32_t i = 0; past && i < past->cap; i++) {
		if (past->slot[i].pane <= less)
			continue;
		state_put_uint(w, past->slot[i].pane - less);
		state_put_raw(w, &past->slot[i].print, sizeof(past->slot[i].print));
	}
	state_put_uint(w, 0);
}

static void entries_save(const struct distinct *set, uint32_t less, struct state_writer *w)
{
	state_put_uint(w, set->used);
	state_put_uint(w, set->count);
	for (uint32_t e = set->oldest; e; e = distinct_entry(set, e)->newer) {
		state_put_uint(w, e);
		state_put_uint(w, distinct_entry(set, e)->pane - less);
		item_save(w, &distinct_entry(set, e)->item);
		if (set->keep)
			tuple_save(w, *distinct_kept(set, e));
	}
	state_put_uint(w, set->sketching);
	state_put_uint(w, set->forgotten ? set->forgotten - less : 0);
	if (set->keep)
		fingerprints_save(set, less, w);
}

static void set_pane_save(const struct distinct_pane *pane, struct state_writer *w)
{
	state_put_uint(w, pane->first_len);
	for (uint32_t i = 0; i < pane->first_len; i++)
		state_put_uint(w, pane->first[i]);
	state_put_uint(w, pane->sketch != NULL);
	if (pane->sketch)
		state_put_raw(w, pane->sketch->rank, sizeof(pane->sketch->rank));
}

static void set_save(const struct plan *plan, const struct cell *cell, unsigned s,
		     struct state_writer *w)
{
	struct distinct_panes panes = cell_set_panes(plan, cell, s);

	entries_save(cell_set(plan, cell, s), cell->oldest - 1, w);
	for (uint32_t seq = cell->oldest; seq != cell->newest + 1; seq++)
		set_pane_save(distinct_pane(&panes, seq), w);
}

/* Whose fields the set's values are. */
static const struct field_list *set_fields(const struct plan *plan, unsigned s)
{
	unsigned i = 0;

	while (plan->item[i].set != (int)s)
		i++;
	return &plan->item[i].aggregate->fields;
}

static int entry_load(const struct plan *plan, struct distinct *set,
		      const struct distinct_panes *panes, uint32_t newest,
		      const struct field_list *fields, struct state_reader *r)
{
	uint32_t e = (uint32_t)state_get_below(r, set->used);
	uint32_t seq = (uint32_t)state_get_below(r, newest);
	struct tuple *tuple = NULL;
	struct item item;
	int err = 0;

	item_load(r, &item);
	if (set->keep)
		err = tuple_load(plan->space->pool, &item, fields, r, &tuple);
	/* In order of their panes; each number and each value once. */
	if (!e || !seq || r->bad || distinct_entry(set, e)->pane ||
	    (set->newest && distinct_entry(set, set->newest)->pane > seq) ||
	    distinct_has(set, &item)) {
		tuple_drop(plan->space->pool, tuple);
		r->bad = true;
		return err;
	}
	distinct_put(set, panes, e, seq, &item, tuple);
	return err;
}

static int fingerprints_load(const struct plan *plan, const struct cell *cell, struct distinct *set,
			     struct state_reader *r)
{
	uint32_t pane, print;
	int err = 0;

	while (!err && !r->bad && (pane = (uint32_t)state_get_below(r, cell->newest))) {
		state_get_raw(r, &print, sizeof(print));
		r->bad |= !print;
		if (!r->bad)
			err = past_add(plan->space->pool, &set->past, print, pane,
				       plan->space->max * PAST_TIMES);
	}
	r->bad |= err == -ENOSPC;
	return err == -ENOSPC ? 0 : err;
}

static int entries_load(const struct plan *plan, const struct cell *cell, unsigned s,
			struct state_reader *r)
{
	struct distinct_panes panes = cell_set_panes(plan, cell, s);
	struct distinct *set = cell_set(plan, cell, s);
	uint32_t used = (uint32_t)state_get_below(r, plan->space->max);
	uint32_t count = (uint32_t)state_get_below(r, used);
	int err = distinct_rebuild(plan->space, set, used);

	for (; count && !err && !r->bad; count--)
		err = entry_load(plan, set, &panes, cell->newest, set_fields(plan, s), r);
	distinct_rebuilt(set);
	set->sketching = state_get_bool(r);
	set->forgotten = (uint32_t)state_get_below(r, cell->newest);
	if (set->keep && !err && !r->bad)
		err = fingerprints_load(plan, cell, set, r);
	return err;
}

static int set_pane_load(struct distinct_space *space, const struct distinct *set,
			 struct distinct_pane *pane, struct state_reader *r)
{
	size_t len = state_get_count(r, distinct_first_max(space->max));

	if (len) {
		pane->first = pool_get(space->pool, len * sizeof(*pane->first));
		if (!pane->first)
			return -ENOMEM;
		pane->first_cap = (uint32_t)len;
	}
	for (; pane->first_len < len; pane->first_len++)
		pane->first[pane->first_len] = (uint32_t)state_get_below(r, set->used);
	for (uint32_t i = 0; i < pane->first_len; i++)
		r->bad |= !pane->first[i];
	if (!state_get_bool(r))
		return 0;
	pane->sketch = distinct_part_new(space);
	if (!pane->sketch)
		return -ENOMEM;
	state_get_raw(r, pane->sketch->rank, sizeof(pane->sketch->rank));
	for (unsigned i = 0; i < SKETCH_REGISTERS; i++)
		r->bad |= pane->sketch->rank[i] >= SKETCH_RANKS;
	return 0;
}

static int set_load(const struct plan *plan, const struct cell *cell, unsigned s,
		    struct state_reader *r)
{
	struct distinct_panes panes = cell_set_panes(plan, cell, s);
	int err = entries_load(plan, cell, s, r);

	for (uint32_t seq = cell->oldest; !err && !r->bad && seq != cell->newest + 1; seq++)
		err = set_pane_load(plan->space, cell_set(plan, cell, s),
				    distinct_pane(&panes, seq), r);
	return err;
}

/* ---- series ---- */

static void series_save(const struct plan *plan, const struct cell *cell, struct state_writer *w)
{
	for (unsigned i = 0; plan->pane_series && i < plan->len; i++) {
		const struct plan_item *item = &plan->item[i];

		if (item->in_pane < 0)
			continue;
		item->ops->series->save(w, cell_series(plan, cell) + item->in_cell,
					series_panes(plan, cell, item, cell->oldest));
	}
}

static int series_load(const struct plan *plan, struct cell *cell, struct state_reader *r)
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

/* ---- cells ---- */

void cell_save(const struct plan *plan, const struct cell *cell, struct state_writer *w)
{
	state_put_uint(w, cell_panes(cell));
	for (uint32_t seq = cell->oldest; seq != cell->newest + 1; seq++) {
		struct pane *pane = cell_pane_of(plan, cell, seq);

		state_put_int(w, pane->start);
		state_put_int(w, pane->first - pane->start);
		for (unsigned i = 0; i < plan->words; i++)
			state_put_real(w, pane_own(pane)[i]);
	}
	if (cell_panes(cell)) {
		for (unsigned s = 0; s < plan->sets; s++)
			set_save(plan, cell, s, w);
		series_save(plan, cell, w);
	}
	for (unsigned c = 0; c < CURSORS; c++)
		state_put_int(w, cell->start[c]);
}

static int panes_load(const struct plan *plan, struct cell *cell, struct state_reader *r)
{
	size_t len = state_get_count(r, UINT32_MAX / 2);
	int err = 0;

	for (size_t i = 0; i < len && !err && !r->bad; i++) {
		weir_time start = state_get_time(r), first = start + state_get_time(r);

		err = cell_pane(plan, cell, start, first);
		r->bad |= !err && cell_panes(cell) != i + 1; /* not in order */
		for (unsigned w = 0; !err && !r->bad && w < plan->words; w++)
			pane_own(cell_pane_of(plan, cell, cell->newest))[w] = state_get_real(r);
	}
	return err;
}

int cell_load(const struct plan *plan, struct cell *cell, struct state_reader *r,
	      weir_time start[CURSORS])
{
	int err = panes_load(plan, cell, r);

	for (unsigned s = 0; cell_panes(cell) && s < plan->sets && !err && !r->bad; s++)
		err = set_load(plan, cell, s, r);
	if (cell_panes(cell) && !err && !r->bad)
		err = series_load(plan, cell, r);
	for (unsigned c = 0; c < CURSORS; c++)
		start[c] = state_get_timer(r);
	return err;
}
