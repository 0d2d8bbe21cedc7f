/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ATTACHER_ATTACHER_H
#define WEIR_ATTACHER_ATTACHER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "attacher/hook.h"
#include "base/error.h"
#include "base/time.h"

/*
 * Hooks put on devices and taken off, and connection tracking opened, by a process that may do that
 * (CAP_NET_ADMIN, before Linux 5.19 CAP_BPF) and nothing else: once the engine is ready it is the
 * one that has these rights. It knows weir's programs and puts up no others, and takes away no
 * filter that is not a weir's. It is forked before the engine has a thread, by a keeper that starts
 * the next one when it ends, after pauses that grow; both end with the engine. What was attached
 * does not end with it: links are the engine's, filters the device's.
 *
 * Where `attacher` is NULL the caller does it itself. A question is waited for so long at most as
 * ATTACHER_WAIT says; after one that is late nothing is asked until it comes: -EAGAIN. One thread.
 */
struct attacher;
struct mnl_socket;

#define ATTACHER_WAIT	    (5 * WEIR_SEC)
#define ATTACHER_WAIT_FIRST (30 * WEIR_SEC) /* until it is ready: a slow machine may start */

/* 0, or -errno with `error` said. It works in the network namespace that the caller is in now. */
int attacher_open(struct attacher **attacher, struct error *error);
void attacher_close(struct attacher *attacher); /* NULL: nothing */

/* The programs that it may put up, as descriptors, which stay the caller's and open; negative ones
 * are left out. Once, before all else. 0, or -errno. */
int attacher_programs(struct attacher *attacher, const int *programs, size_t count);

/* As hook_attach(), by the first of `kinds` (KIND_BIT() each) that the kernel has. */
int attacher_attach(struct attacher *attacher, struct hook *hook, uint32_t kinds, uint32_t ifindex,
		    enum attach_point point, int program);

/* As hook_attach_elsewhere(). */
struct attach_elsewhere {
	struct mnl_socket *over;  /* for changes: nobody else's */
	struct mnl_socket *looks; /* for hook_alive(): the caller's */
	uint16_t class;
};
int attacher_attach_elsewhere(struct attacher *attacher, struct hook *hook,
			      const struct attach_elsewhere *elsewhere, uint32_t ifindex,
			      enum attach_point point, int program);

/* As hook_detach(), hook_replace() and hook_restore(). */
void attacher_detach(struct attacher *attacher, struct hook *hook);
int attacher_replace(struct attacher *attacher, struct hook *hook, int program);
void attacher_restore(struct attacher *attacher, struct hook *hook);

/* As clsact_make() and clsact_remove_if_empty(); `over`: in another network namespace, or NULL. */
bool attacher_make_clsact(struct attacher *attacher, struct mnl_socket *over, uint32_t ifindex);
void attacher_remove_clsact(struct attacher *attacher, struct mnl_socket *over, uint32_t ifindex);

/* As tracking_follow() and tracking_list(). */
int attacher_follow(struct attacher *attacher);
int attacher_list(struct attacher *attacher);

/* The process ended that should not have, since this was asked last: true with both, which live
 * until the next call. */
bool attacher_health(struct attacher *attacher, const char **fact, const char **message);

/* For `weir status` (a new reference). *degraded is set if nobody answers, or one began anew within
 * the last minute. */
json_t *attacher_status(const struct attacher *attacher, bool *degraded);

#endif
