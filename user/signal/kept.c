/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "signal/cell_save.h"
#include "signal/series.h"

/* first, last: one value of any type a pane. */

struct kept {
	struct item item;
	struct tuple *tuple; /* NULL: the item says it all */
	bool known;	     /* some event had the field */
	bool lost;	     /* it found no memory */
};

static size_t size_of(const struct tuple *tuple)
{
	return tuple ? sizeof(*tuple) + tuple->length : 0;
}

static void drop(struct series_space *space, struct kept *kept)
{
	space->bytes_left += size_of(kept->tuple);
	tuple_drop(space->pool, kept->tuple);
	*kept = (struct kept){0};
}

static void keep(struct series_space *space, const struct rule_aggregate *aggregate,
		 struct kept *kept, const struct event *event)
{
	drop(space, kept);
	if (!tuple_item(space->buffer, event, &aggregate->fields, false, &kept->item) ||
	    tuple_keep(space->pool, space->buffer, event, &aggregate->fields, &kept->item,
		       &kept->tuple) ||
	    size_of(kept->tuple) > space->bytes_left) {
		tuple_drop(space->pool, kept->tuple);
		*kept = (struct kept){.lost = true};
		space->refused++;
		return;
	}
	space->bytes_left -= size_of(kept->tuple);
	kept->known = true;
}

static void first_add(struct series_space *space, const struct rule_aggregate *aggregate,
		      void *cell, const struct series_panes *panes, const struct event *event)
{
	struct kept *kept = series_newest(panes);

	(void)cell;
	if (event_has(event, aggregate->fields.at[0]) && !kept->known && !kept->lost)
		keep(space, aggregate, kept, event);
}

static void last_add(struct series_space *space, const struct rule_aggregate *aggregate, void *cell,
		     const struct series_panes *panes, const struct event *event)
{
	(void)cell;
	if (event_has(event, aggregate->fields.at[0]))
		keep(space, aggregate, series_newest(panes), event);
}

static void kept_expire(struct series_space *space, void *cell, void *pane)
{
	(void)cell;
	drop(space, pane);
}

static struct value value_kept(const struct rule_aggregate *aggregate, const struct kept *kept,
			       struct series_told *told)
{
	struct value value = {.type = VALUE_NULL};

	told->estimated = kept && kept->lost;
	if (kept && kept->known)
		tuple_values(&kept->item, kept->tuple, &aggregate->fields, &value);
	return value;
}

static struct value first_value(struct series_space *space, const struct rule_aggregate *aggregate,
				void *cell, struct series_panes panes, struct series_told *told)
{
	const struct kept *kept;

	(void)space;
	(void)cell;
	do {
		kept = series_next(&panes);
	} while (kept && !kept->known && !kept->lost);
	return value_kept(aggregate, kept, told);
}

static struct value last_value(struct series_space *space, const struct rule_aggregate *aggregate,
			       void *cell, struct series_panes panes, struct series_told *told)
{
	const struct kept *kept, *last = NULL;

	(void)space;
	(void)cell;
	while ((kept = series_next(&panes)))
		if (kept->known || kept->lost)
			last = kept;
	return value_kept(aggregate, last, told);
}

static void kept_save(struct state_writer *w, const void *cell, struct series_panes panes)
{
	const struct kept *kept;

	(void)cell;
	while ((kept = series_next(&panes))) {
		state_put_uint(w, kept->lost);
		state_put_uint(w, kept->known);
		if (!kept->known)
			continue;
		item_save(w, &kept->item);
		tuple_save(w, kept->tuple);
	}
}

static int kept_load(struct series_space *space, const struct rule_aggregate *aggregate,
		     struct state_reader *r, void *cell, struct series_panes panes)
{
	struct kept *kept;

	(void)cell;
	while ((kept = series_next(&panes))) {
		kept->lost = state_get_bool(r);
		if (!state_get_bool(r))
			continue;
		item_load(r, &kept->item);
		if (tuple_load(space->pool, &kept->item, &aggregate->fields, r, &kept->tuple))
			return -ENOMEM;
		space->bytes_left -= size_of(kept->tuple);
		kept->known = !r->bad;
	}
	return 0;
}

const struct series_ops first_series = {
	0, sizeof(struct kept), first_add, kept_expire, NULL, first_value, kept_save, kept_load,
};
const struct series_ops last_series = {
	0, sizeof(struct kept), last_add, kept_expire, NULL, last_value, kept_save, kept_load,
};
