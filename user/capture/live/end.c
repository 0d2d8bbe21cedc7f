/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>

#include "capture/live/inside.h"

/*
 * Ends without loss: delete the key, wait until no program holds it any more, read the slot for the
 * last time, hand it back. Whoever deletes the key ends the slot: we, or a program when a SYN
 * reuses the tuple (then it stands in `flow_retired`).
 */

void end_orphan(struct live *live, uint32_t slot, uint32_t generation)
{
	struct ending *ending = vec_add(&live->ends.waiting);

	if (ending)
		*ending = (struct ending){slot, generation};
	/* else the next sweep finds it again */
}

void end_slot(struct live *live, const struct flow_key *key, uint32_t slot, uint32_t generation)
{
	struct flow_ref ref;

	if (bpf_map_lookup_elem(live->kernel.main, key, &ref) || ref.slot != slot ||
	    ref.generation != generation || bpf_map_delete_elem(live->kernel.main, key))
		return;
	end_orphan(live, slot, generation);
}

/* ---- flows that the flow stage has given up ---- */

static void expire_half(struct live *live, struct flow_table *flows, struct flow *flow)
{
	struct flow_half facts;
	struct flow_ref ref;

	if (half_take(live, known_key(flow), &facts)) {
		if (facts.first == known_of(flow)->born)
			known_count(live, flows, flow, &facts);
	} else if (!bpf_map_lookup_elem(live->kernel.main, known_key(flow), &ref) &&
		   ref.slot < live->slots.ready && !live->slots.flow[ref.slot]) {
		/* Promoted a moment ago: it ends as one of the main table. */
		flow->slot = ref.slot;
		flow->generation = ref.generation;
		live->halves.known--;
		live->slots.flow[ref.slot] = flow;
		end_expired(live, flow);
		return;
	}
	known_end(live, flows, flow);
}

void end_expired(void *context, struct flow *flow)
{
	struct live *live = context;
	struct known *known = known_of(flow);

	if (!known || known->ending)
		return;
	if (flow->slot == RECORD_NO_SLOT) {
		expire_half(live, live->flows, flow);
		return;
	}
	known->ending = true;
	/* Not there any more: a program took it out and tells so in `flow_retired`. */
	end_slot(live, known_key(flow), flow->slot, flow->generation);
}

/* ---- slots whose tuple was reused ---- */

/* Several lives of one tuple may wait here, in their order: each is known only when the one before
 * it has ended. More than so many at once are handed back unread. */
#define RETIRED_MAX 8192

static bool retire(struct live *live, struct flow_table *flows, const struct flow_ref *ref)
{
	struct flow *flow = live->slots.flow[ref->slot];
	struct seen seen;

	if (!flow && poll_read_slot(live, ref->slot, &seen) && seen.generation == ref->generation) {
		if (known_see(live, flows, &seen) == LEARNT_LATER)
			return false;
		flow = live->slots.flow[ref->slot];
	}
	if (flow && flow->generation == ref->generation)
		known_of(flow)->ending = true;
	end_orphan(live, ref->slot, ref->generation);
	return true;
}

static void retire_waiting(struct live *live, struct flow_table *flows)
{
	struct ends *ends = &live->ends;
	size_t i, kept = 0;

	for (i = 0; i < ends->reused.len; i++)
		if (!retire(live, flows, &ends->reused.at[i]))
			ends->reused.at[kept++] = ends->reused.at[i];
	ends->reused.len = kept;
}

void end_retired(struct live *live, struct flow_table *flows)
{
	struct flow_ref ref, *kept;

	while (!bpf_map_lookup_and_delete_elem(live->kernel.retired, NULL, &ref)) {
		if (ref.slot >= live->slots.ready)
			continue; /* cannot be */
		live->ends.retired++;
		kept = live->ends.reused.len < RETIRED_MAX ? vec_add(&live->ends.reused) : NULL;
		if (kept)
			*kept = ref;
		else
			end_orphan(live, ref.slot, ref.generation);
	}
	retire_waiting(live, flows);
}

/* ---- batches ---- */

void end_begin_batch(struct live *live)
{
	struct ends *ends = &live->ends;
	__typeof__(ends->batch) empty = ends->batch;

	if (!ends->waiting.len || !grace_idle(&live->grace))
		return;
	empty.len = 0;
	ends->batch.at = ends->waiting.at;
	ends->batch.len = ends->waiting.len;
	ends->batch.cap = ends->waiting.cap;
	ends->waiting.at = empty.at;
	ends->waiting.len = 0;
	ends->waiting.cap = empty.cap;
	grace_ask_wait(&live->grace);
}

/* An orphan may have got its key while we waited: then its creator was only slow. */
static bool has_key(const struct live *live, const struct ending *ending)
{
	struct flow_cold cold;
	struct flow_ref ref;

	return !bpf_map_lookup_elem(live->kernel.cold, &ending->slot, &cold) &&
	       !bpf_map_lookup_elem(live->kernel.main, &cold.key, &ref) &&
	       ref.slot == ending->slot && ref.generation == ending->generation;
}

static void finish(struct live *live, struct flow_table *flows, const struct ending *ending)
{
	const struct flow_slot *hot = &live->slots.hot[ending->slot];
	struct flow *flow = live->slots.flow[ending->slot];

	/* Handed back already, and perhaps in use again: a slot may have been found twice. */
	if (hot->generation != ending->generation || !(hot->last[0] | hot->last[1]))
		return;
	if (flow && flow->generation == ending->generation) {
		known_count_slot(live, flows, flow);
		known_end(live, flows, flow);
	} else if (has_key(live, ending)) {
		return;
	} else {
		live->ends.unread++;
	}
	slots_give_back(&live->slots, ending->slot);
}

/* What a batch would have brought later. */
void end_now(struct live *live, struct flow_table *flows)
{
	struct ends *ends = &live->ends;

	if (!ends->batch.len && !ends->waiting.len)
		return;
	grace_wait_now();
	vec_each (ending, &ends->batch)
		finish(live, flows, ending);
	ends->batch.len = 0; /* the thread that waits for it comes too late */
	vec_each (ending, &ends->waiting)
		finish(live, flows, ending);
	ends->waiting.len = 0;
	retire_waiting(live, flows);
}

/* A key that points to a slot which has another's counters; taken out unless it moved since. */
static void finish_stray(struct live *live, const struct stray *stray)
{
	const struct flow_slot *hot = &live->slots.hot[stray->ref.slot];
	struct flow_ref ref;

	if (hot->generation == stray->ref.generation ||
	    bpf_map_lookup_elem(live->kernel.main, &stray->key, &ref) ||
	    ref.slot != stray->ref.slot || ref.generation != stray->ref.generation)
		return;
	live->ends.strays++;
	bpf_map_delete_elem(live->kernel.main, &stray->key);
}

void end_finish_batch(struct live *live, struct flow_table *flows)
{
	unsigned i;

	switch (grace_take(&live->grace)) {
	case GRACE_NONE:
		break;
	case GRACE_WAIT:
		vec_each (ending, &live->ends.batch)
			finish(live, flows, ending);
		live->ends.batch.len = 0;
		/* At once, before a later life of the same tuple is met. */
		retire_waiting(live, flows);
		break;
	case GRACE_SWEEP:
		for (i = 0; i < live->grace.strays_len; i++)
			finish_stray(live, &live->grace.strays[i]);
		break;
	}
}

/* ---- the sweep ---- */

#define SWEEP_EVERY (60 * WEIR_SEC)

/* Half a second goes into looking at a million keys. So a larger table's take turns, unless packets
 * have met something in it: each one that is led astray counts as LOSS_RACE. */
#define SWEEP_KEYS  65536
#define SWEEP_RACES 64

/* A slot with counters that belongs to no flow of ours, and to no key. */
static void sweep_slot(void *context, uint32_t slot)
{
	struct live *live = context;
	uint32_t generation = live->slots.hot[slot].generation;
	struct flow *flow = live->slots.flow[slot];
	struct flow_ref ref;
	struct seen seen;

	if (flow && flow->generation == generation) {
		/* Ending, and in no batch: what a program took out was not told. */
		if (known_of(flow)->ending)
			end_orphan(live, slot, generation);
		return;
	}
	if (!poll_read_slot(live, slot, &seen)) {
		return; /* its creator is at work: looked at again in a minute */
	}
	if (!bpf_map_lookup_elem(live->kernel.main, &seen.key, &ref) && ref.slot == slot) {
		known_see(live, live->flows, &seen);
		return;
	}
	live->ends.orphans++;
	end_orphan(live, slot, generation);
}

static void sweep_keys(struct live *live)
{
	uint64_t races = live->losses[LOSS_RACE] - live->ends.races;

	live->ends.races = live->losses[LOSS_RACE];
	grace_ask_sweep(&live->grace, live->slots.hot, live->slots.ready,
			races < SWEEP_RACES ? SWEEP_KEYS : GRACE_ALL);
}

void end_sweep(struct live *live, struct flow_table *flows)
{
	(void)flows;
	if (live->clock.newest.boot - live->ends.swept < SWEEP_EVERY || live->ends.waiting.len ||
	    live->ends.reused.len || !grace_idle(&live->grace))
		return;
	live->ends.swept = live->clock.newest.boot;
	slots_scan_all(live->slots.hot, live->slots.ready, sweep_slot, live);
	if (live->ends.waiting.len) {
		end_begin_batch(live);
		return;
	}
	sweep_keys(live);
}
