/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_TUNNEL_H
#define WEIR_BPF_TUNNEL_H

/*
 * A tunnel's buffer that will be, or was, several packets. Each of these has the tunnel's header
 * and those of the packet inside too, so that a buffer of VXLAN lacks some 60 bytes a packet of
 * what the wire carries. The kernel says how many packets there are, not that they are a tunnel's:
 * that is taken from the port or the protocol, and from headers that make sense.
 */

#include "packet.h"

enum {
	PROTO_IPV4_INSIDE = 4,
	PROTO_IPV6_INSIDE = 41,
	PROTO_GRE = 47,
	PORT_VXLAN = 4789,
	PORT_VXLAN_OLD = 8472, /* Linux's own default */
	PORT_GENEVE = 6081,
	ETHERTYPE_BRIDGED = 0x6558, /* an Ethernet frame */
};

/* `port`: destination, network order. */
WEIR_INLINE int is_tunnel_port(__u64 port)
{
	return port == bpf_htons(PORT_VXLAN) || port == bpf_htons(PORT_VXLAN_OLD) ||
	       port == bpf_htons(PORT_GENEVE);
}

WEIR_INLINE int is_tunnel(const struct packet_facts *f)
{
	__u64 proto = f->key.proto;

	if (proto == PROTO_UDP)
		return is_tunnel_port(f->port[1]);
	return proto == PROTO_IPV4_INSIDE || proto == PROTO_IPV6_INSIDE || proto == PROTO_GRE;
}

/*
 * Puts `size` bytes into p->scratch; false: they are not there. Copied: so rarely that no path
 * through the packet itself is worth what it costs the verifier. No pointer that may be none: clang
 * looks at it by the helper's result, and 5.10 does not see that both are one.
 */
WEIR_INLINE int tunnel_read(struct __sk_buff *skb, struct packet *p, __u32 at, const __u32 size)
{
	return !bpf_skb_load_bytes(skb, at, p->scratch, size);
}

/* Steps over the tunnel's own header at *at. The ethertype of what is behind it; 0: not understood.
 */
WEIR_INLINE __u32 tunnel_header(struct __sk_buff *skb, struct packet *p, __u32 *at)
{
	__u64 proto = opaque(p->facts.key.proto);
	const __u8 *h = p->scratch;

	if (proto == PROTO_IPV4_INSIDE)
		return ETHERTYPE_V4;
	if (proto == PROTO_IPV6_INSIDE)
		return ETHERTYPE_V6;
	if (!tunnel_read(skb, p, *at, 8))
		return 0;
	if (proto == PROTO_GRE) { /* RFC 2890: checksum, key and number, 4 bytes each */
		*at += 4 + 4 * ((h[0] >> 7 & 1) + (h[0] >> 5 & 1) + (h[0] >> 4 & 1));
		return h[1] & 7 ? 0 : bpf_ntohs(word16(h + 2));
	}
	*at += 8;
	if (p->facts.port[1] == bpf_htons(PORT_GENEVE)) { /* RFC 8926 */
		*at += (h[0] & 0x3f) * 4;
		return h[0] >> 6 ? 0 : bpf_ntohs(word16(h + 2));
	}
	return h[0] & 0x08 ? ETHERTYPE_BRIDGED : 0; /* RFC 7348 */
}

/* Steps over an Ethernet header at *at. The ethertype behind it; 0: it is not there. */
WEIR_INLINE __u32 tunnel_ethernet(struct __sk_buff *skb, struct packet *p, __u32 *at)
{
	const __u8 *h = p->scratch;
	__u32 type;

	if (!tunnel_read(skb, p, *at, 18))
		return 0;
	*at += 14;
	type = bpf_ntohs(word16(h + 12));
	if (!is_tag(type))
		return type;
	*at += 4;
	return bpf_ntohs(word16(h + 16));
}

/* Steps over the IP and transport headers at *at. False: they are none that are segmented. */
WEIR_INLINE int tunnel_inside(struct __sk_buff *skb, struct packet *p, __u32 *at, __u32 type)
{
	const __u8 *h = p->scratch;
	__u32 proto;

	if (!tunnel_read(skb, p, *at, 20) || (type != ETHERTYPE_V4 && type != ETHERTYPE_V6))
		return 0;
	proto = type == ETHERTYPE_V4 ? h[9] : h[6];
	*at += type == ETHERTYPE_V4 ? (h[0] & 15) * 4 : 40;
	if (proto == PROTO_UDP) {
		*at += 8;
		return 1;
	}
	if (proto != PROTO_TCP || !tunnel_read(skb, p, *at, 13))
		return 0;
	*at += (h[12] >> 4) * 4;
	return 1;
}

/* Adds the headers that a tunnel's packets have each to what the parser found. */
static __noinline void tunnel_count(struct __sk_buff *skb, struct packet *p)
{
	struct packet_facts *f = &p->facts;
	__u32 outer = (__u32)f->l3_offset + f->l3_length + f->l4_length, at = outer, type, more;

	type = tunnel_header(skb, p, &at);
	if (type == ETHERTYPE_BRIDGED)
		type = tunnel_ethernet(skb, p, &at);
	if (!type || !tunnel_inside(skb, p, &at, type))
		return;
	f->tunnel = at - outer;
	more = (f->segments - 1) * f->tunnel;
	f->payload += more;
	f->ip_bytes += more;
}

#endif
