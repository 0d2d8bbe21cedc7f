/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ATTACHER_TRACKING_H
#define WEIR_ATTACHER_TRACKING_H

/*
 * Sockets that connection tracking speaks on. The kernel asks for CAP_NET_ADMIN where one is
 * subscribed and where a list is asked for, of whoever does it; whoever has the socket reads it
 * without. Both: the descriptor, the caller's, or -errno.
 */

/* Tells what begins and what ends; what is not translated is left out. */
int tracking_follow(void);

/* Tells, once, all that is tracked now. */
int tracking_list(void);

#endif
