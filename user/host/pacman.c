/* SPDX-License-Identifier: Apache-2.0 */
/* pacman: a folder a package with a file "files", whose section %FILES% has a path a line without
 * its first slash, and an empty line behind it (libalpm, be_local.c). */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/package.h"

#define LOCAL "var/lib/pacman/local"

struct reading {
	struct package_index *index;
	bool files; /* in that section */
};

static void take_line(void *context, char *text, size_t length)
{
	struct reading *reading = context;
	char path[HOST_LINE_MAX + 2];

	if (!length || text[0] == '%') {
		reading->files = !strcmp(text, "%FILES%");
		return;
	}
	if (!reading->files)
		return;
	path[0] = '/';
	memcpy(path + 1, text, length);
	package_add(reading->index, path, length + 1);
}

static int files_read(int local, const char *package, struct package_index *index)
{
	struct reading reading = {.index = index};
	int err = package_charge(index, PACKAGE_FILE_COST), folder, fd;

	if (err)
		return err;
	folder = host_open_in(local, package, S_IFDIR, NULL);
	if (folder < 0)
		return folder;
	fd = host_open_in(folder, "files", S_IFREG, NULL);
	close(folder);
	if (fd < 0)
		return fd;
	err = host_lines(fd, &index->budget, take_line, &reading);
	close(fd);
	return err;
}

static int pacman_read(const struct host_root *root, struct package_index *index)
{
	int fd = host_open(root, LOCAL, S_IFDIR, NULL), first = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return fd < 0 ? fd : -ENOMEM;
	}
	for (struct dirent *entry; first != -EFBIG && (entry = readdir(folder));) {
		int err;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "ALPM_DB_VERSION"))
			continue;
		err = files_read(dirfd(folder), entry->d_name, index);
		if (err == -EFBIG || (err && !first))
			first = err;
	}
	closedir(folder);
	return first;
}

static const char *const marks[] = {LOCAL, NULL};

const struct package_kind package_pacman = {"pacman", marks, pacman_read};
