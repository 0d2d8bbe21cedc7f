/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_SERIES_H
#define WEIR_SIGNAL_SERIES_H

#include "signal/aggregate.h"
#include "signal/pool.h"
#include "signal/tuple.h"
#include "state/reader.h"

/*
 * Aggregates that need a window's events one by one: in order (median), by value (entropy), the
 * first or the last. Each keeps something of its own in every pane and in the cell; a window is
 * the panes from its first one on (cell.h).
 */

/* What is the same for all series of a rule. Their memory is bounded; what found none is refused,
 * counted, and its value says that it is estimated. */
struct series_space {
	struct pool *pool;
	struct tuple_buffer *buffer;  /* rows of a window (rows.h) */
	struct tuple_buffer *scratch; /* of one value while it is computed */
	size_t bytes_left;
	uint64_t refused;
	uint32_t max;	    /* numbers or different values of a window that are kept exactly */
	weir_time timespan; /* of the windows; 0: as long as their events last (sessions) */
};

void *series_get(struct series_space *space, size_t size); /* zeroed; NULL: refused, counted */
void series_put(struct series_space *space, void *block, size_t size);

/* Panes, oldest first: a series' part in each. They move from event to event. */
struct series_panes {
	char *first; /* in the ring's first place */
	size_t stride;
	uint32_t mask;
	uint32_t at, len; /* the oldest one's place, and how many */
	weir_time start;  /* of their window */
};

static inline void *series_pane(const struct series_panes *panes, uint32_t i)
{
	return panes->first + ((panes->at + i) & panes->mask) * panes->stride;
}

/* Walks a copy of them: NULL at the end. */
static inline void *series_next(struct series_panes *panes)
{
	void *pane = series_pane(panes, 0);

	if (!panes->len)
		return NULL;
	panes->len--;
	panes->at++;
	return pane;
}

static inline void *series_newest(const struct series_panes *panes)
{
	return series_pane(panes, panes->len - 1);
}

/* How good a value is. */
struct series_told {
	bool estimated;
	double error; /* of the value, relative; 0: not known */
};

struct series_ops {
	size_t cell_size, pane_size; /* multiples of 8; zeroed they hold nothing */
	/* An event of the newest of all panes. */
	void (*add)(struct series_space *space, const struct rule_aggregate *aggregate, void *cell,
		    const struct series_panes *panes, const struct event *event);
	/* The oldest pane is about to go. */
	void (*expire)(struct series_space *space, void *cell, void *pane);
	/* The cell is about to go; its panes have gone. NULL: nothing to do. */
	void (*free)(struct series_space *space, void *cell);
	struct value (*value)(struct series_space *space, const struct rule_aggregate *aggregate,
			      void *cell, struct series_panes panes, struct series_told *told);
	/* Its parts of a cell and of all its panes in a snapshot; and back into zeroed ones: 0, or
	 * -ENOMEM; that it was bad says the reader, and what is there is then good for expire() and
	 * free(). */
	void (*save)(struct state_writer *writer, const void *cell, struct series_panes panes);
	int (*load)(struct series_space *space, const struct rule_aggregate *aggregate,
		    struct state_reader *reader, void *cell, struct series_panes panes);
};

extern const struct series_ops median_series, mad_series, percentile_series, first_series,
	last_series, entropy_series, interval_mean_series, interval_cv_series, beacon_series;

#endif
