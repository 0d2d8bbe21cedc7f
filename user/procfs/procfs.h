/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCFS_PROCFS_H
#define WEIR_PROCFS_PROCFS_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "host/cgroup.h"
#include "host/host.h"
#include "process/proc.h"

/*
 * What other processes run and hold, and whose they are, asked of a process that may look into them
 * (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH) and may do nothing else: it is the one that has these
 * rights. It is forked before the engine has a thread, by a keeper that starts the next one when it
 * ends, after pauses that grow; both end with the engine.
 *
 * A question waits for its answer so long at most as its function says; an answer that is late is
 * not waited for again, nor anything else asked in its lane, until it comes: then -EAGAIN is what
 * is known. Engine thread only, but for procfs_file().
 */
struct procfs;

struct procfs_options {
	const char *host_root;	  /* where the host's files are */
	const char *const *files; /* that may be asked for; ended by NULL; lives as long */
};

/* 0, or -errno with `error` said. */
int procfs_open(struct procfs **procfs, const struct procfs_options *options, struct error *error);
void procfs_close(struct procfs *procfs); /* NULL: nothing */

#define PROCFS_WAIT	    (2 * WEIR_SEC)    /* for all but packages */
#define PROCFS_WAIT_PACKAGE (250 * WEIR_MSEC) /* whose databases may be large */

/* As proc_read(), with -EAGAIN: not known now. */
int procfs_process(struct procfs *procfs, struct process_id id, struct proc_facts *facts);

/* Asks already for what procfs_process() will be asked for next, so that processes are looked at
 * while others are told. At most PROCFS_AHEAD_MAX, others are not; what was not taken until
 * procfs_ahead_end() is forgotten. */
#define PROCFS_AHEAD_MAX 32
void procfs_ahead(struct procfs *procfs, struct process_id id);
void procfs_ahead_end(struct procfs *procfs);

/* As proc_list(), proc_sockets() and proc_stdio_is_socket(). `each` asks nothing here. */
int procfs_list(struct procfs *procfs, void (*each)(void *context, uint32_t pid), void *context);
int procfs_sockets(struct procfs *procfs, uint32_t pid,
		   void (*each)(void *context, const struct proc_socket *socket), void *context);
bool procfs_stdio_is_socket(struct procfs *procfs, struct process_id id);

/* For cgroups_new(), host_options.words and process_teller.owns; `context` is the procfs. */
int procfs_cgroup(void *context, uint64_t id, char path[PATH_MAX]);
bool procfs_words(void *context, const struct cgroup_container *where,
		  struct container_words *words);
enum host_owned procfs_owns(void *context, uint32_t pid, const char *path);

/* One of options.files, opened to be read: a descriptor, or -errno. One thread, any. */
int procfs_file(void *context, const char *path);

/* The members of host_stats() that speak of packages, as they were at the last answer. */
void procfs_packages(const struct procfs *procfs, struct host_stats *stats);

/* The process ended that should not have, since this was asked last: true with both, which live
 * until the next call. */
bool procfs_health(struct procfs *procfs, const char **fact, const char **message);

/* For `weir status` (a new reference). *degraded is set if nobody answers, or one began anew within
 * the last minute. */
json_t *procfs_status(const struct procfs *procfs, bool *degraded);

#endif
