/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/interfaces.h"
#include "attacher/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"

#define RECEIVE_BYTES (1 << 20) /* a thousand interfaces that come at once */

/* ---- links ---- */

static void read_kind(const struct nlattr *info, struct interface *interface)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute,
				 info) if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
		snprintf(interface->what, sizeof(interface->what), "%.*s",
			 (int)mnl_attr_get_payload_len(attribute),
			 (const char *)mnl_attr_get_payload(attribute));
}

static void read_counters(const struct nlattr *attribute, struct interface *interface)
{
	struct rtnl_link_stats64 stats = {0};
	size_t length = mnl_attr_get_payload_len(attribute);

	memcpy(&stats, mnl_attr_get_payload(attribute),
	       length < sizeof(stats) ? length : sizeof(stats));
	interface->rx_packets = stats.rx_packets;
	interface->tx_packets = stats.tx_packets;
	interface->rx_bytes = stats.rx_bytes;
	interface->tx_bytes = stats.tx_bytes;
}

static void read_link(const struct nlmsghdr *message, struct interface *interface)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;

	interface->flags = link->ifi_flags;
	interface->arphrd = link->ifi_type;
	interface->what[0] = '\0'; /* another device may have the index by now */
	mnl_attr_for_each(attribute, message, sizeof(*link))
	{
		if (mnl_attr_get_type(attribute) == IFLA_IFNAME)
			snprintf(interface->name, sizeof(interface->name), "%.*s",
				 (int)mnl_attr_get_payload_len(attribute),
				 (const char *)mnl_attr_get_payload(attribute));
		else if (mnl_attr_get_type(attribute) == IFLA_LINKINFO)
			read_kind(attribute, interface);
		else if (mnl_attr_get_type(attribute) == IFLA_MTU &&
			 !mnl_attr_validate(attribute, MNL_TYPE_U32))
			interface->mtu = mnl_attr_get_u32(attribute);
		else if (mnl_attr_get_type(attribute) == IFLA_STATS64)
			read_counters(attribute, interface);
	}
}

static struct interface *add(struct interfaces *interfaces, uint32_t ifindex)
{
	struct interface *interface = calloc(1, sizeof(*interface));

	if (!interface)
		return NULL;
	interface->ifindex = ifindex;
	if (!table_insert(&interfaces->by_index, interface))
		return interface;
	free(interface);
	return NULL;
}

static void on_link(struct interfaces *interfaces, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	uint32_t ifindex = (uint32_t)link->ifi_index;
	struct interface *interface = table_find(&interfaces->by_index, &ifindex);

	/* A bridge speaks of its ports under its own family: not of links that come or go. */
	if (link->ifi_family != AF_UNSPEC)
		return;
	if (!interface)
		interface = add(interfaces, ifindex);
	if (!interface) {
		interfaces->stale = true; /* without memory: later */
		return;
	}
	read_link(message, interface);
	interface->seen = interfaces->dump;
	interfaces->ops.changed(interfaces->ops.context, interface);
}

static void drop(struct interfaces *interfaces, struct interface *interface)
{
	struct interface_past *past = &interfaces->past[interfaces->past_next];

	past->ifindex = interface->ifindex;
	memcpy(past->name, interface->name, sizeof(past->name));
	interfaces->past_next = (interfaces->past_next + 1) % INTERFACES_PAST;
	table_remove(&interfaces->by_index, interface);
	interfaces->ops.gone(interfaces->ops.context, interface);
	free(interface);
}

static void on_link_gone(struct interfaces *interfaces, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	uint32_t ifindex = (uint32_t)link->ifi_index;
	struct interface *interface = table_find(&interfaces->by_index, &ifindex);

	if (interface && link->ifi_family == AF_UNSPEC)
		drop(interfaces, interface);
}

/* ---- addresses ---- */

static bool read_held(const struct nlmsghdr *message, struct interface_address *held)
{
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;
	unsigned rank = 0;

	held->ifindex = address->ifa_index;
	mnl_attr_for_each(attribute, message, sizeof(*address))
	{
		unsigned type = mnl_attr_get_type(attribute);
		size_t length = mnl_attr_get_payload_len(attribute);

		/* On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL is ours. */
		if (type != IFA_LOCAL && (type != IFA_ADDRESS || rank))
			continue;
		if (length == 4)
			held->addr = addr_from_v4(mnl_attr_get_u32(attribute));
		else if (length == 16)
			memcpy(held->addr.byte, mnl_attr_get_payload(attribute), 16);
		else
			continue;
		rank = type == IFA_LOCAL ? 2 : 1;
	}
	return rank;
}

static struct interface_address *find_held(struct interfaces *interfaces,
					   const struct interface_address *held)
{
	vec_each (known, &interfaces->held)
		if (known->ifindex == held->ifindex && addr_equal(&known->addr, &held->addr))
			return known;
	return NULL;
}

static void on_address(struct interfaces *interfaces, const struct nlmsghdr *message)
{
	struct interface_address held = {0}, *known;

	if (!read_held(message, &held))
		return;
	known = find_held(interfaces, &held);
	if (!known) {
		known = vec_add(&interfaces->held);
		if (!known) {
			interfaces->stale = true;
			return;
		}
		*known = held;
		interfaces->moved = true;
	}
	known->seen = interfaces->dump;
}

static void drop_held(struct interfaces *interfaces, struct interface_address *known)
{
	*known = interfaces->held.at[--interfaces->held.len];
	interfaces->moved = true;
}

static void on_address_gone(struct interfaces *interfaces, const struct nlmsghdr *message)
{
	struct interface_address held = {0}, *known;

	if (!read_held(message, &held))
		return;
	known = find_held(interfaces, &held);
	if (known)
		drop_held(interfaces, known);
}

static void rebuild_addresses(struct interfaces *interfaces)
{
	if (!interfaces->moved)
		return;
	interfaces->moved = false;
	interfaces->generation++;
	network_set_free(&interfaces->addresses);
	vec_each (held, &interfaces->held) {
		struct network one = {.base = held->addr, .prefix = 128};

		if (network_set_add(&interfaces->addresses, &one))
			log_warn("no memory for this host's addresses: directions may be wrong");
	}
}

/* ---- messages ---- */

static int on_message(const struct nlmsghdr *message, void *context)
{
	struct interfaces *interfaces = context;

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
		on_link(interfaces, message);
		break;
	case RTM_DELLINK:
		on_link_gone(interfaces, message);
		break;
	case RTM_NEWADDR:
		on_address(interfaces, message);
		break;
	case RTM_DELADDR:
		on_address_gone(interfaces, message);
		break;
	default: /* a number of the kernel's; nothing else was subscribed to */
		break;
	}
	return MNL_CB_OK;
}

static int dump(struct interfaces *interfaces, uint16_t type)
{
	const struct ifinfomsg family = {.ifi_family = AF_UNSPEC};
	const struct netlink_dump all = {
		.bus = NETLINK_ROUTE,
		.type = type,
		.family = &family,
		.family_size = sizeof(family),
		.each = on_message,
		.context = interfaces,
		.over = interfaces->over,
	};
	int err = netlink_dump(&all);

	/* Interrupted: something changed meanwhile and its message waits for us. */
	return err == -EINTR ? 0 : err;
}

/* What the last dump did not have is gone. */
static void sweep(struct interfaces *interfaces)
{
	struct interface *interface;
	size_t cursor, i;

	do {
		cursor = 0;
		while ((interface = table_next(&interfaces->by_index, &cursor)))
			if (interface->seen != interfaces->dump)
				break;
		if (interface)
			drop(interfaces, interface);
	} while (interface);
	for (i = interfaces->held.len; i-- > 0;)
		if (interfaces->held.at[i].seen != interfaces->dump)
			drop_held(interfaces, &interfaces->held.at[i]);
}

static int read_all(struct interfaces *interfaces)
{
	int err;

	interfaces->dump++;
	interfaces->stale = false;
	err = dump(interfaces, RTM_GETLINK);
	if (!err)
		err = dump(interfaces, RTM_GETADDR);
	if (!err)
		sweep(interfaces);
	else
		interfaces->stale = true;
	rebuild_addresses(interfaces);
	return err;
}

static int subscribe(struct interfaces *interfaces)
{
	int bytes = RECEIVE_BYTES, fd;

	interfaces->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!interfaces->socket)
		return -errno;
	fd = mnl_socket_get_fd(interfaces->socket);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (mnl_socket_bind(interfaces->socket,
			    RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
			    MNL_SOCKET_AUTOPID))
		return -errno;
	return 0;
}

int interfaces_open(struct interfaces *interfaces, const struct interfaces_ops *ops,
		    const struct interfaces_sockets *sockets, struct error *error)
{
	int err = 0;

	*interfaces = (struct interfaces){.ops = *ops};
	table_init(&interfaces->by_index, sizeof(uint32_t), offsetof(struct interface, ifindex));
	if (sockets) {
		interfaces->socket = sockets->events;
		interfaces->over = sockets->over;
	} else {
		err = subscribe(interfaces);
	}
	if (!err)
		err = read_all(interfaces);
	if (!err)
		return 0;
	interfaces_close(interfaces);
	return error_set(error, EXIT_SYSTEM, -err, "cannot list the interfaces: %s",
			 strerror(-err));
}

void interfaces_close(struct interfaces *interfaces)
{
	if (interfaces->by_index.count) {
		interfaces->dump++;
		sweep(interfaces);
	}
	table_free(&interfaces->by_index);
	vec_free(&interfaces->held);
	network_set_free(&interfaces->addresses);
	if (interfaces->socket)
		mnl_socket_close(interfaces->socket);
	interfaces->socket = NULL;
}

int interfaces_fd(const struct interfaces *interfaces)
{
	return mnl_socket_get_fd(interfaces->socket);
}

void interfaces_drain(struct interfaces *interfaces)
{
	static char bytes[NETLINK_BYTES];

	for (;;) {
		ssize_t length = mnl_socket_recvfrom(interfaces->socket, bytes, sizeof(bytes));

		if (length < 0 && errno == ENOBUFS) {
			interfaces->overruns++;
			interfaces->stale = true;
			continue;
		}
		if (length <= 0)
			break;
		mnl_cb_run(bytes, (size_t)length, 0, 0, on_message, interfaces);
	}
	if (interfaces->stale)
		read_all(interfaces);
	rebuild_addresses(interfaces);
}

const char *interfaces_name(const struct interfaces *interfaces, uint32_t ifindex)
{
	const struct interface *interface = table_find(&interfaces->by_index, &ifindex);
	unsigned i;

	if (interface)
		return interface->name;
	/* The newest first: an index may be used again. */
	for (i = 1; i <= INTERFACES_PAST; i++) {
		const struct interface_past *past =
			&interfaces->past[(interfaces->past_next + INTERFACES_PAST - i) %
					  INTERFACES_PAST];

		if (past->ifindex == ifindex && ifindex)
			return past->name;
	}
	return NULL;
}

const struct interface *interfaces_after(const struct interfaces *interfaces,
					 const struct interface *interface)
{
	uint32_t after = interface ? interface->ifindex : 0;
	const struct interface *next = NULL, *each;
	size_t cursor = 0;

	while ((each = table_next(&interfaces->by_index, &cursor)))
		if (each->ifindex > after && (!next || each->ifindex < next->ifindex))
			next = each;
	return next;
}

void interfaces_refresh(struct interfaces *interfaces)
{
	read_all(interfaces);
}
