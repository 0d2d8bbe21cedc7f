/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOG_ROWS_H
#define WEIR_CAPTURE_LOG_ROWS_H

#include "capture/reader.h"
#include "event/cell.h"

/* Text into rows: what a log is written in, whatever it says. */
struct rows {
	const struct rows_ops *ops;
	struct reader *reader;
	uint64_t line;	 /* where the row that was read last begins */
	uint64_t passed; /* lines behind which the reader stands */
};

struct rows_ops {
	/*
	 * The next row. 1; 0: the end; -EINVAL with *why (alive until the next call): something
	 * that is no row, passed over; -ENOMEM.
	 */
	int (*next)(struct rows *rows, struct row *row, const char **why);
	void (*free)(struct rows *rows);
};

struct rows *json_rows_new(struct reader *reader); /* NULL without memory */
struct rows *zeek_rows_new(struct reader *reader);

/* What memory has room for: an object or line that is longer is passed over. */
#define ROW_ROOM READER_ROOM

/* The line that begins where the reader stands: its length without and with its end, which is the
 * same where there is none: at the end of the file, or where ROW_ROOM is too little. False: no
 * more. */
struct line {
	const char *at;
	size_t length, taken;
};
bool rows_line(struct rows *rows, struct line *line);

/* Passes over the rest of the line, however long. */
void rows_skip_line(struct rows *rows);

#endif
