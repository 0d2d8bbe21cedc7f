/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_FLOW_H
#define WEIR_BPF_FLOW_H

/*
 * What kernel and agent share about a flow: its key, its counters, and the steps a connection
 * takes. Compiled into the BPF programs and into the agent, so that live and replay decide alike.
 */

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

/*
 * One entry for both directions of a connection. The pair (addr[0], port[0]) is the lesser one in
 * the order of flow_key_canonical(), an order that is the same for all on one machine and means
 * nothing else. 44 bytes, no padding, a multiple of 4 (the kernel hashes words).
 */
struct flow_key {
	__u8 addr[2][16]; /* network order; IPv4 as ::ffff:a.b.c.d */
	__u16 port[2]; /* network order; ICMP echo: identifier on both sides; other ICMP: type, code
			*/
	__u32 netns;   /* the agent's number for the network namespace; replay: 0 */
	__u8 proto;    /* IANA protocol number */
	__u8 zero[3];
};
_Static_assert(sizeof(struct flow_key) == 44, "flow_key is hashed and crosses to the kernel");

/* A direction is the side of the key that sends: 0 or 1. */

/* TCP flags, as in the header's 14th byte. */
enum tcp_flag {
	TCP_FLAG_FIN = 0x01,
	TCP_FLAG_SYN = 0x02,
	TCP_FLAG_RST = 0x04,
	TCP_FLAG_PSH = 0x08,
	TCP_FLAG_ACK = 0x10,
	TCP_FLAG_URG = 0x20,
};

/* The life of a connection; only upwards. */
enum flow_state {
	FLOW_NEW = 0,  /* only the initiator has sent */
	FLOW_ANSWERED, /* TCP: SYN-ACK seen, the initiator has not gone on; else: inbound, replied
			*/
	FLOW_ESTABLISHED, /* answered; TCP: and the initiator went on */
	FLOW_REJECTED,	  /* RST before it was established, or ICMP unreachable */
	FLOW_CLOSED,	  /* FIN both ways, or RST, after it was established */
};

/* What is special about a flow (struct flow_cold.marks, struct flow_record.marks). */
enum flow_mark {
	FLOW_MIDSTREAM = 0x01, /* first seen in the middle: no attempt */
	FLOW_HALF_OPEN = 0x02, /* answered, and the initiator reset or never went on */
	FLOW_ERROR = 0x04,     /* an ICMP error message: an answer to something, never an attempt */
	FLOW_INBOUND = 0x08,   /* first seen on an ingress hook */
	FLOW_FRAGMENT = 0x10,  /* first seen as a fragment */
	FLOW_XDP = 0x20,       /* first seen by XDP: no socket cookie yet */
	FLOW_CAST = 0x40,      /* first packet was a link-layer broadcast or multicast */
};

/*
 * The hot part, one cache line. An array map that the agent maps into its memory. Bytes are IP
 * bytes as on the wire, each segment of an offloaded packet with its own headers. Counters only
 * ever grow by atomic addition; the agent zeroes a slot, all but `generation`, before it goes back
 * to the free stack.
 */
struct flow_slot {
	__u64 bytes[2];	  /* by direction */
	__u64 payload[2]; /* bytes that the transport carried */
	__u32 packets[2]; /* segments; modulo 2^32: the agent adds up differences */
	__u32 last[2];	  /* jiffies, low 32 bits */
	__u32 owner[2];	  /* attachment that counts this direction; 0: nobody yet */
	__u8 flags[2];	  /* TCP flags seen */
	__u8 state;	  /* enum flow_state */
	__u8 watch;	  /* enum payload_watch */
	__u32 generation; /* which life of this slot; bumped by the creator */
};
_Static_assert(sizeof(struct flow_slot) == 64, "flow_slot is one cache line");

/* The cold part, read on demand, in a second array at the same index. */
struct flow_cold {
	struct flow_key key;
	__u32 ifindex; /* first seen on */
	__u64 first;   /* ns of CLOCK_BOOTTIME */
	__u64 decided; /* ns of CLOCK_BOOTTIME: established or rejected; 0: not yet */
	/*
	 * Cookie of the socket that sends in a direction; 0: none seen. Only whoever knows the
	 * sockets can tell whether it is one: a kernel's RST and a SYN cookie have others'.
	 */
	__u64 cookie[2];
	__u32 generation;
	__u16 vlan;	/* 802.1Q id of the outer tag, host order; 0: none */
	__u8 initiator; /* direction of the initiator */
	__u8 marks;	/* enum flow_mark */
	__u32 start[2]; /* TCP: number of a direction's first byte; if its flags have a SYN */
};
_Static_assert(sizeof(struct flow_cold) == 96, "flow_cold crosses to the agent");

/* What the main hash holds for a key, read in one load. */
struct flow_ref {
	__u32 slot;
	__u32 generation;
};

/*
 * Unfinished handshakes, whole, in two LRU hashes (inbound, outbound) that hold no slots: a flood
 * of one kind evicts only its like. Counters by atomic addition.
 */
struct flow_half {
	__u64 first;	 /* ns of CLOCK_BOOTTIME */
	__u64 decided;	 /* ns; 0: not yet */
	__u64 cookie[2]; /* as in flow_cold */
	__u64 bytes[2];
	__u64 payload[2];
	__u32 packets[2];
	__u32 last[2]; /* jiffies, low 32 bits; of a direction not seen yet: the first packet's */
	__u32 owner[2];
	__u32 ifindex;
	__u16 vlan;
	__u8 flags[2];
	/*
	 * FLOW_NEW, FLOW_ANSWERED, FLOW_REJECTED; FLOW_CLOSED with FLOW_HALF_OPEN (the initiator
	 * reset what was answered); FLOW_ESTABLISHED while the main table has no room.
	 */
	__u8 state;
	__u8 initiator;
	__u8 marks;
	__u8 told; /* a record for it went into the ring (else the walk finds it) */
	/*
	 * Not 0: being promoted. Its counts are in the main table as soon as the key is; an entry
	 * that a later walk still finds so has stayed behind, and its counts are its own.
	 */
	__u8 moved;
	__u8 watch;	 /* enum payload_watch */
	__u8 renumbered; /* TCP: the responder's SYN came with more than one number */
	__u8 zero;
	__u32 start[2]; /* as in flow_cold */
};
_Static_assert(sizeof(struct flow_half) == 112, "flow_half crosses to the agent");

#endif
