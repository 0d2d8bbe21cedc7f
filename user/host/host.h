/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HOST_HOST_H
#define WEIR_HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/*
 * What the host itself knows of a process: whether a package owns its program, where that lies,
 * which container it is in, what its user is called. Read from files alone, never from daemons or
 * name services: nothing here waits for another program. Files below a container's root are an
 * attacker's: links do not lead out of it, nothing but regular files is opened, all is bounded.
 * Everything is cached. Engine thread only.
 */
struct cgroup_container;
struct container_words;

struct host_options {
	const char *root;	  /* where the host's own files are; NULL: "/" */
	weir_time (*clock)(void); /* for ages of what is cached; NULL: time_boot() */
	/* Says in our place what files of runtimes say; false: not known now. NULL: we read them
	 * (host_container_words()). */
	bool (*words)(void *context, const struct cgroup_container *where,
		      struct container_words *words);
	void *context; /* of words */
};

struct host_facts;

struct host_stats {
	/* Roots whose packages are known, paths of these, and the bytes that they take. */
	uint64_t roots, paths, bytes;
	/* Indexes made; put off, because making them takes 5 % of the time already; roots forgotten
	 * for want of room; databases too large, damaged, or in a format that is not read. */
	uint64_t indexed, put_off, evicted, unreadable;
	uint64_t containers, containers_evicted, users;
};

/* NULL without memory. */
struct host_facts *host_facts_new(const struct host_options *options);
void host_facts_free(struct host_facts *facts);

/*
 * Whether a package owns the file `path` (absolute, as seen inside `root`, without links and
 * without " (deleted)") in the system whose root folder is `root` ("/proc/PID/root"; NULL: the
 * host's own): by dpkg, apk, rpm (rpmdb.sqlite) or pacman; what lies in a snap, flatpak, Nix or
 * Guix store counts as owned. HOST_UNKNOWN: there is no database, or it cannot be read (now). It
 * speaks of the path, not of what is in the file. The first question about a root, and the first
 * after a change, reads its database: 0.1 to 0.3 seconds for a large host, some milliseconds for a
 * usual image.
 */
enum host_owned {
	HOST_UNKNOWN,
	HOST_OWNED,
	HOST_NOT_OWNED,
	HOST_LATER, /* it is being found out: only of somebody who answers in our place */
};

enum host_owned host_package_owns(struct host_facts *facts, const char *root, const char *path);

/*
 * Where a program lies: "memory" (`memory` says that it never was a file: memfd), "shm", "tmp",
 * "home", "local" (/usr/local), "opt", "system", "media", "var" (/var, /srv), "other". By the path
 * alone; static.
 */
const char *host_location(const char *path, bool memory);

struct host_container {
	const char *id;	  /* 64 hex digits; lxc, nspawn: its name */
	const char *name; /* NULL: not known (yet), as all below */
	const char *image;
	const char *runtime; /* docker containerd podman cri-o lxc nspawn */
	const char *pod, *pod_namespace;
	const char *pod_uid; /* from its cgroup; NULL: it is in no pod */
};

/*
 * The container that a process in this cgroup (as in /proc/PID/cgroup, seen from the host) runs in;
 * NULL: none. Of nested ones the outermost, which the host's runtime knows, and which a process
 * inside cannot make up. Names come from the runtime's files; while they are missing they are
 * looked for again from time to time. Good until the next call.
 */
const struct host_container *host_container(struct host_facts *facts, const char *cgroup_path);

/* The name of a user of the host, from its passwd(5) alone; NULL: it has none there. Good until the
 * next call. */
const char *host_user(struct host_facts *facts, uint32_t uid);

/* What the files of runtimes say of a container. Nothing is kept; any thread. */
bool host_container_words(const char *root, const struct cgroup_container *where,
			  struct container_words *words);

void host_stats(const struct host_facts *facts, struct host_stats *stats);

#endif
