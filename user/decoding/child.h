/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODING_CHILD_H
#define WEIR_DECODING_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The child that decodes. It is this program, started anew with CHILD_WORD for its first word: it
 * shares no memory with the engine, knows none of its secrets, and has an empty environment. It
 * maps the ring of payload, gives up all rights (docs/operations.md, Isolation), and then reads.
 */
#define CHILD_WORD "decoding-child"

/* Its descriptors: the channel to the engine, and the map of the ring, which it closes. */
enum { CHILD_CHANNEL = 3, CHILD_RING = 4 };

/* How it leaves by itself. */
enum child_status {
	CHILD_DONE,	  /* the engine hung up */
	CHILD_NO_CHANNEL, /* nobody started it who should have */
	CHILD_NO_RING,
	CHILD_NO_MEMORY,
	CHILD_NOT_CONFINED,
	CHILD_STATUSES,
};

/* "could not confine itself": for `weir status`; NULL: no such status. */
const char *child_status_words(int status);

/* The whole child: what main() does for CHILD_WORD. `opening`, the word behind it: as
 * decode_options.opening, in digits; NULL: not told. An exit status. */
int decoding_child(const char *opening);

/*
 * Starts `program` (NULL: this one) with CHILD_WORD, `opening` and these descriptors, which stay
 * the caller's; in a process group of its own, so that Ctrl-C is not for it. Its pid, or -errno.
 */
pid_t child_spawn(const char *program, int channel, int ring, uint64_t opening);

/* The same in a process that was made for it; does not return. Descriptors that it should not have
 * are closed on exec. */
_Noreturn void child_become(int channel, int ring, uint64_t opening);

#endif
