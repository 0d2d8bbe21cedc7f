/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCFS_INSIDE_H
#define WEIR_PROCFS_INSIDE_H

#include "keeper/keeper.h"
#include "procfs/message.h"
#include "procfs/procfs.h"

/* The inside of the engine's side, and what the processes behind it are. */

/* ---- the process that answers (answer.c) ---- */

/* What keeper_kept.become does; the context is a procfs_options. */
void procfs_become(void *context, struct keeper_life life);

/* So long an answer may take before the process ends itself; no question is worth more. */
#define PROCFS_HANG_SECONDS 20

/* ---- the engine's side ---- */

struct procfs_line {
	int channel;
	uint32_t number;	 /* of the last question */
	bool behind;		 /* an answer is late: nothing is asked until something comes */
	bool gone;		 /* nobody is there any more */
	uint32_t life;		 /* of who answers; 0: it has not said so yet */
	uint64_t asked, unasked; /* questions; those that were not, for want of an answer */
	uint64_t unanswered, malformed; /* in time; answers that made no sense */
	weir_time waited, longest;	/* for answers, together and for one */
	size_t length;			/* of the answer at hand */
	uint8_t bytes[PROCFS_MESSAGE];
};

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
	uint32_t pid; /* who answers says that it is; 0: nothing yet */
	uint64_t restarts;
	weir_time restarted; /* boot time */
	char reason[64];     /* of the last end */
	bool untold;	     /* the health event of that */
	bool told_gone;	     /* that of the end of all */
	const char *const *files;
	struct host_stats packages;
	struct procfs_line lines[LANES];
	struct procfs_ahead ahead[PROCFS_AHEAD_MAX];
};

#endif
