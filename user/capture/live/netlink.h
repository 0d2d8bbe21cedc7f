/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LIVE_NETLINK_H
#define WEIR_CAPTURE_LIVE_NETLINK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_BYTES 32768 /* of one read: the kernel fills no more */

/* A question to the kernel whose answer is a list. */
struct netlink_dump {
	int bus;	    /* NETLINK_ROUTE, NETLINK_NETFILTER */
	uint16_t type;	    /* of the request */
	const void *family; /* header behind that of netlink */
	size_t family_size;
	mnl_cb_t each; /* for each message */
	void *context;
};

/* Asks over a socket of its own, so that the answer does not mix with what comes by itself. 0, or
 * -errno: -EINTR if what is listed changed meanwhile. Engine thread only. */
int netlink_dump(const struct netlink_dump *dump);

#endif
