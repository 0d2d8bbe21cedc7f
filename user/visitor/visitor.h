/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_VISITOR_VISITOR_H
#define WEIR_VISITOR_VISITOR_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "visitor/spaces.h"

/*
 * The process that finds and enters other network namespaces, so that the engine need not be able
 * to: only it keeps CAP_SYS_ADMIN, with the rights to look at processes' namespaces. Forked from
 * the engine before that has a thread; it knows two things to do: say which of the namespaces that
 * are asked for are there, and open netlink sockets in one and hand them over. It reads nothing
 * from them. It ends with the engine. Once it does not answer it is not asked again. Engine thread
 * only.
 */
struct visitor;

/* A namespace that was entered. */
struct visit {
	uint64_t device, inode; /* of the namespace: what it is known by */
	int events;		/* bound to the group of links that come and go; the caller's */
	int lists;		/* for lists of interfaces and of hooks; the caller's */
	int changes;		/* for what is changed meanwhile; the caller's */
};

/* `patterns`: as of spaces_find(). 0, or -errno with `error` said: -EPERM without CAP_SYS_ADMIN. */
int visitor_open(struct visitor **visitor, const char *const *patterns, struct error *error);
void visitor_close(struct visitor *visitor); /* NULL: nothing */

/* Enters the network namespace that `path` is a file of (/run/netns/NAME, /proc/PID/ns/net). 0, or
 * -errno: -EINVAL if it is none. The engine waits for it, at most VISITOR_SECONDS. The sockets hold
 * the namespace: it lives until they are closed. */
#define VISITOR_SECONDS 2
int visitor_enter(struct visitor *visitor, const char *path, struct visit *visit);

/* What is there now, in place of what was found before. 0, or -errno: then it is as before, or
 * less. */
int visitor_find(struct visitor *visitor, struct spaces *spaces);

pid_t visitor_pid(const struct visitor *visitor);

#endif
