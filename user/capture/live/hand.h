/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_HAND_H
#define WEIR_LIVE_HAND_H

#include <stddef.h>
#include <stdint.h>

/*
 * Messages by which one weir hands over to the next, on a connection to the control socket that
 * began with the request INSTANCE_HAND_OVER. Each is a head and a body of its kind in one piece, in
 * the machine's byte order, with descriptors beside it (SCM_RIGHTS).
 *
 *     next                     the one that runs
 *     request "handover"    →
 *                           ←  OFFER   its layout, and its maps; it goes on
 *     (loads its programs on the maps)
 *     TAKE                  →          it stands still
 *                           ←  STATE   all it knows, the control socket, and in LINKS its links
 *     (puts its programs in place of the other's)
 *     DONE                  →
 *                           ←  YOURS   from here on the maps and hooks are the next one's
 *                           ←  the end of the connection: all is stored, the process is over
 *
 * Instead of TAKE or DONE: LEAVE, which asks it to stop as by a signal. Instead of YOURS: NO, and
 * it goes on. A connection that ends in between means that it goes on, too.
 */
enum hand_kind {
	HAND_OFFER = 1,
	HAND_TAKE,
	HAND_STATE,
	HAND_LINKS,
	HAND_DONE,
	HAND_YOURS,
	HAND_NO,    /* body: why, as text */
	HAND_LEAVE, /* body: why, as text */
};

#define HAND_BODY_MAX 256
#define HAND_FDS_MAX  128 /* the kernel takes 253 (SCM_MAX_FD) */

struct hand_message {
	enum hand_kind kind;
	size_t length;
	uint8_t body[HAND_BODY_MAX + 1]; /* ended by a zero, for those that are text */
	unsigned fds_len;
	int fds[HAND_FDS_MAX]; /* the receiver's to close: hand_drop() */
};

#define HAND_VERSION_MAX 32

struct hand_offer {
	uint64_t layout; /* of the maps: kernel_layout() */
	uint32_t format; /* of what STATE has: HAND_FORMAT */
	uint32_t maps;	 /* descriptors, in the order of the layout */
	char version[HAND_VERSION_MAX];
};
_Static_assert(sizeof(struct hand_offer) == 48, "hand_offer crosses between versions");

/* Of what is in the state beside what has a version of its own: raised when its meaning changes. */
#define HAND_FORMAT  1
/* It has something that cannot be handed over, and is to be asked to leave. */
#define HAND_NOTHING 0

/* Descriptors: a memfd of `length` bytes (state/reader.h), and the listening control socket. */
struct hand_state {
	uint64_t length;
	uint32_t links; /* that follow, in LINKS */
	uint32_t zero;
};
_Static_assert(sizeof(struct hand_state) == 16, "hand_state crosses between versions");

/* 0, or -errno. */
int hand_send(int fd, enum hand_kind kind, const void *body, size_t length, const int *fds,
	      unsigned fds_len);
int hand_say(int fd, enum hand_kind kind, const char *why);

/* The next message: 0; -ECONNRESET at the end of the connection, -EAGAIN when nothing came in the
 * socket's time, -EBADMSG if it is none, or -errno. On failure it has no descriptors. */
int hand_receive(int fd, struct hand_message *message);

/* The next message, which has to be of this kind with a body of `length` bytes (copied to `body`)
 * and `fds` descriptors: else -EBADMSG; -ECANCELED if it is NO, whose text stays in `message`. */
int hand_expect(int fd, struct hand_message *message, enum hand_kind kind, void *body,
		size_t length, unsigned fds);

/* Closes the descriptors that are still in it. */
void hand_drop(struct hand_message *message);

#endif
