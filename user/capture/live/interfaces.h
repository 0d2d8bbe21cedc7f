/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_INTERFACES_H
#define WEIR_LIVE_INTERFACES_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/table.h"
#include "base/vec.h"

/*
 * A network namespace's interfaces and addresses, as they come and go (rtnetlink): this one's, or
 * that of given sockets. Engine thread only.
 */
struct interface {
	uint32_t ifindex;
	char name[IFNAMSIZ];
	char what[16];	 /* "veth", "bridge" …; empty: a device without a kind */
	uint32_t flags;	 /* IFF_* */
	uint16_t arphrd; /* ARPHRD_* */
	uint32_t mtu;	 /* IP bytes of one packet */
	/* The kernel's own counters, as of the last message or interfaces_refresh(). */
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
	unsigned seen; /* number of the dump that last had it */
	void *watch;   /* its user's own */
};

struct interface_address {
	uint32_t ifindex;
	struct addr addr;
	unsigned seen;
};

/* The name that an interface had, for the flows that outlive it. */
struct interface_past {
	uint32_t ifindex;
	char name[IFNAMSIZ];
};

#define INTERFACES_PAST 256 /* the oldest is forgotten first */

struct interfaces_ops {
	/* It is new, or something of it changed. */
	void (*changed)(void *context, struct interface *interface);
	/* It is no more; its memory dies after the call. */
	void (*gone)(void *context, struct interface *interface);
	void *context;
};

/* Of another network namespace. */
struct interfaces_sockets {
	struct mnl_socket *events; /* bound to RTMGRP_LINK at least; handed over */
	struct mnl_socket *over;   /* for questions; must outlive the interfaces */
};

struct interfaces {
	struct mnl_socket *socket;
	struct mnl_socket *over; /* NULL: this network namespace */
	struct interfaces_ops ops;
	struct table by_index;
	VEC(struct interface_address) held;
	struct network_set addresses; /* each as a network of one */
	unsigned generation;	      /* of `addresses` */
	unsigned dump;
	bool stale; /* messages were lost: all is read anew */
	bool moved; /* `held` changed */
	uint64_t overruns;
	struct interface_past past[INTERFACES_PAST];
	unsigned past_next;
};

/* Subscribes and reads all that is there; calls `changed` for each. `sockets`: of another network
 * namespace; NULL: this one. 0, or -errno with `error`. */
int interfaces_open(struct interfaces *interfaces, const struct interfaces_ops *ops,
		    const struct interfaces_sockets *sockets, struct error *error);
void interfaces_close(struct interfaces *interfaces);

int interfaces_fd(const struct interfaces *interfaces);
void interfaces_drain(struct interfaces *interfaces);

/* NULL: none of this index is there, nor was there lately. */
const char *interfaces_name(const struct interfaces *interfaces, uint32_t ifindex);

/* In the order of their indexes: the first one after NULL, NULL after the last. For people: each
 * step looks at all. */
const struct interface *interfaces_after(const struct interfaces *interfaces,
					 const struct interface *interface);

/* Reads all links anew, for their counters. */
void interfaces_refresh(struct interfaces *interfaces);

#endif
