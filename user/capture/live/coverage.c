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

/* ---- over to another process ---- */

static void add_save(const struct totals *from, const struct totals *to, struct state_writer *w)
{
	state_put_uint(w, to->packets - from->packets);
	state_put_uint(w, to->lost - from->lost);
}

static struct totals add_load(const struct totals *from, struct state_reader *r)
{
	struct totals to = *from;

	to.packets += state_get_uint(r);
	to.lost += state_get_uint(r);
	return to;
}

void coverage_save(const struct coverage *coverage, struct state_writer *w)
{
	static const struct totals none;
	const struct totals *last = &coverage->before;

	state_put_int(w, coverage->oldest);
	state_put_uint(w, (uint64_t)(coverage->newest - coverage->oldest + 1));
	add_save(&none, last, w);
	for (int64_t second = coverage->oldest; second <= coverage->newest; second++) {
		add_save(last, cell(coverage, second), w);
		last = cell(coverage, second);
	}
}

bool coverage_load(struct coverage *coverage, struct state_reader *r)
{
	static const struct totals none;
	struct totals last;
	int64_t count;

	coverage->oldest = state_get_time(r);
	count = (int64_t)state_get_count(r, COVERAGE_SECONDS);
	coverage->newest = coverage->oldest - 1;
	coverage->before = last = add_load(&none, r);
	for (; count-- && !r->bad; coverage->newest++)
		*cell(coverage, coverage->newest + 1) = last = add_load(&last, r);
	return !r->bad;
}
