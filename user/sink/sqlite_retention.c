/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/database.h"

#include <stdbool.h>

/* Oldest first: by age, then by size. docs/operations.md, Retention. */

#define STEP_ROWS 2000 /* deleted in one transaction: the writer waits no longer than that */
#define STEPS	  16   /* of each kind in one call */

/* Tables with the column that says how old a row is, each indexed by it. */
static const struct {
	const char *by_age; /* ?1: time before which rows go, ?2: at most so many */
	const char *by_cut; /* ?1: time up to which rows go */
} tables[] = {
#define TABLE(name, column)                                                                        \
	{                                                                                          \
		"DELETE FROM " name " WHERE rowid IN (SELECT rowid FROM " name " WHERE " column    \
		" < ?1 ORDER BY " column " LIMIT ?2)",                                             \
			"DELETE FROM " name " WHERE " column " <= ?1"                              \
	}
	TABLE("signal", "window_end"),
	TABLE("flow", "last_seen"),
	TABLE("health", "time"),
	TABLE("detection", "last_seen"),
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* The time of the row that is so many rows after the oldest, over all tables. */
static const char cut_sql[] = "SELECT last_seen AS t FROM detection"
			      " UNION ALL SELECT window_end FROM signal"
			      " UNION ALL SELECT last_seen FROM flow"
			      " UNION ALL SELECT time FROM health"
			      " ORDER BY t LIMIT 1 OFFSET ?1";

static const char newest_sql[] = "SELECT max(t) FROM (SELECT max(last_seen) AS t FROM detection"
				 " UNION ALL SELECT max(window_end) FROM signal"
				 " UNION ALL SELECT max(last_seen) FROM flow"
				 " UNION ALL SELECT max(time) FROM health)";

static int run(sqlite3 *db, const char *sql, sqlite3_int64 a, sqlite3_int64 b, int *rows)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (code)
		return code;
	sqlite3_bind_int64(stmt, 1, a);
	if (sqlite3_bind_parameter_count(stmt) > 1)
		sqlite3_bind_int64(stmt, 2, b);
	code = sqlite3_step(stmt);
	*rows = sqlite3_changes(db);
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int number(sqlite3 *db, const char *sql, sqlite3_int64 bound, sqlite3_int64 *value,
		  bool *found)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (code)
		return code;
	if (sqlite3_bind_parameter_count(stmt))
		sqlite3_bind_int64(stmt, 1, bound);
	code = sqlite3_step(stmt);
	*found = code == SQLITE_ROW;
	if (*found)
		*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int by_age(sqlite3 *db, weir_time before, uint64_t *deleted, bool *more)
{
	for (size_t i = 0; i < TABLES; i++) {
		int rows = STEP_ROWS, code;

		for (int step = 0; rows == STEP_ROWS && step < STEPS; step++) {
			code = run(db, tables[i].by_age, database_time(before), STEP_ROWS, &rows);
			if (code)
				return code;
			*deleted += (uint64_t)rows;
		}
		*more = *more || rows == STEP_ROWS;
	}
	return SQLITE_OK;
}

/* Bytes that the file has after its free pages are given back. */
static int used_bytes(sqlite3 *db, uint64_t *bytes)
{
	sqlite3_int64 pages = 0, free_pages = 0, size = 0;
	bool found;
	int code = number(db, "PRAGMA page_count", 0, &pages, &found);

	code = code ? code : number(db, "PRAGMA freelist_count", 0, &free_pages, &found);
	code = code ? code : number(db, "PRAGMA page_size", 0, &size, &found);
	*bytes = (uint64_t)((pages - free_pages) * size);
	return code;
}

/* The oldest few hundred rows; fewer where there are not so many. *found: there was one. */
static int delete_oldest(sqlite3 *db, uint64_t *deleted, bool *found)
{
	static const sqlite3_int64 offsets[] = {499, 49, 4, 0};
	sqlite3_int64 cut = 0;
	int code = SQLITE_OK, rows;

	*found = false;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]) && !*found && !code; i++)
		code = number(db, cut_sql, offsets[i], &cut, found);
	if (code || !*found)
		return code;
	for (size_t i = 0; i < TABLES; i++) {
		code = run(db, tables[i].by_cut, cut, 0, &rows);
		if (code)
			return code;
		*deleted += (uint64_t)rows;
	}
	return SQLITE_OK;
}

static int by_size(sqlite3 *db, uint64_t keep_bytes, uint64_t *deleted, bool *more)
{
	uint64_t bytes = 0;
	bool found = true;
	int code = used_bytes(db, &bytes);

	for (int step = 0; !code && found && bytes > keep_bytes && step < STEPS; step++) {
		code = delete_oldest(db, deleted, &found);
		code = code ? code : used_bytes(db, &bytes);
	}
	*more = *more || (found && bytes > keep_bytes);
	return code;
}

int database_retain(sqlite3 *db, const struct retention *retention, weir_time now,
		    uint64_t *deleted, bool *more)
{
	uint64_t before = *deleted;
	int code = SQLITE_OK;

	*more = false;
	if (retention->keep_for)
		code = by_age(db, now - retention->keep_for, deleted, more);
	if (!code && retention->keep_bytes)
		code = by_size(db, retention->keep_bytes, deleted, more);
	if (code || *deleted == before)
		return code;
	/* A reader that is in the middle of the log only puts this off to the next time. */
	code = sqlite3_exec(db, "PRAGMA incremental_vacuum", NULL, NULL, NULL);
	if (!code)
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return code;
}

weir_time database_newest(sqlite3 *db)
{
	weir_time newest = TIME_NONE;
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, newest_sql, -1, &stmt, NULL))
		return TIME_NONE;
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) == SQLITE_INTEGER)
		newest = sqlite3_column_int64(stmt, 0) * WEIR_USEC;
	sqlite3_finalize(stmt);
	return newest;
}
