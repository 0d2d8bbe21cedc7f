/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/settings.h"
#include "capture/live/inside.h"

/*
 * The half-open tables, walked at each poll, in a flood at each other one: what no record told is
 * found there, and counts are read. Entries are deleted when the flow stage says that they are
 * over.
 *
 * Records tell the first packets of each endpoint within its budget, so what the walk finds in a
 * flood is the flood: a walk begins flows for as many as one endpoint may tell a second. From then
 * on the rest, and what the tables could not hold, stand in numbers (`attempt` with event.count).
 * Each insertion is told once: by a flow or in a number.
 */

#define HALF_BATCH 4096

/* ---- one by one, or as numbers ---- */

bool half_numbered(const struct live *live, const struct seen *seen)
{
	return seen->facts.first <= live->halves.settled;
}

bool half_crowded(const struct live *live)
{
	return live->halves.present >= live->kernel.half_open / 2;
}

bool half_may_tell(struct live *live, const struct seen *seen)
{
	struct halves *halves = &live->halves;

	if (half_numbered(live, seen))
		return false;
	if (halves->room) {
		halves->room--;
		return true;
	}
	halves->crowded = true;
	return false;
}

/* ---- where unfinished handshakes go ---- */

static struct flow_key responder_of(const struct seen *seen)
{
	struct flow_key key = seen->key;
	unsigned initiator = seen->facts.initiator;

	memset(key.addr[initiator], 0, sizeof(key.addr[initiator]));
	key.port[initiator] = 0;
	return key;
}

/* Misra and Gries, "Finding repeated elements" (1982): every endpoint with more than 1/9 of the
 * entries is among the eight. */
static void weigh(struct endpoints *endpoints, const struct seen *seen)
{
	struct flow_key key = responder_of(seen);
	struct endpoint *free = NULL;
	unsigned i;

	for (i = 0; i < HALF_ENDPOINTS; i++) {
		struct endpoint *e = &endpoints->at[i];

		if (e->weight && e->initiator == seen->facts.initiator &&
		    !memcmp(&e->key, &key, sizeof(key))) {
			e->weight++;
			return;
		}
		if (!e->weight)
			free = e;
	}
	if (free) {
		*free = (struct endpoint){key, seen->facts.initiator, 1};
		return;
	}
	for (i = 0; i < HALF_ENDPOINTS; i++)
		endpoints->at[i].weight--;
}

static uint64_t weight_of(const struct endpoints *endpoints)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < HALF_ENDPOINTS; i++)
		sum += endpoints->at[i].weight;
	return sum;
}

static void tell_number(struct live *live, struct flow_table *flows, const struct endpoint *e,
			uint64_t number)
{
	struct flow_start start = {
		.key = e->key,
		.first = clock_from_boot(&live->clock, (uint64_t)live->clock.newest.boot),
		.initiator = e->initiator,
		.missed = number,
	};

	if (number)
		flow_begin(flows, &start);
}

/* Without any endpoint nobody knows where they went: they are counted, not told. */
static void share_out(struct live *live, struct flow_table *flows,
		      const struct endpoints *endpoints, uint64_t number)
{
	uint64_t weight = weight_of(endpoints), left = number;
	const struct endpoint *heaviest = &endpoints->at[0];
	unsigned i;

	for (i = 0; i < HALF_ENDPOINTS; i++)
		if (endpoints->at[i].weight > heaviest->weight)
			heaviest = &endpoints->at[i];
	for (i = 0; i < HALF_ENDPOINTS && weight; i++) {
		const struct endpoint *e = &endpoints->at[i];
		uint64_t share = (uint64_t)((double)number * (double)e->weight / (double)weight);

		if (e == heaviest)
			continue;
		left -= share;
		tell_number(live, flows, e, share);
	}
	if (weight)
		tell_number(live, flows, heaviest, left);
}

/*
 * Half-open flows of which no flow was begun, as numbers: all that were inserted up to the walk
 * before this one, less those that the flow stage was told of or that wait for it. An entry may be
 * promoted between a scan and a walk, and is then met by the next scan.
 */
static void tell_missed(struct live *live, struct flow_table *flows, const struct endpoints *fresh,
			uint64_t postponed)
{
	struct halves *halves = &live->halves;
	uint64_t inserted = halves->counts[HALF_INSERTED];
	uint64_t explained = halves->begun + halves->missed + postponed + live->again.len +
			     live->ends.reused.len;
	uint64_t missed = inserted > explained ? inserted - explained : 0;

	if (!missed)
		return;
	halves->missed += missed;
	share_out(live, flows, weight_of(&halves->endpoints) ? &halves->endpoints : fresh, missed);
}

/* ---- the walk ---- */

struct walk {
	struct live *live;
	struct flow_table *flows;
	uint64_t horizon, present, postponed;
	struct endpoints fresh;
};

/* In a number already, and nothing new. */
static bool stale(const struct halves *halves, const struct flow_half *facts)
{
	uint32_t since = halves->walked - STAMP_SLACK;

	return facts->first <= halves->settled && (int32_t)(facts->last[0] - since) < 0 &&
	       (int32_t)(facts->last[1] - since) < 0;
}

/* Nobody ends what stands in a number. Silent for so long, nothing will come of it. */
#define NUMBERED_KEPT (60 * WEIR_SEC)

static void drop_old(struct walk *walk, const struct flow_key *key, const struct flow_half *facts)
{
	const struct live_clock *clock = &walk->live->clock;
	weir_time long_ago = clock_from_boot(clock, (uint64_t)clock->newest.boot) - NUMBERED_KEPT;
	struct flow_half gone;

	if (clock_from_jiffies(clock, facts->last[0]) < long_ago &&
	    clock_from_jiffies(clock, facts->last[1]) < long_ago && !flow_find(walk->flows, key) &&
	    half_take(walk->live, key, &gone))
		walk->present--;
}

static void see(struct walk *walk, const struct flow_key *key, const struct flow_half *facts)
{
	struct seen seen = {.key = *key, .facts = *facts, .slot = RECORD_NO_SLOT, .walked = true};

	walk->present++;
	if (stale(&walk->live->halves, facts)) {
		drop_old(walk, key, facts);
		return;
	}
	/* Being promoted: the main table has it, or will have in a moment. */
	if (facts->moved) {
		walk->postponed++;
		return;
	}
	if (!facts->told && facts->first > walk->live->halves.horizon)
		weigh(&walk->fresh, &seen);
	if (facts->first > walk->horizon ||
	    known_see(walk->live, walk->flows, &seen) == LEARNT_LATER)
		walk->postponed++;
}

static bool more_room(struct halves *halves, size_t len)
{
	void *buffer = malloc(len * (sizeof(struct flow_key) + sizeof(struct flow_half)));

	if (!buffer)
		return false;
	free(halves->buffer);
	halves->buffer = buffer;
	halves->buffer_len = len;
	return true;
}

/* 0: all of it was seen; -errno: the kernel has no batch look-up here, or there is no memory. */
static int walk_batches(struct walk *walk, int map)
{
	struct halves *halves = &walk->live->halves;
	__u32 in = 0, out = 0, count, i;
	bool first = true;
	int err = 0;

	if (!halves->buffer && !more_room(halves, HALF_BATCH))
		return -ENOMEM;
	while (!err || err == -ENOSPC) {
		/* One bucket with more entries than fit: the same again with more room. */
		if (err == -ENOSPC && !more_room(halves, halves->buffer_len * 2))
			return -ENOMEM;
		struct flow_key *keys = halves->buffer;
		struct flow_half *facts = (struct flow_half *)(keys + halves->buffer_len);

		count = (__u32)halves->buffer_len;
		err = bpf_map_lookup_batch(map, first ? NULL : &in, &out, keys, facts, &count,
					   NULL);
		if (err && err != -ENOENT)
			continue;
		for (i = 0; i < count; i++)
			see(walk, &keys[i], &facts[i]);
		first = false;
		in = out;
	}
	return err == -ENOENT ? 0 : err;
}

static void walk_one_by_one(struct walk *walk, int map, uint32_t most)
{
	struct flow_key key, next;
	struct flow_half facts;
	const struct flow_key *from = NULL;

	/* Keys that go away under the walk make it begin anew: so it is bounded. */
	while (most-- > 0 && !bpf_map_get_next_key(map, from, &next)) {
		key = next;
		from = &key;
		if (!bpf_map_lookup_elem(map, &key, &facts))
			see(walk, &key, &facts);
	}
}

static void walk_map(struct walk *walk, int map)
{
	struct halves *halves = &walk->live->halves;

	if (!halves->one_by_one) {
		int err = walk_batches(walk, map);

		if (!err || err == -ENOMEM)
			return;
		halves->one_by_one = true;
	}
	walk_one_by_one(walk, map, 2 * walk->live->kernel.half_open);
}

static void note_forgotten(struct halves *halves, const uint64_t counts[HALF_COUNTS])
{
	uint64_t gone = counts[HALF_PROMOTED] + halves->expired + halves->present;

	if (counts[HALF_INSERTED] > gone && counts[HALF_INSERTED] - gone > halves->forgotten)
		halves->forgotten = counts[HALF_INSERTED] - gone;
}

/* Walks. */
#define ENDPOINTS_KEPT 8

static void note_walk(struct live *live, const struct walk *walk,
		      const uint64_t counts[HALF_COUNTS])
{
	struct halves *halves = &live->halves;

	/* What others began meanwhile stands in the sum too, and hides the last of a flood until
	 * that is counted: they are told a few walks later. */
	if (weight_of(&walk->fresh) || ++halves->endpoints_age > ENDPOINTS_KEPT) {
		halves->endpoints = walk->fresh;
		halves->endpoints_age = 0;
	}
	halves->horizon = walk->horizon;
	halves->walked = (uint32_t)live->clock.newest.jiffies;
	if (halves->crowded)
		halves->settled = walk->horizon;
	memcpy(halves->counts, counts, sizeof(halves->counts));
}

/* In a flood a walk is most of what a poll costs, and finds what a number tells as well. */
bool half_due(struct live *live)
{
	struct halves *halves = &live->halves;

	halves->rested = halves->crowded && !halves->rested;
	return !halves->rested;
}

void half_walk(struct live *live, struct flow_table *flows, uint64_t horizon)
{
	struct halves *halves = &live->halves;
	struct walk walk = {.live = live, .flows = flows, .horizon = horizon};
	uint64_t before[HALF_COUNTS], after[HALF_COUNTS];

	if (kernel_half_counts(&live->kernel, before))
		return;
	/* Nothing came since the last walk, and there was nothing then. */
	if (!halves->known && !halves->present &&
	    before[HALF_INSERTED] == halves->counts[HALF_INSERTED]) {
		tell_missed(live, flows, &walk.fresh, 0);
		return;
	}
	halves->room = kernel_settings(&live->kernel)->first_each;
	halves->crowded = false;
	walk_map(&walk, live->kernel.half[0]);
	walk_map(&walk, live->kernel.half[1]);
	halves->present = walk.present;
	if (!kernel_half_counts(&live->kernel, after) &&
	    after[HALF_INSERTED] == before[HALF_INSERTED] &&
	    after[HALF_PROMOTED] == before[HALF_PROMOTED])
		note_forgotten(halves, before);
	tell_missed(live, flows, &walk.fresh, walk.postponed);
	note_walk(live, &walk, before);
	/* The last one: there will be no other to tell what this one left. */
	if (horizon == UINT64_MAX)
		tell_missed(live, flows, &walk.fresh, walk.postponed);
}

/* ---- single entries ---- */

bool half_take(struct live *live, const struct flow_key *key, struct flow_half *facts)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		int map = live->kernel.half[i];
		int err = bpf_map_lookup_and_delete_elem(map, key, facts);

		/* Before Linux 5.14 hash tables cannot do both at once. */
		if (err && err != -ENOENT) {
			err = bpf_map_lookup_elem(map, key, facts);
			if (!err)
				err = bpf_map_delete_elem(map, key);
		}
		if (err)
			continue;
		live->halves.expired++;
		return true;
	}
	return false;
}

bool half_has(const struct live *live, const struct flow_key *key)
{
	struct flow_half facts;
	unsigned i;

	for (i = 0; i < 2; i++)
		if (!bpf_map_lookup_elem(live->kernel.half[i], key, &facts))
			return true;
	return false;
}
