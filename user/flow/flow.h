/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FLOW_H
#define WEIR_FLOW_FLOW_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/table.h"
#include "base/time.h"
#include "bpf/flow.h"
#include "event/event.h"

/*
 * The flow stage: what a source knows of connections becomes the events `attempt`, `connection`
 * and `flow` (docs/rules.md, Events). Two kinds of source feed it: a capture gives packets
 * (flow/track.h, which does in user space what the programs do in the kernel), the live source
 * gives records and polled counters. Both end in the calls below, so both say the same.
 * Engine thread only. Times are event time (wall clock, ns).
 */

struct flow_counts {
	uint64_t bytes[2];   /* IP bytes by direction of the key */
	uint64_t payload[2]; /* transport payload bytes */
	uint64_t packets[2];
};

/*
 * One connection. Owned by the table; fields are for the sources to read, but for `own`, `silent`,
 * `owner`, `nat`, `slot`, `generation`, `marks` (FLOW_HALF_OPEN) and `source`, which a source may
 * set. What a packet changes stands in the first two cache lines.
 */
struct flow {
	struct flow_key key;
	uint8_t state;	   /* enum flow_state */
	uint8_t initiator; /* direction of the initiator */
	uint8_t marks;	   /* enum flow_mark */
	uint8_t flags[2];  /* TCP flags seen, by direction */
	bool decided;	   /* its `connection` event was made, or will never be */
	bool own;	   /* weir's own traffic: makes no events */
	bool silent;	   /* NAT twin: makes no events */
	uint8_t watch;	   /* enum payload_watch; captures only */
	uint8_t started;   /* bit a direction: `start` is known; captures only */
	bool renumbered;   /* the responder's SYN came with more than one; the same */
	weir_time last;

	struct flow_counts now;	  /* all that was counted */
	weir_time interval_first; /* first packet in the open interval; TIME_NONE: nothing moved */
	weir_time first;

	struct flow_counts told; /* all that `flow` events have said */
	weir_time deadline;	 /* unanswered at; TIME_NEVER once decided */
	uint32_t slot;		 /* live: slot in the main table, or RECORD_NO_SLOT; else unused */
	uint32_t generation;

	uint32_t ifindex; /* first seen on; replay: number of the interface in the file */
	uint16_t vlan;
	uint8_t icmp_type, icmp_code; /* of the first packet */
	const struct flow_nat *nat;
	void *source;	      /* the live source's own */
	void *owner[2];	      /* whose each end is, by direction: flow_ops.owner reads it */
	const char *protocol; /* by content, static; NULL: not told yet */
	bool logged_in;	      /* a log-in within it was seen to work */
	uint32_t start[2];    /* TCP: sequence number of a direction's first byte */

	/* The flow stage's own. */
	TAILQ_ENTRY(flow) age;	  /* by last change, in the list of its timeout */
	TAILQ_ENTRY(flow) wait;	  /* until its deadline */
	weir_time changed;	  /* end of the interval of the last change */
	uint32_t moved;		  /* 1 + place among those that moved in the open interval */
	uint16_t bucket;	  /* of `wait` */
	uint8_t age_class;	  /* of `age` */
	bool waiting;		  /* in `wait` */
	bool overdue;		  /* its deadline has passed */
	bool destination_answers; /* destination.answered */
};

/* The other tuple of a translated connection, as `nat.*` fields show it. */
struct flow_nat {
	struct addr source, destination;
	uint16_t source_port, destination_port; /* host order */
};

/* How long a flow may be silent before it ends, by protocol and state: docs/operations.md. */
struct flow_timeouts {
	weir_time unanswered;	   /* 5 s: first packet to the outcome `unanswered` */
	weir_time closed;	   /* 5 s: linger after FIN both ways or RST */
	weir_time tcp_new;	   /* 30 s: half open, rejected, unanswered */
	weir_time tcp_established; /* 2 h */
	weir_time udp_new;	   /* 30 s */
	weir_time udp_answered;	   /* 3 min */
	weir_time icmp;		   /* 30 s */
	weir_time other;	   /* 10 min */
};
extern const struct flow_timeouts flow_timeouts_default;

struct flow_ops {
	void (*event)(void *context, const struct event *event);
	void *context;
	uint32_t services;  /* bit a service: events of others need not be made */
	weir_time interval; /* of `flow` events: 1 s; at multiples from the epoch */
	/* The table's bound: past it, one that was never answered goes (of these the least recently
	 * changed), then one answered once, then closed, and the established last; counted. */
	size_t max_flows;
	/* The bound of those that a flood makes: all but what closed or went on. 0: none. */
	size_t max_fleeting;
	const struct flow_timeouts *timeouts;
	/* Live: when the table began to see packets. For 60 s after it, a UDP packet from a
	 * service's port to a client's is the answer to something that was not seen. TIME_NONE (or
	 * 0): the input is whole from its first packet. */
	weir_time ready;
	/* Name of an interface, alive until the event was taken; NULL: unknown. Optional. */
	const char *(*interface_name)(void *context, uint32_t ifindex);
	/* Puts on an event of a flow whose it is; what it points to lives until the event was
	 * taken. Optional. */
	void (*owner)(void *context, struct flow *flow, struct event *event);
	/* The flow's memory goes: the last time that `owner` can be read. Optional. */
	void (*release)(void *context, struct flow *flow);
	/* Called for a flow that the table ends by itself (evicted, finished, or expired without a
	 * callback), while it can still be read: a source that keeps pointers drops them. Optional.
	 */
	void (*forget)(void *context, struct flow *flow);
};

struct flow_stats {
	uint64_t flows; /* now */
	uint64_t started, established, rejected, unanswered, ended, midstream;
	uint64_t own, nat;	   /* of those that ended: weir's own, NAT twins */
	uint64_t evicted;	   /* ended early for want of room: still reported whole */
	struct flow_counts told;   /* sums of all that was reported: [0] by initiators */
	struct flow_counts untold; /* sums of what is not for telling: own and silent flows */
};

struct flow_table;

struct flow_table *flow_table_new(const struct flow_ops *ops); /* NULL without memory */
void flow_want(struct flow_table *table, uint32_t services);   /* ops.services, anew */
void flow_table_free(struct flow_table *table);

/* The table begins to see packets at `at` (flow_ops.ready). */
void flow_ready(struct flow_table *table, weir_time at);

struct flow *flow_find(struct flow_table *table, const struct flow_key *key);

/* What it speaks: network.protocol of its events from now on. The name is static. */
void flow_speaks(struct flow *flow, const char *protocol);

/* A log-in within it was seen to work: event.outcome of its events from now on is "success". */
void flow_logs_in(struct flow *flow);

/* What is known when a flow is first seen. */
struct flow_start {
	struct flow_key key;
	weir_time first;
	uint32_t ifindex;
	uint16_t vlan;
	uint8_t initiator, marks, state;
	bool own;
	bool silent;		    /* NAT twin: makes no events */
	const struct flow_nat *nat; /* must outlive the flow; NULL: not translated */
	void *owner[2];		    /* struct flow.owner */
	uint64_t missed; /* > 0: stands for so many first packets without a source (event.count) */
	bool numbered;	 /* such a number has its first packet: it makes no attempt */
	bool crowded; /* questions may have been forgotten: as within 60 s after flow_ops.ready */
};

/*
 * Enters a flow and makes its `attempt` (unless midstream, error, own). NULL without memory. The
 * key must not be in yet. The initiator of a flow with FLOW_MIDSTREAM is corrected here where one
 * of its ports, and only one, is a known service's: that side is the responder.
 * With `missed`, only the `attempt` to the side that is not the initiator is made, no flow is
 * entered, and NULL is returned.
 */
struct flow *flow_begin(struct flow_table *table, const struct flow_start *start);

/*
 * The packet at `at` decided its outcome: FLOW_ANSWERED (UDP, ICMP), FLOW_ESTABLISHED,
 * FLOW_REJECTED or FLOW_CLOSED. States only go up; `connection` is made once. FLOW_ANSWERED of a
 * TCP flow decides nothing yet: if the initiator does not go on in time, it is told as established
 * and tcp.half_open.
 */
void flow_decide(struct flow_table *table, struct flow *flow, enum flow_state state, weir_time at);

/* Absolute counters as the source sees them now; only growth counts. */
void flow_count(struct flow_table *table, struct flow *flow, const struct flow_counts *now,
		const uint8_t flags[2], weir_time last);

/* One packet of `bytes` (IP) and `payload` from `direction`: what a capture knows. */
void flow_add(struct flow_table *table, struct flow *flow, unsigned direction, uint32_t bytes,
	      uint32_t payload, uint8_t flags, weir_time at);

/* Tells what was not told, with totals, and forgets the flow (the pointer dies). */
void flow_end(struct flow_table *table, struct flow *flow);

/*
 * Time has come to `now`: closes intervals that are over, decides `unanswered`, calls `expired` for
 * each flow that is silent for longer than its timeout, counted from the end of the interval of its
 * last packet: once, unless it moves again. The source ends it when it has the last counts; NULL:
 * it is ended here. Costs what happened, not the time that passed. Time that goes back changes
 * nothing.
 */
void flow_advance(struct flow_table *table, weir_time now,
		  void (*expired)(void *context, struct flow *flow), void *context);

/* End of the open interval: until then flow_advance() does nothing. */
weir_time flow_due(const struct flow_table *table);

/* The end of the input: everything ages out as docs/rules.md says. */
void flow_finish(struct flow_table *table);

void flow_stats(const struct flow_table *table, struct flow_stats *stats);

#endif
