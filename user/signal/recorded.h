/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_RECORDED_H
#define WEIR_SIGNAL_RECORDED_H

#include "capture/source.h"
#include "signal/signal.h"

/*
 * Signals that an input holds instead of events: made into signals of the rule of that name, and
 * held until their time has come. Engine thread only.
 */
struct recorded;

/* So many wait at most; what comes beyond is refused. */
#define RECORDED_WAITING_MAX 65536

struct recorded *recorded_new(const struct ruleset *rules); /* NULL without memory */
void recorded_free(struct recorded *recorded);

/* Copies it. 0, also where no rule has that name or a field of its group-by is missing (told once,
 * counted); -ENOMEM. */
int recorded_add(struct recorded *recorded, const struct recorded_signal *signal);

/* Hands over those before `watermark`, in order of time; TIME_NEVER: all. */
void recorded_release(struct recorded *recorded, weir_time watermark,
		      void (*signal)(void *context, const struct signal *signal), void *context);

/* How many could not be taken. */
uint64_t recorded_refused(const struct recorded *recorded);

#endif
