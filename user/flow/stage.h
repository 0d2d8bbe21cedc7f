/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_STAGE_H
#define WEIR_FLOW_STAGE_H

#include "base/vec.h"
#include "flow/answered.h"
#include "flow/flow.h"
#include "flow/slab.h"

/* The inside of the flow stage: what its files share. */

#define PROTO_ICMP   1
#define PROTO_TCP    6
#define PROTO_UDP    17
#define PROTO_ICMPV6 58

/* Which timeout ends a flow: one list each, the least recently changed first. Those before
 * AGE_CLOSED are fleeting: an outsider makes them alone, from invented addresses. In the order in
 * which they go where there is no room. */
enum age_class {
	AGE_TCP_NEW,
	AGE_UDP_NEW,
	AGE_ICMP,
	AGE_OTHER_NEW, /* as AGE_OTHER, not answered */
	AGE_UDP_ONCE,  /* live, inbound: one exchange, as AGE_UDP_ANSWERED */
	AGE_CLOSED,
	AGE_OTHER,
	AGE_UDP_ANSWERED,
	AGE_TCP_ESTABLISHED,
	AGE_EXPIRED, /* its source was told and will end it: no timeout */
	AGE_CLASSES,
};

TAILQ_HEAD(flow_list, flow);

struct flow_table {
	struct flow_ops ops;
	struct flow_timeouts timeouts;
	struct table flows;
	struct flow_slab slab;
	struct answered answered;
	weir_time open_end; /* end of the open interval; TIME_NONE before the first packet */
	VEC(struct flow *) moved;
	struct flow_list age[AGE_CLASSES];
	size_t fleeting; /* flows in the lists before AGE_CLOSED */
	/* Undecided flows by the interval in which their deadline falls: a ring of lists that
	 * spans the longest wait, the open interval's at `open_end`. */
	struct flow_list *waiting;
	size_t waiting_len, waiting_count;
	struct flow_stats stats;
	struct event event; /* the one under construction */
};

/* age.c: lists, intervals, deadlines. Times saturate: a timeout may be TIME_NEVER. */
void age_begin(struct flow_table *table, struct flow *flow);
void age_enter(struct flow_table *table, struct flow *flow, enum age_class list); /* as it was */
void age_moved(struct flow_table *table, struct flow *flow, weir_time at);
void age_state(struct flow_table *table, struct flow *flow);
void age_forget(struct flow_table *table, struct flow *flow);
/* Which flow goes for want of room; `fleeting`: of those only. NULL: no flows. */
struct flow *age_victim(struct flow_table *table, bool fleeting);
weir_time age_expiry(const struct flow_table *table, const struct flow *flow);
void wait_begin(struct flow_table *table, struct flow *flow);
/* As another weir left it: it waits no longer than one that begins now. */
void wait_enter(struct flow_table *table, struct flow *flow);
void wait_close(struct flow_table *table, weir_time end); /* decides what is due */
void wait_end(struct flow_table *table, struct flow *flow);
weir_time interval_end(const struct flow_table *table, weir_time at);

/* flow.c */
void flow_unanswered(struct flow_table *table, struct flow *flow);
void flow_expire(struct flow_table *table, struct flow *flow, weir_time end);

/* told.c: events. */
void tell_attempt(struct flow_table *table, struct flow *flow);
void tell_missed(struct flow_table *table, const struct flow_start *start);
void tell_connection(struct flow_table *table, struct flow *flow, weir_time at);
/* What moved since the last time, as a `flow` event at `end`; the last one with totals. */
void tell_moved(struct flow_table *table, struct flow *flow, weir_time end, bool ended);

static inline bool flow_is_icmp(uint8_t proto)
{
	return proto == PROTO_ICMP || proto == PROTO_ICMPV6;
}

#endif
