/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>

#include "capture/live/inside.h"

/* Reads the counters of the main table: those that moved, from memory. */

struct scan {
	struct live *live;
	struct flow_table *flows;
	uint64_t horizon;
};

static void look_again(struct live *live, uint32_t slot)
{
	uint32_t *again = vec_add(&live->again);

	if (again)
		*again = slot; /* without memory the next sweep finds it */
}

static void meet(const struct scan *scan, uint32_t slot)
{
	struct live *live = scan->live;
	struct seen seen;

	/* Handed out, and its cold half is not written yet. */
	if (!poll_read_slot(live, slot, &seen)) {
		look_again(live, slot);
		return;
	}
	if (seen.facts.first > scan->horizon || known_see(live, scan->flows, &seen) == LEARNT_LATER)
		look_again(live, slot);
}

static void on_moved(void *context, uint32_t slot)
{
	const struct scan *scan = context;
	struct live *live = scan->live;
	struct flow *flow = live->slots.flow[slot];

	if (flow && flow->generation == live->slots.hot[slot].generation)
		known_count_slot(live, scan->flows, flow);
	else
		meet(scan, slot);
}

static void look_at_again(const struct scan *scan)
{
	struct live *live = scan->live;
	size_t count = live->again.len, i;

	/* What has to wait longer is added behind. */
	for (i = 0; i < count; i++) {
		uint32_t slot = live->again.at[i];

		if (live->slots.hot[slot].last[0] | live->slots.hot[slot].last[1])
			on_moved((void *)scan, slot);
	}
	for (i = count; i < live->again.len; i++)
		live->again.at[i - count] = live->again.at[i];
	live->again.len -= count;
}

void poll_scan(struct live *live, struct flow_table *flows, bool all)
{
	struct scan scan = {live, flows, all ? UINT64_MAX : live_horizon(live)};
	uint32_t began = (uint32_t)live->clock.newest.jiffies;

	look_at_again(&scan);
	if (all)
		live->slots.used =
			slots_scan_all(live->slots.hot, live->slots.ready, on_moved, &scan);
	else
		live->slots.used = slots_scan(live->slots.hot, live->slots.ready,
					      live->scanned - STAMP_SLACK, on_moved, &scan);
	live->slots.taken = 0;
	live->scanned = began;
}
