/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/live.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "capture/live/inside.h"
#include "capture/live/owners.h"

/* The live source as a whole: in which order its parts are asked. */

/* ---- between polls ---- */

uint64_t live_horizon(const struct live *live)
{
	uint64_t now = (uint64_t)live->clock.newest.boot;

	return live->conntrack.socket ? now - (uint64_t)NAT_WAIT : now;
}

static weir_time in_words(weir_time duration)
{
	weir_time length = duration < 0 ? -duration : duration;
	weir_time unit = length < 10 * WEIR_SEC ? WEIR_MSEC : WEIR_SEC;

	return (length + unit / 2) / unit * unit;
}

static void read_clock(struct live *live)
{
	struct clock_sample sample;
	weir_time before, moved;
	char text[TIME_TEXT_MAX];

	if (kernel_clock(&live->kernel, &sample))
		return;
	before = live->clock.shift;
	if (!clock_update(&live->clock, &sample))
		return;
	time_shift_set(live->clock.shift);
	moved = live->clock.shift - before;
	health_say(live, "clock_step", "the wall clock was set %s by %s: windows go on as before",
		   moved < 0 ? "back" : "ahead", duration_format(in_words(moved), text));
}

static void drain_owners(struct live *live)
{
	if (live->options.owners)
		owners_drain(live->options.owners, &live->clock);
}

/* What is read first can only be explained by what is read after it: records, then the
 * translations and processes that belong to them. */
static void drain(struct live *live, struct flow_table *flows)
{
	read_clock(live);
	interfaces_drain(&live->interfaces);
	within_drain(live);
	rings_drain(live);
	conntrack_drain(&live->conntrack);
	drain_owners(live);
	end_finish_batch(live, flows);
	rings_tell(live, flows, live_horizon(live));
	end_begin_batch(live);
	if (slots_refill(&live->slots))
		log_warn("the flow table cannot grow: new flows may find no room");
}

void live_drain(struct live *live, struct flow_table *flows)
{
	live->flows = flows;
	drain(live, flows);
}

/* ---- the poll ---- */

/* Losses for which a window's share is less: packets that are in no flow though they should be. */
static uint64_t lost(const struct live *live)
{
	uint64_t sum = live->losses[LOSS_TABLE_FULL];
	unsigned i;

	for (i = 0; i < LOSS_COUNT; i++)
		if (loss_is_fate(i) && i != LOSS_NOT_IP && i != LOSS_DUPLICATE)
			sum += live->losses[i];
	return sum + live->halves.missed;
}

static void read_sums(struct live *live)
{
	struct traffic_counts totals;

	watch_totals(live, &totals);
	live->total = totals.ip_bytes;
	live->packets = totals.segments;
	kernel_losses(&live->kernel, live->losses);
	kernel_payload_counts(&live->kernel, live->payload);
}

static void note_health(struct live *live, weir_time now)
{
	uint64_t before = live->lost;

	live->lost = lost(live);
	live->degraded = live->lost > before || live->kernel.halvings > 0 || !live->watches.count ||
			 live->slots.used >= live->slots.all;
	coverage_add(live->coverage, now, live->packets, live->lost);
	health_losses(live);
}

weir_time live_poll(struct live *live, struct flow_table *flows)
{
	uint64_t horizon;
	weir_time now;
	bool walks;

	live->flows = flows;
	live->polls++;
	drain(live, flows);
	/* Read first: what is counted from here on need not be explained by this poll. */
	read_sums(live);
	horizon = live_horizon(live);
	now = clock_from_boot(&live->clock, (uint64_t)live->clock.newest.boot);
	end_retired(live, flows);
	poll_scan(live, flows, false);
	walks = half_due(live);
	if (walks)
		half_walk(live, flows, horizon);
	flow_advance(flows, now, end_expired, live);
	/* After a standstill, or a hand-over, flows have ended long before: told later than this
	 * they would come behind what is promised below. */
	if (now - live->told > live->options.interval * 3 / 2)
		end_now(live, flows);
	end_sweep(live, flows);
	end_begin_batch(live);
	slots_refill(&live->slots);
	watch_check(live);
	note_health(live, now);
	live->told = clock_from_boot(&live->clock, horizon);
	return walks ? live->told : clock_from_boot(&live->clock, live->halves.horizon);
}

/* Nothing counts any more: everything is read once more, then nobody needs the slots. */
void live_read_last(struct live *live, struct flow_table *flows)
{
	live->flows = flows;
	grace_wait_now();
	read_clock(live);
	rings_drain(live);
	conntrack_drain(&live->conntrack);
	drain_owners(live);
	rings_tell(live, flows, UINT64_MAX);
	end_retired(live, flows);
	poll_scan(live, flows, true);
	half_walk(live, flows, UINT64_MAX);
}

/* ---- what others ask ---- */

void live_forget(void *context, struct flow *flow)
{
	struct live *live = context;
	struct known *known = known_of(flow);
	struct flow_half facts;

	if (!known)
		return;
	/* Its entry in the kernel goes too: else the next packet's counts would be told twice. */
	if (flow->slot == RECORD_NO_SLOT)
		half_take(live, known_key(flow), &facts);
	else if (!known->ending)
		end_slot(live, known_key(flow), flow->slot, flow->generation);
	known_drop(live, flow);
}

static void list_watched(FILE *out, const struct interfaces *interfaces, const char *space,
			 const char *slash)
{
	const struct interface *interface = NULL;

	while ((interface = interfaces_after(interfaces, interface))) {
		if (!interface->watch)
			continue;
		fprintf(out, "%s%s%s%s (%s)", ftell(out) > 9 ? ", " : "", space, slash,
			interface->name, watch_way(interface->watch));
	}
}

const char *live_watching(const struct live *live)
{
	struct live *own = (struct live *)live; /* the text is a cache */
	const struct within_space *space;
	size_t length = 0, cursor = 0;
	FILE *out;

	free(own->watching);
	own->watching = NULL;
	out = open_memstream(&own->watching, &length);
	if (!out)
		return "watching";
	fputs("watching ", out);
	list_watched(out, &live->interfaces, "", "");
	while ((space = within_next(live, &cursor)))
		list_watched(out, &space->interfaces, space->space.name, "/");
	fclose(out);
	return own->watching ? own->watching : "watching";
}

int live_payload_ring(const struct live *live)
{
	return live->options.payload.wanted ? live->kernel.payloads : -1;
}

size_t live_payload_ring_bytes(const struct live *live)
{
	return live->kernel.payload_ring;
}

uint64_t live_told(const struct live *live)
{
	return live_horizon(live);
}

void live_not_before(struct live *live, weir_time at)
{
	struct clock_sample sample;

	if (kernel_clock(&live->kernel, &sample))
		return;
	clock_start(&live->clock, &sample, at);
	time_shift_set(live->clock.shift);
}

weir_time live_now(const struct live *live)
{
	return clock_now(&live->clock, time_monotonic());
}

weir_time live_time(const struct live *live, uint64_t boot)
{
	return clock_from_boot(&live->clock, boot);
}

int live_fd(const struct live *live)
{
	return live->epoll;
}

int live_control_fd(const struct live *live)
{
	return live->control;
}

void live_own_socket(struct live *live, uint64_t cookie)
{
	own_add(&live->own, cookie);
}

const struct network_set *live_addresses(const struct live *live, unsigned *generation)
{
	*generation = live->interfaces.generation;
	return &live->interfaces.addresses;
}

const char *live_interface_name(const struct live *live, uint32_t ifindex)
{
	if (ifindex & ATTACHMENT_ELSEWHERE)
		return within_interface_name(live->within, ifindex);
	return interfaces_name(&live->interfaces, ifindex);
}

double live_coverage(const struct live *live, weir_time start, weir_time end)
{
	return coverage_share(live->coverage, start, end);
}
