/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_TELL_H
#define WEIR_BPF_TELL_H

/* Records to the agent, and how many first packets may be told. */

#include "packet.h"

/* First packets told in this second, by all CPUs. */
struct first_packets {
	__u64 epoch;
	__u64 all;
	__u64 busy; /* those of endpoints that told more than BUDGET_QUIET */
};
static struct first_packets first_packets;

/* A quarter of the budget is kept for endpoints that tell no more than this a second. */
#define BUDGET_QUIET 10

/* Spreads over the cells; whoever does not know the secret cannot aim at another's cell. */
WEIR_INLINE __u64 budget_mix(__u64 h, __u64 word)
{
	h = (h ^ word) * 0x9fb21c651e98df25ull;
	return h ^ h >> 32;
}

/* The local endpoint: what an inbound packet asks for; whose cgroup sends an outbound one. */
WEIR_INLINE __u32 budget_index(const struct packet *p)
{
	const struct flow_key *key = &p->facts.key;
	const __u8 *local = (p->facts.direction & 1) == !p->inbound ? key->addr[1] : key->addr[0];
	__u64 h = settings.secret;

	h = budget_mix(h, word64(local));
	h = budget_mix(h, word64(local + 8));
	if (p->inbound)
		h = budget_mix(h, (__u64)p->facts.port[1] << 8 | 1);
	else
		h = budget_mix(h, p->cgroup << 8);
	h = budget_mix(h, (__u64)key->netns << 8 | key->proto);
	return h & (BUDGET_CELLS - 1);
}

/* True if the first packet may be told: within what its endpoint, and all, may tell a second. */
static __noinline int budget_allows(const struct packet *p)
{
	__u32 epoch = p->now / jiffies_per_second(), index = budget_index(p), count;
	struct budget_cell *cell = bpf_map_lookup_elem(&budget, &index);
	int busy;

	if (!cell)
		return 0;
	if (cell->epoch != epoch) {
		cell->epoch = epoch;
		cell->count = 0;
	}
	atomic_add(&cell->count, 1);
	count = cell->count;
	if (settings.first_each && count > settings.first_each)
		return 0;
	if (!settings.first_all)
		return 1;
	if (first_packets.epoch != epoch) {
		first_packets.epoch = epoch;
		first_packets.all = 0;
		first_packets.busy = 0;
	}
	busy = count > BUDGET_QUIET;
	if (first_packets.all >= settings.first_all)
		return 0;
	if (busy && first_packets.busy >= settings.first_all - settings.first_all / 4)
		return 0;
	atomic_add(&first_packets.all, 1);
	if (busy)
		atomic_add(&first_packets.busy, 1);
	return 1;
}

/*
 * Room for a record, or NULL. Each caller looks at the pointer itself and once: the verifier before
 * 5.12 forgets that it is not NULL, and would miss its release on the path of a second look.
 */
#define record_reserve()                                                                           \
	((struct flow_record *)bpf_ringbuf_reserve(&records, sizeof(struct flow_record), 0))

/* Fills in all but the facts: what happened at this packet, without a slot. */
WEIR_INLINE void record_begin(struct flow_record *r, struct packet *p, __u32 kind)
{
	r->kind = kind;
	r->slot = RECORD_NO_SLOT;
	r->generation = 0;
	r->zero = 0;
	r->at = packet_boot(p);
	r->key = p->facts.key;
	r->pad = 0;
}

/*
 * Flags for a record of `size` bytes behind `waiting` ones: wakes the reader each time that what
 * waits passes a multiple of `wake` (a power of two; 0: always). A wake-up costs ten times the
 * record (4 us), so a reader that lags is not woken by each one.
 */
WEIR_INLINE __u64 ring_flags(__u64 waiting, __u64 size, __u64 wake)
{
	if (!wake)
		return 0;
	/* Behind a header of 8 bytes, and rounded up to 8. */
	size = (size + 15) & ~7ull;
	return (waiting ^ (waiting + size)) & ~(wake - 1) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

WEIR_INLINE void record_submit(struct flow_record *r)
{
	__u64 waiting = settings.ring_wake ? bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) : 0;
	__u64 size = (sizeof(*r) + 15) & ~7ull;

	/* What is reserved waits already. */
	waiting = waiting > size ? waiting - size : 0;
	bpf_ringbuf_submit(r, ring_flags(waiting, sizeof(*r), settings.ring_wake));
}

/* Tells of a half-open flow as it stands. True if it went into the ring. */
static __noinline int tell_half(struct packet *p, const struct flow_half *half, __u32 kind)
{
	struct flow_record *r = record_reserve();

	if (!r) {
		loss_count(LOSS_RING_FULL);
		return 0;
	}
	record_begin(r, p, kind);
	__builtin_memcpy(&r->facts, half, sizeof(r->facts));
	record_submit(r);
	return 1;
}

WEIR_INLINE void facts_from_slot(struct flow_half *out, const struct flow_slot *slot,
				 const struct flow_cold *cold)
{
	__builtin_memset(out, 0, sizeof(*out));
	out->first = cold->first;
	out->decided = cold->decided;
	out->cookie[0] = cold->cookie[0];
	out->cookie[1] = cold->cookie[1];
	out->ifindex = cold->ifindex;
	out->vlan = cold->vlan;
	out->initiator = cold->initiator;
	out->marks = cold->marks;
	for (int d = 0; d < 2; d++) {
		out->bytes[d] = slot->bytes[d];
		out->payload[d] = slot->payload[d];
		out->packets[d] = slot->packets[d];
		out->last[d] = slot->last[d];
		out->owner[d] = slot->owner[d];
		out->flags[d] = slot->flags[d];
	}
	out->start[0] = cold->start[0];
	out->start[1] = cold->start[1];
	out->state = slot->state;
	out->watch = slot->watch;
	out->told = 1;
}

/* Tells of a flow of the main table as it stands. */
static __noinline int tell_slot(struct packet *p, const struct flow_slot *slot, __u32 kind)
{
	__u32 number = p->ref.slot;
	struct flow_cold *cold = bpf_map_lookup_elem(&flow_cold, &number);
	struct flow_record *r;

	if (!cold)
		return 0;
	r = record_reserve();
	if (!r) {
		loss_count(LOSS_RING_FULL);
		return 0;
	}
	record_begin(r, p, kind);
	r->slot = number;
	r->generation = p->ref.generation;
	facts_from_slot(&r->facts, slot, cold);
	record_submit(r);
	return 1;
}

#endif
