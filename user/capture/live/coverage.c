/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/coverage.h"

#include <stdlib.h>

/* The longest window of a rule is 24 h; one hour more for its lateness. */
#define COVERAGE_SECONDS (25 * 3600)

/* Totals at the end of one second. */
struct totals {
	uint64_t packets, lost;
};

struct coverage {
	struct totals at[COVERAGE_SECONDS]; /* second modulo the length */
	struct totals before;		    /* at the end of the second before the oldest */
	int64_t oldest, newest;		    /* seconds since the epoch; newest < oldest: none yet */
};

struct coverage *coverage_new(void)
{
	struct coverage *coverage = calloc(1, sizeof(*coverage));

	if (coverage)
		coverage->newest = coverage->oldest - 1;
	return coverage;
}

void coverage_free(struct coverage *coverage)
{
	free(coverage);
}

static struct totals *cell(const struct coverage *coverage, int64_t second)
{
	int64_t index = second % COVERAGE_SECONDS;

	if (index < 0)
		index += COVERAGE_SECONDS;
	return (struct totals *)&coverage->at[index];
}

static void forget_oldest(struct coverage *coverage)
{
	coverage->before = *cell(coverage, coverage->oldest);
	coverage->oldest++;
}

void coverage_add(struct coverage *coverage, weir_time at, uint64_t packets, uint64_t lost)
{
	/* A poll stands right after the second that it tells of, by some milliseconds. */
	int64_t second = time_floor(at - WEIR_SEC / 2, WEIR_SEC) / WEIR_SEC;
	struct totals last;

	if (coverage->newest < coverage->oldest) {
		coverage->oldest = second;
		coverage->newest = second;
	}
	last = *cell(coverage, coverage->newest);
	if (second - coverage->newest > COVERAGE_SECONDS) {
		coverage->before = last;
		coverage->oldest = second - COVERAGE_SECONDS + 1;
		coverage->newest = coverage->oldest - 1;
	}
	while (coverage->newest < second) {
		if (coverage->newest - coverage->oldest + 1 == COVERAGE_SECONDS)
			forget_oldest(coverage);
		*cell(coverage, ++coverage->newest) = last;
	}
	*cell(coverage, coverage->newest) = (struct totals){packets, lost};
}

static struct totals totals_at_end_of(const struct coverage *coverage, int64_t second)
{
	if (second < coverage->oldest)
		return coverage->before;
	if (second > coverage->newest)
		second = coverage->newest;
	return *cell(coverage, second);
}

double coverage_share(const struct coverage *coverage, weir_time start, weir_time end)
{
	struct totals from, to;
	uint64_t packets, lost;

	if (coverage->newest < coverage->oldest || end < start)
		return 1;
	if (end == start) /* of one event */
		end++;
	from = totals_at_end_of(coverage, time_floor(start, WEIR_SEC) / WEIR_SEC - 1);
	to = totals_at_end_of(coverage, time_floor(end - 1, WEIR_SEC) / WEIR_SEC);
	packets = to.packets - from.packets;
	lost = to.lost - from.lost;
	if (!packets || !lost)
		return 1;
	return lost >= packets ? 0 : 1 - (double)lost / (double)packets;
}
