/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_ESTABLISHED_H
#define WEIR_BPF_ESTABLISHED_H

/* Flows of the main table. */

#include "tell.h"

/* Flags that change a state, even if they were seen before. */
#define FLAGS_DECISIVE (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST)

/* What is counted of a packet, in registers; as in struct packet_facts. */
struct packet_sizes {
	__u64 direction;
	__u64 headers; /* of each segment: l3_length + l4_length + tunnel */
	__u64 payload;
	__u64 segments;
	__u64 ip_bytes;
	__u64 tcp_flags;
};

WEIR_INLINE void slot_count(struct flow_slot *slot, const struct packet_sizes *s, __u32 now,
			    __u64 d)
{
	atomic_add(&slot->bytes[d], s->ip_bytes);
	if (s->payload)
		atomic_add(&slot->payload[d], s->payload);
	atomic_add(&slot->packets[d], (__u32)s->segments);
	slot->last[d] = now;
}

WEIR_INLINE struct packet_sizes sizes_of(const struct packet_facts *f)
{
	return (struct packet_sizes){
		.direction = f->direction & 1,
		.headers = (__u64)f->l3_length + f->l4_length + f->tunnel,
		.payload = f->payload,
		.segments = f->segments,
		.ip_bytes = f->ip_bytes,
		.tcp_flags = f->tcp_flags,
	};
}

/* So that sizes_of() gives them again, once fast_facts() has added the rest. */
WEIR_INLINE void sizes_keep(struct packet_facts *f, const struct packet_sizes *s)
{
	f->direction = s->direction;
	f->payload = s->payload;
	f->segments = s->segments;
	f->ip_bytes = s->ip_bytes;
}

/*
 * Counts the packet if its flow is known, ours to count, and there is nothing new to say: then
 * PACKET_OK, or PACKET_WATCHED for a program that `copies` payload. LOSS_DUPLICATE: another
 * attachment counts it. PACKET_SLOW: anything else; p->ref says whether the key was found.
 */
WEIR_INLINE int established_fast(struct packet *p, const struct packet_sizes *s, const int copies)
{
	struct flow_ref *ref = bpf_map_lookup_elem(&flow_main, &p->facts.key);
	__u64 d = s->direction & 1, seen;
	struct flow_slot *slot;

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
	if (unlikely(s->tcp_flags & (~slot->flags[d] | FLAGS_DECISIVE)))
		return PACKET_SLOW;
	seen = slot->payload[d];
	slot_count(slot, s, p->now, d);
	if (copies && settings.payload && s->payload &&
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
		cold->start[d] = p->facts.seq;
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
	const struct packet_sizes sizes = sizes_of(&p->facts);
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
	p->watch = slot->watch;
	p->counted = COUNTED_SLOT;
	slot_count(slot, &sizes, p->now, d);
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
