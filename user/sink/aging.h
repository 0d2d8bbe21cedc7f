/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_AGING_H
#define WEIR_SINK_AGING_H

#include "base/time.h"

/*
 * What age is held against before something is deleted for it: the wall clock, where it can be
 * trusted. A clock that leaps ahead would make everything old at once, and what is deleted does not
 * come back when the clock is mended. So a leap is followed only after it has stood for
 * AGING_DOUBT; till then age grows with the time that passes. Pure: clocks come from outside.
 */
#define AGING_LEAP  WEIR_DAY /* further ahead than time has passed */
#define AGING_DOUBT WEIR_DAY

struct aging {
	weir_time at, boot; /* the last answer, and when */
	weir_time leapt;    /* CLOCK_BOOTTIME since the wall clock is ahead; TIME_NONE: it is not */
};

/* `newest` is the newest time that was stored in an earlier run: a wall clock that is far ahead of
 * it has leapt, or nothing ran for long. TIME_NONE: nothing is stored. */
void aging_start(struct aging *aging, weir_time newest, weir_time boot);

/* What age is held against now. */
weir_time aging_now(struct aging *aging, weir_time wall, weir_time boot);

#endif
