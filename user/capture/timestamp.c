/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/timestamp.h"

#include "capture/source.h"

#define NANO 9

void timestamp_resolution(struct timestamp *time, uint8_t option)
{
	int steps;

	time->binary = option & 0x80;
	time->exponent = option & 0x7f;
	time->factor = 1;
	steps = time->exponent > NANO ? time->exponent - NANO : NANO - time->exponent;
	for (int i = 0; i < steps; i++)
		if (__builtin_mul_overflow(time->factor, 10, &time->factor))
			time->factor = 0;
	if (time->binary)
		time->factor = 0;
}

/* Wide enough for each product below; what does not fit a weir_time is refused at the end. */
static __int128 nanoseconds(const struct timestamp *time, uint64_t ticks)
{
	if (time->binary)
		return (__int128)(((unsigned __int128)ticks * WEIR_SEC) >> time->exponent);
	if (time->exponent <= NANO)
		return (__int128)ticks * time->factor;
	return time->factor ? (__int128)(ticks / time->factor) : 0;
}

bool timestamp_read(const struct timestamp *time, uint64_t ticks, weir_time *at)
{
	__int128 ns = nanoseconds(time, ticks) + (__int128)time->offset * WEIR_SEC;

	if (ns > CAPTURE_TIME_MAX || ns < -CAPTURE_TIME_MAX)
		return false;
	*at = (weir_time)ns;
	return true;
}
