/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ATTACHER_NETLINK_H
#define WEIR_ATTACHER_NETLINK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_BYTES	   32768 /* of one read: the kernel fills no more */
#define NETLINK_FAMILY_MAX 32	 /* of a header behind that of netlink */

/* A question to the kernel whose answer is a list. */
struct netlink_dump {
	int bus;	    /* NETLINK_ROUTE, NETLINK_NETFILTER */
	uint16_t type;	    /* of the request */
	const void *family; /* header behind that of netlink */
	size_t family_size; /* at most NETLINK_FAMILY_MAX */
	mnl_cb_t each;	    /* for each message */
	void *context;
	struct mnl_socket *over; /* asked over this one; NULL: over one of its own */
};

/* Asks over a socket on which nothing comes by itself. 0, or -errno: -EINTR if what is listed
 * changed meanwhile. One thread of a
 * process. */
int netlink_dump(const struct netlink_dump *dump);

/* The same in two parts, for another process to read: asks over a socket of its own, which is then
 * the caller's; and reads what comes. */
int netlink_ask(const struct netlink_dump *dump, struct mnl_socket **socket);
int netlink_read(struct mnl_socket *socket, mnl_cb_t each, void *context);

/* Asks for a change over such a socket: 0, or -errno as the kernel refuses it. `request` is
 * complete but for flags and number. One thread of a process. */
int netlink_change(struct mnl_socket *over, struct nlmsghdr *request, uint16_t flags);

#endif
