/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_DATABASE_H
#define WEIR_SINK_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/time.h"

/*
 * weir's SQLite file: how it is made, recognised and brought to this version's form
 * (docs/operations.md, Database). Its tables are a contract with users.
 */
#define DATABASE_APPLICATION 0x77656972 /* "weir" */
#define DATABASE_VERSION     1		/* user_version: migrations applied */

#define DATABASE_BUSY_MS 2000 /* another program writes: retention of a big file, a replay */

/* Opens for writing; makes the file (0640, group `weir` if there is one) and its folder, and
 * migrates an older one. 0, or -errno with `error` said. */
int database_open(sqlite3 **db, const char *path, struct error *error);

/* Opens for reading only; changes nothing. The same errors. */
int database_open_read(sqlite3 **db, const char *path, struct error *error);

/* What went wrong with `db` last, in words that say what would be right, into `error`; returns
 * -errno. `code` is SQLite's result. */
int database_error(sqlite3 *db, const char *path, int code, struct error *error);

/* The group `weir`, to which what is stored belongs; (gid_t)-1 if there is none. */
gid_t database_group(void);

/* Times in the database: microseconds since the epoch. */
static inline sqlite3_int64 database_time(weir_time at)
{
	return time_floor(at, WEIR_USEC) / WEIR_USEC;
}

/*
 * Deletes what is older than `keep_for` before `now`, then the oldest until the file is no greater
 * than `keep_bytes`, and gives the space back to the file system. Bounded work a call: *more is
 * set if there is more to do. Returns SQLite's result; *deleted grows.
 */
struct retention {
	weir_time keep_for;  /* 0: for ever */
	uint64_t keep_bytes; /* 0: no bound */
	/* `now` is a clock's, not of a recording: rows of more than a day later were stored by a
	 * clock that was wrong. They are as old as what was stored next, and go with that. */
	bool by_clock;
};
int database_retain(sqlite3 *db, const struct retention *retention, weir_time now,
		    uint64_t *deleted, bool *more);

/*
 * Newest time that is stored; TIME_NONE: nothing is. What was stored in a last day that began by a
 * leap (sink/aging.h) is in doubt: then it is the newest before that leap.
 */
weir_time database_newest(sqlite3 *db);

#endif
