/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_PLAN_H
#define WEIR_SIGNAL_PLAN_H

#include "signal/aggregate.h"
#include "signal/distinct.h"
#include "signal/series.h"

/* One line of a compute list, as cells (cell.h) keep it. */
struct plan_item {
	const struct rule_aggregate *aggregate;
	const struct aggregate_ops *ops;
	int plain; /* its first word in a pane's row; -1: a set or series, or over inner groups */
	int set;   /* index among the sets; -1: none */
	/* Series: where it stands in the panes' and in the cell's bytes for series; -1: none. */
	int in_pane, in_cell;
};

/* What all cells of one compute list have in common. */
struct plan {
	struct plan_item item[RULE_COMPUTE_MAX];
	unsigned len, words, sets;
	bool where;			 /* some line has a condition */
	size_t pane_series, cell_series; /* bytes */
	size_t pane_size;		 /* in a history */
	size_t front_size;		 /* of it what only a history has */
	size_t cell_size;
	struct distinct_space *space;
	struct series_space *series;
};

/* The spaces' `max` and memory are set. */
void plan_init(struct plan *plan, const struct rule_aggregate *list, unsigned len,
	       struct distinct_space *space, struct series_space *series);

#endif
