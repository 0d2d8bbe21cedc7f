/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_RECORD_H
#define WEIR_BPF_RECORD_H

#include "flow.h"

/*
 * What the programs tell the agent through the ring buffer. Records are hints that save waiting
 * for a poll; the tables are the truth. The CPU whose map update or delete succeeded sends it, so
 * each is sent once at most.
 */
enum record_kind {
	RECORD_STARTED = 1,	/* first packet of a flow; `slot` is unset unless midstream */
	RECORD_ESTABLISHED = 2, /* promoted to the main table */
	RECORD_REJECTED = 3,	/* RST before it was established, or ICMP unreachable */
	RECORD_CLOSED = 4,	/* marked closed; counters as they are now, the slot's are final */
	RECORD_RETIRED = 5,	/* a new SYN reused a closed tuple: its slot stands in `retired` */
};

#define RECORD_NO_SLOT 0xffffffffu

/* Zeroed before it is filled. */
struct flow_record {
	__u32 kind; /* enum record_kind */
	__u32 slot; /* RECORD_NO_SLOT: half open */
	__u32 generation;
	__u32 zero;
	__u64 at;		/* ns of CLOCK_BOOTTIME of the packet that caused it */
	struct flow_half facts; /* everything known of the flow at that moment */
	struct flow_key key;
	__u32 pad;
};
_Static_assert(sizeof(struct flow_record) == 168, "flow_record crosses to the agent");

#endif
