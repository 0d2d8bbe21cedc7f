/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFINE_CONFINE_H
#define WEIR_CONFINE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a process gives up for good before it reads what strangers say. Nothing of it can be taken
 * back. All return 0 or -errno unless said otherwise; the calling thread only, unless said
 * otherwise.
 */

/* What this kernel has of it. */
struct confinement {
	bool calls;	/* seccomp filters of system calls */
	unsigned files; /* Landlock: the version of its interface; 0: it has none */
};
void confine_probe(struct confinement *has);

/* No privileges: no capabilities, none by exec either, no core dump, no debugger that is not root.
 */
int confine_privileges(void);

/* At most so many bytes of memory of its own (0: as before); no new descriptors, no processes, no
 * files that grow. The whole process. */
int confine_limits(size_t memory);

/* A part of the tree that stays reachable; of `path` only what exists counts. */
struct confine_path {
	const char *path; /* NULL: none */
	bool write;	  /* made, written and removed in it, too */
};

/* No files but these, what is open stays open; no TCP ports. Needs no_new_privs, which it sets. The
 * version of Landlock (enough is 1), or 0: the kernel has none. */
int confine_files(const struct confine_path *paths, size_t count);

/*
 * Only what a decoder needs: memory, the clock, waiting, and sending and receiving over the
 * descriptor `channel`. Opening a file fails with EACCES, because libraries try on occasion; any
 * other call kills the process (SIGSYS).
 */
int confine_calls_decoder(int channel);

/* Everything but programs, sockets, other processes, and the system as such: these calls fail with
 * EPERM. All threads of the process. */
int confine_calls_replay(void);

#endif
