/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/clock.h"

#include <stddef.h>

/* Shorter than this, 250 and 300 Hz cannot be told apart. */
#define TICK_BASELINE (100 * WEIR_MSEC)
#define TICK_GUESS    (WEIR_SEC / 250)

weir_time clock_tick(uint64_t ticks, weir_time ns)
{
	/* include/asm-generic/param.h: what CONFIG_HZ can be on the machines we run on. */
	static const int64_t rates[] = {100, 250, 300, 1000};
	weir_time best = TICK_GUESS;
	double measured, least = -1;
	size_t i;

	if (!ticks || ns < TICK_BASELINE)
		return TICK_GUESS;
	measured = (double)ticks * 1e9 / (double)ns;
	for (i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		double ratio = measured / (double)rates[i];
		double off = ratio > 1 ? ratio : 1 / ratio;

		if (least >= 0 && off >= least)
			continue;
		least = off;
		best = WEIR_SEC / rates[i];
	}
	return best;
}

void clock_start(struct live_clock *clock, const struct clock_sample *sample, weir_time earliest)
{
	weir_time begin = sample->wall > earliest ? sample->wall : earliest;

	*clock = (struct live_clock){
		.first = *sample,
		.newest = *sample,
		.offset = begin - sample->boot,
		.shift = sample->wall - begin,
		.tick = TICK_GUESS,
	};
}

void clock_go_on(struct live_clock *clock, const struct clock_sample *sample, weir_time offset)
{
	clock_start(clock, sample, TIME_NONE);
	clock->offset = offset;
	clock->shift = sample->wall - sample->boot - offset;
}

bool clock_update(struct live_clock *clock, const struct clock_sample *sample)
{
	weir_time shift = sample->wall - sample->boot - clock->offset;
	weir_time moved = shift - clock->shift;
	weir_time baseline = sample->monotonic - clock->first.monotonic;

	clock->newest = *sample;
	if (baseline >= TICK_BASELINE)
		clock->tick = clock_tick(sample->jiffies - clock->first.jiffies, baseline);
	if (moved > -CLOCK_STEP_MIN && moved < CLOCK_STEP_MIN)
		return false;
	clock->shift = shift;
	clock->steps++;
	return true;
}

weir_time clock_now(const struct live_clock *clock, weir_time monotonic)
{
	return clock->newest.boot + clock->offset + (monotonic - clock->newest.monotonic);
}

weir_time clock_from_boot(const struct live_clock *clock, uint64_t boot)
{
	return (weir_time)boot + clock->offset;
}

weir_time clock_from_jiffies(const struct live_clock *clock, uint32_t jiffies)
{
	/* Signed difference modulo 2^32: right on both sides of a wrap. */
	int32_t ahead = (int32_t)(jiffies - (uint32_t)clock->newest.jiffies);

	return clock->newest.boot + clock->offset + ahead * clock->tick;
}
