/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#include "vmlinux.h"

#include "compat.h"
#include "copy.h"
#include "embedded.h"
#include "fast.h"
#include "fragment.h"

/*
 * The programs: TC in either direction on Ethernet and on L3-only devices, and XDP. They count and
 * let everything pass: -1 is TC_ACT_UNSPEC and TCX_NEXT, both "ask the next program".
 */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define TC_NEXT (-1)

/* What no attachment can be charged with. */
static __noinline int packet_unknown(int verdict)
{
	loss_count(LOSS_NO_ATTACHMENT);
	return verdict;
}

/*
 * Both sums end here: each buffer is in a flow, or has a fate that is counted. `tag` is the length
 * of a VLAN tag that stands beside the buffer.
 */
WEIR_INLINE void buffer_count(struct traffic_counts *t, const struct packet_sizes *s, __u64 bytes,
			      __u64 l3_offset, __u64 tag, int fate)
{
	__u64 segments = s->segments, headers = 0;

	if (unlikely(segments > 1))
		headers = (segments - 1) * (l3_offset + s->headers);
	t->buffers++;
	t->segments += segments;
	t->buffer_bytes += bytes;
	t->wire_bytes += bytes + headers + segments * tag;
	if (likely(fate == PACKET_OK)) {
		t->ip_bytes += s->ip_bytes;
	} else {
		t->unparsed++;
		loss_count(fate);
	}
}

/* The same for a packet that has facts, or at least a size. */
static __noinline void buffer_count_facts(struct traffic_counts *t, const struct packet *p,
					  __u64 bytes, __u64 tag, int fate)
{
	const struct packet_sizes s = sizes_of(&p->facts);

	buffer_count(t, &s, bytes, p->facts.l3_offset, tag, fate);
}

/* What is the same for all programs before the packet is looked at. */
WEIR_INLINE void packet_begin(struct packet *p, const struct attachment *a, __u32 now, __u8 inbound,
			      __u8 xdp)
{
	p->id = inbound ? a->id_in : a->id_out;
	p->ifindex = a->ifindex;
	p->now = now;
	p->inbound = inbound;
	p->xdp = xdp;
}

static __noinline void tc_refuse(struct __sk_buff *skb, struct packet *p)
{
	struct cursor c;

	cursor_from_skb(&c, skb, p);
	if (packet_embedded_cursor(&c, &p->facts, &p->inner, &p->embedded))
		half_refuse(p);
}

static __noinline void xdp_refuse(struct xdp_md *xdp, struct packet *p)
{
	struct cursor c;

	cursor_from_xdp(&c, xdp, p);
	if (packet_embedded_cursor(&c, &p->facts, &p->inner, &p->embedded))
		half_refuse(p);
}

static __noinline int tc_slow(struct __sk_buff *skb, struct packet *p)
{
	p->cgroup = 0;
	p->cookie = bpf_get_socket_cookie(skb);
	if (settings.cgroup_id && !p->inbound)
		p->cgroup = bpf_skb_cgroup_id(skb);
	return packet_slow(p);
}

/* Whatever the fast path does not finish. */
WEIR_INLINE int tc_rest(struct __sk_buff *skb, struct packet *p, int fate)
{
	int watched = fate == PACKET_WATCHED;

	p->boot = 0;
	p->behind = 0;
	p->counted = COUNTED_SLOT;
	fate = watched ? PACKET_OK : tc_slow(skb, p);
	if (fate != PACKET_OK)
		return fate;
	if (settings.payload && p->facts.payload &&
	    (watched || payload_wanted(p->watch, p->seen, settings.payload_opening)))
		packet_payload(skb, p);
	if (p->facts.unreachable) /* last: it may give the packet another key */
		tc_refuse(skb, p);
	return fate;
}

static __noinline int xdp_slow(struct xdp_md *xdp, struct packet *p)
{
	int fate;

	p->boot = 0;
	p->cgroup = 0;
	p->cookie = 0;
	fate = packet_slow(p);
	if (fate == PACKET_OK && p->facts.unreachable)
		xdp_refuse(xdp, p);
	return fate;
}

WEIR_INLINE __u32 tc_tag(const struct __sk_buff *skb)
{
	return skb->vlan_present ? PACKET_TAGGED | (skb->vlan_tci & 0xfff) : 0;
}

/* The packet's flow learns its socket. */
WEIR_INLINE void behind_cookie(struct packet *p)
{
	struct flow_half *half;
	__u8 inbound;

	if (!p->cookie)
		return;
	if (p->counted == COUNTED_SLOT) {
		cold_cookie(p);
		return;
	}
	half = half_find(&p->facts.key, &inbound);
	if (half)
		cookie_learn(half->cookie, p, half->initiator);
}

/* XDP counted the packet already: it only lacks the socket, and its payload is not copied yet. */
static __noinline int tc_behind_xdp(struct __sk_buff *skb, struct packet *p, int fate)
{
	struct flow_ref *ref;

	if (fate == LOSS_NOT_IP && settings.payload)
		packet_arp(skb, p);
	if (fate != PACKET_OK)
		return TC_NEXT;
	p->boot = 0;
	p->behind = 1;
	p->cookie = bpf_get_socket_cookie(skb);
	ref = bpf_map_lookup_elem(&flow_main, &p->facts.key);
	p->counted = ref ? COUNTED_SLOT : COUNTED_HALF;
	if (ref)
		*(__u64 *)&p->ref = *(volatile __u64 *)ref;
	behind_cookie(p);
	if (settings.payload && p->facts.payload)
		packet_payload(skb, p);
	return TC_NEXT;
}

/* Everything behind the parser, for a packet that has facts and was not looked up yet. */
WEIR_INLINE int packet_account(struct packet *p, const int copies)
{
	struct packet_sizes s;

	if (unlikely(p->facts.fragment != PACKET_WHOLE))
		packet_fragment(p);
	s = sizes_of(&p->facts);
	return established_fast(p, &s, copies);
}

/*
 * All facts of what the fast path did not finish, which is looked up unless p->fate says that it
 * was. Its room
 * on the stack is not that of what follows: all calls together have 512 bytes before 6.x.
 */
WEIR_INLINE int tc_parse(struct __sk_buff *skb, struct packet *p, const struct attachment *a,
			 const enum packet_start start)
{
	struct packet_offload offload;
	struct cursor c;
	int parsed, fate = opaque(p->fate);

	if (likely(fate != PACKET_UNFIT) &&
	    fast_facts(&p->facts, (const __u8 *)(long)skb->data, (const __u8 *)(long)skb->data_end,
		       start, tc_tag(skb)))
		return PACKET_OK;
	cursor_from_skb(&c, skb, p);
	offload.segments = skb->gso_segs;
	offload.size = offload.segments ? 0 : skb->gso_size;
	offload.mtu = 0;
	parsed = packet_parse_cursor(&c, start, tc_tag(skb), &offload, &p->facts);
	p->facts.key.netns = a->netns;
	if (parsed == PACKET_OK && unlikely(opaque(p->facts.segments) > 1) && is_tunnel(&p->facts))
		tunnel_count(skb, p);
	if (parsed == PACKET_OK && fate == PACKET_UNFIT &&
	    !(p->inbound && (a->flags & ATTACHMENT_XDP)))
		opaque(p->fate) = packet_account(p, 1);
	return parsed;
}

static __noinline int tc_parse_eth(struct __sk_buff *skb, struct packet *p,
				   const struct attachment *a)
{
	return tc_parse(skb, p, a, PACKET_ETHERNET);
}

static __noinline int tc_parse_l3(struct __sk_buff *skb, struct packet *p,
				  const struct attachment *a)
{
	return tc_parse(skb, p, a, PACKET_IP);
}

/* What tc_fast() did not finish; p->fate is what it found, or PACKET_UNFIT. */
static __noinline int tc_general(struct __sk_buff *skb, struct packet *p, struct traffic_counts *t,
				 const struct attachment *a, int parsed)
{
	int fate = opaque(p->fate);

	if (unlikely(p->inbound && (a->flags & ATTACHMENT_XDP)))
		return tc_behind_xdp(skb, p, parsed);
	if (likely(parsed == PACKET_OK)) {
		if (fate < PACKET_OK)
			fate = tc_rest(skb, p, fate);
	} else {
		fate = parsed;
		if (fate == LOSS_NOT_IP && settings.payload)
			packet_arp(skb, p);
	}
	buffer_count_facts(t, p, skb->len, skb->vlan_present ? 4 : 0, fate);
	return TC_NEXT;
}

/* PACKET_UNFIT, or what established_fast() made of the packet. */
WEIR_INLINE int tc_fast(struct __sk_buff *skb, struct packet *p, const struct attachment *a,
			const enum packet_start start, struct packet_sizes *s)
{
	s->segments = 1;
	if (skb->gso_size) {
		s->segments = skb->gso_segs;
		if (unlikely(!s->segments))
			return PACKET_UNFIT;
	}
	if (unlikely(a->flags & ATTACHMENT_XDP))
		return PACKET_UNFIT;
	if (!fast_parse((const __u8 *)(long)skb->data, (const __u8 *)(long)skb->data_end, skb->len,
			start, a->netns, s, &p->facts.key))
		return PACKET_UNFIT;
	return established_fast(p, s, 1);
}

WEIR_INLINE int tc(struct __sk_buff *skb, __u32 ifindex, const enum packet_start start,
		   __u8 inbound)
{
	__u32 zero = 0, index;
	struct packet *p = bpf_map_lookup_elem(&packet_now, &zero);
	struct traffic_counts *t;
	struct packet_sizes s;
	struct attachment *a;
	__u32 now;
	int fate;

	if (unlikely(!p))
		return packet_unknown(TC_NEXT);
	now = bpf_jiffies64();
	a = packet_attachment(p, ifindex, now);
	if (unlikely(!a))
		return packet_unknown(TC_NEXT);
	index = inbound ? a->stats_in : a->stats_out;
	t = bpf_map_lookup_elem(&traffic, &index);
	if (unlikely(!t))
		return packet_unknown(TC_NEXT);
	packet_begin(p, a, now, inbound, 0);
	fate = tc_fast(skb, p, a, start, &s);
	if (unlikely(fate < PACKET_OK && fate != PACKET_UNFIT))
		sizes_keep(&p->facts, &s);
	opaque(p->fate) = fate; /* whatever it is, the verifier follows one path from here */
	if (unlikely(fate < PACKET_OK))
		return tc_general(skb, p, t, a,
				  start == PACKET_ETHERNET ? tc_parse_eth(skb, p, a)
							   : tc_parse_l3(skb, p, a));
	buffer_count(t, &s, skb->len, start == PACKET_ETHERNET ? 14 : 0, skb->vlan_present ? 4 : 0,
		     fate);
	return TC_NEXT;
}

SEC("tc")
int weir_tc_in_eth(struct __sk_buff *skb)
{
	return tc(skb, skb->ifindex, PACKET_ETHERNET, 1);
}

SEC("tc")
int weir_tc_out_eth(struct __sk_buff *skb)
{
	return tc(skb, skb->ifindex, PACKET_ETHERNET, 0);
}

SEC("tc")
int weir_tc_in_l3(struct __sk_buff *skb)
{
	return tc(skb, skb->ifindex, PACKET_IP, 1);
}

SEC("tc")
int weir_tc_out_l3(struct __sk_buff *skb)
{
	return tc(skb, skb->ifindex, PACKET_IP, 0);
}

/* The same on interfaces of other network namespaces: only loaded where these are watched. */

SEC("?tc")
int weir_at_in_eth(struct __sk_buff *skb)
{
	return tc(skb, ATTACHMENT_ELSEWHERE | skb->tc_classid, PACKET_ETHERNET, 1);
}

SEC("?tc")
int weir_at_out_eth(struct __sk_buff *skb)
{
	return tc(skb, ATTACHMENT_ELSEWHERE | skb->tc_classid, PACKET_ETHERNET, 0);
}

SEC("?tc")
int weir_at_in_l3(struct __sk_buff *skb)
{
	return tc(skb, ATTACHMENT_ELSEWHERE | skb->tc_classid, PACKET_IP, 1);
}

SEC("?tc")
int weir_at_out_l3(struct __sk_buff *skb)
{
	return tc(skb, ATTACHMENT_ELSEWHERE | skb->tc_classid, PACKET_IP, 0);
}

/* As tc_parse(); `length` becomes that of the whole frame. */
static __noinline int xdp_parse(struct xdp_md *xdp, struct packet *p, const struct attachment *a,
				__u64 *length)
{
	struct packet_offload offload = {.mtu = a->mtu};
	struct cursor c;
	int parsed;

	cursor_from_xdp(&c, xdp, p);
	*length = cursor_length(&c, CURSOR_ALL);
	if (likely(opaque(p->fate) != PACKET_UNFIT) &&
	    fast_facts(&p->facts, (const __u8 *)(long)xdp->data, (const __u8 *)(long)xdp->data_end,
		       PACKET_ETHERNET, 0))
		return PACKET_OK;
	parsed = packet_parse_cursor(&c, PACKET_ETHERNET, 0, &offload, &p->facts);
	p->facts.key.netns = a->netns;
	if (parsed == PACKET_OK && opaque(p->fate) == PACKET_UNFIT)
		opaque(p->fate) = packet_account(p, 0);
	return parsed;
}

/* As tc_general(). */
static __noinline int xdp_general(struct xdp_md *xdp, struct packet *p, struct traffic_counts *t,
				  const struct attachment *a)
{
	__u64 length;
	int fate = xdp_parse(xdp, p, a, &length);

	if (likely(fate == PACKET_OK)) {
		fate = opaque(p->fate);
		if (fate == PACKET_SLOW)
			fate = xdp_slow(xdp, p);
	}
	buffer_count_facts(t, p, length, 0, fate);
	return XDP_PASS;
}

SEC("xdp")
int weir_xdp(struct xdp_md *xdp)
{
	__u32 ifindex = xdp->ingress_ifindex, zero = 0, index;
	const __u8 *data = (const __u8 *)(long)xdp->data;
	const __u8 *end = (const __u8 *)(long)xdp->data_end;
	struct packet *p = bpf_map_lookup_elem(&packet_now, &zero);
	struct packet_sizes s = {.segments = 1};
	struct traffic_counts *t;
	struct attachment *a;
	int fate = PACKET_UNFIT;
	__u32 now;

	if (unlikely(!p))
		return packet_unknown(XDP_PASS);
	now = bpf_jiffies64();
	a = packet_attachment(p, ifindex, now);
	if (unlikely(!a))
		return packet_unknown(XDP_PASS);
	index = a->stats_in;
	t = bpf_map_lookup_elem(&traffic, &index);
	if (unlikely(!t))
		return packet_unknown(XDP_PASS);
	packet_begin(p, a, now, 1, 1);
	/* A frame in pieces is longer than its first one, and so not fit; nor is one that was
	 * merged of several. */
	if (likely((__u64)(end - data) <= a->mtu + 14 || !a->mtu) &&
	    fast_parse(data, end, end - data, PACKET_ETHERNET, a->netns, &s, &p->facts.key))
		fate = established_fast(p, &s, 0);
	if (unlikely(fate < PACKET_OK && fate != PACKET_UNFIT))
		sizes_keep(&p->facts, &s);
	opaque(p->fate) = fate;
	if (unlikely(fate < PACKET_OK))
		return xdp_general(xdp, p, t, a);
	buffer_count(t, &s, end - data, 14, 0, fate);
	return XDP_PASS;
}
