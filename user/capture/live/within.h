/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_WITHIN_H
#define WEIR_LIVE_WITHIN_H

#include "capture/live/interfaces.h"
#include "visitor/visitor.h"

/*
 * Interfaces of other network namespaces, watched from inside: they and their namespaces come and
 * go, and have hooks while they are there. Engine thread only. All of it does nothing where no
 * namespace is asked for (live->within is NULL).
 */
struct live;
struct visitor;
struct within;

struct within_space {
	struct within *within;
	struct space space;
	uint32_t number;	    /* of what its loopback carries, in flow keys */
	struct mnl_socket *lists;   /* what is looked at */
	struct mnl_socket *changes; /* the attacher's: made while a list is read */
	struct interfaces interfaces;
	bool there; /* at the last look */
};

/* 0, or -ENOMEM. */
int within_open(struct live *live, struct visitor *visitor);
void within_close(struct live *live);

void within_attach_all(struct live *live);
void within_detach_all(struct live *live);
void within_drain(struct live *live); /* interfaces that came and went */
void within_check(struct live *live); /* once a second: namespaces, and whether hooks are there */

/* Those that are entered: start with *cursor = 0; NULL at the end. */
struct within_space *within_next(const struct live *live, size_t *cursor);
/* Namespaces that are asked for and not entered: refused, or too many. */
size_t within_left_out(const struct live *live);

/* "NAMESPACE/INTERFACE" of an attachment's number, also after it is gone; NULL: none known. */
const char *within_interface_name(const struct within *within, uint32_t key);

#endif
