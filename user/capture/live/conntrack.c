/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/conntrack.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attacher/attacher.h"
#include "attacher/netlink.h"

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

static struct mnl_socket *open_socket(int fd)
{
	struct mnl_socket *socket;

	if (fd < 0)
		return NULL;
	socket = mnl_socket_fdopen(fd);
	if (!socket)
		close(fd);
	return socket;
}

/* All that is tracked now, over a socket of its own: the filter would drop whole parts of it. */
static int dump(struct conntrack *conntrack)
{
	int fd = attacher_list(conntrack->attacher), err;
	struct mnl_socket *socket = open_socket(fd);

	if (!socket)
		return fd < 0 ? fd : -ENOMEM;
	err = netlink_read(socket, on_message, conntrack);
	mnl_socket_close(socket);
	return err;
}

static int subscribe(struct conntrack *conntrack)
{
	int fd = attacher_follow(conntrack->attacher);

	if (fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK)) {
		close(fd);
		return -errno;
	}
	conntrack->socket = open_socket(fd);
	return conntrack->socket ? 0 : fd < 0 ? fd : -ENOMEM;
}

void conntrack_open(struct conntrack *conntrack, struct nat *nat, struct attacher *attacher)
{
	int err;

	*conntrack = (struct conntrack){.nat = nat, .attacher = attacher};
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

	while (conntrack->socket) {
		ssize_t length = mnl_socket_recvfrom(conntrack->socket, bytes, sizeof(bytes));

		if (length < 0 && errno == ENOBUFS) {
			conntrack->lost = true;
			conntrack->overruns++;
			nat_clear(conntrack->nat); /* some that ended were not told either */
			continue;
		}
		if (length <= 0)
			break;
		mnl_cb_run(bytes, (size_t)length, 0, 0, on_message, conntrack);
	}
	/* Who attaches may be just starting anew: then later. */
	if (conntrack->lost)
		conntrack->lost = dump(conntrack) == -EAGAIN;
}
