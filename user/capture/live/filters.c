// SPDX-License-Identifier: Apache-2.0
#include "capture/live/filters.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_BYTES (32u << 10)

struct listing {
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
	char bytes[MESSAGE_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(bytes);
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(request, sizeof(*tc));
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	ssize_t length = -1;
	int more = MNL_CB_ERROR, err;

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = 1;
	tc->tcm_ifindex = (int)listing->ifindex;
	tc->tcm_parent = parent;
	if (socket && !mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) &&
	    mnl_socket_sendto(socket, request, request->nlmsg_len) >= 0) {
		do {
			length = mnl_socket_recvfrom(socket, bytes, sizeof(bytes));
			if (length > 0)
				more = mnl_cb_run(bytes, (size_t)length, 1,
						  mnl_socket_get_portid(socket), each, listing);
		} while (length > 0 && more > MNL_CB_STOP);
	}
	err = length < 0 || more < 0 ? -errno : 0;
	if (socket)
		mnl_socket_close(socket);
	return err;
}

int filters_list(uint32_t ifindex, bool ingress,
		 void (*each)(void *context, const struct filter *filter), void *context)
{
	struct listing listing = {.ifindex = ifindex, .each = each, .context = context};
	uint32_t parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);

	return dump(RTM_GETTFILTER, parent, &listing, on_filter);
}

bool filters_has_clsact(uint32_t ifindex)
{
	struct listing listing = {.ifindex = ifindex};

	return !dump(RTM_GETQDISC, 0, &listing, on_qdisc) && listing.clsact;
}
