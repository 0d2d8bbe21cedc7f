/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_SQLITE_ROWS_H
#define WEIR_SINK_SQLITE_ROWS_H

#include <stdbool.h>

#include "sink/database.h"
#include "sink/record.h"

/* Records as rows. One thread. Everything is an upsert by id: a replay makes no twins. */
enum row_statement {
	ROW_SIGNAL,
	ROW_SIGNAL_ONCE, /* evidence: left as it is when it is there */
	ROW_DETECTION,
	ROW_LINK,
	ROW_FLOW,
	ROW_FLOW_ENDED,
	ROW_HEALTH,
	ROW_STATEMENTS,
};

struct rows {
	sqlite3 *db; /* borrowed */
	sqlite3_stmt *statements[ROW_STATEMENTS];
};

/* SQLite's result. On failure nothing is left open. */
int rows_open(struct rows *rows, sqlite3 *db);
void rows_close(struct rows *rows);

/* Within the caller's transaction. SQLite's result. */
int rows_write(struct rows *rows, const struct out *out);

/* True for a result that is the record's own fault: repeating it would not help. */
bool rows_hopeless(int code);

#endif
