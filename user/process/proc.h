/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCESS_PROC_H
#define WEIR_PROCESS_PROC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"
#include "process/table.h"

/*
 * Everything that is read of other processes in /proc: the one place that needs the right to look
 * into them (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH). Nothing is kept. Any thread.
 */

/* To this /proc knows when a process started: a tick of USER_HZ, as ns of CLOCK_BOOTTIME. */
#define PROC_TICK (WEIR_SEC / 100)

struct proc_facts {
	struct process_id id; /* start: a multiple of PROC_TICK */
	uint32_t parent, uid, euid;
	uint64_t cgroup; /* id in the hierarchy at `cgroup_root`; 0: not known */
	uint8_t flags;	 /* enum program_flag */
	char name[64];
	char executable[PROGRAM_PATH_MAX];
	char command_line[PROGRAM_COMMAND_MAX];
	char folder[PROGRAM_PATH_MAX];
};

/*
 * Reads a process. With id.start not 0 it must be that life. `cgroup_root`: a descriptor of the
 * cgroup2 hierarchy, -1: none. 0, or -ESRCH: it is gone, or another has its pid.
 */
int proc_read(struct process_id id, int cgroup_root, struct proc_facts *facts);

/* Calls `each` for every process there is. 0, or -errno. */
int proc_list(void (*each)(void *context, uint32_t pid), void *context);

/* An IP socket that a process has open. */
struct proc_socket {
	uint64_t cookie;
	uint64_t netns;	  /* cookie of its network namespace; 0: the kernel does not tell (5.14) */
	struct addr addr; /* its own */
	uint16_t port;	  /* host order */
	uint8_t proto;	  /* IANA number */
	bool listens;	  /* TCP: it does; UDP: it is bound, and to no peer */
};

/* Calls `each` for every IP socket of a process: that needs pidfd_getfd(2) (5.6). 0, or -errno. */
int proc_sockets(uint32_t pid, void (*each)(void *context, const struct proc_socket *socket),
		 void *context);

/* Whether its standard input and output are IP sockets now. */
bool proc_stdio_is_socket(struct process_id id);

/* Part of this boot's id, for names that must not mean another boot's process. */
const char *proc_boot_id(void);

#endif
