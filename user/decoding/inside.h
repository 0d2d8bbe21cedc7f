/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODING_INSIDE_H
#define WEIR_DECODING_INSIDE_H

#include <stdarg.h>
#include <sys/types.h>

#include "decoding/decoding.h"
#include "decoding/gauge.h"
#include "decoding/wire.h"

/* The inside of the engine's side: what its files share. */

/* One life of the child. */
struct child_life {
	pid_t pid; /* 0: none */
	int channel;
	bool watched; /* its channel stands in the epoll */
	bool ready;   /* it has said that it is confined */
	unsigned landlock;
	weir_time since; /* boot time, as all here */
	struct wire_totals totals;
	/* progress: where the ring stood when its reader last moved, or had nothing to read */
	uint64_t read, written;
	weir_time moved;
	unsigned still; /* looks since then at which something waited */
};

struct decoding_counts {
	uint64_t events, protocols; /* that were taken */
	uint64_t restarts, crashed, hung, malformed, unready;
	uint64_t discarded;	    /* bytes of payload that waited at a child's end */
	struct wire_totals earlier; /* of the children that ended */
};

struct decoding {
	struct decoding_ops ops;
	struct decoding_options options;
	struct gauge gauge;
	struct child_life child;
	int epoll, timer;
	weir_time due;	     /* of the timer; TIME_NEVER: it is not set */
	weir_time start_at;  /* no child: when the next one starts */
	weir_time failed_at; /* the last end that should not have been; TIME_NONE: never */
	unsigned failures;   /* within a minute of each other */
	bool finishing;	     /* no child is started any more */
	char reason[128];    /* of the last end */
	struct decoding_counts counts;
	/* a message that was received and is younger than what the flow stage knows */
	size_t waiting; /* its bytes; 0: none */
	uint8_t *message;
	struct wire_in in;
	struct wire_record *record;
};

/* A minute without an end is a new beginning. */
#define WELL_AFTER WEIR_MIN

/* life.c */
void life_start(struct decoding *d);
/* Ends it as one that should not have ended: counts it by `counter` (NULL: by how it ended), says
 * why, and plans the next one. */
void life_fail(struct decoding *d, uint64_t *counter, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void life_end(struct decoding *d); /* without a word */
/* Looks whether it does its work, and when to look again. */
void life_watch(struct decoding *d);
void life_wake_in(struct decoding *d, weir_time wait);
/* Whether the channel is waited for. */
void life_listen(struct decoding *d, bool listen);

#endif
