/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_REPLAY_CONFINE_H
#define WEIR_REPLAY_CONFINE_H

#include <stdbool.h>

/*
 * A replay reads what strangers recorded, often on a desk: it gives up what it does not need, in
 * two steps, because threads keep what they had when they began. What the kernel lacks, or another
 * sandbox forbids, is left out, and said.
 */
struct replay_confined {
	unsigned files; /* version of Landlock; 0: files are as they were */
	bool calls;	/* system calls are filtered */
};

/* Before any thread: files are only read, but for the folder of `database` (NULL: none). */
void replay_confine_files(struct replay_confined *confined, const char *database);

/* Everything is open: this thread reads nothing more but from `folder` (NULL: none) and that of the
 * database; no thread runs programs, opens sockets, or reaches into other processes. */
void replay_confine_rest(struct replay_confined *confined, const char *database,
			 const char *folder);

/* {"confined": {"files", "calls"}}, a line on standard error. */
void replay_confine_say(const struct replay_confined *confined);

#endif
