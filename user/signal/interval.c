/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/interval.h"

#include <errno.h>

/*
 * interval_mean, interval_cv: of the gaps between starts in order. Starts come nearly in order, so
 * those that are not kept any more are summed up as they come, and only where one came out of order
 * is the value estimated.
 */

/* Starts that were added in order, and the gaps between them that are not zero. */
struct starts {
	double len, first, latest;
	double gaps[AGGREGATE_WORDS_MAX]; /* as of cv */
	bool unsorted;
};

#define GAPS (&aggregate_table[AGGREGATE_CV])

static void starts_add(struct starts *starts, double at)
{
	if (starts->len++ == 0) {
		starts->first = starts->latest = at;
		return;
	}
	if (at > starts->latest) {
		GAPS->add(starts->gaps, at - starts->latest);
		starts->latest = at;
	}
	starts->unsorted |= at < starts->latest;
}

static void starts_join(struct starts *into, const struct starts *later)
{
	double len = into->len + later->len;

	if (!into->len) {
		*into = *later;
		return;
	}
	starts_add(into, later->first);
	GAPS->merge(into->gaps, later->gaps);
	into->len = len;
	into->latest = fmax(into->latest, later->latest);
	into->unsorted |= later->unsorted;
}

static bool starts_row(struct series_space *space, void **sum, const double *row)
{
	if (!*sum)
		*sum = series_get(space, sizeof(struct starts));
	if (*sum)
		starts_add(*sum, row[0]);
	return *sum != NULL;
}

static void starts_free(struct series_space *space, void *sum)
{
	series_put(space, sum, sizeof(struct starts));
}

static void starts_save(struct state_writer *w, const void *sum)
{
	const struct starts *starts = sum;

	state_put_real(w, starts->len);
	state_put_real(w, starts->first);
	state_put_real(w, starts->latest);
	for (unsigned i = 0; i < AGGREGATE_WORDS_MAX; i++)
		state_put_real(w, starts->gaps[i]);
	state_put_uint(w, starts->unsorted);
}

static int starts_load(struct series_space *space, struct state_reader *r, void **sum)
{
	struct starts *starts = *sum = series_get(space, sizeof(*starts));

	if (!starts)
		return -ENOMEM;
	starts->len = state_get_real(r);
	starts->first = state_get_real(r);
	starts->latest = state_get_real(r);
	for (unsigned i = 0; i < AGGREGATE_WORDS_MAX; i++)
		starts->gaps[i] = state_get_real(r);
	starts->unsorted = state_get_bool(r);
	return 0;
}

static const struct rows_kind times_kind = {1, starts_row, starts_free, starts_save, starts_load};

double time_of_row(struct times *times, const struct event *event)
{
	weir_time at = event_has(event, FIELD_EVENT_START) ? event->event_start : event->time;

	if (!times->rows.next)
		times->base = at;
	return (double)(at - times->base);
}

static void interval_add(struct series_space *space, const struct rule_aggregate *aggregate,
			 void *cell, const struct series_panes *panes, const struct event *event)
{
	struct times *times = cell;
	double at = time_of_row(times, event);

	(void)aggregate;
	rows_add(space, &times_kind, &times->rows, panes, &at);
}

static void interval_expire(struct series_space *space, void *cell, void *pane)
{
	rows_expire(space, &times_kind, &((struct times *)cell)->rows, pane);
}

static void interval_free(struct series_space *space, void *cell)
{
	rows_free(space, &times_kind, &((struct times *)cell)->rows);
}

void times_save(struct state_writer *w, const struct rows_kind *kind, const struct times *times,
		struct series_panes panes)
{
	state_put_int(w, times->base);
	rows_save(w, kind, &times->rows, panes);
}

int times_load(struct series_space *space, const struct rows_kind *kind, struct state_reader *r,
	       struct times *times, struct series_panes panes)
{
	times->base = state_get_time(r);
	return rows_load(space, kind, r, &times->rows, panes);
}

static void interval_save(struct state_writer *w, const void *cell, struct series_panes panes)
{
	times_save(w, &times_kind, cell, panes);
}

static int interval_load(struct series_space *space, const struct rule_aggregate *aggregate,
			 struct state_reader *r, void *cell, struct series_panes panes)
{
	(void)aggregate;
	return times_load(space, &times_kind, r, cell, panes);
}

/* False: too few events. */
static bool interval_starts(struct series_space *space, const struct times *times,
			    struct series_panes panes, struct starts *starts,
			    struct series_told *told)
{
	struct rows_window window = rows_window(space, &times_kind, &times->rows, panes);
	const struct rows_pane *pane;

	*starts = (struct starts){0};
	while ((pane = series_next(&panes)))
		if (pane->sum)
			starts_join(starts, pane->sum);
	rows_sort(&window, &times_kind);
	for (size_t i = 0; i < window.len; i++)
		starts_add(starts, window.row[i]);
	told->estimated = window.lost || starts->unsorted || !window.row;
	return starts->len >= 3;
}

static struct value interval_mean_value(struct series_space *space,
					const struct rule_aggregate *aggregate, void *cell,
					struct series_panes panes, struct series_told *told)
{
	struct starts starts;

	(void)aggregate;
	if (!interval_starts(space, cell, panes, &starts, told) || !starts.gaps[0])
		return (struct value){.type = VALUE_NULL};
	return value_finite(starts.gaps[1]);
}

static struct value interval_cv_value(struct series_space *space,
				      const struct rule_aggregate *aggregate, void *cell,
				      struct series_panes panes, struct series_told *told)
{
	struct starts starts;

	(void)aggregate;
	if (!interval_starts(space, cell, panes, &starts, told))
		return (struct value){.type = VALUE_NULL};
	return GAPS->value(starts.gaps);
}

#define INTERVAL_SERIES(value)                                                                     \
	{                                                                                          \
		sizeof(struct times), sizeof(struct rows_pane), interval_add, interval_expire,     \
			interval_free, value, interval_save, interval_load                         \
	}

const struct series_ops interval_mean_series = INTERVAL_SERIES(interval_mean_value);
const struct series_ops interval_cv_series = INTERVAL_SERIES(interval_cv_value);
