/* SPDX-License-Identifier: Apache-2.0 */
/* dpkg: a file a package with a path a line (dpkg-query(1)), and diversions of three lines each:
 * a path, where it lies instead, the package that has it in its own place (dpkg-divert(1)). */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "host/package.h"

#define INFO	       "var/lib/dpkg/info"
#define DIVERSIONS     "var/lib/dpkg/diversions"
#define DIVERSIONS_MAX 4096

struct diversion {
	char *from, *to, *package;
};

struct reading {
	struct package_index *index;
	VEC(struct diversion) diversions;
	struct path_set diverted; /* most paths are not: no search for those */
	unsigned line;		  /* of the three */
	struct diversion *last;	  /* that they belong to; NULL: there is no room for it */
	const char *package;
	size_t package_length;
};

static void diversion_line(void *context, char *text, size_t length)
{
	struct reading *reading = context;
	struct diversion *last = reading->last;
	char *copy = strdup(text);

	if (reading->line == 0) {
		last = copy && reading->diversions.len < DIVERSIONS_MAX
			       ? vec_add(&reading->diversions)
			       : NULL;
		if (last) {
			last->from = copy;
			paths_add(&reading->diverted, text, length);
		}
	} else if (last) {
		*(reading->line == 1 ? &last->to : &last->package) = copy;
	}
	if (!last)
		free(copy);
	reading->last = last;
	reading->line = (reading->line + 1) % 3;
}

static int by_from(const void *a, const void *b)
{
	const struct diversion *left = a, *right = b;

	return strcmp(left->from, right->from);
}

static void diversions_read(const struct host_root *root, struct reading *reading)
{
	int fd = host_open(root, DIVERSIONS, S_IFREG, NULL);

	if (fd < 0)
		return;
	host_lines(fd, &reading->index->budget, diversion_line, reading);
	close(fd);
	if (reading->diversions.len)
		qsort(reading->diversions.at, reading->diversions.len, sizeof(struct diversion),
		      by_from);
}

static void reading_free(struct reading *reading)
{
	vec_each (diversion, &reading->diversions) {
		free(diversion->from);
		free(diversion->to);
		free(diversion->package);
	}
	vec_free(&reading->diversions);
	paths_free(&reading->diverted);
}

/* Where a file of this package lies. ":" as package: the administrator's own is in its place. */
static const char *place_of(const struct reading *reading, char *path)
{
	const struct diversion key = {.from = path}, *diversion;

	diversion = bsearch(&key, reading->diversions.at, reading->diversions.len, sizeof(key),
			    by_from);
	if (!diversion || !diversion->to || !diversion->package)
		return path;
	return strlen(diversion->package) == reading->package_length &&
			       !memcmp(diversion->package, reading->package,
				       reading->package_length)
		       ? path
		       : diversion->to;
}

static void path_line(void *context, char *text, size_t length)
{
	struct reading *reading = context;

	if (paths_has(&reading->diverted, text, length)) {
		const char *place = place_of(reading, text);

		package_add(reading->index, place, strlen(place));
	} else {
		package_add(reading->index, text, length);
	}
}

/* libc6:amd64.list is of the package libc6. */
static int list_read(int folder, const char *name, size_t stem, struct reading *reading)
{
	int err = package_charge(reading->index, PACKAGE_FILE_COST);
	int fd = err ? err : host_open_in(folder, name, S_IFREG, NULL);

	if (fd < 0)
		return fd;
	reading->package = name;
	reading->package_length = strcspn(name, ":") < stem ? strcspn(name, ":") : stem;
	err = host_lines(fd, &reading->index->budget, path_line, reading);
	close(fd);
	return err;
}

static int lists_read(DIR *folder, struct reading *reading)
{
	int first = 0;

	for (struct dirent *entry; first != -EFBIG && (entry = readdir(folder));) {
		size_t length = strlen(entry->d_name);
		int err = package_charge(reading->index, PACKAGE_ENTRY_COST);

		if (!err && length > 5 && !strcmp(entry->d_name + length - 5, ".list"))
			err = list_read(dirfd(folder), entry->d_name, length - 5, reading);
		if (err == -EFBIG || (err && !first))
			first = err;
	}
	return first;
}

static int dpkg_read(const struct host_root *root, struct package_index *index)
{
	struct reading reading = {.index = index};
	int fd = host_open(root, INFO, S_IFDIR, NULL), err;
	DIR *folder;

	if (fd < 0)
		return fd;
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return -ENOMEM;
	}
	diversions_read(root, &reading);
	err = lists_read(folder, &reading);
	closedir(folder);
	reading_free(&reading);
	return err;
}

/* status.d, which images made without dpkg have, does not say whose the files are. */
static const char *const marks[] = {INFO, DIVERSIONS, NULL};

const struct package_kind package_dpkg = {"dpkg", marks, dpkg_read};
