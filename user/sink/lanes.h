/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_LANES_H
#define WEIR_SINK_LANES_H

#include <stdbool.h>
#include <stddef.h>

#include "sink/record.h"

/*
 * What waits for a sink, bounded, by importance: detections, then signals and health, then flows
 * and events. Detections have room for `capacity` of their own; the rest shares as much, and what
 * is lesser makes room for what is more. One thread, or under its user's lock.
 */
enum lane { LANE_DETECTIONS, LANE_SIGNALS, LANE_OTHERS, LANES };

struct lanes;

struct lanes *lanes_new(size_t capacity); /* records; NULL without memory */
void lanes_free(struct lanes *lanes);	  /* must be empty of what its user owns */

/* False if there is no room. *victim: what had to go for it, the caller's now; else NULL. */
bool lanes_put(struct lanes *lanes, struct out *out, struct out **victim);

/* In the order of arrival while at most half of `capacity` waits, else the most important first;
 * NULL when there is nothing. */
struct out *lanes_take(struct lanes *lanes);

#endif
