/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/database.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trust.h"

#define FILE_MODE   0640
#define FOLDER_MODE 0750
#define FILE_GROUP  "weir"

/* One string a version, applied in order, each in a transaction with the others that are due. A
 * released one never changes. */
static const char *const migrations[DATABASE_VERSION] = {
	"CREATE TABLE detection ("
	" id TEXT PRIMARY KEY NOT NULL,"
	" rule_id TEXT NOT NULL,"
	" rule_name TEXT NOT NULL,"
	" title TEXT NOT NULL,"
	" severity TEXT NOT NULL,"
	" confidence REAL NOT NULL,"
	" state TEXT NOT NULL," /* open, acknowledged, closed: only forward */
	" first_seen INTEGER NOT NULL,"
	" last_seen INTEGER NOT NULL,"
	" count INTEGER NOT NULL,"
	" keys TEXT NOT NULL,"
	" message TEXT NOT NULL,"
	" technique TEXT,"
	" coverage REAL NOT NULL,"
	" host TEXT,"
	" record TEXT NOT NULL,"
	" closed_as TEXT" /* the word that a person closed it with */
	") STRICT;"
	"CREATE INDEX detection_by_time ON detection (last_seen);"
	"CREATE TABLE signal ("
	" id TEXT PRIMARY KEY NOT NULL,"
	" rule_id TEXT NOT NULL,"
	" rule_name TEXT NOT NULL,"
	" severity TEXT NOT NULL,"
	" window_start INTEGER NOT NULL,"
	" window_end INTEGER NOT NULL,"
	" keys TEXT NOT NULL,"
	" values_json TEXT NOT NULL,"
	" message TEXT NOT NULL,"
	" coverage REAL NOT NULL,"
	" record TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX signal_by_time ON signal (window_end);"
	"CREATE TABLE detection_signal ("
	" detection_id TEXT NOT NULL REFERENCES detection (id) ON DELETE CASCADE,"
	" signal_id TEXT NOT NULL REFERENCES signal (id) ON DELETE CASCADE,"
	" PRIMARY KEY (detection_id, signal_id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX detection_signal_by_signal ON detection_signal (signal_id);"
	"CREATE TABLE flow ("
	" id TEXT PRIMARY KEY NOT NULL,"
	" community_id TEXT,"
	" first_seen INTEGER NOT NULL,"
	" last_seen INTEGER NOT NULL,"
	" source_ip TEXT,"
	" source_port INTEGER,"
	" destination_ip TEXT,"
	" destination_port INTEGER,"
	" transport TEXT,"
	" state TEXT,"		   /* established, rejected, unanswered */
	" ended INTEGER NOT NULL," /* 1: bytes and packets are those of the whole connection */
	" source_bytes INTEGER,"
	" destination_bytes INTEGER,"
	" source_packets INTEGER,"
	" destination_packets INTEGER,"
	" process TEXT,"
	" pod TEXT,"
	" host TEXT,"
	" record TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX flow_by_time ON flow (last_seen);"
	"CREATE INDEX flow_by_tuple ON flow (community_id, first_seen);"
	"CREATE TABLE health ("
	" id INTEGER PRIMARY KEY,"
	" time INTEGER NOT NULL,"
	" fact TEXT NOT NULL,"
	" message TEXT,"
	" host TEXT,"
	" record TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX health_by_time ON health (time);",
};

static int system_error(const char *path, int err, struct error *error)
{
	const char *advice = "name another file with --database";

	if (err == EACCES || err == EPERM)
		advice = "run as root, or name another file with --database";
	else if (err == ENOSPC || err == EDQUOT)
		advice = "free some, or lower keep_bytes";
	else if (err == ENOENT)
		advice = "make its folder, or name another file with --database";
	return error_set(error, EXIT_SYSTEM, err, "database %s: %s: %s", path, strerror(err),
			 advice);
}

int database_error(sqlite3 *db, const char *path, int code, struct error *error)
{
	int err = db ? sqlite3_system_errno(db) : 0;

	switch (code & 0xff) {
	case SQLITE_FULL:
		return system_error(path, ENOSPC, error);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return system_error(path, err ? err : EACCES, error);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		return system_error(path, err ? err : EIO, error);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(error, EXIT_SYSTEM, EBUSY,
				 "database %s is locked by another program: end that, or name "
				 "another file with --database",
				 path);
	case SQLITE_NOTADB:
		return error_set(error, EXIT_INPUT, EINVAL,
				 "%s is not a database: name another file with --database", path);
	case SQLITE_CORRUPT:
		return error_set(error, EXIT_INPUT, EINVAL,
				 "database %s is damaged: move it away, and a new one is made",
				 path);
	case SQLITE_NOMEM:
		return error_set(error, EXIT_SYSTEM, ENOMEM, "database %s: no memory", path);
	}
	return error_set(error, EXIT_SYSTEM, EIO, "database %s: %s", path,
			 db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

gid_t database_group(void)
{
	char text[4096];
	struct group group, *found = NULL;

	if (getgrnam_r(FILE_GROUP, &group, text, sizeof(text), &found) || !found)
		return (gid_t)-1;
	return found->gr_gid;
}

/* The folder that the file lies in, if only that is missing. */
static void folder_make(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash && slash != path ? strndup(path, (size_t)(slash - path)) : NULL;

	if (folder && !mkdir(folder, FOLDER_MODE))
		(void)!chown(folder, (uid_t)-1, database_group());
	free(folder);
}

/* In its folder nobody else may put another file in its place. */
static bool may_be_written(const char *path, char why[TRUST_WHY_MAX])
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	bool may = trust_path(path, why) && (fd < 0 || trust_fd(fd, why));

	if (fd >= 0)
		close(fd);
	free(folder);
	return may;
}

static int not_a_file(const char *path, struct error *error)
{
	return error_set(error, EXIT_INPUT, EINVAL,
			 "database %s is no file: name a file with --database", path);
}

/* Makes the file ourselves: SQLite would give it the mode that the umask leaves. Its -wal and -shm
 * get the mode and group of the file from SQLite. */
static int file_make(const char *path, struct error *error)
{
	char why[TRUST_WHY_MAX];
	struct stat st;
	int fd;

	folder_make(path);
	if (!may_be_written(path, why))
		return error_set(error, EXIT_INPUT, EPERM, "database %s: it or its folder %s", path,
				 why);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd >= 0) {
		(void)!fchown(fd, (uid_t)-1, database_group());
		(void)!fchmod(fd, FILE_MODE);
		close(fd);
		return 0;
	}
	if (errno != EEXIST)
		return system_error(path, errno, error);
	if (stat(path, &st))
		return system_error(path, errno, error);
	return S_ISREG(st.st_mode) ? 0 : not_a_file(path, error);
}

static int pragma_get(sqlite3 *db, const char *sql, sqlite3_int64 *value)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (code)
		return code;
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

struct identity {
	sqlite3_int64 application, version, tables;
};

static int identify(sqlite3 *db, struct identity *is)
{
	int code = pragma_get(db, "PRAGMA application_id", &is->application);

	code = code ? code : pragma_get(db, "PRAGMA user_version", &is->version);
	return code ? code : pragma_get(db, "SELECT count(*) FROM sqlite_schema", &is->tables);
}

static bool is_empty(const struct identity *is)
{
	return !is->application && !is->version && !is->tables;
}

/* Ours, and of a version that this program knows? */
static int accept(const struct identity *is, const char *path, struct error *error)
{
	if (is->application != DATABASE_APPLICATION)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "%s is a database of another program: name another file with "
				 "--database",
				 path);
	if (is->version > DATABASE_VERSION)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "database %s has version %lld, made by a newer weir; this one "
				 "knows up to %d: run the newer one, or name another file with "
				 "--database",
				 path, (long long)is->version, DATABASE_VERSION);
	return 0;
}

static int migrate_from(sqlite3 *db, sqlite3_int64 version)
{
	char sql[96];
	int code = 0;

	for (sqlite3_int64 v = version; !code && v < DATABASE_VERSION; v++)
		code = sqlite3_exec(db, migrations[v], NULL, NULL, NULL);
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		 DATABASE_APPLICATION, DATABASE_VERSION);
	return code ? code : sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* All that is due in one transaction; asks again inside it, for two may start at once. */
static int migrate(sqlite3 *db, const char *path, struct error *error)
{
	struct identity is;
	int err = 0, code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	code = code ? code : identify(db, &is);
	if (!code && !is_empty(&is))
		err = accept(&is, path, error);
	if (!code && !err && is.version < DATABASE_VERSION)
		code = migrate_from(db, is.version);
	if (!code && !err)
		code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (code)
		err = database_error(db, path, code, error);
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

static int prepare(sqlite3 *db, const char *path, struct error *error)
{
	struct identity is;
	int err, code;

	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, DATABASE_BUSY_MS);
	if (sqlite3_db_readonly(db, "main") == 1)
		return system_error(path, EACCES, error);
	code = identify(db, &is);
	if (code)
		return database_error(db, path, code, error);
	/* Has an effect only on a file that is still empty. */
	if (is_empty(&is))
		code = sqlite3_exec(db, "PRAGMA auto_vacuum = INCREMENTAL", NULL, NULL, NULL);
	else if ((err = accept(&is, path, error)))
		return err;
	code = code ? code
		    : sqlite3_exec(db,
				   "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
				   "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
				   "PRAGMA temp_store = MEMORY;"
				   "PRAGMA journal_size_limit = 67108864",
				   NULL, NULL, NULL);
	if (code)
		return database_error(db, path, code, error);
	return migrate(db, path, error);
}

int database_open(sqlite3 **db, const char *path, struct error *error)
{
	sqlite3 *opened = NULL;
	int code, err = file_make(path, error);

	if (err)
		return err;
	code = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	err = code ? database_error(opened, path, code, error) : prepare(opened, path, error);
	if (err) {
		sqlite3_close(opened);
		return err;
	}
	*db = opened;
	return 0;
}

/* A file name as an URI: what is not plain is escaped. */
static char *uri_of(const char *path, const char *query)
{
	char *uri = malloc(strlen(path) * 3 + strlen(query) + 8), *at = uri;

	if (!uri)
		return NULL;
	at += sprintf(at, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path) || (unsigned char)*path <= ' ')
			at += sprintf(at, "%%%02X", (unsigned char)*path);
		else
			*at++ = *path;
	}
	strcpy(at, query);
	return uri;
}

static int open_read(sqlite3 **db, const char *path, const char *query, struct identity *is)
{
	char *uri = uri_of(path, query);
	int code = SQLITE_NOMEM;

	*db = NULL;
	if (uri)
		code = sqlite3_open_v2(uri, db,
				       SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
				       NULL);
	free(uri);
	if (code)
		return code;
	sqlite3_extended_result_codes(*db, 1);
	sqlite3_busy_timeout(*db, DATABASE_BUSY_MS);
	return identify(*db, is);
}

/* Changes that are not folded into the file yet. */
static bool has_log(const char *path)
{
	char *name = NULL;
	struct stat st;
	bool has;

	if (asprintf(&name, "%s-wal", path) < 0)
		return false;
	has = !stat(name, &st) && st.st_size > 0;
	free(name);
	return has;
}

int database_open_read(sqlite3 **db, const char *path, struct error *error)
{
	struct identity is;
	struct stat st;
	int code, err;

	if (stat(path, &st) || access(path, R_OK))
		return error_set(error, errno == ENOENT ? EXIT_INPUT : EXIT_SYSTEM, errno,
				 "database %s: %s: name it with --database, or let `weir run` make "
				 "it",
				 path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return not_a_file(path, error);
	code = open_read(db, path, "", &is);
	/* Nobody has it open, and we may not make the files that readers share: it lies still. */
	if ((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY) {
		sqlite3_close(*db);
		*db = NULL;
		if (has_log(path))
			return error_set(
				error, EXIT_SYSTEM, EROFS,
				"database %s was not closed, and its folder may not be "
				"written to: run as root, or read a copy of it and its -wal",
				path);
		code = open_read(db, path, "?immutable=1", &is);
	}
	if (code)
		err = database_error(*db, path, code, error);
	else if (is_empty(&is))
		err = error_set(error, EXIT_INPUT, ENODATA,
				"database %s is empty: `weir run` fills it", path);
	else
		err = accept(&is, path, error);
	if (err) {
		sqlite3_close(*db);
		*db = NULL;
	}
	return err;
}
