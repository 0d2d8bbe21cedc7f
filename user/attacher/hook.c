/* SPDX-License-Identifier: Apache-2.0 */
#include "attacher/hook.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attacher/filters.h"
#include "base/compat.h"
#include "confine/confine.h"

static int refused(struct hook *hook, int err, const char *what)
{
	snprintf(hook->why, sizeof(hook->why), "%s refused: %s", what, strerror(-err));
	return err;
}

/* ---- links: TCX and XDP ---- */

static void link_detach(struct hook *hook)
{
	/* Detached before it is closed: others may hold the link's file too. */
	bpf_link_detach(hook->link);
	close(hook->link);
	hook->link = -1;
}

static bool link_alive(const struct hook *hook)
{
	/* A link whose device went away or which was detached by force shows interface 0. Both
	 * kinds have the index first (struct bpf_link_info: xdp, tcx). */
	union {
		struct bpf_link_info info;
		char bytes[256]; /* newer kernels write more than this header knows */
	} u;
	__u32 size = sizeof(u);

	memset(&u, 0, sizeof(u));
	if (bpf_obj_get_info_by_fd(hook->link, &u, &size))
		return false;
	return u.info.xdp.ifindex == hook->ifindex;
}

static int link_replace(struct hook *hook, int program)
{
	return bpf_link_update(hook->link, program, NULL);
}

static int tcx_attach(struct hook *hook)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = COMPAT_BPF_F_BEFORE);
	enum bpf_attach_type type = hook->point == ATTACH_IN
					    ? (enum bpf_attach_type)COMPAT_BPF_TCX_INGRESS
					    : (enum bpf_attach_type)COMPAT_BPF_TCX_EGRESS;

	/* Before all others: what they drop or steal is seen too; ours passes everything on. */
	hook->link = bpf_link_create(hook->program, (int)hook->ifindex, type, &options);
	if (hook->link == -EINVAL) /* before Linux 6.6: no such attach type */
		return -EOPNOTSUPP;
	if (hook->link < 0)
		return refused(hook, hook->link, "tcx");
	snprintf(hook->how, sizeof(hook->how), "tcx");
	return 0;
}

const struct hook_ops hook_tcx = {
	.kind = KIND_TCX,
	.links = true,
	.attach = tcx_attach,
	.detach = link_detach,
	.alive = link_alive,
	.replace = link_replace,
};

/* Whoever may not ask is not tried: the filter of the engine's calls refuses it. */
static int open_program(__u32 id)
{
	return id && confine_held() >> CAP_SYS_ADMIN & 1 ? bpf_prog_get_fd_by_id(id) : -1;
}

void hook_say_holder(struct hook *hook)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info), id = 0;
	int program;

	if (!bpf_xdp_query((int)hook->ifindex, 0, &query))
		id = query.prog_id	 ? query.prog_id
		     : query.drv_prog_id ? query.drv_prog_id
		     : query.skb_prog_id ? query.skb_prog_id
					 : query.hw_prog_id;
	program = open_program(id);
	if (program >= 0) {
		bpf_obj_get_info_by_fd(program, &info, &size);
		close(program);
	}
	snprintf(hook->why, sizeof(hook->why), "XDP is held by program \"%s\" (id %u): TC counts",
		 info.name[0] ? info.name : "?", id);
}

static int xdp_attach(struct hook *hook)
{
	static const struct {
		__u32 flags;
		const char *how;
	} modes[] = {{XDP_FLAGS_DRV_MODE, "xdp native"}, {XDP_FLAGS_SKB_MODE, "xdp generic"}};
	int err = 0;
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		LIBBPF_OPTS(bpf_link_create_opts, options, .flags = modes[i].flags);

		hook->link = bpf_link_create(hook->program, (int)hook->ifindex, BPF_XDP, &options);
		if (hook->link >= 0) {
			snprintf(hook->how, sizeof(hook->how), "%s", modes[i].how);
			return 0;
		}
		if (hook->link == -EBUSY || hook->link == -EEXIST)
			return -EBUSY;
		err = hook->link;
	}
	return refused(hook, err, "xdp");
}

const struct hook_ops hook_xdp = {
	.kind = KIND_XDP,
	.links = true,
	.attach = xdp_attach,
	.detach = link_detach,
	.alive = link_alive,
	.replace = link_replace,
};

/* ---- clsact filters, before Linux 6.6 ---- */

static enum bpf_tc_attach_point tc_point(enum attach_point point)
{
	return point == ATTACH_IN ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

/* The priorities that others have on one side. */
struct taken {
	uint32_t lowest, highest; /* 0: there is no filter */
	char first[FILTER_NAME_MAX];
};

static void note_taken(void *context, const struct filter *filter)
{
	struct taken *taken = context;

	if (filter->priority > taken->highest)
		taken->highest = filter->priority;
	if (taken->lowest && filter->priority >= taken->lowest)
		return;
	taken->lowest = filter->priority;
	snprintf(taken->first, sizeof(taken->first), "%s", filter->name);
}

uint32_t hook_free_priority(struct hook *hook)
{
	const struct filters_of of = {hook->over, hook->ifindex};
	struct taken taken = {0};

	filters_list(&of, hook->point == ATTACH_IN, note_taken, &taken);
	if (!taken.lowest)
		return 1;
	if (taken.lowest > 1)
		return taken.lowest - 1;
	snprintf(hook->why, sizeof(hook->why),
		 "behind filter \"%.40s\" of priority 1: what it drops or ends is not seen",
		 taken.first);
	return taken.highest < UINT16_MAX ? taken.highest + 1 : UINT16_MAX;
}

struct search {
	const struct hook *hook;
	struct filter *found;
};

static void look_for_own(void *context, const struct filter *filter)
{
	const struct search *search = context;

	if (filter->handle == CLSACT_HANDLE && !filter->class == !search->hook->over &&
	    (!search->hook->priority || filter->priority == search->hook->priority) &&
	    !strncmp(filter->name, PROGRAM_PREFIX, sizeof(PROGRAM_PREFIX) - 1))
		*search->found = *filter;
}

int hook_find_own(const struct hook *hook, struct filter *found)
{
	const struct filters_of of = {hook->over, hook->ifindex};
	struct search search = {hook, found};

	*found = (struct filter){0};
	return filters_list(&of, hook->point == ATTACH_IN, look_for_own, &search);
}

static void clsact_take(const struct hook *hook, uint32_t priority)
{
	LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = (int)hook->ifindex,
		    .attach_point = tc_point(hook->point));
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = CLSACT_HANDLE, .priority = priority);

	bpf_tc_detach(&tc, &options);
}

/* Whoever put one there and ended before it said so. */
static void clsact_take_forgotten(const struct hook *hook)
{
	struct filter found;

	if (!hook_find_own(hook, &found) && found.program)
		clsact_take(hook, found.priority);
}

static int clsact_attach(struct hook *hook)
{
	LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = (int)hook->ifindex,
		    .attach_point = tc_point(hook->point));
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = CLSACT_HANDLE, .prog_fd = hook->program);
	int err;

	clsact_take_forgotten(hook);
	options.priority = hook_free_priority(hook);
	err = bpf_tc_attach(&tc, &options);
	if (err)
		return refused(hook, err, "clsact");
	hook->handle = options.handle;
	hook->priority = options.priority;
	hook->id = options.prog_id;
	snprintf(hook->how, sizeof(hook->how), "clsact");
	return 0;
}

/* Our handle and priority may hold somebody else's program by now: replaced, or on another device
 * to which the kernel gave the index. */
static bool clsact_alive(const struct hook *hook)
{
	LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = (int)hook->ifindex,
		    .attach_point = tc_point(hook->point));
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = hook->handle, .priority = hook->priority);

	return !bpf_tc_query(&tc, &options) && options.prog_id == hook->id;
}

static void clsact_detach(struct hook *hook)
{
	struct filter found;

	if (!hook_find_own(hook, &found) && found.program && found.program == hook->id)
		clsact_take(hook, found.priority);
}

static int clsact_replace(struct hook *hook, int program)
{
	LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = (int)hook->ifindex,
		    .attach_point = tc_point(hook->point));
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = hook->handle, .priority = hook->priority,
		    .prog_fd = program, .flags = BPF_TC_F_REPLACE);
	int err = bpf_tc_attach(&tc, &options);

	if (!err)
		hook->id = options.prog_id;
	return err;
}

const struct hook_ops hook_clsact = {
	.kind = KIND_CLSACT,
	.attach = clsact_attach,
	.detach = clsact_detach,
	.alive = clsact_alive,
	.replace = clsact_replace,
};

/* ---- the qdisc ---- */

bool clsact_make(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = (int)ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	const struct filters_of of = {.ifindex = ifindex};

	return !filters_has_clsact(&of) && !bpf_tc_hook_create(&tc);
}

bool clsact_is_empty(const struct filters_of *of)
{
	struct taken taken = {0};

	return filters_has_clsact(of) && !filters_list(of, true, note_taken, &taken) &&
	       !filters_list(of, false, note_taken, &taken) && !taken.highest;
}

void clsact_remove_if_empty(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = (int)ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	const struct filters_of of = {.ifindex = ifindex};

	if (clsact_is_empty(&of))
		bpf_tc_hook_destroy(&tc);
}

/* ---- all ---- */

const struct hook_ops *const hook_kinds[HOOK_KINDS] = {
	[KIND_TCX] = &hook_tcx,
	[KIND_CLSACT] = &hook_clsact,
	[KIND_XDP] = &hook_xdp,
	[KIND_ELSEWHERE] = &hook_elsewhere,
};

int hook_attach(struct hook *hook, const struct hook_ops *const ways[], uint32_t ifindex,
		enum attach_point point, int program)
{
	int err = -EOPNOTSUPP;

	for (; *ways; ways++) {
		*hook = (struct hook){
			.ifindex = ifindex, .point = point, .program = program, .link = -1};
		err = (*ways)->attach(hook);
		if (!err) {
			hook->ops = *ways;
			return 0;
		}
		if (err != -EOPNOTSUPP)
			return err;
	}
	return refused(hook, err, "every hook");
}

void hook_detach(struct hook *hook)
{
	if (hook->ops)
		hook->ops->detach(hook);
	hook->ops = NULL;
}

bool hook_alive(const struct hook *hook)
{
	return !hook->ops || hook->ops->alive(hook);
}

int hook_replace(struct hook *hook, int program)
{
	int err = 0;

	if (hook->ops && !hook->ops->alive(hook))
		return -ENOENT;
	if (hook->ops)
		err = hook->ops->replace(hook, program);
	if (!err)
		hook->program = program;
	return err;
}

void hook_restore(struct hook *hook)
{
	struct filter usurper;

	/* A link is ours, whoever's program it runs. */
	if (hook->ops && hook->ops->links)
		link_replace(hook, hook->program);
	if (hook->ops != &hook_clsact || clsact_alive(hook))
		return;
	if (!hook_find_own(hook, &usurper) && usurper.program)
		clsact_replace(hook, hook->program);
}

void hook_leave(struct hook *hook)
{
	if (hook->ops && hook->link >= 0)
		close(hook->link);
	hook->link = -1;
	hook->ops = NULL;
}
