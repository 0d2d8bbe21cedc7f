/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_KEEPER_KEEPER_H
#define WEIR_KEEPER_KEEPER_H

#include <stdint.h>
#include <sys/types.h>

/*
 * A process of the engine's that has rights that the engine gives up, and the process that keeps it
 * there: forked before the engine has a thread or gives up these rights, it reads nothing, and
 * starts the next one when one ends, at once the first times, then after pauses that grow. Both end
 * with the engine.
 */

/* Their channels to the engine are their descriptors from here on, all else but the standard ones
 * is closed. The kept one may hang up none of them. */
#define KEEPER_CHANNEL	    3
#define KEEPER_CHANNELS_MAX 4

struct keeper_life {
	uint32_t number; /* from 1 */
	int32_t status;	 /* of the one before, as waitpid(2) has it */
};

struct keeper_kept {
	const char *name; /* of the kept process */
	uint64_t rights;  /* capabilities, a bit each */
	/* Does not return; leaves with 0 once the engine hung up. */
	void (*become)(void *context, struct keeper_life life);
	void *context;
};

/* Starts it with copies of these descriptors, which stay the caller's. Its pid, or -errno. */
pid_t keeper_start(const struct keeper_kept *kept, const int *channels, unsigned count);

/* Ends both. */
void keeper_end(pid_t keeper);

/* How one ended, in words: "it ended by signal 11 (Segmentation fault)". */
void keeper_words(int status, char *text, unsigned size);

#endif
