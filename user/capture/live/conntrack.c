/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/conntrack.h"
#include "attacher/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES (4 << 20) /* some 10,000 connections that begin at once */
#define TRANSLATED    (IPS_SRC_NAT | IPS_DST_NAT)

/* ---- one tuple ---- */

static bool read_address(const struct nlattr *nest, struct nat_tuple *tuple)
{
	const struct nlattr *attribute;
	unsigned seen = 0;

	mnl_attr_for_each_nested(attribute, nest)
	{
		unsigned type = mnl_attr_get_type(attribute);
		size_t length = mnl_attr_get_payload_len(attribute);
		struct addr *to;

		to = type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC ? &tuple->source
								    : &tuple->destination;
		if ((type == CTA_IP_V4_SRC || type == CTA_IP_V4_DST) && length == 4)
			*to = addr_from_v4(mnl_attr_get_u32(attribute));
		else if ((type == CTA_IP_V6_SRC || type == CTA_IP_V6_DST) && length == 16)
			memcpy(to->byte, mnl_attr_get_payload(attribute), 16);
		else
			continue;
		seen++;
	}
	return seen == 2;
}

static bool read_ports(const struct nlattr *nest, struct nat_tuple *tuple)
{
	const struct nlattr *attribute;
	bool proto = false;

	mnl_attr_for_each_nested(attribute, nest)
	{
		size_t length = mnl_attr_get_payload_len(attribute);

		switch (mnl_attr_get_type(attribute)) {
		case CTA_PROTO_NUM:
			proto = length >= 1;
			if (proto)
				tuple->proto = mnl_attr_get_u8(attribute);
			break;
		case CTA_PROTO_SRC_PORT:
			if (length == 2)
				tuple->source_port = mnl_attr_get_u16(attribute);
			break;
		case CTA_PROTO_DST_PORT:
			if (length == 2)
				tuple->destination_port = mnl_attr_get_u16(attribute);
			break;
		case CTA_PROTO_ICMP_ID:
		case CTA_PROTO_ICMPV6_ID:
			if (length == 2)
				tuple->source_port = tuple->destination_port =
					mnl_attr_get_u16(attribute);
			break;
		default: /* an attribute number of the kernel's, not an enum of ours */
			break;
		}
	}
	return proto;
}

static bool read_tuple(const struct nlattr *nest, struct nat_tuple *tuple)
{
	const struct nlattr *attribute;
	bool address = false, ports = false;

	memset(tuple, 0, sizeof(*tuple));
	mnl_attr_for_each_nested(attribute, nest)
	{
		if (mnl_attr_get_type(attribute) == CTA_TUPLE_IP)
			address = read_address(attribute, tuple);
		else if (mnl_attr_get_type(attribute) == CTA_TUPLE_PROTO)
			ports = read_ports(attribute, tuple);
	}
	return address && ports;
}

/* ---- messages ---- */

static int on_message(const struct nlmsghdr *message, void *context)
{
	struct conntrack *conntrack = context;
	unsigned type = message->nlmsg_type & 0xff;
	struct nat_tuple original, reply;
	bool have_original = false, have_reply = false;
	const struct nlattr *attribute;

	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_CTNETLINK)
		return MNL_CB_OK;
	conntrack->messages++;
	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == CTA_TUPLE_ORIG)
			have_original = read_tuple(attribute, &original);
		else if (mnl_attr_get_type(attribute) == CTA_TUPLE_REPLY)
			have_reply = read_tuple(attribute, &reply);
	}
	if (!have_original || !have_reply)
		return MNL_CB_OK;
	if (type == IPCTNL_MSG_CT_DELETE)
		nat_forget(conntrack->nat, &original, &reply);
	else
		nat_learn(conntrack->nat, &original, &reply);
	return MNL_CB_OK;
}

/* All that is tracked now, over a socket of its own: the filter would drop whole parts of it. */
static int dump(struct conntrack *conntrack)
{
	const struct nfgenmsg family = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	const struct netlink_dump all = {
		.bus = NETLINK_NETFILTER,
		.type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
		.family = &family,
		.family_size = sizeof(family),
		.each = on_message,
		.context = conntrack,
	};

	return netlink_dump(&all);
}

/*
 * Lets pass what is translated. A classic filter sees the netlink message from its header on; the
 * attribute search (SKF_AD_NLATTR) takes where to begin in A and the type in X, and gives the
 * attribute's offset, 0 if there is none. A message without a status passes.
 */
static int attach_filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_IMM, sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg)),
		BPF_STMT(BPF_LDX | BPF_IMM, CTA_STATUS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (__u32)(SKF_AD_OFF + SKF_AD_NLATTR)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, sizeof(struct nlattr)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TRANSLATED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int subscribe(struct conntrack *conntrack)
{
	int groups[] = {NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_DESTROY};
	int bytes = RECEIVE_BYTES, fd;
	size_t i;

	conntrack->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!conntrack->socket || mnl_socket_bind(conntrack->socket, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	fd = mnl_socket_get_fd(conntrack->socket);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	/* Without the filter every connection is told, not only translated ones: slower, not wrong.
	 */
	(void)attach_filter(fd);
	for (i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (mnl_socket_setsockopt(conntrack->socket, NETLINK_ADD_MEMBERSHIP, &groups[i],
					  sizeof(groups[i])))
			return -errno;
	return 0;
}

void conntrack_open(struct conntrack *conntrack, struct nat *nat)
{
	int err;

	*conntrack = (struct conntrack){.nat = nat};
	err = subscribe(conntrack);
	/* Subscribed first: what begins during the dump is told twice, not never. */
	if (!err)
		err = dump(conntrack);
	if (!err)
		return;
	snprintf(conntrack->why, sizeof(conntrack->why),
		 "no connection tracking (%s): a translated connection is two flows",
		 strerror(-err));
	conntrack_close(conntrack);
}

void conntrack_close(struct conntrack *conntrack)
{
	if (conntrack->socket)
		mnl_socket_close(conntrack->socket);
	conntrack->socket = NULL;
}

int conntrack_fd(const struct conntrack *conntrack)
{
	return conntrack->socket ? mnl_socket_get_fd(conntrack->socket) : -1;
}

void conntrack_drain(struct conntrack *conntrack)
{
	static char bytes[NETLINK_BYTES];
	bool lost = false;

	while (conntrack->socket) {
		ssize_t length = mnl_socket_recvfrom(conntrack->socket, bytes, sizeof(bytes));

		if (length < 0 && errno == ENOBUFS) {
			lost = true;
			conntrack->overruns++;
			continue;
		}
		if (length <= 0)
			break;
		mnl_cb_run(bytes, (size_t)length, 0, 0, on_message, conntrack);
	}
	if (!lost)
		return;
	/* Some that ended were not told either. */
	nat_clear(conntrack->nat);
	dump(conntrack);
}
