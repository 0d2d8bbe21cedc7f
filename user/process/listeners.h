/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCESS_LISTENERS_H
#define WEIR_PROCESS_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "process/table.h"

/*
 * Sockets that listen (TCP) or are bound and ask nobody (UDP), so that it is known whose a request
 * is before it is answered. Engine thread only.
 */
struct listeners;

struct listener {
	uint64_t cookie;  /* of the socket */
	uint64_t netns;	  /* cookie of its network namespace */
	struct addr addr; /* its own; all zero, or 0.0.0.0: any */
	uint16_t port;	  /* host order */
	uint8_t proto;	  /* IANA number */
	struct process *process;
};

/* More are not remembered: counted. */
#define LISTENERS_MAX 16384

/* Holds processes of `processes`, which must outlive it. NULL without memory. */
struct listeners *listeners_new(struct processes *processes);
void listeners_free(struct listeners *listeners);

/* Copies it; one with the same cookie is replaced. False: no room, counted. */
bool listeners_add(struct listeners *listeners, const struct listener *listener);
void listeners_remove(struct listeners *listeners, uint64_t cookie);

/* The one that gets what is sent there: bound to that address, or to any. NULL: none known. */
const struct listener *listeners_find(const struct listeners *listeners, uint64_t netns,
				      uint8_t proto, const struct addr *addr, uint16_t port);

size_t listeners_count(const struct listeners *listeners);
uint64_t listeners_refused(const struct listeners *listeners);

#endif
