/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFINE_CONFINE_H
#define WEIR_CONFINE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Nothing by exec, no core dump, no debugger that is not root. The capabilities stay. */
int confine_private(void);

/* Capabilities but those of `keep` (a bit each, by number) go, from every set. */
int confine_capabilities(uint64_t keep);
uint64_t confine_held(void); /* those in force now */

/*
 * Capabilities are a thread's own. confine_threads(), before the first one is started: from now on
 * those that begin give up what they need not, each by confine_thread(), which elsewhere does
 * nothing.
 */
void confine_threads(void);
void confine_thread(uint64_t keep);

/* CAP_BPF where it takes that to use BPF maps by their descriptors, before Linux 5.19; else 0. */
uint64_t confine_use_maps(void);

/* At most so many bytes of memory of its own (0: as before); no new descriptors beyond the number
 * `descriptors`, no processes, no files that grow. The whole process. */
int confine_limits(size_t memory, unsigned descriptors);

/* A part of the tree that stays reachable; of `path` only what exists counts. */
struct confine_path {
	const char *path; /* NULL: none */
	bool write;	  /* made, written and removed in it, too */
};

/* No files but these, what is open stays open; no TCP ports. Needs no_new_privs, which it sets. The
 * version of Landlock (enough is 1), or 0: the kernel has none. */
int confine_files(const struct confine_path *paths, size_t count);

/* The same, and TCP connections to this port (0: to none). Before version 4 ports are not looked
 * at.
 */
int confine_files_and_port(const struct confine_path *paths, size_t count, uint16_t port);

/* No more memory of its own than that, no core dump. The whole process. */
int confine_memory(size_t memory);

/*
 * Only what a decoder needs: memory, the clock, waiting, and sending and receiving over the
 * descriptor `channel`. Opening a file fails with EACCES, because libraries try on occasion; any
 * other call kills the process (SIGSYS).
 */
int confine_calls_decoder(int channel);

/*
 * Only what it takes to read files and to look at descriptors of other processes: nothing is
 * written, made, run or signalled, no socket made; messages go over the descriptors `first` to
 * `last`, which are connected, alone. Any other call kills the process (SIGSYS). All its threads.
 * openat2(2) hides its flags: who takes the process over can make an empty file or empty one where
 * its user may.
 */
int confine_calls_procfs(int first, int last);

/*
 * Only what it takes to attach: netlink sockets for devices and connection tracking, and of bpf(2)
 * links that are made or get another program. Messages go over `channel`, which stays open. Any
 * other call kills the process (SIGSYS).
 */
int confine_calls_attacher(int channel);

/* Of the process that starts one of these two, which inherits it: no programs, no other rights,
 * nothing of the system as such; else SIGSYS. */
int confine_calls_keeper(void);

/* The same for who serves HTTP on a socket that is listened on: beside memory, the clock and
 * waiting, sockets that are there or accepted, and reading a file by its descriptor. Another call
 * kills the process (SIGSYS). */
int confine_calls_server(void);

/* Only what it takes to look for files of namespaces, to enter one and to open sockets there: of
 * sockets netlink ones. Any other call kills the process. */
int confine_calls_visitor(void);

/* Everything but programs, sockets, other processes, and the system as such: these calls fail with
 * EPERM. All threads of the process. */
int confine_calls_replay(void);

/* What a program needs that asks one server over the network: no programs, no other processes, no
 * rights, no listening, sockets of IP, netlink and Unix alone. Other calls fail with EPERM. All
 * threads of the process. */
int confine_calls_client(void);

/*
 * What the agent needs once all is open: no programs, no other rights, no namespaces, no code in
 * memory that is written, no part of the system but files and sockets of four families; of bpf(2)
 * what works on descriptors that are open, and puts up no program. Another call is refused, said on
 * standard error, and ends the process (SIGSYS). All threads of the process.
 */
int confine_calls_engine(void);

#endif
