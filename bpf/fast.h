/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_FAST_H
#define WEIR_BPF_FAST_H

/*
 * What nearly every packet is: TCP or UDP in IPv4 without options or IPv6 without extensions,
 * whole, with headers that can be read in place at the frame's first offsets, of a flow that is
 * known and has nothing new to say. What is known of it stays in registers; packet_parse_cursor(),
 * which reads anything, keeps what it finds in memory, and costs half as much again. Both say the
 * same of what both understand: what this does not understand is unfit, and left to the other.
 */

#include "established.h"
#include "tunnel.h"

/* The transport header at `h`, behind `l3` bytes of a packet of `total`; 0: unfit. */
WEIR_INLINE int fast_transport(const __u8 *h, const __u8 *end, __u64 proto, __u64 total,
			       const __u64 l3, struct packet_sizes *f)
{
	__u64 header = 8, length;

	if (proto == PROTO_TCP) {
		if (unlikely(h + 20 > end))
			return 0;
		header = (h[12] >> 4) * 4;
		if (unlikely(header < 20))
			return 0;
		f->tcp_flags = h[13];
	} else if (proto == PROTO_UDP) {
		length = bpf_ntohs(word16(h + 4));
		if (unlikely(length < 8))
			return 0;
		if (unlikely(f->segments > 1 && is_tunnel_port(word16(h + 2))))
			return 0;
		f->tcp_flags = 0;
	} else {
		return 0;
	}
	f->headers = l3 + header;
	if (unlikely(total < f->headers))
		return 0;
	f->payload = total - f->headers;
	f->ip_bytes = total + (f->segments - 1) * f->headers;
	return 1;
}

WEIR_INLINE int fast_v4(const __u8 *ip, const __u8 *end, __u64 left, struct packet_sizes *f,
			struct flow_key *key)
{
	__u64 total = bpf_ntohs(word16(ip + 2)), proto = ip[9];
	const __u8 *h = ip + 20;

	if (unlikely(ip[0] != 0x45 || (word16(ip + 6) & bpf_htons(0x3fff)) || total > left))
		return 0;
	if (!fast_transport(h, end, proto, total, 20, f))
		return 0;
	f->direction =
		flow_key_v4(key, word32(ip + 12), word32(ip + 16), word16(h), word16(h + 2), proto);
	return 1;
}

WEIR_INLINE int fast_v6(const __u8 *ip, const __u8 *end, __u64 left, struct packet_sizes *f,
			struct flow_key *key)
{
	__u64 total = bpf_ntohs(word16(ip + 4)) + 40, proto = ip[6];
	const __u8 *h = ip + 40;
	__u64 source[2], destination[2];

	if (unlikely(h + 8 > end || ip[0] >> 4 != 6 || total > left))
		return 0;
	if (!fast_transport(h, end, proto, total, 40, f))
		return 0;
	source[0] = word64(ip + 8);
	source[1] = word64(ip + 16);
	destination[0] = word64(ip + 24);
	destination[1] = word64(ip + 32);
	f->direction = flow_key_v6(key, source, destination, word16(h), word16(h + 2), proto);
	return 1;
}

/* Facts and key of the frame from `data` to `end`, `length` bytes in all; 0: unfit. */
WEIR_INLINE int fast_parse(const __u8 *data, const __u8 *end, __u64 length,
			   const enum packet_start start, __u32 netns, struct packet_sizes *f,
			   struct flow_key *key)
{
	const __u64 l3 = start == PACKET_ETHERNET ? 14 : 0;
	const __u8 *ip = data + l3;
	__u16 type;
	int fit;

	if (unlikely(ip + 28 > end)) /* IPv4 and UDP; there is no room for less */
		return 0;
	if (start == PACKET_ETHERNET)
		type = word16(data + 12);
	else
		type = ip[0] >> 4 == 4 ? bpf_htons(ETHERTYPE_V4) : bpf_htons(ETHERTYPE_V6);
	if (likely(type == bpf_htons(ETHERTYPE_V4)))
		fit = fast_v4(ip, end, length - l3, f, key);
	else if (type == bpf_htons(ETHERTYPE_V6))
		fit = fast_v6(ip, end, length - l3, f, key);
	else
		fit = 0;
	key->netns = netns;
	return fit;
}

/*
 * All other facts of a packet that fast_parse() understood: the key is filled in, and what
 * sizes_keep() has kept. 0: they cannot be read.
 */
WEIR_INLINE int fast_facts(struct packet_facts *f, const __u8 *data, const __u8 *end,
			   const enum packet_start start, __u32 vlan_tag)
{
	const __u64 l3 = start == PACKET_ETHERNET ? 14 : 0;
	__u64 header, turn = -(__u64)(f->direction & 1), port;
	const __u8 *h;

	if (unlikely(data + l3 + 28 > end))
		return 0;
	/* No branches: the verifier would follow all that comes behind once for each. */
	header = 20 + (data[l3] >> 5 & 1) * 20; /* version 4 or 6 */
	asm volatile("" : "+r"(turn), "+r"(header));
	port = (f->key.port[0] ^ f->key.port[1]) & turn;
	facts_zero(f);
	f->l3_offset = l3;
	f->l3_length = header;
	f->l4_length = 8;
	f->vlan = vlan_tag & 0xfff;
	f->cast = start == PACKET_ETHERNET ? data[0] & 1 : 0;
	f->port[0] = f->key.port[0] ^ port;
	f->port[1] = f->key.port[1] ^ port;
	if (f->key.proto != PROTO_TCP)
		return 1;
	h = data + l3 + (header & 63);
	if (unlikely(h + 20 > end))
		return 0;
	f->l4_length = (h[12] >> 4) * 4;
	facts_tcp(f, h);
	return 1;
}

#endif
