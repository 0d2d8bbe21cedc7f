/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_HORIZON_H
#define WEIR_EVENT_HORIZON_H

#include <stdint.h>

#include "base/time.h"

/* Farther ahead than this of all others, a time is believed only when a second one agrees. */
#define HORIZON_AHEAD WEIR_HOUR

/*
 * The greatest time of an input that can be believed: one record with a wild time must not end
 * every window. Start from HORIZON_EMPTY.
 */
struct horizon {
	weir_time greatest; /* TIME_NONE: nothing seen */
	weir_time ahead;    /* a time that waits for a second one; TIME_NONE: none */
	uint64_t held;	    /* times that had to wait */
};

#define HORIZON_EMPTY                                                                              \
	{                                                                                          \
		.greatest = TIME_NONE, .ahead = TIME_NONE,                                         \
	}

/* Takes note of a record's time; returns the greatest that is believed now. */
weir_time horizon_see(struct horizon *horizon, weir_time at);

#endif
