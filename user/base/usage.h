/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_USAGE_H
#define WEIR_BASE_USAGE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/time.h"

/* What a process costs. */
struct usage {
	uint64_t resident;  /* bytes in memory, with pages of files that others may have too */
	uint64_t own;	    /* of them those that no file backs: what ends with it */
	weir_time cpu_time; /* of all its threads since its start, ns */
};

/* 0: of the caller. What cannot be read is 0; -errno if the process is not there. */
int usage_of(pid_t pid, struct usage *usage);

/*
 * Processor time of late: the share since one of the last two marks, so of one to two of the
 * intervals at which they are set. A zeroed one is valid: it speaks of the time since boot time 0.
 */
struct usage_marks {
	struct usage_mark {
		weir_time at, cpu_time; /* boot time */
	} last, before;
};

void usage_mark(struct usage_marks *marks, weir_time at, weir_time cpu_time);
/* Percent of one core. */
double usage_percent(const struct usage_marks *marks, weir_time now, weir_time cpu_time);

#endif
