/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_PARSE_H
#define WEIR_BPF_PARSE_H

/*
 * One parser for the programs and the agent: from a frame to the flow key and what else is counted
 * or decided by. All of it is inlined into each program.
 */

#include "cursor.h"

/* What the first byte of a frame is. */
enum packet_start {
	PACKET_ETHERNET,
	PACKET_IP, /* L3-only device: IPv4 or IPv6, told by the version */
};

enum packet_fragment {
	PACKET_WHOLE,
	PACKET_FIRST, /* has the ports */
	PACKET_LATER, /* has none: 0 in the key until packet_set_ports() */
};

#define PACKET_OK (-1) /* what the parser returns if it is no enum loss */

struct packet_facts {
	struct flow_key key; /* canonical; netns is 0: the caller's to set */
	__u16 port[2];	     /* source, destination as in the key; network order */
	__u32 ip_bytes;	     /* on the wire: each segment with its own headers */
	__u32 payload;	     /* bytes that the transport carries, over all segments */
	__u32 segments;	     /* packets on the wire */
	__u32 fragment_id;   /* network order; unless PACKET_WHOLE */
	/* TCP, else 0; host order. Both are zeroed at once. */
	__u32 seq; /* of what follows the header and, if there is one, the SYN */
	__u32 ack; /* means nothing without TCP_FLAG_ACK */
	__u16 l3_offset;
	__u16 l3_length; /* IP header with options or extensions */
	__u16 l4_length; /* transport header with options; 0: unknown protocol or a later fragment
			  */
	__u16 vlan;	 /* id of the outer tag; 0: none */
	/* From here to `cast`: 8 bytes that the parser zeroes at once. */
	__u8 tcp_flags; /* enum tcp_flag; 0 if not TCP */
	__u8 fragment;	/* enum packet_fragment */
	__u8 icmp_type, icmp_code;
	__u8 icmp_error;  /* an ICMP error message: an answer to something */
	__u8 icmp_reply;  /* an echo reply */
	__u8 unreachable; /* an ICMP error that rejects a flow: see packet_embedded() */
	__u8 cast;	  /* sent to a link-layer broadcast or multicast address */
	__u8 direction;	  /* of this packet in the key */
	__u16 tunnel;	  /* headers inside a tunnel, of each segment; 0: one, or none known */
} __attribute__((aligned(8)));

_Static_assert(__builtin_offsetof(struct packet_facts, cast) ==
		       __builtin_offsetof(struct packet_facts, tcp_flags) + 7,
	       "zeroed as one word");

/* The flow that an ICMP error speaks of. */
struct packet_embedded {
	struct flow_key key; /* netns is 0 */
	__u8 direction;	     /* of the packet that was refused */
} __attribute__((aligned(8)));

/*
 * What an offloaded buffer says of its segments; all 0: one packet. XDP is not told: a buffer that
 * is longer than its device's MTU is taken for as many full packets, and a rest.
 */
struct packet_offload {
	__u32 segments, size;
	__u32 mtu;
};

enum {
	ETHERTYPE_V4 = 0x0800,
	ETHERTYPE_V6 = 0x86dd,
	ETHERTYPE_TAG = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,
	PROTO_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AH = 51,
	PROTO_ICMP6 = 58,
	PROTO_NONE = 59,
	PROTO_OPTIONS = 60,
	PROTO_SCTP = 132,
	PROTO_MOBILITY = 135,
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
	EXTENSIONS_MAX = 8, /* each once (RFC 8200, 4.1), options twice, and one to spare */
};

/* Inside the parser: one packet's addresses and ports before they become a key. */
struct packet_ends {
	__u64 addr[2][2]; /* words as in the header; IPv4: 0 and the address */
	__u64 port[2];	  /* network order */
	__u64 proto;
	__u64 six;
};

WEIR_INLINE void ends_v4(struct packet_ends *e, const __u8 *ip)
{
	e->addr[0][0] = e->addr[1][0] = 0;
	e->addr[0][1] = word32(ip + 12);
	e->addr[1][1] = word32(ip + 16);
	e->port[0] = e->port[1] = 0;
	e->proto = ip[9];
	e->six = 0;
}

WEIR_INLINE void ends_v6(struct packet_ends *e, const __u8 *ip)
{
	e->addr[0][0] = word64(ip + 8);
	e->addr[0][1] = word64(ip + 16);
	e->addr[1][0] = word64(ip + 24);
	e->addr[1][1] = word64(ip + 32);
	e->port[0] = e->port[1] = 0;
	e->proto = ip[6];
	e->six = 1;
}

WEIR_INLINE __u8 packet_key(const struct packet_ends *e, struct flow_key *key)
{
	/* ICMP has no ends to tell apart but its addresses; type and code stand as they are. */
	__u64 icmp = e->proto == PROTO_ICMP || e->proto == PROTO_ICMP6;
	__u64 sport = icmp ? 0 : e->port[0], dport = icmp ? 0 : e->port[1];
	__u8 direction;

	if (e->six)
		direction = flow_key_v6(key, e->addr[0], e->addr[1], sport, dport, e->proto);
	else
		direction = flow_key_v4(key, e->addr[0][1], e->addr[1][1], sport, dport, e->proto);
	if (unlikely(icmp)) {
		key->port[0] = e->port[0];
		key->port[1] = e->port[1];
	}
	key->netns = 0;
	return direction;
}

/* Both ends of a key are one address: a host that pings itself. */
WEIR_INLINE int key_addresses_equal(const struct flow_key *key)
{
	return word64(key->addr[0]) == word64(key->addr[1]) &&
	       word64(key->addr[0] + 8) == word64(key->addr[1] + 8);
}

/* What a TCP header says beside its ports and its length. */
WEIR_INLINE void facts_tcp(struct packet_facts *f, const __u8 *h)
{
	f->tcp_flags = h[13];
	f->seq = bpf_ntohl(word32(h + 4)) + (h[13] >> 1 & 1);
	f->ack = bpf_ntohl(word32(h + 8));
}

/*
 * The transport header at `at`, one function a protocol; `room` bytes of the IP packet are there.
 * Each reads what it has asked for, so that no path reads more.
 */
WEIR_INLINE int parse_tcp(struct cursor *c, __u64 at, __u64 room, struct packet_facts *f,
			  struct packet_ends *e)
{
	__u64 header;
	const __u8 *h;

	if (unlikely(room < 20))
		return LOSS_TRUNCATED_TRANSPORT;
	h = cursor_read(c, at, 20);
	if (unlikely(!h))
		return cursor_missing(c, at, 20, LOSS_TRUNCATED_TRANSPORT);
	header = (h[12] >> 4) * 4;
	if (unlikely(header < 20 || (header > room && f->fragment == PACKET_WHOLE)))
		return LOSS_BAD_TRANSPORT_HEADER;
	e->port[0] = word16(h);
	e->port[1] = word16(h + 2);
	facts_tcp(f, h);
	f->l4_length = header;
	return PACKET_OK;
}

WEIR_INLINE int parse_udp(struct cursor *c, __u64 at, __u64 room, struct packet_facts *f,
			  struct packet_ends *e)
{
	__u64 length;
	const __u8 *h;

	if (unlikely(room < 8))
		return LOSS_TRUNCATED_TRANSPORT;
	h = cursor_read(c, at, 8);
	if (unlikely(!h))
		return cursor_missing(c, at, 8, LOSS_TRUNCATED_TRANSPORT);
	length = bpf_ntohs(word16(h + 4));
	if (unlikely(length < 8 && length)) /* 0: jumbogram, or left to the device */
		return LOSS_BAD_TRANSPORT_HEADER;
	e->port[0] = word16(h);
	e->port[1] = word16(h + 2);
	f->l4_length = 8;
	return PACKET_OK;
}

WEIR_INLINE int parse_sctp(struct cursor *c, __u64 at, __u64 room, struct packet_facts *f,
			   struct packet_ends *e)
{
	const __u8 *h;

	if (unlikely(room < 12))
		return LOSS_TRUNCATED_TRANSPORT;
	h = cursor_read(c, at, 12);
	if (unlikely(!h))
		return cursor_missing(c, at, 12, LOSS_TRUNCATED_TRANSPORT);
	e->port[0] = word16(h);
	e->port[1] = word16(h + 2);
	f->l4_length = 12;
	return PACKET_OK;
}

/* ICMP and ICMPv6: what it is, and the ports that stand for it. */
WEIR_INLINE int parse_icmp(struct cursor *c, __u64 at, __u64 room, struct packet_facts *f,
			   struct packet_ends *e)
{
	__u64 type, code;
	int six = e->proto == PROTO_ICMP6;
	const __u8 *h;

	if (unlikely(room < 8))
		return LOSS_TRUNCATED_TRANSPORT;
	h = cursor_read(c, at, 8);
	if (unlikely(!h))
		return cursor_missing(c, at, 8, LOSS_TRUNCATED_TRANSPORT);
	type = h[0];
	code = h[1];
	f->l4_length = 8;
	f->icmp_type = type;
	f->icmp_code = code;
	f->icmp_reply = type == (six ? 129 : 0);
	if (six) {
		f->icmp_error = type < 128;
		f->unreachable = type == 1;
	} else {
		f->icmp_error = (type >= 3 && type <= 5) || type == 11 || type == 12;
		f->unreachable = type == 3 && code != 4; /* 4: fragmentation needed */
	}
	if (f->icmp_reply || type == (six ? 128 : 8)) {
		e->port[0] = e->port[1] = word16(h + 4);
	} else {
		e->port[0] = bpf_htons(type);
		e->port[1] = bpf_htons(code);
	}
	return PACKET_OK;
}

WEIR_INLINE int parse_transport(struct cursor *c, __u64 at, __u64 room, struct packet_facts *f,
				struct packet_ends *e)
{
	if (e->proto == PROTO_TCP)
		return parse_tcp(c, at, room, f, e);
	if (e->proto == PROTO_UDP)
		return parse_udp(c, at, room, f, e);
	if (e->proto == PROTO_ICMP || e->proto == PROTO_ICMP6)
		return parse_icmp(c, at, room, f, e);
	if (e->proto == PROTO_SCTP)
		return parse_sctp(c, at, room, f, e);
	return PACKET_OK; /* no ports */
}

/* How many packets of one size `payload` bytes of an IP packet of `total` come to; 0 of none. */
WEIR_INLINE __u64 segments_of(const struct packet_offload *offload, __u64 total, __u64 payload)
{
	__u64 size = offload->size, headers = total - payload;

	if (!size && offload->mtu > headers && total > offload->mtu)
		size = offload->mtu - headers;
	return size ? (payload + size - 1) / size : 1;
}

/*
 * From the end of the IP header to the finished facts. `total` is the IP packet's length in this
 * buffer.
 */
WEIR_INLINE int parse_above_ip(struct cursor *c, const struct packet_offload *offload, __u64 total,
			       struct packet_facts *f, struct packet_ends *e)
{
	__u64 room = total - f->l3_length, payload, segments;
	int fate;

	if (likely(f->fragment != PACKET_LATER)) {
		fate = parse_transport(c, f->l3_offset + f->l3_length, room, f, e);
		if (unlikely(fate != PACKET_OK))
			return fate;
	}
	payload = room > f->l4_length ? room - f->l4_length : 0;
	segments = offload->segments;
	if (!segments)
		segments = segments_of(offload, total, payload);
	if (!segments)
		segments = 1;
	f->segments = segments;
	f->payload = payload;
	f->ip_bytes = total + (segments - 1) * (f->l3_length + f->l4_length);
	f->direction = packet_key(e, &f->key);
	if (unlikely(f->icmp_reply) && key_addresses_equal(&f->key))
		f->direction = 1;
	f->port[0] = e->port[0];
	f->port[1] = e->port[1];
	return PACKET_OK;
}

WEIR_INLINE int parse_v4(struct cursor *c, const struct packet_offload *offload,
			 struct packet_facts *f)
{
	__u64 left, header, total, fragment;
	struct packet_ends e;
	const __u8 *ip;

	ip = cursor_read(c, f->l3_offset, 20);
	if (unlikely(!ip))
		return cursor_missing(c, f->l3_offset, 20, LOSS_TRUNCATED_IP);
	if (unlikely(ip[0] >> 4 != 4))
		return LOSS_BAD_IP_VERSION;
	header = (ip[0] & 15) * 4;
	total = bpf_ntohs(word16(ip + 2));
	left = cursor_length(c, total ? f->l3_offset + total : CURSOR_ALL) - f->l3_offset;
	/* 0: an offloaded buffer too long for the field. More than there is: a lie. */
	if (unlikely(!total || total > left))
		total = left;
	if (unlikely(header < 20 || total < header))
		return LOSS_BAD_IP_HEADER;
	f->l3_length = header;
	fragment = bpf_ntohs(word16(ip + 6));
	if (unlikely(fragment & 0x3fff)) {
		f->fragment = fragment & 0x1fff ? PACKET_LATER : PACKET_FIRST;
		f->fragment_id = word16(ip + 4);
	}
	ends_v4(&e, ip);
	return parse_above_ip(c, offload, total, f, &e);
}

WEIR_INLINE int is_extension(__u64 proto)
{
	return proto == PROTO_HOP || proto == PROTO_ROUTING || proto == PROTO_FRAGMENT ||
	       proto == PROTO_AH || proto == PROTO_OPTIONS || proto == PROTO_MOBILITY ||
	       proto == PROTO_HIP || proto == PROTO_SHIM6;
}

/* One extension header at `h`, of the kind `proto`: its size, and what a fragment header says. */
WEIR_INLINE __u64 parse_extension(const __u8 *h, __u64 proto, struct packet_facts *f)
{
	if (proto == PROTO_AH)
		return (h[1] + 2) * 4;
	if (proto != PROTO_FRAGMENT)
		return (h[1] + 1) * 8;
	if (word16(h + 2) & bpf_htons(0xfff9)) { /* else it is whole */
		f->fragment = word16(h + 2) & bpf_htons(0xfff8) ? PACKET_LATER : PACKET_FIRST;
		f->fragment_id = word32(h + 4);
	}
	return 8;
}

/*
 * Walks the chain behind the fixed IPv6 header. `total` bounds it. On return f->key.proto is what
 * ends the chain and f->l3_length covers it; behind a later fragment's header nothing is a header.
 */
WEIR_INLINE int parse_extensions(struct cursor *c, __u64 total, struct packet_facts *f)
{
	__u64 at, size, proto;
	const __u8 *h;

	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		proto = opaque(f->key.proto);
		at = opaque(f->l3_length);
		if (opaque(f->fragment) == PACKET_LATER || !is_extension(proto))
			return PACKET_OK;
		if (at + 8 > total)
			return LOSS_TRUNCATED_IP;
		h = cursor_read(c, f->l3_offset + at, 8);
		if (unlikely(!h))
			return cursor_missing(c, f->l3_offset + at, 8, LOSS_TRUNCATED_IP);
		size = parse_extension(h, proto, f);
		if (at + size > total)
			return LOSS_TRUNCATED_IP;
		opaque(f->key.proto) = h[0];
		opaque(f->l3_length) = at + size;
	}
	if (opaque(f->fragment) != PACKET_LATER && is_extension(opaque(f->key.proto)))
		return LOSS_TOO_MANY_EXTENSIONS;
	return PACKET_OK;
}

WEIR_INLINE int parse_v6(struct cursor *c, const struct packet_offload *offload,
			 struct packet_facts *f)
{
	__u64 left, total;
	struct packet_ends e;
	const __u8 *ip;
	int fate;

	ip = cursor_read(c, f->l3_offset, 40);
	if (unlikely(!ip))
		return cursor_missing(c, f->l3_offset, 40, LOSS_TRUNCATED_IP);
	if (unlikely(ip[0] >> 4 != 6))
		return LOSS_BAD_IP_VERSION;
	ends_v6(&e, ip);
	total = bpf_ntohs(word16(ip + 4)) + 40;
	left = cursor_length(c, total > 40 ? f->l3_offset + total : CURSOR_ALL) - f->l3_offset;
	/* 0: a jumbogram or an offloaded buffer too long for the field, unless nothing follows. */
	if ((total == 40 && e.proto != PROTO_NONE) || total > left)
		total = left;
	f->l3_length = 40;
	if (unlikely(is_extension(e.proto))) {
		f->key.proto = e.proto;
		fate = parse_extensions(c, total, f);
		if (fate != PACKET_OK)
			return fate;
		e.proto = opaque(f->key.proto);
	}
	return parse_above_ip(c, offload, total, f, &e);
}

WEIR_INLINE int is_tag(__u64 type)
{
	return type == ETHERTYPE_TAG || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD;
}

/*
 * Steps over Ethernet and up to two tags, one of which may stand outside the frame (`vlan` is set
 * already and `tags` is 1). Returns the ethertype, or -1 - enum loss.
 */
WEIR_INLINE int parse_ethernet(struct cursor *c, __u64 tags, struct packet_facts *f)
{
	__u64 at = 14, type;
	const __u8 *h;

	h = cursor_read(c, 0, 14);
	if (unlikely(!h))
		return -1 - cursor_missing(c, 0, 14, LOSS_TRUNCATED_LINK);
	f->cast = h[0] & 1;
	type = bpf_ntohs(word16(h + 12));
	for (int i = 0; i < 2; i++) {
		if (likely(!is_tag(type)))
			break;
		if (tags == 2)
			break;
		h = cursor_read(c, at, 4);
		if (unlikely(!h))
			return -1 - cursor_missing(c, at, 4, LOSS_TRUNCATED_LINK);
		if (!tags)
			f->vlan = bpf_ntohs(word16(h)) & 0xfff;
		type = bpf_ntohs(word16(h + 2));
		tags++;
		at += 4;
	}
	if (unlikely(is_tag(type)))
		return -1 - LOSS_TOO_MANY_TAGS;
	f->l3_offset = at;
	return type;
}

/* What only some packets have. */
WEIR_INLINE void facts_zero(struct packet_facts *f)
{
	f->fragment_id = 0;
	f->tunnel = 0;
	set_word64(&f->seq, 0);
	set_word64(&f->tcp_flags, 0);
}

/* `vlan_tag`: id of a tag that the device took off the frame, and PACKET_TAGGED; 0: none. */
#define PACKET_TAGGED 0x10000u

/* PACKET_OK, or the enum loss that is the packet's fate (then the facts are not to be used). */
WEIR_INLINE int packet_parse_cursor(struct cursor *c, enum packet_start start, __u32 vlan_tag,
				    const struct packet_offload *offload, struct packet_facts *f)
{
	const __u8 *h;
	int type;

	facts_zero(f);
	f->segments = offload->segments ? offload->segments : 1; /* for what has no facts */
	f->l3_offset = 0;
	f->l3_length = 0;
	f->l4_length = 0;
	f->vlan = vlan_tag & 0xfff;
	if (start == PACKET_ETHERNET) {
		type = parse_ethernet(c, vlan_tag & PACKET_TAGGED ? 1 : 0, f);
		if (type < 0)
			return -1 - type;
	} else {
		h = cursor_read(c, 0, 1);
		if (unlikely(!h))
			return cursor_missing(c, 0, 1, LOSS_TRUNCATED_IP);
		if (h[0] >> 4 != 4 && h[0] >> 4 != 6)
			return LOSS_BAD_IP_VERSION;
		type = h[0] >> 4 == 4 ? ETHERTYPE_V4 : ETHERTYPE_V6;
	}
	if (likely(type == ETHERTYPE_V4))
		return parse_v4(c, offload, f);
	if (type == ETHERTYPE_V6)
		return parse_v6(c, offload, f);
	return LOSS_NOT_IP;
}

/* Ports that a later fragment gets from its first (packet order, network byte order). */
WEIR_INLINE void packet_set_ports(struct packet_facts *f, __u16 source, __u16 destination)
{
	struct packet_ends e;
	int s = f->direction ? 1 : 0;

	for (int i = 0; i < 2; i++) {
		e.addr[i][0] = word64(f->key.addr[s ^ i]);
		e.addr[i][1] = word64(f->key.addr[s ^ i] + 8);
	}
	f->port[0] = e.port[0] = source;
	f->port[1] = e.port[1] = destination;
	e.proto = f->key.proto;
	e.six = 1;
	f->direction = packet_key(&e, &f->key);
}

#ifndef __bpf__
/*
 * The agent's build: `captured` bytes of a frame that was `wire` bytes long (at least `captured`).
 * PACKET_OK, or the enum loss that is its fate.
 */
static inline int packet_parse(const void *bytes, __u32 captured, __u32 wire,
			       enum packet_start start, struct packet_facts *facts)
{
	static const struct packet_offload whole;
	struct cursor c = {
		.data = bytes,
		.end = (const __u8 *)bytes + captured,
		.length = wire > captured ? wire : captured,
		.kind = CURSOR_MEMORY,
	};

	return packet_parse_cursor(&c, start, 0, &whole, facts);
}
#endif

#endif
