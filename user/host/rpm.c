/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm: the database of rpm 4.16 and newer, a SQLite file whose table Packages holds the header of
 * each package. Not by librpm, which opens by name whatever its configuration says, links followed,
 * and may write. SQLite gets no name to open either, but a descriptor, through a file system of its
 * own that can do nothing but read. Older formats (Packages, Packages.db) are not read.
 */
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/package.h"

#define HEADER_MAX (32 << 20) /* the largest known, of documentation, have some megabytes */
#define STEPS_EACH 1000
#define ROWS_MAX   100000

/* ---- a file system of one file, which is named by its descriptor ---- */

struct file {
	sqlite3_file base;
	int fd;
	off_t size;
};

static int file_close(sqlite3_file *base)
{
	(void)base;
	return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *to, int amount, sqlite3_int64 offset)
{
	struct file *file = (struct file *)base;
	ssize_t n = pread(file->fd, to, (size_t)amount, offset);

	if (n < 0)
		return SQLITE_IOERR_READ;
	if (n < amount)
		memset((char *)to + n, 0, (size_t)(amount - n));
	return n < amount ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
	*size = ((struct file *)base)->size;
	return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *reserved)
{
	(void)base;
	*reserved = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int what, void *with)
{
	(void)base;
	(void)what;
	(void)with;
	return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
	(void)base;
	return 0;
}

/* SQLite looks for no journal then: rpm empties its own when it ends. */
static int file_nature(sqlite3_file *base)
{
	(void)base;
	return SQLITE_IOCAP_IMMUTABLE;
}

static int file_write(sqlite3_file *base, const void *from, int amount, sqlite3_int64 offset)
{
	(void)base;
	(void)from;
	(void)amount;
	(void)offset;
	return SQLITE_READONLY;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	(void)base;
	(void)size;
	return SQLITE_READONLY;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_lock, /* nothing either */
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_nature,
};

static int system_open(sqlite3_vfs *system, const char *name, sqlite3_file *base, int flags,
		       int *out)
{
	struct file *file = (struct file *)base;
	struct stat facts;

	(void)system;
	file->base.pMethods = NULL;
	if (!name || !(flags & SQLITE_OPEN_MAIN_DB))
		return SQLITE_CANTOPEN;
	file->fd = atoi(name);
	if (fstat(file->fd, &facts))
		return SQLITE_CANTOPEN;
	file->size = facts.st_size;
	file->base.pMethods = &methods;
	if (out)
		*out = flags;
	return SQLITE_OK;
}

static int system_access(sqlite3_vfs *system, const char *name, int flags, int *may)
{
	(void)system;
	(void)name;
	(void)flags;
	*may = 0;
	return SQLITE_OK;
}

static int system_name(sqlite3_vfs *system, const char *name, int size, char *whole)
{
	(void)system;
	return snprintf(whole, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int system_delete(sqlite3_vfs *system, const char *name, int sync)
{
	(void)system;
	(void)name;
	(void)sync;
	return SQLITE_READONLY;
}

/* The rest (time, randomness) is the usual one's. */
static bool system_register(void)
{
	static sqlite3_vfs system;
	sqlite3_vfs *usual = sqlite3_vfs_find(NULL);

	if (system.zName)
		return true;
	if (!usual)
		return false;
	system = *usual;
	system.pNext = NULL;
	system.zName = "weir-descriptor";
	system.szOsFile = sizeof(struct file);
	system.xOpen = system_open;
	system.xAccess = system_access;
	system.xFullPathname = system_name;
	system.xDelete = system_delete;
	return sqlite3_vfs_register(&system, 0) == SQLITE_OK;
}

/* ---- the database ---- */

static int enough(void *context)
{
	struct package_index *index = context;

	return package_charge(index, STEPS_EACH) != 0;
}

static void confine(sqlite3 *db, struct package_index *index)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, HEADER_MAX);
	sqlite3_progress_handler(db, STEPS_EACH, enough, index);
}

static int each_row(sqlite3 *db, const char *sql, void (*row)(sqlite3_stmt *, void *),
		    void *context)
{
	sqlite3_stmt *statement;
	int status = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	if (status != SQLITE_OK)
		return -EBADMSG;
	for (size_t i = 0; i < ROWS_MAX && (status = sqlite3_step(statement)) == SQLITE_ROW; i++)
		row(statement, context);
	sqlite3_finalize(statement);
	return status == SQLITE_DONE ? 0 : status == SQLITE_INTERRUPT ? -EFBIG : -EBADMSG;
}

static void row_header(sqlite3_stmt *statement, void *context)
{
	struct package_index *index = context;
	const void *blob = sqlite3_column_blob(statement, 0);
	int length = sqlite3_column_bytes(statement, 0);

	if (!blob || package_charge(index, (uint64_t)length))
		index->partial = true;
	else
		rpm_header_read(blob, (size_t)length, index);
}

static void row_found(sqlite3_stmt *statement, void *context)
{
	(void)statement;
	*(bool *)context = true;
}

/* A real table: what a virtual one does when it is read is code of SQLite's that was not made for
 * files of others. */
static int headers_read(sqlite3 *db, struct package_index *index)
{
	bool real = false;
	int err = each_row(db,
			   "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'Packages' "
			   "AND sql LIKE 'CREATE TABLE%'",
			   row_found, &real);

	if (!err && !real)
		err = -EBADMSG;
	return err ? err : each_row(db, "SELECT blob FROM Packages", row_header, index);
}

static int database_read(int fd, struct package_index *index)
{
	char name[16];
	sqlite3 *db = NULL;
	int err = -EBADMSG;

	snprintf(name, sizeof(name), "%d", fd);
	if (!system_register())
		return -ENOMEM;
	if (sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
			    "weir-descriptor") == SQLITE_OK) {
		confine(db, index);
		err = headers_read(db, index);
	}
	sqlite3_close(db);
	return err;
}

static const char *const marks[] = {
	"var/lib/rpm/rpmdb.sqlite",
	"usr/lib/sysimage/rpm/rpmdb.sqlite",
	/* not read: there is a database, and what it owns is unknown */
	"var/lib/rpm/Packages",
	"var/lib/rpm/Packages.db",
	"usr/lib/sysimage/rpm/Packages.db",
	NULL,
};

#define READ_FIRST 2

/* Both may be there as one, by a link between the folders. */
static int rpm_read(const struct host_root *root, struct package_index *index)
{
	int err = -ENOTSUP;

	for (size_t i = 0; i < READ_FIRST && err == -ENOTSUP; i++) {
		int fd = host_open(root, marks[i], S_IFREG, NULL);

		if (fd < 0)
			continue;
		err = database_read(fd, index);
		close(fd);
	}
	return err;
}

const struct package_kind package_rpm = {"rpm", marks, rpm_read};
