/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_CLOCK_H
#define WEIR_LIVE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/*
 * Three clocks meet here: jiffies (when a flow was last seen), CLOCK_BOOTTIME (first packets) and
 * the wall clock (event time). Pure: samples come from outside.
 */

/* All four read at one moment, as far as that goes. */
struct clock_sample {
	uint64_t jiffies;
	weir_time boot, monotonic, wall; /* ns */
};

struct live_clock {
	struct clock_sample first, newest;
	weir_time offset; /* event time less boot time: never changes */
	weir_time shift;  /* wall clock less event time: what it was set by since then */
	weir_time tick;	  /* ns a jiffy */
	uint64_t steps;	  /* how often the wall clock was set */
};

/* A difference this small is reading noise and slewing, not a step. */
#define CLOCK_STEP_MIN (50 * WEIR_MSEC)

/* Event time begins with the wall clock, but not before `earliest` (TIME_NONE: wherever it is):
 * what is remembered of an earlier run would be of the future if the clock was set back since. */
void clock_start(struct live_clock *clock, const struct clock_sample *sample, weir_time earliest);

/* Event time goes on at this offset from boot time, which another process began. */
void clock_go_on(struct live_clock *clock, const struct clock_sample *sample, weir_time offset);

/* True if the wall clock was set since the last sample: by how much is in `shift` from here on. */
bool clock_update(struct live_clock *clock, const struct clock_sample *sample);

/* Event time now, by CLOCK_MONOTONIC. After a suspend it is behind until the next sample. */
weir_time clock_now(const struct live_clock *clock, weir_time monotonic);

/* Event time of a moment of CLOCK_BOOTTIME. */
weir_time clock_from_boot(const struct live_clock *clock, uint64_t boot);

/*
 * Event time of a jiffies value whose low 32 bits are known: the moment nearest to the newest
 * sample, never after it by more than half the range. Jiffies stand still in suspend, so what was
 * before one comes out too late, by the length of it at most; callers bound it by what they know.
 */
weir_time clock_from_jiffies(const struct live_clock *clock, uint32_t jiffies);

/* `ticks` jiffies took `ns`: the kernel's tick length, one of those that HZ can have. */
weir_time clock_tick(uint64_t ticks, weir_time ns);

#endif
