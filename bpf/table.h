/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_TABLE_H
#define WEIR_BPF_TABLE_H

/*
 * What else stands in maps that both sides read. The maps themselves are defined in maps.h (BPF
 * side only); their names and contents, which the agent relies on:
 *
 *   flow_main     hash          flow_key → flow_ref                 preallocated, size set at load
 *   flow_hot      array, mmap   slot → flow_slot                    same size
 *   flow_cold     array         slot → flow_cold                    same size
 *   flow_free     stack         free slot numbers                   same size, filled by the agent
 *   flow_retired  queue         struct flow_ref of slots whose key a new SYN took over
 *   half_in       LRU hash      flow_key → flow_half                first packet came in
 *   half_out      LRU hash      flow_key → flow_half                first packet went out
 *   fragments     LRU hash      fragment_key → fragment_ports
 *   attachments   hash          attachment.ifindex → attachment     filled by the agent
 *   attachment_live hash        attachment id → __u8                ids that still count
 *   traffic       per-CPU array attachment.stats → traffic_counts
 *   losses        per-CPU array enum loss → __u64
 *   budget        array         65,536 budget_cell
 *   records       ring buffer   flow_record
 *   payloads      ring buffer   payload_record                      for the decoders
 *   payload_counts per-CPU array enum payload_count → __u64
 *   identity      array of 1    struct identity: how weir knows its own programs
 */

#include "flow.h"

/* In place of the index of an interface in another network namespace, where others may have the
 * same: this bit and a number of 16 bits that the agent gives, which the filter there bears as its
 * class. */
#define ATTACHMENT_ELSEWHERE 0x80000000u

/* One interface instance; ids are given by the agent and never used again in a run. */
struct attachment {
	__u32 ifindex;	/* here, or ATTACHMENT_ELSEWHERE and a number */
	__u32 netns;	/* goes into flow_key.netns */
	__u32 id_in;	/* owner number of its ingress hook (TC or XDP: whichever counts) */
	__u32 id_out;	/* of its egress hook */
	__u32 stats_in; /* index into `traffic` */
	__u32 stats_out;
	__u32 flags; /* enum attachment_flag */
	__u32 mtu;   /* IP bytes that one packet has here; 0: not known. XDP only */
};
_Static_assert(sizeof(struct attachment) == 32, "attachment crosses to the kernel");

enum attachment_flag {
	ATTACHMENT_XDP = 0x1, /* XDP counts ingress here: TC ingress only supplies what XDP lacks */
};

/* Per CPU and attachment: for comparison with the interface's own counters (coverage). */
struct traffic_counts {
	__u64 buffers;	    /* skbs or XDP frames */
	__u64 segments;	    /* packets on the wire */
	__u64 buffer_bytes; /* what software devices count */
	__u64 wire_bytes;   /* what NICs count: link header again for each segment */
	__u64 ip_bytes;	    /* counted into flows: the sum that flows must explain */
	__u64 unparsed;	    /* buffers that are in no flow */
};

/* Sums over all CPUs of what happened to half-open entries; per CPU in `half_counts`. */
enum half_count {
	HALF_INSERTED,
	HALF_PROMOTED,
	HALF_COUNTS,
};

/* What became of the payload that was chosen; bytes without those of the records' heads. */
enum payload_count {
	PAYLOAD_RECORDS,
	PAYLOAD_BYTES,
	PAYLOAD_UNSENT_BUDGET, /* bytes, by enum loss */
	PAYLOAD_UNSENT_RING,
	PAYLOAD_UNSENT_FRAGMENT,
	PAYLOAD_UNSENT_UNREADABLE,
	PAYLOAD_COUNTS,
};

struct fragment_key {
	__u8 addr[2][16]; /* source, destination */
	__u32 id;
	__u32 netns;
	__u8 proto;
	__u8 zero[3];
};
_Static_assert(sizeof(struct fragment_key) == 44, "hashed");

struct fragment_ports {
	__u16 port[2]; /* source, destination; network order */
	__u32 at;      /* jiffies, low 32 bits; older than 30 s is not used */
};

#define BUDGET_CELLS 65536

/* First packets told through the ring by one local endpoint and direction in one epoch. */
struct budget_cell {
	__u32 epoch; /* jiffies / HZ, low 32 bits */
	__u32 count;
};

#define WEIR_MAGIC 0x77656972u /* "weir" */

struct identity {
	__u32 magic;
	__u32 version;	/* of the layout of these maps */
	__u64 instance; /* random, one a run */
};

/* Settings of the programs: read-only data set before load, and what changes while they run. */
#define TABLE_LAYOUT 1

#endif
