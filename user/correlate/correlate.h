/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_CORRELATE_H
#define WEIR_CORRELATE_CORRELATE_H

#include "correlate/detection.h"

/* Layer 2: signals in, detections out (docs/rules.md, Detections). Engine thread only. */
struct correlate;

struct correlate_ops {
	void (*detection)(void *context, const struct detection *detection);
	/* What a temporal rule says, where it makes signals (rule->raise is false: to be told), or
	 * where windows count it. NULL: nobody wants to know. */
	void (*signal)(void *context, const struct signal *signal);
	void *context;
};

struct correlate_stats {
	uint64_t signals, detections, updates, evicted_keys;
	uint64_t open; /* now */
};

struct correlate *correlate_new(const struct ruleset *set, const struct correlate_ops *ops);
void correlate_free(struct correlate *correlate);

/* A signal, new, updated or silent. Copied as far as it is kept. */
void correlate_signal(struct correlate *correlate, const struct signal *signal);

/* Event time has come to `watermark`: old evidence is dropped, quiet detections are closed
 * (TIME_NEVER closes none: the end of a replay leaves detections as they are). */
void correlate_watermark(struct correlate *correlate, weir_time watermark);

void correlate_stats(const struct correlate *correlate, struct correlate_stats *stats);
void correlate_rule_stats(const struct correlate *correlate, unsigned rule, uint64_t *fired);

#endif
