/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_ARCHIVE_H
#define WEIR_EVENT_ARCHIVE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/time.h"
#include "base/vec.h"

/*
 * The folder of kept events: a file for each hour of event time, "20261126T02.jsonl.zst", with a
 * number before the ending for what was begun anew within the hour. weir's JSON events, a line
 * each, in order, as zstd frames: zstdcat reads them too.
 */
struct archive_file {
	char *path;
	weir_time hour; /* events from here on, before the next hour */
	unsigned number;
	uint64_t size;
};

struct archive_files {
	VEC(struct archive_file) list; /* by hour, then number */
};

#define ARCHIVE_PATH_MAX 4096
#define ARCHIVE_PARTS	 1000 /* files of one hour, at most */

/* "FOLDER/20261126T02.1.jsonl.zst"; false if it does not fit. */
bool archive_path(const char *folder, weir_time hour, unsigned number, char path[ARCHIVE_PATH_MAX]);

/* What the folder holds; other files in it are left out. 0, or -errno with `error` said. */
int archive_list(const char *folder, struct archive_files *files, struct error *error);
void archive_files_free(struct archive_files *files);

#endif
