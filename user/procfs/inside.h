/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCFS_INSIDE_H
#define WEIR_PROCFS_INSIDE_H

#include "keeper/keeper.h"
#include "keeper/line.h"
#include "procfs/message.h"
#include "procfs/procfs.h"

/* The inside of the engine's side, and what the processes behind it are. */

/* ---- the process that answers (answer.c) ---- */

/* What keeper_kept.become does; the context is a procfs_options. */
void procfs_become(void *context, struct keeper_life life);

/* So long an answer may take before the process ends itself; no question is worth more. */
#define PROCFS_HANG_SECONDS 20

/* ---- the engine's side ---- */

/* A process that was asked for ahead of the need. */
enum ahead_state { AHEAD_FREE, AHEAD_ASKED, AHEAD_ANSWERED };

struct procfs_ahead {
	enum ahead_state state;
	uint32_t number;
	struct process_id id;
	int result;
	struct proc_facts facts;
};

struct procfs {
	pid_t keeper;
	struct kept_lives lives;
	const char *const *files;
	struct host_stats packages;
	struct kept_line lines[LANES];
	uint32_t life[LANES];		      /* of who answers; 0: it has not said so yet */
	uint8_t bytes[LANES][PROCFS_MESSAGE]; /* of the answer at hand */
	struct procfs_ahead ahead[PROCFS_AHEAD_MAX];
};

extern const struct kept_words procfs_kept_words;

#endif
