/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_COPY_H
#define WEIR_BPF_COPY_H

/*
 * Payload for the decoders: what payload_choose() chooses of a packet that was counted goes into
 * the ring `payloads`, in pieces, within a budget. Only TC can: packets of XDP are copied by the TC
 * program behind it.
 */

#include "half_open.h"

/* Pieces of the longest message. */
#define PAYLOAD_PIECES ((PAYLOAD_MESSAGE_MAX + PAYLOAD_PIECE - 1) / PAYLOAD_PIECE)

#define ETHERTYPE_ARP 0x0806
#define ARP_LENGTH    28 /* of IPv4 over Ethernet */

/* The packet whose payload this CPU is at; like packet_now, for the same reasons. */
struct payload_now {
	struct payload_view view;
	__u64 take;   /* bytes of it that are wanted */
	__u64 offset; /* of the first in the buffer */
	__u64 sent;   /* bytes of it that are in the ring */
	__u8 send, watch, zero[6];
	__u8 out[sizeof(struct payload_record) + PAYLOAD_PIECE]; /* see payload_out() */
};
_Static_assert(__builtin_offsetof(struct payload_now, out) % 8 == 0, "a record begins there");

WEIR_INLINE struct payload_record *payload_out(struct payload_now *now)
{
	return (struct payload_record *)now->out;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct payload_now);
} payload_now SEC(".maps");

/* Bytes that went into the ring in this second, by all CPUs. */
struct payload_spent {
	__u64 epoch;
	__u64 all;
	__u64 later; /* of directions that had carried PAYLOAD_QUIET bytes before */
};
static struct payload_spent payload_spent;

/* A quarter of the budget is kept for the very beginnings, which say who talks what to whom. */
#define PAYLOAD_QUIET 512

/* True if `cost` bytes may go into the ring in this second. */
static __noinline int payload_affordable(const struct packet *p, __u64 seen, __u64 cost)
{
	__u64 epoch = p->now / jiffies_per_second(), all = settings.payload_budget;
	int later = seen >= PAYLOAD_QUIET;

	if (!all)
		return 1;
	if (payload_spent.epoch != epoch) {
		payload_spent.epoch = epoch;
		payload_spent.all = 0;
		payload_spent.later = 0;
	}
	if (payload_spent.all + cost > all)
		return 0;
	if (later && payload_spent.later + cost > all - all / 4)
		return 0;
	atomic_add(&payload_spent.all, cost);
	if (later)
		atomic_add(&payload_spent.later, cost);
	return 1;
}

static __noinline void payload_count_add(__u32 what, __u64 n)
{
	__u64 *count = bpf_map_lookup_elem(&payload_counts, &what);

	if (count)
		*count += n;
}

/* `reason`: LOSS_PAYLOAD_*. */
WEIR_INLINE void payload_lost(__u32 reason, __u64 bytes)
{
	loss_count(reason);
	payload_count_add(PAYLOAD_UNSENT_BUDGET + (reason - LOSS_PAYLOAD_BUDGET), bytes);
}

/* Puts a record with `size` bytes behind its head into the ring. */
WEIR_INLINE long payload_output(struct payload_record *r, __u64 size)
{
	__u64 waiting = settings.payload_wake ? bpf_ringbuf_query(&payloads, BPF_RB_AVAIL_DATA) : 0;

	size += sizeof(*r);
	return bpf_ringbuf_output(&payloads, r, size,
				  ring_flags(waiting, size, settings.payload_wake));
}

/*
 * The next piece, behind what was sent; with nothing to take, a record without bytes. 0, or the
 * enum loss that befell it.
 */
static __noinline int payload_piece(struct __sk_buff *skb, struct payload_now *now)
{
	__u64 sent = now->sent, size = now->take - sent, at = now->offset + sent;
	struct payload_record *r = payload_out(now);

	r->offset = sent;
	if (size > PAYLOAD_PIECE)
		size = PAYLOAD_PIECE;
	r->last = sent + size == now->take;
	r->length = size;
	if (!size)
		return payload_output(r, 0) ? LOSS_PAYLOAD_RING : 0;
	/* 1 to PAYLOAD_PIECE, in a way that every verifier follows. */
	size--;
	asm volatile("" : "+r"(size));
	size &= PAYLOAD_PIECE - 1;
	size++;
	if (bpf_skb_load_bytes(skb, at, r->bytes, size))
		return LOSS_PAYLOAD_UNREADABLE;
	if (payload_output(r, size))
		return LOSS_PAYLOAD_RING;
	now->sent = sent + size;
	payload_count_add(PAYLOAD_BYTES, size);
	return 0;
}

/* All that is wanted, of a record whose head is filled in. */
static __noinline void payload_send(struct __sk_buff *skb, const struct packet *p,
				    struct payload_now *now)
{
	int lost;

	if (!payload_affordable(p, now->view.seen, now->take + sizeof(struct payload_record))) {
		payload_lost(LOSS_PAYLOAD_BUDGET, now->take);
		return;
	}
	now->sent = 0;
	for (int i = 0; i < PAYLOAD_PIECES; i++) {
		lost = payload_piece(skb, now);
		if (lost) {
			payload_lost(lost, now->take - now->sent);
			return;
		}
		payload_count_add(PAYLOAD_RECORDS, 1);
		if (now->sent >= now->take)
			return;
	}
}

/* The packet's first bytes. */
WEIR_INLINE void payload_head(struct __sk_buff *skb, struct payload_now *now)
{
	__u64 size = now->view.length, at = now->offset;

	now->view.head_length = 0;
	set_word64(now->view.head, 0);
	set_word32(now->view.head + 8, 0);
	if (size >= PAYLOAD_HEAD) {
		if (!bpf_skb_load_bytes(skb, at, now->view.head, PAYLOAD_HEAD))
			now->view.head_length = PAYLOAD_HEAD;
		return;
	}
	size--;
	asm volatile("" : "+r"(size));
	size &= 15;
	size++;
	if (size >= PAYLOAD_HEAD)
		return;
	if (!bpf_skb_load_bytes(skb, at, now->view.head, size))
		now->view.head_length = size;
}

/* Asks payload_choose(): `take`, `send` and `watch` are its answer. */
static __noinline void payload_decide(struct __sk_buff *skb, const struct packet *p,
				      struct payload_now *now, __u8 watch)
{
	const struct packet_facts *f = &p->facts;
	struct payload_choice choice;

	now->offset = (__u64)f->l3_offset + f->l3_length + f->l4_length;
	now->view.seen = p->seen;
	now->view.opening = settings.payload_opening;
	now->view.length = f->payload - (f->segments - 1) * f->tunnel; /* what is in the buffer */
	now->view.watch = watch;
	now->view.proto = f->key.proto;
	payload_head(skb, now);
	choice = payload_choose(&now->view);
	now->take = choice.take;
	now->send = choice.send;
	now->watch = choice.watch;
}

/* The head of the record, but for what the flow says. */
WEIR_INLINE void payload_begin(struct packet *p, struct payload_now *now)
{
	struct payload_record *r = payload_out(now);
	const struct packet_facts *f = &p->facts;

	r->key = f->key;
	r->seq = p->facts.seq;
	r->at = packet_boot(p);
	r->seen = p->seen;
	r->start = 0;
	r->wire = f->payload;
	r->kind = PAYLOAD_FLOW;
	r->watch = now->watch;
	r->direction = f->direction & 1;
	r->tcp_flags = f->tcp_flags;
	r->started = 0;
	r->icmp_type = f->icmp_type;
	r->icmp_code = f->icmp_code;
}

/* Where the direction starts, if its SYN was seen. */
WEIR_INLINE void payload_started(struct payload_record *r, __u8 flags, __u32 start)
{
	if (r->key.proto != PROTO_TCP || !(flags & TCP_FLAG_SYN))
		return;
	r->started = 1;
	r->start = start;
}

/*
 * Payload before this packet, of a packet that XDP counted: XDP may be ahead by frames that the
 * stack has not merged and passed on yet, so TCP goes by its own numbers as far as they make sense.
 */
WEIR_INLINE __u64 payload_seen_behind(const struct packet *p, __u64 counted, __u8 flags,
				      __u32 start)
{
	__u64 length = p->facts.payload, seen = counted > length ? counted - length : 0;
	__u64 by_number = (__u32)(p->facts.seq - start);

	if (p->facts.key.proto == PROTO_TCP && (flags & TCP_FLAG_SYN) && by_number < counted)
		return by_number;
	return seen;
}

/* The flow stands in the main table. */
static __noinline void payload_of_slot(struct __sk_buff *skb, struct packet *p,
				       struct payload_now *now)
{
	struct flow_slot *slot = bpf_map_lookup_elem(&flow_hot, &p->ref.slot);
	struct flow_cold *cold = bpf_map_lookup_elem(&flow_cold, &p->ref.slot);
	struct payload_record *r = payload_out(now);
	__u64 d = p->facts.direction & 1;

	if (!slot || !cold || slot->generation != p->ref.generation) {
		payload_lost(LOSS_PAYLOAD_UNREADABLE, p->facts.payload);
		return;
	}
	if (p->behind) {
		if (slot->owner[d] != p->id)
			return;
		p->seen = payload_seen_behind(p, slot->payload[d], slot->flags[d], cold->start[d]);
	}
	if (!payload_wanted(slot->watch, p->seen, settings.payload_opening))
		return;
	payload_decide(skb, p, now, slot->watch);
	if (now->watch != slot->watch)
		slot->watch = now->watch;
	if (!now->send)
		return;
	payload_begin(p, now);
	payload_started(r, slot->flags[d], cold->start[d]);
	r->initiator = cold->initiator;
	r->marks = cold->marks;
	payload_send(skb, p, now);
}

/* The flow is half open. */
static __noinline void payload_of_half(struct __sk_buff *skb, struct packet *p,
				       struct payload_now *now)
{
	struct payload_record *r = payload_out(now);
	__u64 d = p->facts.direction & 1;
	struct flow_half *half;
	__u8 inbound;

	half = half_find(&p->facts.key, &inbound);
	if (!half) {
		payload_lost(LOSS_PAYLOAD_UNREADABLE, p->facts.payload);
		return;
	}
	if (p->behind) {
		if (half->owner[d] != p->id)
			return;
		p->seen = payload_seen_behind(p, half->payload[d], half->flags[d], half->start[d]);
	}
	if (!payload_wanted(half->watch, p->seen, settings.payload_opening))
		return;
	payload_decide(skb, p, now, half->watch);
	if (now->watch != half->watch)
		half->watch = now->watch;
	if (!now->send)
		return;
	payload_begin(p, now);
	payload_started(r, half->flags[d], half->start[d]);
	r->initiator = half->initiator;
	r->marks = half->marks;
	payload_send(skb, p, now);
}

/* A packet with payload that was counted where p->counted says. */
static __noinline void packet_payload(struct __sk_buff *skb, struct packet *p)
{
	struct payload_now *now;
	__u32 zero = 0;

	if (p->facts.fragment == PACKET_LATER) {
		payload_lost(LOSS_PAYLOAD_FRAGMENT, p->facts.payload);
		return;
	}
	now = bpf_map_lookup_elem(&payload_now, &zero);
	if (!now)
		return;
	if (p->counted == COUNTED_SLOT)
		payload_of_slot(skb, p, now);
	else
		payload_of_half(skb, p, now);
}

/* A frame that is not IP: an ARP packet is told. */
static __noinline void packet_arp(struct __sk_buff *skb, struct packet *p)
{
	struct payload_record *r;
	struct payload_now *now;
	__u32 zero = 0;

	/* The type stands before what it announces, tags or not. */
	if (p->facts.l3_offset < 14 ||
	    bpf_skb_load_bytes(skb, p->facts.l3_offset - 2, p->scratch, 2) ||
	    word16(p->scratch) != bpf_htons(ETHERTYPE_ARP))
		return;
	now = bpf_map_lookup_elem(&payload_now, &zero);
	if (!now)
		return;
	r = payload_out(now);
	__builtin_memset(r, 0, sizeof(*r));
	p->boot = 0;
	r->at = packet_boot(p);
	r->kind = PAYLOAD_ARP;
	r->wire = ARP_LENGTH;
	now->view.seen = 0;
	now->take = ARP_LENGTH;
	now->offset = p->facts.l3_offset;
	payload_send(skb, p, now);
}

#endif
