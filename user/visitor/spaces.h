/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_VISITOR_SPACES_H
#define WEIR_VISITOR_SPACES_H

#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

/* Which other network namespaces are to be watched from inside, of those that are there now. */

#define SPACE_NAME_MAX 64
#define SPACE_PATH_MAX 256
#define SPACES_MAX     1024 /* more are counted, and not watched */

struct space {
	char name[SPACE_NAME_MAX]; /* under /run/netns, or "pid:NUMBER" */
	char path[SPACE_PATH_MAX]; /* a file of it */
	uint64_t device, inode;	   /* what it is known by */
};

struct spaces {
	VEC(struct space) found; /* each once */
	size_t left_out;
};

/* Where to look; NULL: /run/netns and /proc. */
struct spaces_roots {
	const char *names, *processes;
};

/*
 * `patterns` (ended by NULL): fnmatch(3) on names under /run/netns; "pid:NUMBER": that of a
 * process; "all": that of each process, and all names; with a leading '!' a name is left out. This
 * process's own is never among them. Replaces what was found before.
 */
void spaces_find(struct spaces *spaces, const char *const *patterns,
		 const struct spaces_roots *roots);
void spaces_free(struct spaces *spaces);

#endif
