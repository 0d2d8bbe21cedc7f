/* SPDX-License-Identifier: Apache-2.0 */
/* apk: one file of records, with a line F:folder before lines R:name of the files in it (Alpine's
 * wiki, "Apk spec", installed database V2). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/package.h"

static const char *const marks[] = {"lib/apk/db/installed", "usr/lib/apk/db/installed", NULL};

struct reading {
	struct package_index *index;
	char folder[HOST_LINE_MAX + 1];
};

static void take_line(void *context, char *text, size_t length)
{
	struct reading *reading = context;
	char path[PATH_MAX];
	int written;

	if (length < 2 || text[1] != ':')
		return;
	if (text[0] == 'F')
		memcpy(reading->folder, text + 2, length - 1);
	if (text[0] != 'R')
		return;
	written = snprintf(path, sizeof(path), "/%s%s%s", reading->folder,
			   reading->folder[0] ? "/" : "", text + 2);
	if (written > 0 && (size_t)written < sizeof(path))
		package_add(reading->index, path, (size_t)written);
}

static int apk_read(const struct host_root *root, struct package_index *index)
{
	struct reading reading = {.index = index};
	int err = -ENOENT;

	for (size_t i = 0; marks[i]; i++) {
		int fd = host_open(root, marks[i], S_IFREG, NULL);

		if (fd < 0)
			continue;
		err = host_lines(fd, &index->budget, take_line, &reading);
		close(fd);
		if (err)
			break;
	}
	return err;
}

const struct package_kind package_apk = {"apk", marks, apk_read};
