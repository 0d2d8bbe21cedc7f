/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_INSTANCE_H
#define WEIR_LIVE_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * One weir a network namespace. The lock is a listening abstract Unix socket, which belongs to the
 * namespace and which the kernel frees when its process dies. The same socket is where `weir
 * status` and its like connect.
 */
#define INSTANCE_NAME	 "weir"	   /* after the zero byte: "@weir" in ss(8) */
#define INSTANCE_LEAVE	 "leave"   /* the request to make room for another, on the control socket */
#define INSTANCE_LEAVING "leaving" /* and what the answer has then */

#define INSTANCE_HAND_OVER "handover" /* the request to give it what is there: hand.h */

/* Takes the lock: a listening, non-blocking socket, or -EADDRINUSE (another weir) or -errno with
 * `error` said. */
int instance_take(struct error *error);

/* Asks the weir that holds the lock to leave, unless `asked` already, and takes the lock as soon as
 * that counts no more: its process may still be storing what it knows. *process: a descriptor that
 * is readable when it ends, or -1 (nobody was there, or it cannot be waited for). A listening
 * socket, or -errno with `error` said; then it goes on, unless it was asked. */
int instance_take_over(bool asked, int *process, struct error *error);

/* Whether the socket has the lock's name. */
bool instance_is(int fd);

/* Who connects to it from now on sees this process at its end. 0, or -errno. */
int instance_own(int fd);

/* A caller's connection to the control socket, in which neither direction waits for longer than
 * `seconds`; or -errno (-ECONNREFUSED: nobody runs here). The caller closes it. */
int instance_connect(unsigned seconds);

/* Process that holds the lock here, 0 if it is in a process namespace that we cannot see, -errno if
 * nobody holds it. */
pid_t instance_holder(void);

#endif
