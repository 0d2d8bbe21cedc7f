/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ATTACHER_HOOK_H
#define WEIR_ATTACHER_HOOK_H

#include <stdbool.h>
#include <stdint.h>

struct mnl_socket;

/*
 * Ways to put one program on one side of a device, behind one table of operations. Nobody else's
 * program is ever replaced or removed. Those that change something take CAP_NET_ADMIN (before Linux
 * 5.19 links take CAP_BPF too): the engine calls them by attacher.h.
 */
enum attach_point { ATTACH_IN, ATTACH_OUT, ATTACH_POINTS };

/* The numbers go from one weir to the next (watch_hand.c). */
enum hook_kind { KIND_NONE, KIND_TCX, KIND_CLSACT, KIND_XDP, KIND_ELSEWHERE, HOOK_KINDS };

#define ATTACH_HOW_MAX 24
#define ATTACH_WHY_MAX 160

/* One attached program. */
struct hook {
	const struct hook_ops *ops; /* NULL: nothing is attached */
	uint32_t ifindex;
	enum attach_point point;
	int program;		       /* borrowed */
	int link;		       /* links */
	uint32_t handle, priority, id; /* filters; id: of the program */
	struct mnl_socket *over;       /* filters elsewhere: of the device's network namespace */
	struct mnl_socket *looks;      /* likewise, for hook_alive(): nobody else's at that time */
	char how[ATTACH_HOW_MAX];      /* "tcx", "clsact", "xdp native", "xdp generic" */
	char why[ATTACH_WHY_MAX];      /* what is worth knowing; empty: nothing */
};

struct hook_ops {
	enum hook_kind kind;
	bool links; /* hook.link is it; else it is a filter */
	/* 0, or -errno with hook->why said; -EOPNOTSUPP: this kernel or device has no such hook;
	 * -EBUSY: XDP is somebody else's (hook_say_holder). */
	int (*attach)(struct hook *hook);
	void (*detach)(struct hook *hook);
	bool (*alive)(const struct hook *hook); /* false: somebody took it away */
	/* Puts `program` in the place of the one that is there; no packet passes neither. */
	int (*replace)(struct hook *hook, int program);
};

extern const struct hook_ops hook_tcx, hook_clsact, hook_xdp, hook_elsewhere;
extern const struct hook_ops *const hook_kinds[HOOK_KINDS];

/* Attaches by the first of `ways` (ended by NULL) that the kernel has. 0, or -errno with hook->why
 * said. */
int hook_attach(struct hook *hook, const struct hook_ops *const ways[], uint32_t ifindex,
		enum attach_point point, int program);
void hook_detach(struct hook *hook);
/* Takes no right. */
bool hook_alive(const struct hook *hook);
/* 0, or -errno, and it is as it was; -ENOENT if somebody took it away. Nothing attached: 0. */
int hook_replace(struct hook *hook, int program);
/* Another weir put its program in the place of ours, and did not stay: ours again. What anybody
 * else put there stays. */
void hook_restore(struct hook *hook);
/* Lets it be as it is: another process has it. */
void hook_leave(struct hook *hook);

/* The same by a filter of a device in the network namespace of `over`, which must outlive the hook.
 * Its clsact qdisc is there. The program finds `class` in skb->tc_classid. */
int hook_attach_elsewhere(struct hook *hook, struct mnl_socket *over, uint32_t ifindex,
			  enum attach_point point, int program, uint16_t class);

/* Says in hook->why who holds XDP: with CAP_SYS_ADMIN by name. */
void hook_say_holder(struct hook *hook);

/* The filter that is the hook's, or where `priority` is 0 any weir's that is of its kind, among
 * those of its side; found->program is 0 if there is none. 0, or -errno: nobody knows. */
struct filter;
int hook_find_own(const struct hook *hook, struct filter *found);

/* A priority before that of all filters of the hook's side, so that what they drop is seen too; 1
 * where there are none. Where none is free before them hook->why says so. */
uint32_t hook_free_priority(struct hook *hook);

/* True if nobody has a filter in the device's clsact qdisc, and it has one. */
struct filters_of;
bool clsact_is_empty(const struct filters_of *of);

/* Takes the clsact qdisc away again if nobody has a filter in it. Only for one that we made. */
void clsact_remove_if_empty(uint32_t ifindex);

/* Makes it if there is none; true if this call made it. */
bool clsact_make(uint32_t ifindex);

/* Both in the network namespace of `over`. */
void clsact_remove_if_empty_elsewhere(struct mnl_socket *over, uint32_t ifindex);
bool clsact_make_elsewhere(struct mnl_socket *over, uint32_t ifindex);

#define CLSACT_HANDLE 0x77 /* of all our filters */

#define PROGRAM_PREFIX "weir_" /* of the names of all our programs */

#endif
