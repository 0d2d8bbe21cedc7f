/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_HALF_OPEN_H
#define WEIR_BPF_HALF_OPEN_H

/* Unfinished handshakes, and how a flow earns its place in the main table. */

#include "established.h"

#define EEXIST 17

/*
 * Always in the same order: two CPUs that see both directions begin at once make an entry in each
 * table, and must agree on one of them from then on. The other is left to its end.
 */
WEIR_INLINE struct flow_half *half_find(const struct flow_key *key, __u8 *inbound)
{
	struct flow_half *half = bpf_map_lookup_elem(&half_out, key);

	*inbound = 0;
	if (half)
		return half;
	*inbound = 1;
	return bpf_map_lookup_elem(&half_in, key);
}

WEIR_INLINE long half_delete(const struct flow_key *key, __u8 inbound)
{
	return inbound ? bpf_map_delete_elem(&half_in, key) : bpf_map_delete_elem(&half_out, key);
}

/*
 * A later SYN may begin anew: it is not answered. An answer that is sent once more may have another
 * number (a SYN cookie), while the initiator goes on from the one before.
 */
WEIR_INLINE void half_start(struct flow_half *half, const struct packet *p, __u64 d)
{
	if (half->flags[d] & TCP_FLAG_SYN && half->start[d] != p->facts.seq)
		half->renumbered |= d != half->initiator;
	half->start[d] = p->facts.seq;
}

WEIR_INLINE void half_add(struct flow_half *half, struct packet *p, __u64 d)
{
	p->seen = half->payload[d];
	p->watch = half->watch;
	p->counted = COUNTED_HALF;
	if (p->facts.tcp_flags & TCP_FLAG_SYN)
		half_start(half, p, d);
	atomic_add(&half->bytes[d], (__u64)p->facts.ip_bytes);
	atomic_add(&half->payload[d], (__u64)p->facts.payload);
	atomic_add(&half->packets[d], p->facts.segments);
	half->last[d] = p->now;
}

/* What of its payload will be wanted. */
WEIR_INLINE void half_begin_payload(struct flow_half *half, struct packet *p)
{
	const struct flow_key *key = &p->facts.key;

	half->watch = payload_watch_of(key->proto, key->port[0], key->port[1]);
	p->seen = 0;
	p->watch = half->watch;
	p->counted = COUNTED_HALF;
}

/* The entry that the first packet makes. */
WEIR_INLINE void half_begin(struct flow_half *half, struct packet *p)
{
	__u8 d = p->facts.direction & 1;
	struct flow_packet packet;
	struct flow_step step;

	packet_for_state(p, &packet);
	step = flow_first(&packet);
	__builtin_memset(half, 0, sizeof(*half));
	half->first = packet_boot(p);
	half->cookie[0] = d ? 0 : p->cookie;
	half->cookie[1] = d ? p->cookie : 0;
	half->bytes[0] = d ? 0 : p->facts.ip_bytes;
	half->bytes[1] = d ? p->facts.ip_bytes : 0;
	half->payload[0] = d ? 0 : p->facts.payload;
	half->payload[1] = d ? p->facts.payload : 0;
	half->packets[0] = d ? 0 : p->facts.segments;
	half->packets[1] = d ? p->facts.segments : 0;
	half->last[0] = half->last[1] = p->now;
	half->owner[0] = d ? 0 : p->id;
	half->owner[1] = d ? p->id : 0;
	half->flags[0] = d ? 0 : p->facts.tcp_flags;
	half->flags[1] = d ? p->facts.tcp_flags : 0;
	half->ifindex = p->ifindex;
	half->vlan = p->facts.vlan;
	half->state = step.state;
	half->initiator = step.initiator;
	half->marks = step.marks;
	if (p->facts.tcp_flags & TCP_FLAG_SYN) {
		half->start[0] = d ? 0 : p->facts.seq;
		half->start[1] = d ? p->facts.seq : 0;
	}
	if (settings.payload)
		half_begin_payload(half, p);
	if (p->facts.fragment != PACKET_WHOLE)
		half->marks |= FLOW_FRAGMENT;
	if (p->xdp)
		half->marks |= FLOW_XDP;
	if (p->facts.cast)
		half->marks |= FLOW_CAST;
}

WEIR_INLINE long half_put(struct packet *p)
{
	long err = p->inbound
			   ? bpf_map_update_elem(&half_in, &p->facts.key, &p->half, BPF_NOEXIST)
			   : bpf_map_update_elem(&half_out, &p->facts.key, &p->half, BPF_NOEXIST);

	if (!err)
		half_count_add(HALF_INSERTED);
	return err;
}

/*
 * Puts a new flow in. The record is reserved before, so that the entry says truly whether it was
 * told. -EEXIST: another CPU was first.
 */
static __noinline long half_insert(struct packet *p)
{
	struct flow_record *r;
	long err;

	half_begin(&p->half, p);
	if (!budget_allows(p)) {
		loss_count(LOSS_BUDGET);
		return half_put(p);
	}
	r = record_reserve();
	if (!r) {
		loss_count(LOSS_RING_FULL);
		return half_put(p);
	}
	p->half.told = 1;
	err = half_put(p);
	if (err) {
		bpf_ringbuf_discard(r, BPF_RB_NO_WAKEUP);
		return err;
	}
	record_begin(r, p, RECORD_STARTED);
	__builtin_memcpy(&r->facts, &p->half, sizeof(r->facts));
	record_submit(r);
	return 0;
}

WEIR_INLINE void slot_clear(struct flow_slot *slot)
{
	__u32 generation = slot->generation;

	__builtin_memset(slot, 0, sizeof(*slot));
	slot->generation = generation;
}

WEIR_INLINE void slot_from_half(struct flow_slot *slot, const struct flow_half *half)
{
	for (int d = 0; d < 2; d++) {
		slot->bytes[d] = half->bytes[d];
		slot->payload[d] = half->payload[d];
		slot->packets[d] = half->packets[d];
		slot->last[d] = half->last[d];
		slot->owner[d] = half->owner[d];
		slot->flags[d] = half->flags[d];
	}
	slot->state = half->state;
	slot->watch = half->watch;
}

WEIR_INLINE void cold_from_half(struct flow_cold *cold, const struct packet *p,
				const struct flow_half *half)
{
	cold->key = p->facts.key;
	cold->ifindex = half->ifindex;
	cold->first = half->first;
	cold->decided = half->decided;
	cold->cookie[0] = half->cookie[0];
	cold->cookie[1] = half->cookie[1];
	cold->vlan = half->vlan;
	cold->initiator = half->initiator;
	cold->marks = half->marks;
	cold->start[0] = half->start[0];
	cold->start[1] = half->start[1];
}

/* What was added to the entry since the copy was made. */
WEIR_INLINE void slot_add_difference(struct flow_slot *slot, const struct flow_half *half,
				     const struct flow_half *copy)
{
	for (int d = 0; d < 2; d++) {
		if (half->packets[d] == copy->packets[d])
			continue;
		atomic_add(&slot->bytes[d], half->bytes[d] - copy->bytes[d]);
		atomic_add(&slot->payload[d], half->payload[d] - copy->payload[d]);
		atomic_add(&slot->packets[d], half->packets[d] - copy->packets[d]);
		flags_add(&slot->flags[d], half->flags[d]);
	}
}

enum promotion { PROMOTION_DONE, PROMOTION_NO_ROOM, PROMOTION_OTHER };

/* The new slot, ready for publication as p->ref. */
WEIR_INLINE void slot_prepare(struct packet *p, struct flow_slot *slot, struct flow_cold *cold,
			      const struct flow_half *copy)
{
	__u32 generation = slot->generation;

	if (cold->generation > generation)
		generation = cold->generation;
	generation++;
	cold_from_half(cold, p, copy);
	cold->generation = generation;
	slot_from_half(slot, copy);
	slot->generation = generation;
	p->ref.generation = generation;
}

/* Steps of struct flow_half.moved. */
enum half_moved { HALF_STAYS, HALF_MOVES, HALF_MOVED };

/*
 * Moves an entry to the main table, while another CPU may add to it: HALF_MOVES, copy, publish,
 * HALF_MOVED, add what differs from the copy by now. Who adds and then does not see HALF_MOVED is
 * in the difference or in the copy; who does see it cannot know, and counts LOSS_RACE. Atomic
 * additions are full barriers on x86 and order both sides.
 */
static __noinline int half_promote(struct packet *p, struct flow_half *half, __u8 inbound)
{
	struct flow_half *copy = &p->half;
	struct flow_cold *cold;
	struct flow_slot *slot;
	__u32 number;
	long err;

	if (bpf_map_pop_elem(&flow_free, &number)) {
		loss_count(LOSS_TABLE_FULL);
		return PROMOTION_NO_ROOM;
	}
	slot = bpf_map_lookup_elem(&flow_hot, &number);
	cold = bpf_map_lookup_elem(&flow_cold, &number);
	if (!slot || !cold)
		return PROMOTION_NO_ROOM;
	half->moved = HALF_MOVES;
	__builtin_memcpy(copy, half, sizeof(*copy));
	p->ref.slot = number;
	slot_prepare(p, slot, cold, copy);
	err = bpf_map_update_elem(&flow_main, &p->facts.key, &p->ref, BPF_NOEXIST);
	if (!err) {
		half->moved = HALF_MOVED;
		full_barrier(&half->bytes[0]);
		slot_add_difference(slot, half, copy);
		cold->start[0] = half->start[0];
		cold->start[1] = half->start[1];
		p->counted = COUNTED_SLOT;
		if (!half_delete(&p->facts.key, inbound))
			half_count_add(HALF_PROMOTED);
		return PROMOTION_DONE;
	}
	p->ref.generation = 0;
	slot_clear(slot);
	bpf_map_push_elem(&flow_free, &number, 0);
	if (err == -EEXIST) /* another CPU was first, and takes what we added */
		return PROMOTION_OTHER;
	half->moved = HALF_STAYS;
	loss_count(LOSS_TABLE_FULL);
	return PROMOTION_NO_ROOM;
}

/* Tells what a packet decided for a flow that stays half open, if the flow itself was told. */
WEIR_INLINE void half_tell(struct packet *p, const struct flow_half *half, __u8 tell)
{
	if (!half->told)
		return;
	if (tell & TELL_ESTABLISHED)
		tell_half(p, half, RECORD_ESTABLISHED);
	if (tell & TELL_REJECTED)
		tell_half(p, half, RECORD_REJECTED);
	if (tell & TELL_CLOSED)
		tell_half(p, half, RECORD_CLOSED);
}

WEIR_INLINE void half_view(const struct flow_half *half, struct flow_view *view)
{
	view->state = half->state;
	view->marks = half->marks;
	view->initiator = half->initiator & 1;
	view->flags[0] = half->flags[0];
	view->flags[1] = half->flags[1];
	view->sent[0] = !!half->packets[0];
	view->sent[1] = !!half->packets[1];
}

/* After the packet was added: state, promotion, and what is told. */
WEIR_INLINE void half_step(struct packet *p, struct flow_half *half, __u8 inbound,
			   const struct flow_step *step)
{
	int promotion = PROMOTION_NO_ROOM;

	half->state = step->state;
	half->marks = step->marks;
	cookie_learn(half->cookie, p, half->initiator);
	if (!half->decided && (step->tell & (TELL_ESTABLISHED | TELL_REJECTED)))
		half->decided = packet_boot(p);
	if (step->promote)
		promotion = half_promote(p, half, inbound);
	if (promotion == PROMOTION_DONE)
		slot_tell_promoted(p, step->tell);
	else if (promotion == PROMOTION_NO_ROOM && step->tell)
		half_tell(p, half, step->tell);
}

/* The old connection's last counters go with the record: the entry makes room for a new one. */
WEIR_INLINE int half_retire(struct packet *p, const struct flow_half *half, __u8 inbound)
{
	struct flow_half *copy = &p->half;

	__builtin_memcpy(copy, half, sizeof(*copy));
	if (!half_delete(&p->facts.key, inbound) && copy->told)
		tell_half(p, copy, RECORD_RETIRED);
	return PACKET_RESTARTED;
}

/* Not of TCP, and the initiator goes on without an answer: flow_next() would change nothing. */
WEIR_INLINE int half_unanswered(const struct packet *p, const struct flow_half *half, __u64 d)
{
	return p->facts.key.proto != PROTO_TCP && half->state == FLOW_NEW && half->initiator == d &&
	       half->owner[d] == p->id && half->moved == HALF_STAYS;
}

WEIR_INLINE int half_acks(const struct packet *p, const struct flow_half *half)
{
	__u64 r = !(half->initiator & 1);

	if (!(p->facts.tcp_flags & TCP_FLAG_ACK))
		return 0;
	return half->renumbered || flow_acks(p->facts.ack, half->start[r], half->payload[r]);
}

/* A further packet of a half-open flow. */
static __noinline int half_packet(struct packet *p, struct flow_half *half, __u8 inbound)
{
	__u64 first = half->first, d = p->facts.direction & 1;
	struct flow_packet packet;
	struct flow_view view;
	struct flow_step step;
	__u8 moved;

	if (half_unanswered(p, half, d)) {
		half_add(half, p, d);
		cookie_learn(half->cookie, p, half->initiator);
		return half->first != first || half->moved == HALF_MOVED ? LOSS_RACE : PACKET_OK;
	}
	if (!owner_takes(p, &half->owner[d], half->last[d]))
		return LOSS_DUPLICATE;
	half_view(half, &view);
	packet_for_state(p, &packet);
	packet.acks = half_acks(p, half);
	step = flow_next(&view, &packet);
	if (step.restart && !half->moved)
		return half_retire(p, half, inbound);
	if (half->moved == HALF_MOVED) /* meanwhile: nothing was added yet */
		return PACKET_SLOW;
	half_add(half, p, d);
	flags_add(&half->flags[d], p->facts.tcp_flags);
	moved = half->moved;
	if (half->first != first || moved == HALF_MOVED) /* in another's use, or too late */
		return LOSS_RACE;
	if (moved == HALF_STAYS)
		half_step(p, half, inbound, &step);
	return PACKET_OK;
}

/* It may have been promoted between our look-ups of the main and the half-open tables. */
WEIR_INLINE int half_overtaken(struct packet *p)
{
	struct flow_ref *ref = bpf_map_lookup_elem(&flow_main, &p->facts.key);

	if (!ref)
		return PACKET_SLOW;
	*(__u64 *)&p->ref = *(volatile __u64 *)ref;
	return established_slow(p);
}

WEIR_INLINE int opens(const struct packet *p)
{
	return p->facts.key.proto == PROTO_TCP && flow_opens(p->facts.tcp_flags);
}

/* A packet whose flow is not in the main table, or has just left it. */
static __noinline int half_slow(struct packet *p)
{
	struct flow_half *half;
	int fate = PACKET_SLOW;
	__u8 inbound;
	long err;

	half = half_find(&p->facts.key, &inbound);
	/*
	 * Whoever opens has no answer yet that could have promoted it: only if its first SYN came
	 * late, on another CPU than its ACK.
	 */
	if (!p->ref.generation && (half ? half->moved : !opens(p)))
		fate = half_overtaken(p);
	if (fate == PACKET_SLOW && half) {
		fate = half_packet(p, half, inbound);
		if (fate == PACKET_SLOW)
			fate = half_overtaken(p);
	}
	if (fate != PACKET_SLOW && fate != PACKET_RESTARTED)
		return fate;
	err = half_insert(p);
	if (!err)
		return PACKET_OK;
	if (err != -EEXIST)
		return LOSS_HALF_OPEN_FULL;
	half = half_find(&p->facts.key, &inbound);
	fate = half ? half_packet(p, half, inbound) : LOSS_RACE;
	return fate < PACKET_OK ? LOSS_RACE : fate; /* everything changes at once */
}

/* An ICMP error quotes a packet of the flow p->embedded. */
static __noinline void half_refuse(struct packet *p)
{
	struct packet_embedded *embedded = &p->embedded;
	struct flow_half *half;
	struct flow_view view;
	__u8 inbound;

	embedded->key.netns = p->facts.key.netns;
	half = half_find(&embedded->key, &inbound);
	if (!half)
		return;
	half_view(half, &view);
	if (!flow_refused(&view, embedded->direction & 1))
		return;
	half->state = FLOW_REJECTED;
	half->decided = packet_boot(p);
	if (!half->told)
		return;
	p->facts.key = embedded->key; /* the record speaks of that flow */
	tell_half(p, half, RECORD_REJECTED);
}

/* Whatever established_fast() did not finish. */
WEIR_INLINE int packet_slow(struct packet *p)
{
	int fate = PACKET_SLOW;

	if (p->ref.generation)
		fate = established_slow(p);
	return fate == PACKET_SLOW || fate == PACKET_RESTARTED ? half_slow(p) : fate;
}

#endif
