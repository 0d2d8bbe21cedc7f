/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_RECORD_H
#define WEIR_BPF_RECORD_H

#include "flow.h"

/*
 * What the programs tell the agent through the ring buffer. Records are hints that save waiting
 * for a poll; the tables are the truth. The CPU whose map update or delete succeeded sends STARTED,
 * RETIRED and ESTABLISHED with a slot, so each comes once at most. The others follow from a state
 * that is stored plainly: two CPUs that see the same moment may both tell it, so take them as "at
 * least this state".
 */
enum record_kind {
	RECORD_STARTED = 1, /* first packet of a flow; never has a slot */
	/*
	 * Without a slot: answered, and stays half open (inbound and not TCP; no room in the main
	 * table; the initiator reset it: FLOW_HALF_OPEN). With a slot: now in the main table. A
	 * flow may have one of each, in this order.
	 */
	RECORD_ESTABLISHED = 2,
	RECORD_REJECTED = 3, /* RST before it was established, or ICMP unreachable; no slot */
	RECORD_CLOSED = 4,   /* marked closed; counters as they are now, the table's are final */
	/*
	 * A new SYN reused the tuple of a connection that is over. With a slot: it stands in
	 * `flow_retired`, read its counters there. Without: these are its last counters.
	 */
	RECORD_RETIRED = 5,
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
_Static_assert(sizeof(struct flow_record) == 184, "flow_record crosses to the agent");

#endif
