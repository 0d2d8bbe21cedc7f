/* SPDX-License-Identifier: Apache-2.0 */
#include "attacher/filters.h"
#include "attacher/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct listing {
	struct mnl_socket *over;
	uint32_t ifindex;
	void (*each)(void *context, const struct filter *filter);
	void *context;
	bool clsact;
};

static void copy_text(char *to, size_t size, const struct nlattr *attribute)
{
	snprintf(to, size, "%.*s", (int)mnl_attr_get_payload_len(attribute),
		 (const char *)mnl_attr_get_payload(attribute));
}

static void read_bpf(const struct nlattr *options, struct filter *filter)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, options)
	{
		if (mnl_attr_get_type(attribute) == TCA_BPF_NAME)
			copy_text(filter->name, sizeof(filter->name), attribute);
		else if (mnl_attr_get_type(attribute) == TCA_BPF_ID &&
			 mnl_attr_get_payload_len(attribute) == sizeof(uint32_t))
			filter->program = mnl_attr_get_u32(attribute);
		else if (mnl_attr_get_type(attribute) == TCA_BPF_CLASSID &&
			 mnl_attr_get_payload_len(attribute) == sizeof(uint32_t))
			filter->class = mnl_attr_get_u32(attribute);
	}
}

static int on_filter(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct listing *listing = context;
	const struct nlattr *attribute, *options = NULL;
	struct filter filter = {0};

	if (message->nlmsg_type != RTM_NEWTFILTER || (uint32_t)tc->tcm_ifindex != listing->ifindex)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(*tc))
	{
		if (mnl_attr_get_type(attribute) == TCA_KIND)
			copy_text(filter.kind, sizeof(filter.kind), attribute);
		else if (mnl_attr_get_type(attribute) == TCA_OPTIONS)
			options = attribute;
	}
	filter.priority = TC_H_MAJ(tc->tcm_info) >> 16;
	filter.handle = tc->tcm_handle;
	if (options && !strcmp(filter.kind, "bpf"))
		read_bpf(options, &filter);
	if (!filter.name[0])
		snprintf(filter.name, sizeof(filter.name), "%s", filter.kind);
	listing->each(listing->context, &filter);
	return MNL_CB_OK;
}

static int on_qdisc(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct listing *listing = context;
	const struct nlattr *attribute;

	if (message->nlmsg_type != RTM_NEWQDISC || (uint32_t)tc->tcm_ifindex != listing->ifindex)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(*tc))
	{
		if (mnl_attr_get_type(attribute) == TCA_KIND &&
		    !strcmp(mnl_attr_get_str(attribute), "clsact"))
			listing->clsact = true;
	}
	return MNL_CB_OK;
}

static int dump(uint16_t type, uint32_t parent, struct listing *listing, mnl_cb_t each)
{
	const struct tcmsg family = {.tcm_ifindex = (int)listing->ifindex, .tcm_parent = parent};
	const struct netlink_dump all = {
		.bus = NETLINK_ROUTE,
		.type = type,
		.family = &family,
		.family_size = sizeof(family),
		.each = each,
		.context = listing,
		.over = listing->over,
	};

	return netlink_dump(&all);
}

int filters_list(const struct filters_of *of, bool ingress,
		 void (*each)(void *context, const struct filter *filter), void *context)
{
	struct listing listing = {
		.over = of->over, .ifindex = of->ifindex, .each = each, .context = context};
	uint32_t parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);

	return dump(RTM_GETTFILTER, parent, &listing, on_filter);
}

bool filters_has_clsact(const struct filters_of *of)
{
	struct listing listing = {.over = of->over, .ifindex = of->ifindex};

	return !dump(RTM_GETQDISC, 0, &listing, on_qdisc) && listing.clsact;
}
