/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_PAYLOAD_H
#define WEIR_BPF_PAYLOAD_H

#include "key.h"

/*
 * Which bytes of a conversation are worth a decoder's time, and how they leave the kernel. The
 * choice is pure and compiled into the agent too, so that a capture gives the decoders the very
 * bytes that the host would have given them.
 */

/* What is wanted of a flow (struct flow_slot.watch); 0 is the common case and costs one compare. */
enum payload_watch {
	PAYLOAD_OPENING,  /* the first bytes of both directions, and then nothing */
	PAYLOAD_MESSAGES, /* every packet, whole: DNS, DHCP */
	PAYLOAD_ECHOES,	  /* the beginning of every packet: ICMP */
	PAYLOAD_LINES,	  /* the opening, then the beginning of every packet: FTP, SMTP */
	PAYLOAD_HTTP,	  /* the opening, then packets that begin a request or a response */
	PAYLOAD_SMB,	  /* the opening, then packets that begin an SMB message */
	PAYLOAD_SHAPE,	  /* the opening, then only how much each packet carries: SSH, RDP */
	PAYLOAD_NOTHING,  /* no more */
};

/* Bytes; of what begins in a packet behind the opening. */
enum {
	PAYLOAD_OPENING_BYTES = 4096, /* of each direction, by default */
	PAYLOAD_ECHO_BYTES = 256,
	PAYLOAD_LINE_BYTES = 512,
	PAYLOAD_HTTP_BYTES = 2048,
	PAYLOAD_SMB_BYTES = 512,
	PAYLOAD_SHAPE_UNTIL = 65536, /* sizes are told until a direction carried so much */
	PAYLOAD_MESSAGE_MAX = 65535,
	PAYLOAD_PIECE = 4096, /* at most in one record */
	PAYLOAD_HEAD = 12,    /* bytes that the choice reads of a packet */
};

/* What a record of the payload ring is about. */
enum payload_kind {
	PAYLOAD_FLOW = 1, /* payload of a flow's packet */
	PAYLOAD_ARP, /* an ARP packet: `bytes` is what follows the Ethernet header, key is empty */
};

/*
 * One packet's payload, or a piece of it. Times and orders as in struct flow_record. What a flow
 * carried and no record has was not chosen, or is counted (loss.h: LOSS_PAYLOAD_*).
 */
struct payload_record {
	struct flow_key key;
	__u32 seq;    /* TCP: sequence number of the packet's first payload byte; host order */
	__u64 at;     /* ns of CLOCK_BOOTTIME */
	__u64 seen;   /* payload bytes of this direction before this packet, retransmissions too */
	__u32 start;  /* TCP: sequence number of the direction's first byte, if `started` */
	__u32 wire;   /* payload bytes that the packet carried */
	__u32 offset; /* of `bytes` in the packet's payload */
	__u16 length; /* of `bytes` */
	__u8 kind;    /* enum payload_kind */
	__u8 watch;   /* enum payload_watch, after this packet */
	__u8 direction; /* of this packet in the key */
	__u8 initiator; /* direction of the initiator */
	__u8 tcp_flags;
	__u8 marks;   /* enum flow_mark of the flow */
	__u8 started; /* `start` is known: the SYN was seen */
	__u8 icmp_type, icmp_code;
	__u8 last; /* of the pieces of this packet */
	__u8 bytes[];
};
_Static_assert(sizeof(struct payload_record) == 88, "payload_record crosses to the agent");

/* What is looked at to choose. The programs keep it in a map: no padding, 8-byte words first. */
struct payload_view {
	__u64 seen;    /* payload bytes of this direction before this packet */
	__u64 opening; /* bytes of each direction that are always wanted */
	__u32 length;  /* payload bytes of this packet; 0: nothing is chosen */
	__u8 watch;
	__u8 proto;
	__u8 head_length;	 /* of `head`, at most PAYLOAD_HEAD */
	__u8 head[PAYLOAD_HEAD]; /* the packet's first payload bytes */
};

struct payload_choice {
	__u32 take; /* bytes from the packet's beginning */
	__u8 send;  /* a record is wanted, though perhaps without bytes */
	__u8 watch; /* from now on */
};

/* By the ports, before anything was said; ports in network order. */
WEIR_INLINE __u8 payload_watch_of(__u8 proto, __u16 a, __u16 b)
{
	__u16 low = bpf_ntohs(a), high = bpf_ntohs(b);

	if (proto == 1 || proto == 58)
		return PAYLOAD_ECHOES;
	if (low > high) {
		__u16 swap = low;

		low = high;
		high = swap;
	}
	if (low == 53)
		return PAYLOAD_MESSAGES;
	if (proto == 17 && (low == 5353 || high == 5353 || low == 5355 || high == 5355 ||
			    low == 67 || low == 68 || high == 67 || high == 68 || low == 137))
		return PAYLOAD_MESSAGES;
	if (proto == 6 && (low == 21 || low == 25))
		return PAYLOAD_LINES;
	if (proto == 6 && (low == 445 || low == 139))
		return PAYLOAD_SMB;
	return PAYLOAD_OPENING;
}

/* The first four bytes as a number that reads as they stand. */
#define PAYLOAD_WORD(a, b, c, d)                                                                   \
	((__u32)(a) << 24 | (__u32)(b) << 16 | (__u32)(c) << 8 | (__u32)(d))

WEIR_INLINE __u32 payload_word(const __u8 *p)
{
	return PAYLOAD_WORD(p[0], p[1], p[2], p[3]);
}

WEIR_INLINE int payload_is_http(__u32 word)
{
	switch (word) {
	case PAYLOAD_WORD('G', 'E', 'T', ' '):
	case PAYLOAD_WORD('P', 'O', 'S', 'T'):
	case PAYLOAD_WORD('H', 'E', 'A', 'D'):
	case PAYLOAD_WORD('P', 'U', 'T', ' '):
	case PAYLOAD_WORD('D', 'E', 'L', 'E'):
	case PAYLOAD_WORD('O', 'P', 'T', 'I'):
	case PAYLOAD_WORD('P', 'A', 'T', 'C'):
	case PAYLOAD_WORD('C', 'O', 'N', 'N'):
	case PAYLOAD_WORD('P', 'R', 'O', 'P'):
	case PAYLOAD_WORD('H', 'T', 'T', 'P'):
		return 1;
	}
	return 0;
}

/* Behind the four bytes of NetBIOS: 0xff, 0xfe (2 and 3) or 0xfd (encrypted) and "SMB". */
WEIR_INLINE int payload_is_smb(const struct payload_view *v)
{
	__u32 word = payload_word(v->head + 4);

	return v->head_length >= 8 && v->head[0] == 0 && word >> 24 >= 0xfd &&
	       (word & 0xffffff) == (PAYLOAD_WORD(0, 'S', 'M', 'B') & 0xffffff);
}

/* A query: no answer, opcode 0, one question, nothing else but at most one additional (EDNS). */
WEIR_INLINE int payload_is_query(const struct payload_view *v)
{
	return v->head_length >= 12 && !(v->head[2] & 0xf8) &&
	       payload_word(v->head + 4) == 0x00010000 && !v->head[8] && !v->head[9] &&
	       !v->head[10] && v->head[11] <= 1;
}

/* What the first packet of a direction says about the rest. */
WEIR_INLINE __u8 payload_watch_by_content(const struct payload_view *v)
{
	__u32 word = payload_word(v->head);

	if (v->head_length < 4)
		return v->watch;
	if (v->proto == 17)
		return payload_is_query(v) ? PAYLOAD_MESSAGES : v->watch;
	if (word == PAYLOAD_WORD('S', 'S', 'H', '-') || word == PAYLOAD_WORD(3, 0, 0, v->head[3]))
		return PAYLOAD_SHAPE;
	if (payload_is_http(word))
		return PAYLOAD_HTTP;
	return payload_is_smb(v) ? PAYLOAD_SMB : v->watch;
}

/* False if payload_choose() would choose nothing, whatever the packet says. */
WEIR_INLINE int payload_wanted(__u8 watch, __u64 seen, __u64 opening)
{
	if (likely(watch == PAYLOAD_OPENING))
		return seen < opening;
	if (watch == PAYLOAD_SHAPE)
		return seen < PAYLOAD_SHAPE_UNTIL;
	return watch != PAYLOAD_NOTHING;
}

WEIR_INLINE __u32 payload_least(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/* Behind the opening. */
WEIR_INLINE void payload_choose_later(const struct payload_view *v, struct payload_choice *c)
{
	switch (v->watch) {
	case PAYLOAD_MESSAGES:
		c->take = payload_least(v->length, PAYLOAD_MESSAGE_MAX);
		break;
	case PAYLOAD_ECHOES:
		c->take = payload_least(v->length, PAYLOAD_ECHO_BYTES);
		break;
	case PAYLOAD_LINES:
		c->take = payload_least(v->length, PAYLOAD_LINE_BYTES);
		break;
	case PAYLOAD_HTTP:
		if (v->head_length >= 4 && payload_is_http(payload_word(v->head)))
			c->take = payload_least(v->length, PAYLOAD_HTTP_BYTES);
		break;
	case PAYLOAD_SMB:
		if (payload_is_smb(v))
			c->take = payload_least(v->length, PAYLOAD_SMB_BYTES);
		break;
	case PAYLOAD_SHAPE:
		c->send = v->seen < PAYLOAD_SHAPE_UNTIL;
		break;
	}
	if (c->take)
		c->send = 1;
}

/* The one choice. */
WEIR_INLINE struct payload_choice payload_choose(const struct payload_view *v)
{
	struct payload_choice c = {.watch = v->watch};

	if (!v->length || v->watch == PAYLOAD_NOTHING)
		return c;
	if (v->watch == PAYLOAD_OPENING && !v->seen)
		c.watch = payload_watch_by_content(v);
	if (v->watch == PAYLOAD_MESSAGES || v->watch == PAYLOAD_ECHOES || v->seen >= v->opening) {
		payload_choose_later(v, &c);
	} else {
		c.take = payload_least(v->length, v->opening - v->seen);
		c.send = 1;
	}
	return c;
}

#endif
