/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_ESTABLISHED_H
#define WEIR_BPF_ESTABLISHED_H

/* Flows of the main table. */

#include "tell.h"

/* Flags that change a state, even if they were seen before. */
#define FLAGS_DECISIVE (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST)

WEIR_INLINE void slot_count(struct flow_slot *slot, const struct packet *p, __u64 d)
{
	atomic_add(&slot->bytes[d], (__u64)p->facts.ip_bytes);
	if (p->facts.payload)
		atomic_add(&slot->payload[d], (__u64)p->facts.payload);
	atomic_add(&slot->packets[d], p->facts.segments);
	slot->last[d] = p->now;
}

/*
 * The common case: known, ours to count, nothing new to say. PACKET_SLOW: anything else. `copies`:
 * the program can copy payload, and is told when it may be wanted.
 */
WEIR_INLINE int established_fast(struct packet *p, const int copies)
{
	struct flow_ref *ref = bpf_map_lookup_elem(&flow_main, &p->facts.key);
	struct flow_slot *slot;
	__u64 d = p->facts.direction & 1;
	__u8 flags = p->facts.tcp_flags;
	__u64 seen;

	if (unlikely(!ref)) {
		p->ref.generation = 0;
		return PACKET_SLOW;
	}
	/* One load: both halves belong together. */
	*(__u64 *)&p->ref = *(volatile __u64 *)ref;
	slot = bpf_map_lookup_elem(&flow_hot, &p->ref.slot);
	if (unlikely(!slot || slot->generation != p->ref.generation))
		return PACKET_SLOW;
	if (unlikely(slot->owner[d] != p->id))
		return owner_takes(p, &slot->owner[d], slot->last[d]) ? PACKET_SLOW
								      : LOSS_DUPLICATE;
	if (unlikely(flags & (~slot->flags[d] | FLAGS_DECISIVE)))
		return PACKET_SLOW;
	seen = slot->payload[d];
	slot_count(slot, p, d);
	if (copies && settings.payload && p->facts.payload &&
	    unlikely(payload_wanted(slot->watch, seen, settings.payload_opening))) {
		p->seen = seen;
		return PACKET_WATCHED;
	}
	return PACKET_OK;
}

/* A SYN that was not seen, or not by us, when the flow was promoted. */
WEIR_INLINE void cold_start(const struct packet *p, const struct flow_slot *slot, __u64 d)
{
	__u32 number = p->ref.slot;
	struct flow_cold *cold;

	if (!settings.payload || !(p->facts.tcp_flags & ~slot->flags[d] & TCP_FLAG_SYN))
		return;
	cold = bpf_map_lookup_elem(&flow_cold, &number);
	if (cold)
		cold->start[d] = p->seq;
}

/*
 * The first cookie of the initiator stays; a responder's is replaced by a later one, as a
 * listener's is by that of the socket that it accepted.
 */
WEIR_INLINE void cookie_learn(__u64 cookie[2], const struct packet *p, __u8 initiator)
{
	__u64 d = p->facts.direction & 1;

	if (p->cookie && (!cookie[d] || d != (initiator & 1)))
		cookie[d] = p->cookie;
}

WEIR_INLINE void cold_cookie(const struct packet *p)
{
	__u32 number = p->ref.slot;
	struct flow_cold *cold;

	if (!p->cookie)
		return;
	cold = bpf_map_lookup_elem(&flow_cold, &number);
	if (cold)
		cookie_learn(cold->cookie, p, cold->initiator);
}

/*
 * A new SYN on the tuple of a closed connection. The CPU whose delete succeeds hands over the old
 * one's slot.
 */
WEIR_INLINE int slot_retire(struct packet *p, struct flow_slot *slot)
{
	if (bpf_map_delete_elem(&flow_main, &p->facts.key))
		return PACKET_RESTARTED;
	tell_slot(p, slot, RECORD_RETIRED);
	bpf_map_push_elem(&flow_retired, &p->ref, 0);
	return PACKET_RESTARTED;
}

/* The slot that p->ref means, looked up once more if it has a new life meanwhile. */
WEIR_INLINE struct flow_slot *slot_find(struct packet *p)
{
	struct flow_slot *slot = bpf_map_lookup_elem(&flow_hot, &p->ref.slot);
	struct flow_ref *ref;

	if (slot && slot->generation == p->ref.generation)
		return slot;
	ref = bpf_map_lookup_elem(&flow_main, &p->facts.key);
	if (!ref)
		return NULL;
	*(__u64 *)&p->ref = *(volatile __u64 *)ref;
	slot = bpf_map_lookup_elem(&flow_hot, &p->ref.slot);
	return slot && slot->generation == p->ref.generation ? slot : NULL;
}

/* Whatever established_fast() leaves: p->ref was found. */
static __noinline int established_slow(struct packet *p)
{
	struct flow_slot *slot = slot_find(p);
	__u64 d = p->facts.direction & 1;
	struct flow_view view = {};
	struct flow_packet packet;
	struct flow_step step;

	if (!slot)
		return LOSS_RACE;
	if (!owner_takes(p, &slot->owner[d], slot->last[d]))
		return LOSS_DUPLICATE;
	/* What is in this table has been established: marks and initiator decide nothing more. */
	view.state = slot->state;
	view.flags[0] = slot->flags[0];
	view.flags[1] = slot->flags[1];
	packet_for_state(p, &packet);
	step = flow_next(&view, &packet);
	if (step.restart)
		return slot_retire(p, slot);
	p->seen = slot->payload[d];
	p->counted = COUNTED_SLOT;
	slot_count(slot, p, d);
	if (p->facts.tcp_flags & ~slot->flags[d])
		cold_cookie(p);
	cold_start(p, slot, d);
	flags_add(&slot->flags[d], p->facts.tcp_flags);
	if (step.state != view.state) {
		slot->state = step.state;
		if (step.tell & TELL_CLOSED)
			tell_slot(p, slot, RECORD_CLOSED);
	}
	return PACKET_OK;
}

/* p->ref is the slot of a flow that was just promoted. */
static __noinline void slot_tell_promoted(struct packet *p, __u8 tell)
{
	struct flow_slot *slot = bpf_map_lookup_elem(&flow_hot, &p->ref.slot);

	if (!slot)
		return;
	tell_slot(p, slot, RECORD_ESTABLISHED);
	if (tell & TELL_CLOSED)
		tell_slot(p, slot, RECORD_CLOSED);
}

#endif
