/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>

#include "flow/services.h"
#include "flow/stage.h"

/* The events that the flow stage makes. A field that says nothing is left out: weir.midstream and
 * flow.ended are there only where they are true. */

static bool wanted(const struct flow_table *table, enum event_service service)
{
	return table->ops.services >> service & 1;
}

static struct addr addr_of(const struct flow_key *key, unsigned side)
{
	struct addr a;

	memcpy(a.byte, key->addr[side], sizeof(a.byte));
	return a;
}

static struct event *begin(struct flow_table *table, enum event_service service, weir_time at)
{
	struct event *e = &table->event;

	memset(e->present, 0, sizeof(e->present));
	e->service = service;
	e->time = at;
	return e;
}

static void put_destination(struct event *e, const struct flow_key *key, unsigned side)
{
	event_set(e, DESTINATION_IP, destination_ip, addr_of(key, side));
	if (proto_has_ports(key->proto))
		event_set(e, DESTINATION_PORT, destination_port, ntohs(key->port[side]));
	event_set(e, NETWORK_TRANSPORT, network_transport, key->proto);
}

static void put_source(struct event *e, const struct flow_key *key, unsigned side)
{
	event_set(e, SOURCE_IP, source_ip, addr_of(key, side));
	if (proto_has_ports(key->proto))
		event_set(e, SOURCE_PORT, source_port, ntohs(key->port[side]));
}

static void put_nat(struct event *e, const struct flow_nat *nat)
{
	event_set(e, NAT_SOURCE_IP, nat_source_ip, nat->source);
	event_set(e, NAT_SOURCE_PORT, nat_source_port, nat->source_port);
	event_set(e, NAT_DESTINATION_IP, nat_destination_ip, nat->destination);
	event_set(e, NAT_DESTINATION_PORT, nat_destination_port, nat->destination_port);
}

static void put_interface(const struct flow_table *table, struct event *e, uint32_t ifindex)
{
	const char *name = NULL;

	if (table->ops.interface_name)
		name = table->ops.interface_name(table->ops.context, ifindex);
	if (name)
		event_set(e, INTERFACE_NAME, interface_name, text_string(name));
}

static struct event *begin_flow(struct flow_table *table, struct flow *flow,
				enum event_service service, weir_time at)
{
	struct event *e = begin(table, service, at);

	put_source(e, &flow->key, flow->initiator);
	put_destination(e, &flow->key, !flow->initiator);
	if (flow_is_icmp(flow->key.proto)) {
		event_set(e, ICMP_TYPE, icmp_type, flow->icmp_type);
		event_set(e, ICMP_CODE, icmp_code, flow->icmp_code);
	}
	if (flow->vlan)
		event_set(e, VLAN_ID, vlan_id, flow->vlan);
	put_interface(table, e, flow->ifindex);
	if (flow->nat)
		put_nat(e, flow->nat);
	if (flow->marks & FLOW_MIDSTREAM)
		event_set(e, MIDSTREAM, weir_midstream, true);
	if (flow->protocol)
		event_set(e, NETWORK_PROTOCOL, network_protocol, text_string(flow->protocol));
	if (flow->logged_in)
		event_set(e, EVENT_OUTCOME, event_outcome, ((struct text){"success", 7}));
	event_set(e, DESTINATION_ANSWERED, destination_answered, flow->destination_answers);
	if (table->ops.owner)
		table->ops.owner(table->ops.context, flow, e);
	return e;
}

/* The outcome as it is known now: enum network_state, or -1. */
static int outcome(const struct flow *flow)
{
	bool tcp = flow->key.proto == PROTO_TCP;

	if (flow->marks & FLOW_ERROR)
		return -1;
	switch ((enum flow_state)flow->state) {
	case FLOW_NEW:
		return flow->overdue ? STATE_UNANSWERED : -1;
	case FLOW_ANSWERED:
		return tcp && !flow->overdue ? -1 : STATE_ESTABLISHED;
	case FLOW_ESTABLISHED:
	case FLOW_CLOSED:
		return STATE_ESTABLISHED;
	case FLOW_REJECTED:
		/* A reset without a beginning: of what it rejected nothing is known. */
		return flow->marks & FLOW_MIDSTREAM ? -1 : STATE_REJECTED;
	}
	return -1;
}

static void put_outcome(struct event *e, const struct flow *flow)
{
	int state = outcome(flow);

	if (state < 0)
		return;
	event_set(e, NETWORK_STATE, network_state, (uint16_t)state);
	if (flow->key.proto == PROTO_TCP)
		event_set(e, TCP_HALF_OPEN, tcp_half_open,
			  flow->state == FLOW_ANSWERED || flow->marks & FLOW_HALF_OPEN);
}

void tell_attempt(struct flow_table *table, struct flow *flow)
{
	struct event *e;

	if (!wanted(table, SERVICE_ATTEMPT))
		return;
	e = begin_flow(table, flow, SERVICE_ATTEMPT, flow->first);
	event_set(e, EVENT_START, event_start, flow->first);
	table->ops.event(table->ops.context, e);
}

void tell_missed(struct flow_table *table, const struct flow_start *start)
{
	struct event *e;

	if (!wanted(table, SERVICE_ATTEMPT))
		return;
	e = begin(table, SERVICE_ATTEMPT, start->first);
	put_destination(e, &start->key, !start->initiator);
	event_set(e, EVENT_START, event_start, start->first);
	event_set(e, EVENT_COUNT, event_count, start->missed);
	event_set(e, DESTINATION_ANSWERED, destination_answered,
		  answered_has(&table->answered, &start->key, !start->initiator));
	table->ops.event(table->ops.context, e);
}

void tell_connection(struct flow_table *table, struct flow *flow, weir_time at)
{
	struct event *e;

	if (!wanted(table, SERVICE_CONNECTION) || flow->own || flow->silent)
		return;
	e = begin_flow(table, flow, SERVICE_CONNECTION, at);
	put_outcome(e, flow);
	event_set(e, EVENT_START, event_start, flow->first);
	/* How long the answer took. */
	if (outcome(flow) != STATE_UNANSWERED)
		event_set(e, EVENT_DURATION, event_duration,
			  at > flow->first ? at - flow->first : 0);
	table->ops.event(table->ops.context, e);
}

static struct flow_counts less(const struct flow_counts *a, const struct flow_counts *b)
{
	struct flow_counts d;

	for (int i = 0; i < 2; i++) {
		d.bytes[i] = a->bytes[i] - b->bytes[i];
		d.payload[i] = a->payload[i] - b->payload[i];
		d.packets[i] = a->packets[i] - b->packets[i];
	}
	return d;
}

/* Adds `d`, which is by direction, to sums by initiator and responder. */
static void sum(struct flow_counts *sums, const struct flow_counts *d, unsigned initiator)
{
	for (unsigned i = 0; i < 2; i++) {
		sums->bytes[i] += d->bytes[i ^ initiator];
		sums->payload[i] += d->payload[i ^ initiator];
		sums->packets[i] += d->packets[i ^ initiator];
	}
}

static void put_moved(struct event *e, const struct flow *flow, const struct flow_counts *d)
{
	unsigned s = flow->initiator, r = !s;

	event_set(e, SOURCE_BYTES, source_bytes, d->bytes[s]);
	event_set(e, DESTINATION_BYTES, destination_bytes, d->bytes[r]);
	event_set(e, SOURCE_PACKETS, source_packets, d->packets[s]);
	event_set(e, DESTINATION_PACKETS, destination_packets, d->packets[r]);
	event_set(e, SOURCE_PAYLOAD_BYTES, source_payload_bytes, d->payload[s]);
	event_set(e, DESTINATION_PAYLOAD_BYTES, destination_payload_bytes, d->payload[r]);
	event_set(e, EVENT_DURATION, event_duration,
		  flow->last > flow->first ? flow->last - flow->first : 0);
}

static void put_totals(struct event *e, const struct flow *flow)
{
	unsigned s = flow->initiator, r = !s;

	event_set(e, FLOW_ENDED, flow_ended, true);
	event_set(e, FLOW_TOTAL_SOURCE_BYTES, flow_total_source_bytes, flow->now.bytes[s]);
	event_set(e, FLOW_TOTAL_DESTINATION_BYTES, flow_total_destination_bytes,
		  flow->now.bytes[r]);
	event_set(e, FLOW_TOTAL_SOURCE_PACKETS, flow_total_source_packets, flow->now.packets[s]);
	event_set(e, FLOW_TOTAL_DESTINATION_PACKETS, flow_total_destination_packets,
		  flow->now.packets[r]);
}

void tell_moved(struct flow_table *table, struct flow *flow, weir_time end, bool ended)
{
	struct flow_counts moved = less(&flow->now, &flow->told);
	bool quiet = flow->own || flow->silent;
	struct event *e;

	sum(quiet ? &table->stats.untold : &table->stats.told, &moved, flow->initiator);
	if (wanted(table, SERVICE_FLOW) && !quiet) {
		e = begin_flow(table, flow, SERVICE_FLOW, end);
		put_outcome(e, flow);
		put_moved(e, flow, &moved);
		if (flow->interval_first != TIME_NONE)
			event_set(e, EVENT_START, event_start, flow->interval_first);
		if (ended)
			put_totals(e, flow);
		table->ops.event(table->ops.context, e);
	}
	flow->told = flow->now;
	flow->interval_first = TIME_NONE;
}
