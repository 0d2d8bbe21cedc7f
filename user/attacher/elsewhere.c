/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "attacher/filters.h"
#include "attacher/hook.h"
#include "attacher/netlink.h"

/*
 * Filters of devices in other network namespaces, over a socket of theirs: libbpf knows only the
 * namespace that its caller is in. The filter bears a class, which says which device it is: devices
 * of several namespaces have the same index.
 */

#define FILTER_NAME   "weir_elsewhere"
#define REQUEST_BYTES 512

/* The head of a request about traffic control; the caller puts the rest behind it. */
static struct nlmsghdr *begin(char room[REQUEST_BYTES], uint16_t type, const struct tcmsg *tc,
			      const char *kind)
{
	struct nlmsghdr *request;

	memset(room, 0, REQUEST_BYTES);
	request = mnl_nlmsg_put_header(room);
	request->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(request, sizeof(*tc)), tc, sizeof(*tc));
	mnl_attr_put_strz(request, TCA_KIND, kind);
	return request;
}

static struct tcmsg message_of(const struct hook *hook)
{
	uint32_t side = hook->point == ATTACH_IN ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS;

	return (struct tcmsg){
		.tcm_ifindex = (int)hook->ifindex,
		.tcm_handle = hook->handle,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, side),
		.tcm_info = TC_H_MAKE(hook->priority << 16, htons(ETH_P_ALL)),
	};
}

static int put_filter(struct hook *hook, uint16_t class)
{
	char room[REQUEST_BYTES];
	const struct tcmsg tc = message_of(hook);
	struct nlmsghdr *request = begin(room, RTM_NEWTFILTER, &tc, "bpf");
	struct nlattr *options = mnl_attr_nest_start(request, TCA_OPTIONS);

	mnl_attr_put_u32(request, TCA_BPF_CLASSID, class);
	mnl_attr_put_u32(request, TCA_BPF_FD, (uint32_t)hook->program);
	mnl_attr_put_strz(request, TCA_BPF_NAME, FILTER_NAME);
	mnl_attr_put_u32(request, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(request, options);
	return netlink_change(hook->over, request, NLM_F_CREATE | NLM_F_EXCL);
}

static void take_filter(const struct hook *hook)
{
	char room[REQUEST_BYTES];
	const struct tcmsg tc = message_of(hook);

	netlink_change(hook->over, begin(room, RTM_DELTFILTER, &tc, "bpf"), 0);
}

static bool elsewhere_alive(const struct hook *hook)
{
	struct hook over = *hook;
	struct filter found;

	over.over = hook->looks;
	return hook_find_own(&over, &found) || found.program == hook->id;
}

static void elsewhere_detach(struct hook *hook)
{
	struct filter found;

	if (!hook_find_own(hook, &found) && found.program && found.program == hook->id)
		take_filter(hook);
}

const struct hook_ops hook_elsewhere = {
	.kind = KIND_ELSEWHERE, .detach = elsewhere_detach, .alive = elsewhere_alive};

/* What a weir that was killed left there. */
static void take_leftovers(struct hook *hook)
{
	struct filter found;

	if (hook_find_own(hook, &found) || !found.program)
		return;
	hook->priority = found.priority;
	take_filter(hook);
}

int hook_attach_elsewhere(struct hook *hook, struct mnl_socket *over, uint32_t ifindex,
			  enum attach_point point, int program, uint16_t class)
{
	struct filter standing;
	int err;

	*hook = (struct hook){.ifindex = ifindex,
			      .point = point,
			      .program = program,
			      .link = -1,
			      .over = over,
			      .handle = CLSACT_HANDLE};
	take_leftovers(hook);
	hook->priority = hook_free_priority(hook);
	err = put_filter(hook, class);
	if (err) {
		snprintf(hook->why, sizeof(hook->why), "clsact refused: %s", strerror(-err));
		return err;
	}
	if (!hook_find_own(hook, &standing))
		hook->id = standing.program;
	hook->ops = &hook_elsewhere;
	snprintf(hook->how, sizeof(hook->how), "clsact");
	return 0;
}

/* ---- the qdisc ---- */

static int change_clsact(struct mnl_socket *over, uint32_t ifindex, uint16_t type, uint16_t flags)
{
	const struct tcmsg tc = {.tcm_ifindex = (int)ifindex,
				 .tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
				 .tcm_parent = TC_H_CLSACT};
	char room[REQUEST_BYTES];

	return netlink_change(over, begin(room, type, &tc, "clsact"), flags);
}

bool clsact_make_elsewhere(struct mnl_socket *over, uint32_t ifindex)
{
	return !change_clsact(over, ifindex, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
}

void clsact_remove_if_empty_elsewhere(struct mnl_socket *over, uint32_t ifindex)
{
	const struct filters_of of = {over, ifindex};

	if (clsact_is_empty(&of))
		change_clsact(over, ifindex, RTM_DELQDISC, 0);
}
