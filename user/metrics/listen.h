/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_METRICS_LISTEN_H
#define WEIR_METRICS_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/error.h"

/* Where metrics are told: "127.0.0.1:9477", "[::1]:9477", "unix:/run/weir/metrics.sock". No names:
 * what they stand for may change. */
struct listen_address {
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_storage room;
	} socket;
	socklen_t length;
};

/* 0 or -EINVAL. */
int listen_parse(const char *text, struct listen_address *address);

/* Only this host's own processes reach it. */
bool listen_is_local(const struct listen_address *address);

/* A socket that is listened on, and how it is known again. */
struct listener {
	int fd; /* -1: none */
	struct listen_address address;
	struct stat file; /* of a Unix socket: its own, not what another has put in its place */
};

/*
 * Opens it, not blocking. A Unix socket is 0660 and `group`'s (-1: nobody's), and takes the place
 * of one that nobody listens on any more; a TCP port may be shared with another weir of the same
 * user, so that one can take over from the other. 0, or -errno with `error` said.
 */
int listener_open(struct listener *listener, const char *text, gid_t group, struct error *error);

/* Removes a Unix socket's file if it is still its own. */
void listener_close(struct listener *listener);

#endif
