/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/database.h"

#include <stdbool.h>

#include "sink/aging.h"

/* Oldest first: by age, then by size. docs/operations.md, Retention. */

#define STEP_ROWS 2000 /* deleted in one transaction: the writer waits no longer than that */
#define STEPS	  16   /* of each kind in one call */

/* Every table that ages, with the column that says how old a row is, each indexed by it. Rows stand
 * in the order in which they were stored: rowid. */
static const struct {
	const char *by_age; /* ?1: time before which rows go, ?2: at most so many */
	const char *by_cut; /* ?1: time up to which rows go */
	const char *last;   /* the one stored last of those that by_age deletes */
	const char *wild;   /* ?1: time after which rows are not believed, ?2: stored before it, of
			     * which at most STEP_ROWS go */
} tables[] = {
#define TEXT_OF(x) #x
#define TEXT(x)	   TEXT_OF(x)
#define TABLE(name, column)                                                                        \
	{                                                                                          \
		"DELETE FROM " name " WHERE rowid IN (SELECT rowid FROM " name " WHERE " column    \
		" < ?1 ORDER BY " column " LIMIT ?2)",                                             \
			"DELETE FROM " name " WHERE " column " <= ?1",                             \
			"SELECT max(r) FROM (SELECT rowid AS r FROM " name " WHERE " column        \
			" < ?1 ORDER BY " column " LIMIT ?2)",                                     \
			"DELETE FROM " name " WHERE rowid IN (SELECT rowid FROM " name             \
			" WHERE " column " > ?1 AND rowid < ?2 LIMIT " TEXT(STEP_ROWS) ")"         \
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

/* The time of all tables that is next to ?1. */
#define NEXT_SQL(which, side)                                                                      \
	"SELECT " which "(t) FROM (SELECT " which "(last_seen) AS t FROM detection"                \
	" WHERE last_seen " side " ?1 UNION ALL SELECT " which "(window_end) FROM signal"          \
	" WHERE window_end " side " ?1 UNION ALL SELECT " which "(last_seen) FROM flow"            \
	" WHERE last_seen " side " ?1 UNION ALL SELECT " which "(time) FROM health"                \
	" WHERE time " side " ?1)"
static const char before_sql[] = NEXT_SQL("max", "<");
static const char after_sql[] = NEXT_SQL("min", ">");

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

/* *found: there was one that is no null. */
static int number(sqlite3 *db, const char *sql, sqlite3_int64 a, sqlite3_int64 b,
		  sqlite3_int64 *value, bool *found)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	*found = false;
	if (code)
		return code;
	if (sqlite3_bind_parameter_count(stmt))
		sqlite3_bind_int64(stmt, 1, a);
	if (sqlite3_bind_parameter_count(stmt) > 1)
		sqlite3_bind_int64(stmt, 2, b);
	code = sqlite3_step(stmt);
	*found = code == SQLITE_ROW && sqlite3_column_type(stmt, 0) == SQLITE_INTEGER;
	if (*found)
		*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* One step of a table; *rows: of those that are old. */
static int step_by_age(sqlite3 *db, size_t table, const struct retention *retention, weir_time now,
		       uint64_t *deleted, int *rows)
{
	sqlite3_int64 before = database_time(now - retention->keep_for), last = 0;
	bool found = false;
	int code = SQLITE_OK, wild = 0;

	if (retention->by_clock)
		code = number(db, tables[table].last, before, STEP_ROWS, &last, &found);
	code = code ? code : run(db, tables[table].by_age, before, STEP_ROWS, rows);
	if (!code && found)
		code = run(db, tables[table].wild, database_time(now + AGING_LEAP), last, &wild);
	if (!code)
		*deleted += (uint64_t)*rows + (uint64_t)wild;
	return code;
}

static int by_age(sqlite3 *db, const struct retention *retention, weir_time now, uint64_t *deleted,
		  bool *more)
{
	for (size_t i = 0; i < TABLES; i++) {
		int rows = STEP_ROWS;

		for (int step = 0; rows == STEP_ROWS && step < STEPS; step++) {
			int code = step_by_age(db, i, retention, now, deleted, &rows);

			if (code)
				return code;
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
	int code = number(db, "PRAGMA page_count", 0, 0, &pages, &found);

	code = code ? code : number(db, "PRAGMA freelist_count", 0, 0, &free_pages, &found);
	code = code ? code : number(db, "PRAGMA page_size", 0, 0, &size, &found);
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
		code = number(db, cut_sql, offsets[i], 0, &cut, found);
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
		code = by_age(db, retention, now, deleted, more);
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

/* Without a row there: TIME_NONE. */
static weir_time next_to(sqlite3 *db, const char *sql, weir_time at)
{
	sqlite3_int64 time;
	bool found;

	if (number(db, sql, database_time(at), 0, &time, &found) || !found)
		return TIME_NONE;
	return time * WEIR_USEC;
}

weir_time database_newest(sqlite3 *db)
{
	weir_time newest = next_to(db, before_sql, TIME_NEVER), before = TIME_NONE;

	if (newest != TIME_NONE)
		before = next_to(db, before_sql, newest - AGING_DOUBT);
	if (before == TIME_NONE)
		return newest;
	return next_to(db, after_sql, before) - before > AGING_LEAP ? before : newest;
}
