/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "model/beacon.h"
#include "signal/interval.h"
#include "signal/quantile.h"

/*
 * beacon: a window's connections as the model wants them. Rows are (start, size; no size: NaN).
 * Those that are not kept any more are summed up by pane: gaps and sizes as sketches, and starts as
 * if they lay evenly between the first and the last of the pane.
 */

enum { ROW_AT, ROW_SIZE, ROW_WIDTH };

struct calls {
	struct quantile *gaps, *sizes;
	double len, first, latest;
	bool whole;
};

static void gap_add(struct series_space *space, struct calls *calls, double gap)
{
	if (gap > 0)
		calls->whole &= quantile_add(space, &calls->gaps, gap, 1);
}

static bool calls_row(struct series_space *space, void **sum, const double *row)
{
	struct calls *calls = *sum;

	if (!calls) {
		calls = *sum = series_get(space, sizeof(*calls));
		if (!calls)
			return false;
		calls->whole = true;
	}
	if (calls->len++ == 0)
		calls->first = calls->latest = row[ROW_AT];
	gap_add(space, calls, row[ROW_AT] - calls->latest);
	calls->latest = fmax(calls->latest, row[ROW_AT]);
	if (!isnan(row[ROW_SIZE]))
		calls->whole &= quantile_add(space, &calls->sizes, row[ROW_SIZE], 1);
	return calls->whole;
}

static void calls_free(struct series_space *space, void *sum)
{
	struct calls *calls = sum;

	if (!calls)
		return;
	quantile_free(space, calls->gaps);
	quantile_free(space, calls->sizes);
	series_put(space, calls, sizeof(*calls));
}

static void calls_save(struct state_writer *w, const void *sum)
{
	const struct calls *calls = sum;

	state_put_real(w, calls->len);
	state_put_real(w, calls->first);
	state_put_real(w, calls->latest);
	state_put_uint(w, calls->whole);
	quantile_save(w, calls->gaps);
	quantile_save(w, calls->sizes);
}

static int calls_load(struct series_space *space, struct state_reader *r, void **sum)
{
	struct calls *calls = *sum = series_get(space, sizeof(*calls));
	int err;

	if (!calls)
		return -ENOMEM;
	calls->len = state_get_real(r);
	calls->first = state_get_real(r);
	calls->latest = state_get_real(r);
	calls->whole = state_get_bool(r);
	err = quantile_load(space, r, &calls->gaps);
	return err ? err : quantile_load(space, r, &calls->sizes);
}

static const struct rows_kind calls_kind = {ROW_WIDTH, calls_row, calls_free, calls_save,
					    calls_load};

static void beacon_add(struct series_space *space, const struct rule_aggregate *aggregate,
		       void *cell, const struct series_panes *panes, const struct event *event)
{
	struct times *times = cell;
	double row[ROW_WIDTH] = {[ROW_AT] = time_of_row(times, event)};

	if (!aggregate_number(aggregate, event, &row[ROW_SIZE]) || !isfinite(row[ROW_SIZE]))
		row[ROW_SIZE] = NAN;
	rows_add(space, &calls_kind, &times->rows, panes, row);
}

static void beacon_expire(struct series_space *space, void *cell, void *pane)
{
	rows_expire(space, &calls_kind, &((struct times *)cell)->rows, pane);
}

static void beacon_free(struct series_space *space, void *cell)
{
	rows_free(space, &calls_kind, &((struct times *)cell)->rows);
}

static void beacon_save(struct state_writer *w, const void *cell, struct series_panes panes)
{
	times_save(w, &calls_kind, cell, panes);
}

static int beacon_load(struct series_space *space, const struct rule_aggregate *aggregate,
		       struct state_reader *r, void *cell, struct series_panes panes)
{
	(void)aggregate;
	return times_load(space, &calls_kind, r, cell, panes);
}

/* What the score is made from, while it is put together. */
struct gathering {
	struct calls all; /* sketches: used only where rows were summed up */
	struct beacon_share *gap, *size, *spare;
	size_t gaps, sizes;
	double start, span; /* of the window, as rows count time */
	double bin[BEACON_BINS];
};

static void bin_add(struct gathering *g, double at, double count)
{
	double bin = g->span > 0 ? floor((at - g->start) / g->span * BEACON_BINS) : 0;

	g->bin[bin < 0 ? 0 : bin < BEACON_BINS ? (int)bin : BEACON_BINS - 1] += count;
}

static void spread(struct gathering *g, const struct calls *calls)
{
	for (unsigned i = 0; i < BEACON_BINS; i++)
		bin_add(g, calls->first + (calls->latest - calls->first) * (i + 0.5) / BEACON_BINS,
			calls->len / BEACON_BINS);
}

static void gather_sum(struct series_space *space, struct gathering *g, const struct calls *calls)
{
	if (g->all.len)
		gap_add(space, &g->all, calls->first - g->all.latest);
	else
		g->all.first = calls->first;
	g->all.whole &= quantile_merge(space, &g->all.gaps, calls->gaps) &&
			quantile_merge(space, &g->all.sizes, calls->sizes);
	g->all.len += calls->len;
	g->all.latest = fmax(g->all.latest, calls->latest);
	spread(g, calls);
}

/* Rows in order of time. Without sums gaps and sizes stay as they are. */
static void gather_rows(struct series_space *space, struct gathering *g,
			const struct rows_window *window)
{
	for (size_t i = 0; i < window->len; i++) {
		const double *row = window->row + i * ROW_WIDTH;
		double gap = g->all.len ? row[ROW_AT] - g->all.latest : 0;

		if (g->all.len++ == 0)
			g->all.first = g->all.latest = row[ROW_AT];
		g->all.latest = fmax(g->all.latest, row[ROW_AT]);
		bin_add(g, row[ROW_AT], 1);
		if (window->summed) {
			gap_add(space, &g->all, gap);
			if (!isnan(row[ROW_SIZE]))
				g->all.whole &=
					quantile_add(space, &g->all.sizes, row[ROW_SIZE], 1);
			continue;
		}
		if (gap > 0)
			g->gap[g->gaps++] = (struct beacon_share){gap / (double)WEIR_SEC, 1};
		if (!isnan(row[ROW_SIZE]))
			g->size[g->sizes++] = (struct beacon_share){row[ROW_SIZE], 1};
	}
}

static int by_number(const void *a, const void *b)
{
	const struct beacon_share *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static size_t unfold(const struct quantile *sketch, struct beacon_share *at, double unit)
{
	for (uint32_t i = 0; sketch && i < sketch->len; i++)
		at[i] = (struct beacon_share){quantile_number(sketch, i) / unit,
					      sketch->bucket[i].count};
	return sketch ? sketch->len : 0;
}

/* From here on gaps and sizes are shares, whether they were kept or summed up. */
static struct value score(struct gathering *g, bool summed)
{
	struct beacon_input input = {.gaps = g->gap, .sizes = g->size, .spare = g->spare};
	struct beacon_scores scores;

	if (summed) {
		g->gaps = unfold(g->all.gaps, g->gap, (double)WEIR_SEC);
		g->sizes = unfold(g->all.sizes, g->size, 1);
	}
	qsort(g->gap, g->gaps, sizeof(*g->gap), by_number);
	qsort(g->size, g->sizes, sizeof(*g->size), by_number);
	input.gaps_len = g->gaps;
	input.sizes_len = g->sizes;
	input.covered = g->span > 0 ? (g->all.latest - g->all.first) / g->span : 0;
	memcpy(input.bin, g->bin, sizeof(input.bin));
	if (!beacon_score(&input, &scores))
		return (struct value){.type = VALUE_NULL};
	return value_finite(scores.score);
}

/* A session is as long as its connections last. */
static void window_bounds(struct gathering *g, const struct series_space *space,
			  const struct times *times, struct series_panes panes,
			  const struct rows_window *window)
{
	struct series_panes walk = panes;
	const struct rows_pane *pane;
	double first = INFINITY, last = -INFINITY;

	g->start = (double)(panes.start - times->base);
	g->span = (double)space->timespan;
	if (space->timespan)
		return;
	while ((pane = series_next(&walk)))
		if (pane->sum) {
			first = fmin(first, ((const struct calls *)pane->sum)->first);
			last = fmax(last, ((const struct calls *)pane->sum)->latest);
		}
	if (window->len) {
		first = fmin(first, window->row[0]);
		last = fmax(last, window->row[(window->len - 1) * ROW_WIDTH]);
	}
	g->start = first;
	g->span = last - first;
}

static struct value beacon_value(struct series_space *space, const struct rule_aggregate *aggregate,
				 void *cell, struct series_panes panes, struct series_told *told)
{
	const struct times *times = cell;
	struct rows_window window = rows_window(space, &calls_kind, &times->rows, panes);
	size_t room = window.summed ? QUANTILE_BUCKETS : window.len + 1;
	struct gathering g = {.all = {.whole = true}};
	struct value value = {.type = VALUE_NULL};
	const struct rows_pane *pane;

	(void)aggregate;
	g.gap = (struct beacon_share *)(void *)tuple_buffer_numbers(
		space->scratch, 3 * room * sizeof(*g.gap) / sizeof(double));
	g.size = g.gap ? g.gap + room : NULL;
	g.spare = g.gap ? g.size + room : NULL;
	if (window.row && g.gap) {
		rows_sort(&window, &calls_kind);
		window_bounds(&g, space, times, panes, &window);
		while ((pane = series_next(&panes)))
			if (pane->sum)
				gather_sum(space, &g, pane->sum);
		gather_rows(space, &g, &window);
		value = score(&g, window.summed);
	}
	told->estimated = window.lost || window.summed || !g.all.whole;
	quantile_free(space, g.all.gaps);
	quantile_free(space, g.all.sizes);
	return value;
}

const struct series_ops beacon_series = {
	sizeof(struct times), sizeof(struct rows_pane),
	beacon_add,	      beacon_expire,
	beacon_free,	      beacon_value,
	beacon_save,	      beacon_load,
};
