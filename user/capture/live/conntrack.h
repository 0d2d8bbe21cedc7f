/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_CONNTRACK_H
#define WEIR_LIVE_CONNTRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/live/nat.h"

struct attacher;

/*
 * Learns translated connections from the kernel's connection tracking: a dump at start, then each
 * one that begins or ends. A filter in the kernel keeps all others away from us. Engine thread
 * only.
 */
struct conntrack {
	struct mnl_socket *socket; /* NULL: not available */
	struct attacher *attacher; /* opens what is read */
	struct nat *nat;
	bool lost; /* messages: all is to be read anew */
	uint64_t messages, overruns;
	char why[96]; /* what is missing, for `weir status` */
};

/* Always succeeds; without connection tracking `why` says what that costs. */
void conntrack_open(struct conntrack *conntrack, struct nat *nat, struct attacher *attacher);
void conntrack_close(struct conntrack *conntrack);

int conntrack_fd(const struct conntrack *conntrack); /* -1: not available */

/* Reads all that is there now. */
void conntrack_drain(struct conntrack *conntrack);

#endif
