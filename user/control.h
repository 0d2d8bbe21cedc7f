/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONTROL_H
#define WEIR_CONTROL_H

#include <jansson.h>

/*
 * The control socket. A caller writes one line, what he wants ("status", "reload"), and gets one
 * line of JSON; then he is hung up on. One that writes nothing for CONTROL_TICKS ticks wants the
 * status. Only root and weir's own user are answered. Nothing here waits for a caller. Engine
 * thread only.
 */
#define CONTROL_TICKS	2
#define CONTROL_CALLERS 8 /* at once; of more the one that waits longest gets the status */

struct control;

struct control_ops {
	/* The answer to a request (a new reference). Borrowed: its text. */
	json_t *(*answer)(void *context, const char *request);
	void *context;
};

/* `listener` stays the caller's. NULL without memory or descriptors. */
struct control *control_open(int listener, const struct control_ops *ops);
void control_close(struct control *control);

/* Readable when there is something to do for control_run(). */
int control_fd(const struct control *control);
void control_run(struct control *control);

/* To be called about once a second. */
void control_tick(struct control *control);

#endif
