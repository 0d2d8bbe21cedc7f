/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HOST_PACKAGE_H
#define WEIR_HOST_PACKAGE_H

#include "host/paths.h"
#include "host/root.h"

/*
 * What the databases of packages below one root say: which paths they own. Read into memory once;
 * a database that lies or is broken yields wrong or fewer paths, never more than its bounds.
 */

/* Folders of a root that are links to others of it (/bin to /usr/bin): a database says either. */
#define ALIASES_MAX 8
struct folder_alias {
	char from[16], to[64]; /* with a slash at both ends */
};

struct package_index {
	struct path_set paths;
	struct folder_alias aliases[ALIASES_MAX];
	size_t aliases_len;
	uint64_t budget; /* bytes that may still be read */
	bool found;	 /* some database is there */
	bool partial;	 /* one of them could not be read, or not to its end */
};

/* What may be read of the host's own root, and of others': there an attacker may have written it,
 * and reading takes some 5 ns a byte. A file and an entry of a folder cost as much as so many
 * bytes. */
#define PACKAGE_BYTES_OWN   ((uint64_t)512 << 20)
#define PACKAGE_BYTES_OTHER ((uint64_t)64 << 20)
#define PACKAGE_FILE_COST   2048
#define PACKAGE_ENTRY_COST  32

struct package_kind {
	const char *name;
	/* Files and folders that change with the database; ended by NULL. If none is there, there
	 * is no such database. */
	const char *const *marks;
	/* Adds all its paths. 0, or -errno: not all of them. */
	int (*read)(const struct host_root *root, struct package_index *index);
};

extern const struct package_kind package_dpkg, package_apk, package_rpm, package_pacman;

/* 0, or -EFBIG if there is not so much left. */
int package_charge(struct package_index *index, uint64_t cost);

/* An absolute path, which need not end with a zero. */
void package_add(struct package_index *index, const char *path, size_t length);
bool package_has(const struct package_index *index, const char *path);

/* Fills a zeroed index with what the root has. */
void package_read(const struct host_root *root, struct package_index *index);
void package_free(struct package_index *index);

/* Changes when a database of the root does. */
uint64_t package_stamp(const struct host_root *root);

/* True if the path lies in a store whose files are packages by themselves. */
bool package_stored(const struct host_root *root, const char *path);

/* Reads the paths of one header of an rpm database (rpm's header.c: all numbers big end first). */
void rpm_header_read(const uint8_t *bytes, size_t length, struct package_index *index);

#endif
