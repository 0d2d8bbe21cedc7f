/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/rows.h"

#include <errno.h>
#include <stdlib.h>

#define ROWS_MIN 4 /* rows of a new circle; doubles up to the greatest */

static size_t rows_size(const struct rows_kind *kind, uint32_t cap)
{
	return (size_t)cap * kind->width * sizeof(double);
}

static double *row_at(const struct rows_kind *kind, const struct rows *rows, uint64_t number)
{
	return rows->kept + number % rows->cap * kind->width;
}

static uint64_t first_kept(const struct rows *rows)
{
	return rows->next - rows->len;
}

static bool grow(struct series_space *space, const struct rows_kind *kind, struct rows *rows)
{
	struct rows larger = *rows;

	larger.cap = rows->cap ? rows->cap * 2 : ROWS_MIN;
	if (larger.cap > space->max)
		larger.cap = space->max;
	larger.kept = series_get(space, rows_size(kind, larger.cap));
	if (!larger.kept)
		return false;
	for (uint64_t i = first_kept(rows); i < rows->next; i++)
		memcpy(row_at(kind, &larger, i), row_at(kind, rows, i),
		       kind->width * sizeof(double));
	series_put(space, rows->kept, rows_size(kind, rows->cap));
	*rows = larger;
	return true;
}

/* The oldest row goes into its pane's sum. */
static void push_out(struct series_space *space, const struct rows_kind *kind, struct rows *rows,
		     const struct series_panes *panes)
{
	uint64_t number = first_kept(rows);
	struct rows_pane *pane = series_pane(panes, rows->summing);

	while (number >= pane->from + pane->len && rows->summing + 1 < panes->len)
		pane = series_pane(panes, ++rows->summing);
	if (!kind->sum(space, &pane->sum, row_at(kind, rows, number)))
		pane->lost = true;
	rows->len--;
}

void rows_add(struct series_space *space, const struct rows_kind *kind, struct rows *rows,
	      const struct series_panes *panes, const double *row)
{
	struct rows_pane *pane = series_newest(panes);

	if (!pane->len)
		pane->from = rows->next;
	pane->len++;
	if (rows->len == rows->cap && (rows->cap == space->max || !grow(space, kind, rows)) &&
	    rows->len)
		push_out(space, kind, rows, panes);
	if (rows->cap) {
		memcpy(row_at(kind, rows, rows->next), row, kind->width * sizeof(double));
		rows->len++;
	} else {
		pane->lost = true;
	}
	rows->next++;
}

void rows_expire(struct series_space *space, const struct rows_kind *kind, struct rows *rows,
		 struct rows_pane *pane)
{
	uint64_t end = pane->from + pane->len;

	rows->summing -= rows->summing > 0;
	if (pane->len && end > first_kept(rows))
		rows->len = (uint32_t)(rows->next - end);
	kind->free(space, pane->sum);
	*pane = (struct rows_pane){0};
}

void rows_free(struct series_space *space, const struct rows_kind *kind, struct rows *rows)
{
	series_put(space, rows->kept, rows_size(kind, rows->cap));
	*rows = (struct rows){0};
}

struct rows_window rows_window(struct series_space *space, const struct rows_kind *kind,
			       const struct rows *rows, struct series_panes panes)
{
	struct rows_window window = {0};
	uint64_t from = rows->next;
	const struct rows_pane *pane;

	while ((pane = series_next(&panes))) {
		if (pane->len && pane->from < from)
			from = pane->from;
		window.lost |= pane->lost;
		window.summed |= pane->sum != NULL;
	}
	if (from < first_kept(rows))
		from = first_kept(rows);
	window.row = tuple_buffer_numbers(space->buffer, (rows->next - from + 1) * kind->width);
	if (!window.row)
		return window;
	for (; from < rows->next; from++)
		memcpy(window.row + window.len++ * kind->width, row_at(kind, rows, from),
		       kind->width * sizeof(double));
	return window;
}

static int by_first(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void rows_sort(struct rows_window *window, const struct rows_kind *kind)
{
	for (size_t i = 1; i < window->len; i++) {
		if (window->row[(i - 1) * kind->width] <= window->row[i * kind->width])
			continue;
		qsort(window->row, window->len, kind->width * sizeof(double), by_first);
		return;
	}
}

void rows_save(struct state_writer *w, const struct rows_kind *kind, const struct rows *rows,
	       struct series_panes panes)
{
	const struct rows_pane *pane;

	state_put_uint(w, rows->next);
	state_put_uint(w, rows->len);
	state_put_uint(w, rows->summing);
	for (uint64_t i = first_kept(rows); i < rows->next; i++)
		for (unsigned n = 0; n < kind->width; n++)
			state_put_real(w, row_at(kind, rows, i)[n]);
	while ((pane = series_next(&panes))) {
		state_put_uint(w, pane->from);
		state_put_uint(w, pane->len);
		state_put_uint(w, pane->lost);
		state_put_uint(w, pane->sum != NULL);
		if (pane->sum)
			kind->save(w, pane->sum);
	}
}

static int circle_load(struct series_space *space, const struct rows_kind *kind,
		       struct state_reader *r, struct rows *rows, uint32_t panes)
{
	uint64_t next = state_get_uint(r);
	uint32_t len = (uint32_t)state_get_count(r, space->max);

	rows->summing = (uint32_t)state_get_below(r, panes ? panes - 1 : 0);
	r->bad |= len > next || next > UINT64_MAX / 2;
	while (!r->bad && rows->cap < len)
		if (!grow(space, kind, rows))
			return -ENOMEM;
	if (r->bad)
		return 0;
	rows->next = next;
	rows->len = len;
	for (uint64_t i = first_kept(rows); i < rows->next; i++)
		for (unsigned n = 0; n < kind->width; n++)
			row_at(kind, rows, i)[n] = state_get_real(r);
	return 0;
}

int rows_load(struct series_space *space, const struct rows_kind *kind, struct state_reader *r,
	      struct rows *rows, struct series_panes panes)
{
	int err = circle_load(space, kind, r, rows, panes.len);
	struct rows_pane *pane;
	uint64_t least = 0;

	while (!err && !r->bad && (pane = series_next(&panes))) {
		uint64_t from = state_get_below(r, rows->next);
		uint32_t len = (uint32_t)state_get_below(r, UINT32_MAX);

		/* In order, and none of rows to come. */
		r->bad |= len && (from < least || len > rows->next - from);
		if (r->bad)
			break;
		least = len ? from + len : least;
		pane->from = from;
		pane->len = len;
		pane->lost = state_get_bool(r);
		if (state_get_bool(r))
			err = kind->load(space, r, &pane->sum);
	}
	return err;
}
