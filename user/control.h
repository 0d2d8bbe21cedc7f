/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONTROL_H
#define WEIR_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The control socket. A caller writes one line, what he wants ("status", "top 100 ssh": its first
 * word is its name), and gets one line of JSON; then he is hung up on. One that writes nothing for
 * CONTROL_TICKS ticks wants the status, and one that does not take his answer for CONTROL_PATIENCE
 * loses it. An abstract socket has no owner and no mode: who he was when he connected, by the
 * kernel's word, is all that counts. Root and weir's own user may ask for everything, members of a
 * group for what is named; all others are told so and counted. Nothing here waits for a caller.
 * Engine thread only.
 */
#define CONTROL_TICKS	 2
#define CONTROL_PATIENCE 5 /* ticks */
#define CONTROL_CALLERS	 8 /* at once; of more the one that waits longest gets the status */

struct control;

struct control_ops {
	/* The answer to a request (a new reference). Borrowed: its text. */
	json_t *(*answer)(void *context, const char *request);
	/* A request that begins a conversation, by who may ask for everything: true if the
	 * connection is the context's from here on, and nothing is answered. Optional. */
	bool (*converse)(void *context, const char *request, int fd);
	void *context;
	gid_t group; /* its members may ask for what `for_group` (ended by NULL) names; -1: nobody
		      */
	const char *const *for_group;
};

struct control_stats {
	uint64_t answered, refused, cut; /* requests; answers that were not taken in time */
};

/* `listener` stays the caller's. NULL without memory or descriptors. */
struct control *control_open(int listener, const struct control_ops *ops);
void control_close(struct control *control);

/* Readable when there is something to do for control_run(). */
int control_fd(const struct control *control);
void control_run(struct control *control);

void control_stats(const struct control *control, struct control_stats *stats);

/* To be called about once a second. */
void control_tick(struct control *control);

#endif
