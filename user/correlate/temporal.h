/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_TEMPORAL_H
#define WEIR_CORRELATE_TEMPORAL_H

#include "correlate/life.h"

/* A temporal rule while it runs: for each of its keys the signals of its refs, newest states. */
struct temporal;

struct temporal *temporal_new(const struct ruleset *set, const struct rule *rule,
			      struct lives *lives);
void temporal_free(struct temporal *temporal);

/* One of its refs said something at `now`. */
void temporal_signal(struct temporal *temporal, struct evidence *evidence);

/* Keys of which nothing can match any more go. */
void temporal_advance(struct temporal *temporal, weir_time now);

#endif
