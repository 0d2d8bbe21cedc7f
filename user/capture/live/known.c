/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/live/inside.h"

/*
 * From the kernel's entries to the flows of the flow stage. One connection may stand in the kernel
 * first half open and then in the main table, several times half open (when the LRU forgot it), and
 * under a translated tuple: here it becomes one flow whose counters only grow.
 */

static const struct flow_counts no_counts;

static const struct flow_counts *base_of(const struct known *known)
{
	return known->more ? &known->more->base : &no_counts;
}

static bool turned(const struct known *known)
{
	return known->more && known->more->turned;
}

const struct flow_key *known_key(const struct flow *flow)
{
	const struct known *known = known_of(flow);

	return known->more && known->more->aliased ? &known->more->key : &flow->key;
}

static struct known_more *more_of(struct known *known)
{
	if (!known->more)
		known->more = calloc(1, sizeof(*known->more));
	return known->more;
}

static bool half_open(const struct flow *flow)
{
	return flow->slot == RECORD_NO_SLOT;
}

/* ---- ends ---- */

void known_drop(struct live *live, struct flow *flow)
{
	struct known *known = known_of(flow);

	if (!known)
		return;
	attribute_end(live, flow);
	if (half_open(flow))
		live->halves.known--;
	else if (live->slots.flow[flow->slot] == flow)
		live->slots.flow[flow->slot] = NULL;
	LIST_REMOVE(known, all);
	live->known_len--;
	flow->source = NULL;
	if (known->more && flow->nat == &known->more->nat)
		flow->nat = NULL;
	free(known->more);
	free(known);
}

void known_end(struct live *live, struct flow_table *flows, struct flow *flow)
{
	struct known *known = known_of(flow);
	struct known_more *more = known->more;

	attribute_end(live, flow);
	/* The last event still shows the translation. */
	known->more = NULL;
	if (half_open(flow))
		live->halves.known--;
	else if (live->slots.flow[flow->slot] == flow)
		live->slots.flow[flow->slot] = NULL;
	LIST_REMOVE(known, all);
	live->known_len--;
	flow_end(flows, flow);
	free(more);
	free(known);
}

/* ---- counts ---- */

/* What one direction of the kernel's entry says, as counters of the whole connection. Packets are
 * modulo 2^32: no 2^32 of them fit between two looks. */
static void add_up(const struct flow *flow, const struct flow_counts *base, unsigned to,
		   const struct flow_half *facts, unsigned from, struct flow_counts *now)
{
	uint64_t bytes = base->bytes[to] + facts->bytes[from];
	uint32_t told = (uint32_t)(flow->now.packets[to] - base->packets[to]);

	if (bytes <= flow->now.bytes[to])
		return; /* a record that is older than what we know, or nothing new */
	now->bytes[to] = bytes;
	now->payload[to] = base->payload[to] + facts->payload[from];
	now->packets[to] += (uint32_t)(facts->packets[from] - told);
}

static weir_time last_of(const struct live *live, const struct flow *flow,
			 const struct flow_half *facts)
{
	weir_time last = flow->last, at;
	weir_time latest = clock_from_boot(&live->clock, (uint64_t)live->clock.newest.boot);
	unsigned i;

	for (i = 0; i < 2; i++) {
		if (!facts->last[i])
			continue;
		at = clock_from_jiffies(&live->clock, facts->last[i]);
		if (at > last)
			last = at;
	}
	/* A tick is rounded down; the sample that it is held against may be a little old. */
	return last > latest && flow->last <= latest ? latest : last;
}

void known_count(struct live *live, struct flow_table *flows, struct flow *flow,
		 const struct flow_half *facts)
{
	const struct known *known = known_of(flow);
	struct flow_counts now = flow->now;
	bool turn = turned(known);
	uint8_t flags[2] = {facts->flags[turn], facts->flags[!turn]};
	uint64_t before = flow->now.bytes[0] + flow->now.bytes[1];

	add_up(flow, base_of(known), 0, facts, turn, &now);
	add_up(flow, base_of(known), 1, facts, !turn, &now);
	flow_count(flows, flow, &now, flags, last_of(live, flow, facts));
	live->accounted += flow->now.bytes[0] + flow->now.bytes[1] - before;
}

static void facts_of_slot(const struct flow_slot *hot, struct flow_half *facts)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		facts->bytes[i] = hot->bytes[i];
		facts->payload[i] = hot->payload[i];
		facts->packets[i] = hot->packets[i];
		facts->last[i] = hot->last[i];
		facts->flags[i] = hot->flags[i];
	}
	facts->state = hot->state;
}

static void see_state(struct live *live, struct flow_table *flows, struct flow *flow,
		      const struct flow_half *facts, uint64_t at);

void known_count_slot(struct live *live, struct flow_table *flows, struct flow *flow)
{
	struct flow_half facts = {0};

	facts_of_slot(&live->slots.hot[flow->slot], &facts);
	known_count(live, flows, flow, &facts);
	see_state(live, flows, flow, &facts, 0);
}

bool poll_read_slot(struct live *live, uint32_t slot, struct seen *seen)
{
	const struct flow_slot *hot = &live->slots.hot[slot];
	struct flow_cold cold;

	if (bpf_map_lookup_elem(live->kernel.cold, &slot, &cold))
		return false;
	*seen = (struct seen){.key = cold.key, .slot = slot, .generation = hot->generation};
	seen->facts.first = cold.first;
	seen->facts.decided = cold.decided;
	memcpy(seen->facts.cookie, cold.cookie, sizeof(cold.cookie));
	seen->facts.ifindex = cold.ifindex;
	seen->facts.vlan = cold.vlan;
	seen->facts.initiator = cold.initiator;
	seen->facts.marks = cold.marks;
	facts_of_slot(hot, &seen->facts);
	return cold.generation == seen->generation;
}

/* ---- outcome ---- */

/* States only go up, and each with the time of the packet that made it. */
static void see_state(struct live *live, struct flow_table *flows, struct flow *flow,
		      const struct flow_half *facts, uint64_t at)
{
	weir_time decided = facts->decided ? clock_from_boot(&live->clock, facts->decided)
			    : at	   ? clock_from_boot(&live->clock, at)
					   : flow->last;

	if (facts->state <= flow->state)
		return;
	flow->marks |= facts->marks & FLOW_HALF_OPEN;
	if (decided < flow->first)
		decided = flow->first;
	if (facts->state == FLOW_CLOSED && flow->state < FLOW_ESTABLISHED) {
		flow_decide(flows, flow, FLOW_ESTABLISHED, decided);
		decided = flow->last > decided ? flow->last : decided;
	}
	flow_decide(flows, flow, facts->state, decided);
}

/* ---- beginnings ---- */

static bool in_kernel(const struct live *live, const struct flow_key *key)
{
	struct flow_ref ref;

	return half_has(live, key) || !bpf_map_lookup_elem(live->kernel.main, key, &ref);
}

/* How a new entry of the kernel's stands to the translations that are known. */
struct role {
	const struct nat_name *name; /* NULL: not translated */
	bool silent;		     /* a twin of a flow that is, or will be, told */
	bool alias;		     /* a twin that stands for its connection */
};

static struct role role_of(const struct live *live, struct flow_table *flows,
			   const struct flow_key *key)
{
	struct role role = {.name = nat_find(&live->nat, key)};
	const struct flow_key *own;

	if (!role.name || !nat_is_twin(role.name))
		return role;
	own = &role.name->pair->name[0].key;
	role.silent = flow_find(flows, own) || in_kernel(live, own);
	role.alias = !role.silent;
	return role;
}

static struct flow_start start_of(struct live *live, const struct seen *seen,
				  const struct role *role)
{
	const struct flow_half *facts = &seen->facts;
	struct flow_start start = {
		.key = seen->key,
		.first = clock_from_boot(&live->clock, facts->first),
		.ifindex = facts->ifindex,
		.vlan = facts->vlan,
		.initiator = facts->initiator,
		.marks = facts->marks,
		.state = FLOW_NEW,
		.own = own_has(&live->own, facts->cookie[0]) ||
		       own_has(&live->own, facts->cookie[1]),
		.numbered = half_numbered(live, seen),
		.crowded = half_crowded(live),
	};

	if (role->alias) {
		start.key = role->name->pair->name[0].key;
		start.initiator ^= nat_turned(role->name);
	}
	start.silent = role->silent;
	return start;
}

/* What a translated flow needs beside, before it begins: its `attempt` shows nat.* already. */
static int prepare_role(struct known *known, const struct seen *seen, const struct role *role,
			struct flow_start *start)
{
	struct known_more *more;

	if (!role->name || role->silent)
		return 0;
	more = more_of(known);
	if (!more)
		return -ENOMEM;
	more->nat = role->name->pair->other;
	start->nat = &more->nat;
	if (!role->alias)
		return 0;
	more->aliased = true;
	more->turned = nat_turned(role->name);
	more->key = seen->key;
	return 0;
}

static void bind_slot(struct live *live, struct flow *flow, const struct seen *seen)
{
	flow->slot = seen->slot;
	flow->generation = seen->generation;
	if (half_open(flow)) {
		live->halves.known++;
		return;
	}
	live->slots.flow[seen->slot] = flow;
	live->slots.taken++;
}

static struct flow *enter(struct live *live, struct flow_table *flows, const struct seen *seen)
{
	struct role role = role_of(live, flows, &seen->key);
	struct flow_start start = start_of(live, seen, &role);
	struct known *known = calloc(1, sizeof(*known));
	struct flow *flow = NULL;

	if (known && !prepare_role(known, seen, &role, &start)) {
		attribute_begin(live, &seen->facts, role.alias && nat_turned(role.name), &start,
				known);
		flow = flow_begin(flows, &start);
	}
	if (!flow) {
		attribute_drop(live, &start);
		free(known ? known->more : NULL);
		free(known);
		return NULL;
	}
	known->flow = flow;
	known->born = seen->facts.first;
	flow->source = known;
	LIST_INSERT_HEAD(&live->known, known, all);
	live->known_len++;
	if (start.numbered)
		live->halves.numbered++;
	else
		live->halves.begun++;
	live->own_flows += flow->own && !role.silent;
	bind_slot(live, flow, seen);
	return flow;
}

static struct flow *begin(struct live *live, struct flow_table *flows, const struct seen *seen)
{
	return seen->walked && !half_may_tell(live, seen) ? NULL : enter(live, flows, seen);
}

/* ---- one entry after another ---- */

static struct flow *find(const struct live *live, struct flow_table *flows,
			 const struct flow_key *key)
{
	struct flow *flow = flow_find(flows, key);
	const struct nat_name *name;

	if (flow)
		return flow;
	name = nat_find(&live->nat, key);
	if (!name || !nat_is_twin(name))
		return NULL;
	flow = flow_find(flows, &name->pair->name[0].key);
	if (!flow || memcmp(known_key(flow), key, sizeof(*key)) != 0)
		return NULL;
	return flow;
}

/* The same connection goes on in a new entry that counts from zero. */
static void go_on(struct live *live, struct known *known, uint64_t born)
{
	struct known_more *more = more_of(known);

	known->born = born;
	live->halves.begun++;
	if (more)
		more->base = known->flow->now;
}

/*
 * The flow was told by a twin's entry, and now its own tuple is there too: from here on that one
 * counts. What both have counted is taken once.
 */
static void take_over(struct live *live, struct flow *flow, const struct seen *seen)
{
	struct known *known = known_of(flow);
	struct known_more *more = known->more;
	struct flow_half gone;
	unsigned i;

	if (half_open(flow)) {
		half_take(live, &more->key, &gone);
		live->halves.known--;
	} else {
		live->slots.flow[flow->slot] = NULL;
		end_slot(live, &more->key, flow->slot, flow->generation);
	}
	for (i = 0; i < 2; i++) {
		uint64_t bytes = seen->facts.bytes[i], payload = seen->facts.payload[i];
		uint32_t packets = seen->facts.packets[i];

		more->base.bytes[i] = flow->now.bytes[i] > bytes ? flow->now.bytes[i] - bytes : 0;
		more->base.payload[i] =
			flow->now.payload[i] > payload ? flow->now.payload[i] - payload : 0;
		more->base.packets[i] =
			flow->now.packets[i] > packets ? flow->now.packets[i] - packets : 0;
	}
	more->aliased = more->turned = false;
	known->born = seen->facts.first;
	bind_slot(live, flow, seen);
}

/* An entry whose `first` is not the one we know: what became of the other? */
static struct flow *see_reborn(struct live *live, struct flow_table *flows, struct flow *flow,
			       const struct seen *seen)
{
	bool over = flow->decided && !(flow->marks & FLOW_MIDSTREAM);

	/* Two CPUs made one each, in both half-open tables: the earlier one is looked up no more.
	 */
	if (seen->facts.first < known_of(flow)->born)
		return NULL;
	if (!over && half_open(flow)) {
		go_on(live, known_of(flow), seen->facts.first);
		return flow;
	}
	known_end(live, flows, flow);
	return begin(live, flows, seen);
}

enum learnt known_see(struct live *live, struct flow_table *flows, const struct seen *seen)
{
	struct flow *flow = find(live, flows, &seen->key);
	struct known *known = flow ? known_of(flow) : NULL;

	if (flow && memcmp(known_key(flow), &seen->key, sizeof(seen->key)) != 0) {
		if (!known->ending)
			take_over(live, flow, seen);
	} else if (flow && !half_open(flow) &&
		   (flow->slot != seen->slot || flow->generation != seen->generation)) {
		/* An earlier moment of it, or a new life while the old slot is not read yet. */
		return known->born == seen->facts.first ? LEARNT : LEARNT_LATER;
	} else if (flow && known->born != seen->facts.first) {
		flow = see_reborn(live, flows, flow, seen);
	} else if (!flow) {
		flow = begin(live, flows, seen);
	}
	if (!flow)
		return LEARNT;
	if (half_open(flow) && seen->slot != RECORD_NO_SLOT) {
		live->halves.known--;
		bind_slot(live, flow, seen);
	}
	known_count(live, flows, flow, &seen->facts);
	attribute_see(live, flow, &seen->facts, turned(known_of(flow)));
	see_state(live, flows, flow, &seen->facts, seen->at);
	return LEARNT;
}

/* ---- translations that come late ---- */

void known_translated(struct live *live, struct flow_table *flows, const struct nat_pair *pair)
{
	struct flow *own = flow_find(flows, &pair->name[0].key), *twin;
	struct known_more *more = NULL;
	unsigned i;

	if (!own)
		return;
	if (!own->nat && known_of(own))
		more = more_of(known_of(own));
	if (more) {
		more->nat = pair->other;
		own->nat = &more->nat;
	}
	for (i = 1; i < pair->names; i++) {
		twin = flow_find(flows, &pair->name[i].key);
		if (!twin || twin->silent)
			continue;
		twin->silent = true;
		live->late_nat++;
	}
}
