/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_EMBEDDED_H
#define WEIR_BPF_EMBEDDED_H

#include "parse.h"

/*
 * An ICMP error quotes the packet that it refuses: as much of it as fits, at least the first 8
 * bytes behind its IP header. Only addresses, protocol and ports are read.
 */

WEIR_INLINE int has_ports(__u64 proto)
{
	return proto == PROTO_UDP || proto == PROTO_TCP || proto == PROTO_ICMP ||
	       proto == PROTO_ICMP6 || proto == PROTO_SCTP;
}

WEIR_INLINE int embedded_ports(struct cursor *c, __u64 at, struct packet_ends *e)
{
	const __u8 *h;

	if (!has_ports(e->proto))
		return 1;
	h = cursor_read(c, at, 8);
	if (!h)
		return 0;
	if (e->proto == PROTO_ICMP || e->proto == PROTO_ICMP6) {
		/* Only echo asks for an answer that can be refused. */
		if (h[0] != (e->proto == PROTO_ICMP ? 8 : 128))
			return 0;
		e->port[0] = e->port[1] = word16(h + 4);
		return 1;
	}
	e->port[0] = word16(h);
	e->port[1] = word16(h + 2);
	return 1;
}

WEIR_INLINE int embedded_v4(struct cursor *c, __u64 at, struct packet_ends *e)
{
	__u64 header;
	const __u8 *ip;

	ip = cursor_read(c, at, 20);
	if (!ip)
		return 0;
	header = (ip[0] & 15) * 4;
	if (ip[0] >> 4 != 4 || header < 20)
		return 0;
	if (bpf_ntohs(word16(ip + 6)) & 0x1fff) /* a later fragment has no ports */
		return 0;
	ends_v4(e, ip);
	return embedded_ports(c, at + header, e);
}

WEIR_INLINE int embedded_v6(struct cursor *c, __u64 at, struct packet_ends *e,
			    struct packet_facts *inner)
{
	const __u8 *ip;

	ip = cursor_read(c, at, 40);
	if (!ip || ip[0] >> 4 != 6)
		return 0;
	ends_v6(e, ip);
	inner->l3_offset = at;
	inner->l3_length = 40;
	inner->fragment = PACKET_WHOLE;
	inner->key.proto = e->proto;
	if (is_extension(e->proto) && parse_extensions(c, 0xffff, inner) != PACKET_OK)
		return 0;
	if (opaque(inner->fragment) == PACKET_LATER)
		return 0;
	e->proto = opaque(inner->key.proto);
	return embedded_ports(c, at + opaque(inner->l3_length), e);
}

/*
 * True and `embedded` filled if `f` is an error (f->unreachable) that quotes a readable flow.
 * `inner` is room to work in.
 */
WEIR_INLINE int packet_embedded_cursor(struct cursor *c, const struct packet_facts *f,
				       struct packet_facts *inner, struct packet_embedded *embedded)
{
	__u64 at = f->l3_offset + f->l3_length + 8;
	struct packet_ends e;
	int known;

	if (!f->unreachable)
		return 0;
	if (f->key.proto == PROTO_ICMP)
		known = embedded_v4(c, at, &e);
	else
		known = embedded_v6(c, at, &e, inner);
	if (known)
		embedded->direction = packet_key(&e, &embedded->key);
	return known;
}

#ifndef __bpf__
/* The agent's build, after packet_parse() of the same bytes. */
static inline int packet_embedded(const void *bytes, __u32 captured, const struct packet_facts *f,
				  struct packet_embedded *embedded)
{
	struct cursor c = {
		.data = bytes,
		.end = (const __u8 *)bytes + captured,
		.length = captured,
		.kind = CURSOR_MEMORY,
	};
	struct packet_facts inner;

	return packet_embedded_cursor(&c, f, &inner, embedded);
}
#endif

#endif
