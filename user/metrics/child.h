/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_METRICS_CHILD_H
#define WEIR_METRICS_CHILD_H

#include <stdint.h>

/*
 * The process that tells metrics to whoever asks by HTTP. It is this program, started anew with
 * METRICS_WORD for its first word: it shares no memory with the engine. It keeps one worker, which
 * has given up all rights before it reads the first byte of a stranger, and starts it anew when it
 * ends. The worker asks the engine for the status over the channel, at most once a second; the
 * engine answers when it has time, and waits for nobody.
 */
#define METRICS_WORD "metrics-child"

/* Its descriptors: the channel to the engine, and the socket that is listened on. */
enum { METRICS_CHANNEL = 3, METRICS_LISTENER = 4 };

enum metrics_want {
	METRICS_BEGUN, /* a worker has begun */
	METRICS_STATUS,
};

/* A message of the worker; this machine's byte order, both ends are one program. The answer to
 * METRICS_STATUS is one byte, with a descriptor: a file that is the status as JSON. */
struct metrics_message {
	uint32_t want;
	uint32_t zero;
	/* since the worker began */
	uint64_t scrapes; /* that were answered with metrics */
	uint64_t cut;	  /* connections that took too long, or were too many */
};
_Static_assert(sizeof(struct metrics_message) == 24, "no padding");

/* The whole process: what main() does for METRICS_WORD. An exit status. */
int metrics_child(void);

/* The worker, confined already: serves until the engine hangs up. */
int metrics_serve(void);

/* Makes what the worker needs, before it is confined. 0, or -errno. */
int metrics_serve_prepare(void);

#define METRICS_CONNECTIONS 16 /* at once; of more the oldest is cut */

#endif
