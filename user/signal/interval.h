/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_INTERVAL_H
#define WEIR_SIGNAL_INTERVAL_H

#include "signal/rows.h"

/* Rows that begin with a time, in ns since a base of the cell's: what intervals are made of. */
struct times {
	struct rows rows;
	weir_time base; /* of the first row that came */
};

/* The event's event.start, else its time, after the base. */
double time_of_row(struct times *times, const struct event *event);

/* As of series. */
void times_save(struct state_writer *writer, const struct rows_kind *kind,
		const struct times *times, struct series_panes panes);
int times_load(struct series_space *space, const struct rows_kind *kind,
	       struct state_reader *reader, struct times *times, struct series_panes panes);

#endif
