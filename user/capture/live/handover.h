/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_HANDOVER_H
#define WEIR_LIVE_HANDOVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/time.h"
#include "base/vec.h"
#include "capture/live/load.h"
#include "state/reader.h"

/*
 * The next weir's side of a hand-over (hand.h): asks the one that runs, holds what it gets, and
 * believes none of it. Engine thread only.
 */
#define HANDOVER_WHY_MAX 160

struct handover {
	int fd;	   /* the connection; -1: none */
	pid_t pid; /* who is at its other end; 0: in a process namespace that we cannot see */
	bool offered;
	struct kernel_maps maps;
	/* of STATE: */
	void *bytes;
	struct state_image image; /* of `bytes` */
	int control;		  /* the listening socket; -1: not yet */
	VEC(int) links;		  /* -1: somebody has it */
};

#define HANDOVER_EMPTY                                                                             \
	{                                                                                          \
		.fd = -1, .control = -1                                                            \
	}

/* Asks for an offer. 0: there is one, or `why` says why not (nobody runs: it is empty). -errno with
 * `error` said: who has the socket is nobody to be asked, or is busy with another one. */
int handover_ask(struct handover *handover, char why[HANDOVER_WHY_MAX], struct error *error);

/* The other one stands still and gives what it knows: 0, or -errno with `why` said. */
int handover_take(struct handover *handover, char why[HANDOVER_WHY_MAX]);

/* 0: all is ours. -errno with `why` said: it is the other one's as before. */
int handover_done(struct handover *handover, char why[HANDOVER_WHY_MAX]);

/* Asks it to leave instead. False: it did not hear it. */
bool handover_decline(struct handover *handover, const char *why);

/* Waits until its process is at its end, so long at most; false: it is not. */
bool handover_await(struct handover *handover, weir_time most);

/* Gives back what it still holds. */
void handover_close(struct handover *handover);

#endif
