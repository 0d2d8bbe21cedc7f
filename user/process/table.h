/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCESS_TABLE_H
#define WEIR_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/table.h"
#include "base/time.h"

/*
 * The processes of this machine, alive or lately ended. A process is its pid together with when it
 * was forked: the same pid later is another. What ended is kept for a while, for flows that are
 * told late, and for as long as somebody holds it. Bounded in number and bytes; what found no room
 * is counted. Engine thread only.
 *
 * Times named `boot` are ns of CLOCK_BOOTTIME, those named `wall` event time.
 */
struct processes;

enum program_flag {
	PROGRAM_SETUID = 0x1,  /* the file has the set-user-ID bit */
	PROGRAM_DELETED = 0x2, /* no name leads to the file */
	PROGRAM_STDIO = 0x4,   /* started with an IP socket as standard input and output */
};

/* What a process runs, shared by all that were forked since. Texts are never NULL; an empty one is
 * not known. Read-only for all but the table. */
struct program {
	uint32_t references;
	uint32_t bytes; /* all of it */
	uint8_t flags;	/* enum program_flag */
	/* Of process_put(): enum host_owned, and how often it was asked for in vain. */
	uint8_t packaged, asked;
	const char *name, *executable, *command_line, *folder;
	char text[];
};

enum process_flag {
	PROCESS_ENDED = 0x1,
	PROCESS_HELD_SOCKET = 0x2, /* an IP socket, by itself */
	PROCESS_LISTENED = 0x4,
	PROCESS_STDIO = 0x8,   /* standard input and output are an IP socket */
	PROCESS_COARSE = 0x10, /* `start` is known to a clock tick: from /proc */
};

struct process_id {
	uint64_t start; /* boot */
	uint32_t pid;
};

/* What names a life: to a tick, which is all that /proc tells, so that a weir that starts later
 * gives it the same name. */
struct process_entity {
	uint64_t tick; /* of its start */
	uint32_t pid;
	uint32_t nth; /* of the lives of that pid in that tick, from 0 */
};

struct process {
	struct process_id id;
	uint32_t uid, euid; /* as seen last */
	uint64_t cgroup;    /* as seen last; 0: not known */
	uint64_t ended;	    /* boot, if PROCESS_ENDED */
	weir_time started;  /* wall */
	struct process_entity entity;
	struct process_entity tree; /* what it descends from: docs/processes.md */
	struct process *parent;	    /* held; NULL: not known */
	struct program *program;
	uint32_t parent_pid; /* 0: not known */
	uint8_t flags;	     /* enum process_flag */

	/* The table's own. */
	struct process *older;	  /* an earlier life of the pid */
	TAILQ_ENTRY(process) age; /* ended ones that nobody holds, the first to end first */
	uint32_t references;
};

struct processes_options {
	size_t max;	  /* processes; 0: PROCESSES_MAX */
	size_t bytes_max; /* of programs' texts; 0: PROCESSES_BYTES */
	weir_time linger; /* 0: PROCESSES_LINGER */
};

#define PROCESSES_MAX	 131072
#define PROCESSES_BYTES	 ((size_t)64 << 20)
#define PROCESSES_LINGER (30 * WEIR_SEC)

/* Longer texts are cut there. */
#define PROGRAM_PATH_MAX    1024
#define PROGRAM_COMMAND_MAX 4096

struct processes_stats {
	size_t processes, ended;     /* in the table; of those, ended */
	size_t bytes;		     /* of processes and programs */
	uint64_t added, programs;    /* ever; programs started */
	uint64_t evicted;	     /* before their time, for want of room */
	uint64_t refused, no_memory; /* not known, for want of room or memory */
};

struct processes *processes_new(const struct processes_options *options); /* NULL without memory */
void processes_free(struct processes *processes);
void processes_stats(const struct processes *processes, struct processes_stats *stats);

/* The life that has this start, within a tick where it is known no better; or NULL. */
struct process *process_find(struct processes *processes, struct process_id id);
/* The life that is, or the last that was; or NULL. */
struct process *process_latest(struct processes *processes, uint32_t pid);

/* What is known of a process when it is first heard of. */
struct process_birth {
	struct process_id id, parent; /* parent.start 0: its latest; parent.pid 0: not known */
	uint64_t cgroup;
	uint32_t uid, euid;
	weir_time started;
	bool coarse; /* id.start is a clock tick */
};

/* Enters a life (it must not be in); it has the program of its parent. NULL: no room, counted. */
struct process *process_add(struct processes *processes, const struct process_birth *birth);

/* Makes `parent` its parent, if it has none yet. */
void process_adopt(struct processes *processes, struct process *process, struct process *parent);

struct program_facts {
	const char *name, *executable, *command_line, *folder; /* NULL: not known */
	uint8_t flags;
};

/* It runs this from now on. Without room for the texts it has none, counted. */
void process_runs(struct processes *processes, struct process *process,
		  const struct program_facts *facts);

/* It belongs to another cgroup: also the root of a tree of its own, if that is not its parent's. */
void process_moves(struct process *process, uint64_t cgroup);

void process_ends(struct processes *processes, struct process *process, uint64_t boot);

/* Holds it beyond its end, and lets it go. */
struct process *process_hold(struct processes *processes, struct process *process);
void process_let(struct processes *processes, struct process *process);

/* Forgets what ended long enough before `boot`. */
void processes_advance(struct processes *processes, uint64_t boot);

/* Walks all lives in no order; NULL at the end. Nothing may be added or removed meanwhile. */
struct process *processes_next(const struct processes *processes, size_t *cursor,
			       struct process *last);

#endif
