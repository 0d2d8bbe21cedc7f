/* SPDX-License-Identifier: Apache-2.0 */
#include "attacher/tracking.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stddef.h>
#include <sys/socket.h>

#include "attacher/netlink.h"

#define RECEIVE_BYTES (4 << 20) /* some 10,000 connections that begin at once */
#define TRANSLATED    (IPS_SRC_NAT | IPS_DST_NAT)

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

static int subscribe(struct mnl_socket *socket)
{
	int groups[] = {NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_DESTROY};
	int bytes = RECEIVE_BYTES, fd = mnl_socket_get_fd(socket);

	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	/* Without the filter every connection is told, not only translated ones: slower, not wrong.
	 */
	(void)attach_filter(fd);
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &groups[i],
					  sizeof(groups[i])))
			return -errno;
	return 0;
}

/* Only its descriptor goes on. */
static int keep_descriptor(struct mnl_socket *socket)
{
	int fd = fcntl(mnl_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0), err = -errno;

	mnl_socket_close(socket);
	return fd < 0 ? err : fd;
}

int tracking_follow(void)
{
	struct mnl_socket *socket =
		mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int err = socket ? subscribe(socket) : -errno;

	if (!err)
		return keep_descriptor(socket);
	if (socket)
		mnl_socket_close(socket);
	return err;
}

int tracking_list(void)
{
	const struct nfgenmsg family = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	const struct netlink_dump all = {
		.bus = NETLINK_NETFILTER,
		.type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
		.family = &family,
		.family_size = sizeof(family),
	};
	struct mnl_socket *socket;
	int err = netlink_ask(&all, &socket);

	return err ? err : keep_descriptor(socket);
}
