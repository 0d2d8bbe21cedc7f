/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_TEMPORAL_H
#define WEIR_CORRELATE_TEMPORAL_H

#include "correlate/life.h"

/* A temporal rule while it runs: for each of its keys the signals of its refs, newest states. */
struct temporal;

/* Who hears what the rule says: the rules over it. */
struct temporal_ops {
	void (*signal)(void *context, const struct signal *signal);
	void *context;
};

/* `late`: how long after its time a signal of its refs may be said. */
struct temporal *temporal_new(const struct rule *rule, weir_time late, struct lives *lives,
			      const struct temporal_ops *ops);
void temporal_free(struct temporal *temporal);

/* One of its refs said something at `now`. */
void temporal_signal(struct temporal *temporal, struct evidence *evidence);

/* Keys of which nothing can match any more go. */
void temporal_advance(struct temporal *temporal, weir_time now);

#endif
