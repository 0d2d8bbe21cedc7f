/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_CHAIN_H
#define WEIR_SIGNAL_CHAIN_H

#include "signal/pool.h"
#include "signal/signal.h"

/*
 * Signals on their way into windows over them: a signal that is new enters as an event at the time
 * it was said, with its keys as its fields (docs/rules.md, Windows over signals). They wait here
 * until all that was due at that time has run. A zeroed chain is empty and valid.
 */
struct chained {
	struct chained *next;
	size_t size;
	unsigned rule; /* that said it */
	struct event event;
	char text[]; /* what the event's texts point into */
};

struct chain {
	struct chained *first, *last;
	uint64_t count; /* so far: their record numbers */
	uint64_t lost;	/* without memory */
};

void chain_add(struct chain *chain, struct pool *pool, const struct signal *signal);

/* The first, to be given to chain_drop(); NULL: none waits. */
struct chained *chain_take(struct chain *chain);
void chain_drop(struct pool *pool, struct chained *chained);

#endif
