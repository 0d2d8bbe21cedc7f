/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_OWNER_H
#define WEIR_BPF_OWNER_H

/*
 * What the owner programs (owner.bpf.c) share with the agent: which process a socket belongs to,
 * and the life of processes. Maps, sizes the agent's to set before load:
 *
 *   owner_sockets    array         socket cookie modulo its size → owner_socket
 *   owner_listeners  hash          socket cookie → owner_socket, of those that listen or are bound
 *   owner_holders    LRU hash      pid → owner_holder: who has told of its first socket
 *   owner_records    ring buffer   owner_record and what follows it by kind
 *   owner_losses     per-CPU array enum owner_loss → __u64
 *
 * Process ids are those of the first pid namespace, user ids those of the first user namespace.
 */

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

#define OWNER_COMM 16
#define OWNER_PATH 256
#define OWNER_ARGS 1024

/* A life of a process: the same pid later has another start. */
struct owner_process {
	__u64 start;  /* ns of CLOCK_BOOTTIME when it was forked */
	__u64 cgroup; /* id in the cgroup2 hierarchy */
	__u32 pid;
	__u32 uid;
	__u32 euid;
	__u32 zero;
	char comm[OWNER_COMM]; /* of the thread, NUL-padded */
};
_Static_assert(sizeof(struct owner_process) == 48, "owner_process crosses to the agent");

/*
 * Cookies are numbers given in order, so the array has the last sockets that were made, and
 * entering one costs a store: an LRU hash of that size takes 1.2 us for it. `cookie` is stored
 * last, and is 0 while the rest changes.
 */
struct owner_socket {
	__u64 cookie;
	__u64 netns; /* cookie of its network namespace; 0: not known */
	struct owner_process by;
};
_Static_assert(sizeof(struct owner_socket) == 64, "owner_socket crosses to the agent");

struct owner_holder {
	__u64 start;
	__u32 euid;
	__u32 zero;
};

enum owner_record_kind {
	OWNER_FORK = 1, /* struct owner_forked */
	OWNER_EXEC,	/* struct owner_executed */
	OWNER_EXIT,	/* struct owner_record: its last thread ends */
	/* struct owner_record: its first IP socket, or the first since its effective user changed;
	 * may come more than once. */
	OWNER_HOLDS,
	/* struct owner_bound: TCP listens (port 0: none was chosen yet), UDP is bound. */
	OWNER_LISTENS,
	OWNER_UNLISTENS, /* struct owner_bound: only the cookie is set */
};

/* All are zeroed before they are filled. */
struct owner_record {
	__u32 kind; /* enum owner_record_kind */
	__u32 zero;
	__u64 at; /* ns of CLOCK_BOOTTIME */
	struct owner_process who;
};
_Static_assert(sizeof(struct owner_record) == 64, "owner_record crosses to the agent");

struct owner_forked {
	struct owner_record head; /* who: the child */
	__u64 parent_start;
	__u32 parent_pid;
	__u32 zero;
};

enum owner_exec_flag {
	OWNER_EXEC_SETUID = 0x1,  /* the file has the set-user-ID bit */
	OWNER_EXEC_DELETED = 0x2, /* no name leads to the file */
	OWNER_EXEC_STDIO = 0x4,	  /* descriptors 0 and 1 are IP sockets */
	OWNER_EXEC_CUT = 0x8,	  /* it has more arguments than fit */
};

/* Both ends of a connected socket; addresses as in owner_bound, ports in host order. */
struct owner_ends {
	__u8 own[16], other[16];
	__u16 own_port, other_port;
	__u8 proto;
	__u8 zero[3];
};

struct owner_executed {
	struct owner_record head;
	struct owner_ends stdio; /* with OWNER_EXEC_STDIO: of descriptor 0 */
	__u64 parent_start;
	__u32 parent_pid;
	__u32 flags; /* enum owner_exec_flag */
	__u32 args_length;
	__u32 zero;
	char path[OWNER_PATH]; /* of the program as it was asked for, of a script its interpreter */
	char args[OWNER_ARGS]; /* each ended by a NUL; the last may be cut */
};
_Static_assert(sizeof(struct owner_executed) == 1408, "owner_executed crosses to the agent");

struct owner_bound {
	struct owner_record head;
	__u64 cookie;
	__u64 netns;
	__u8 addr[16]; /* IPv4 as ::ffff:a.b.c.d; all zero: any */
	__u16 port;    /* host order */
	__u8 proto;
	__u8 zero[5];
};
_Static_assert(sizeof(struct owner_bound) == 104, "owner_bound crosses to the agent");

/* Why something about owners is not known; X(name, words) as in loss.h. */
#define WEIR_OWNER_LOSSES(X)                                                                       \
	X(FORK, "forks: ring full")                                                                \
	X(EXEC, "program starts: ring full")                                                       \
	X(EXIT, "exits: ring full")                                                                \
	X(HOLDS, "first sockets: ring full")                                                       \
	X(LISTENS, "listeners: ring full")                                                         \
	X(LISTENER, "listening sockets: table full")

enum owner_loss {
#define X(name, words) OWNER_LOST_##name,
	WEIR_OWNER_LOSSES(X)
#undef X
		OWNER_LOSSES,
};

#endif
