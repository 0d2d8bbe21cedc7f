/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_TIMESTAMP_H
#define WEIR_CAPTURE_TIMESTAMP_H

#include <stdbool.h>

#include "base/time.h"

/* How an interface of a pcapng file counts time (if_tsresol, if_tsoffset). */
struct timestamp {
	int64_t offset; /* seconds to add */
	bool binary;	/* ticks of 2^-exponent seconds; else 10^-exponent */
	uint8_t exponent;
	uint64_t factor; /* decimal: ns a tick, or ticks a ns; 0: a tick is too small to see */
};

#define TIMESTAMP_MICROSECONDS 6

/* Sets the resolution from the option's byte: the highest bit says binary. */
void timestamp_resolution(struct timestamp *time, uint8_t option);

/* False if the time is outside of CAPTURE_TIME_MAX. */
bool timestamp_read(const struct timestamp *time, uint64_t ticks, weir_time *at);

#endif
