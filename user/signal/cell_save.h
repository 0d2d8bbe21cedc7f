/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_CELL_SAVE_H
#define WEIR_SIGNAL_CELL_SAVE_H

#include "signal/cell.h"
#include "state/reader.h"

/* Cells, and the tuples that they keep, in a snapshot (what is written: cell.h). */
void cell_save(const struct plan *plan, const struct cell *cell, struct state_writer *writer);

/* Into a cell that has only begun. Its cursors are not in use yet: where they stood comes out in
 * `start`, for cell_seek(). 0, or -ENOMEM; that it was bad says the reader. */
int cell_load(const struct plan *plan, struct cell *cell, struct state_reader *reader,
	      weir_time start[CURSORS]);

/* NULL is a tuple of an item that says it all. A loaded one is proved to hold the fields. */
void tuple_save(struct state_writer *writer, const struct tuple *tuple);
int tuple_load(struct pool *pool, const struct item *item, const struct field_list *fields,
	       struct state_reader *reader, struct tuple **tuple);
void item_save(struct state_writer *writer, const struct item *item);
void item_load(struct state_reader *reader, struct item *item);

#endif
