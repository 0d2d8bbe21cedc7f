/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_ROWS_H
#define WEIR_SIGNAL_ROWS_H

#include "signal/series.h"

/*
 * The newest rows of numbers of a cell, at most `max` of them, in the order in which they came;
 * each pane knows its own. An older row goes into what its pane sums up. So a window with at most
 * `max` rows is exact, and of a longer one just the older part is summed up.
 */
#define ROWS_WIDTH_MAX 2

/* How rows are summed up. */
struct rows_kind {
	unsigned width; /* numbers in a row */
	/* Puts a row into a sum (NULL: of none so far); false: there was no memory. */
	bool (*sum)(struct series_space *space, void **sum, const double *row);
	void (*free)(struct series_space *space, void *sum);
	/* A sum in a snapshot, never NULL; and back: -ENOMEM, or 0 with NULL if it is bad. */
	void (*save)(struct state_writer *writer, const void *sum);
	int (*load)(struct series_space *space, struct state_reader *reader, void **sum);
};

struct rows_pane {
	uint64_t from; /* number of its first row; of one with rows */
	uint32_t len;
	bool lost; /* some row found no memory */
	void *sum; /* of those of its rows that are not kept any more; NULL: none */
};

/* A cell's part. */
struct rows {
	double *kept; /* a circle of cap rows */
	uint32_t cap, len;
	uint64_t next;	  /* number of the next row */
	uint32_t summing; /* panes before the one whose row was pushed out last */
};

/* A row of the newest pane. */
void rows_add(struct series_space *space, const struct rows_kind *kind, struct rows *rows,
	      const struct series_panes *panes, const double *row);
void rows_expire(struct series_space *space, const struct rows_kind *kind, struct rows *rows,
		 struct rows_pane *pane);
void rows_free(struct series_space *space, const struct rows_kind *kind, struct rows *rows);

/* As of series. */
void rows_save(struct state_writer *writer, const struct rows_kind *kind, const struct rows *rows,
	       struct series_panes panes);
int rows_load(struct series_space *space, const struct rows_kind *kind, struct state_reader *reader,
	      struct rows *rows, struct series_panes panes);

/* The rows of a window that are kept, in the order in which they came, in memory that is used again
 * by the next call. */
struct rows_window {
	double *row; /* NULL: no memory */
	size_t len;
	bool lost;   /* something is neither here nor in a sum */
	bool summed; /* older rows are in the sums of the panes */
};
struct rows_window rows_window(struct series_space *space, const struct rows_kind *kind,
			       const struct rows *rows, struct series_panes panes);

/* In order of their first numbers. */
void rows_sort(struct rows_window *window, const struct rows_kind *kind);

#endif
