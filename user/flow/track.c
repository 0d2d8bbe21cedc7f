/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/track.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/embedded.h"
#include "bpf/parse.h"
#include "bpf/state.h"
#include "capture/link.h"
#include "event/horizon.h"
#include "flow/fragments.h"

/* One packet, read: all that is needed of it after its bytes are gone. */
struct sighting {
	struct packet_facts facts;
	struct packet_embedded refused; /* if `refuses` */
	bool refuses;			/* an ICMP error that speaks of another flow */
	uint32_t interface;
	weir_time at;
};

struct tracker {
	struct flow_table *flows;
	const struct link_type *link; /* of the last packet: most have the same */
	weir_time clock;	      /* greatest time that is believed */
	struct sighting held;	      /* far ahead of `clock`, if `holds` */
	bool holds;
	struct fragments fragments;
	struct tracker_stats stats;
};

struct tracker *tracker_new(struct flow_table *flows)
{
	struct tracker *tracker = calloc(1, sizeof(*tracker));

	if (!tracker)
		return NULL;
	tracker->flows = flows;
	tracker->clock = TIME_NONE;
	fragments_init(&tracker->fragments);
	return tracker;
}

void tracker_free(struct tracker *tracker)
{
	if (!tracker)
		return;
	fragments_free(&tracker->fragments);
	free(tracker);
}

weir_time tracker_clock(const struct tracker *tracker)
{
	return tracker->clock;
}

/* --- frame to facts --- */

/* PACKET_OK, or the enum loss that is the frame's fate. */
static int read_frame(struct tracker *tracker, const struct capture_packet *packet,
		      struct packet_facts *facts)
{
	struct link_frame frame = {0};
	int fate;

	if (!tracker->link || tracker->link->number != packet->link_type)
		tracker->link = link_find(packet->link_type);
	if (!tracker->link)
		return LOSS_NOT_IP; /* sources pass over such packets */
	switch (tracker->link->strip(packet->bytes, packet->captured, &frame)) {
	case LINK_NOT_IP:
		return LOSS_NOT_IP;
	case LINK_TRUNCATED:
		return LOSS_TRUNCATED_LINK;
	case LINK_OK:
		break;
	}
	fate = packet_parse(packet->bytes + frame.offset, packet->captured - frame.offset,
			    packet->wire_length - frame.offset,
			    frame.ethernet ? PACKET_ETHERNET : PACKET_IP, facts);
	if (fate == PACKET_OK && !frame.ethernet) {
		facts->vlan = frame.vlan;
		facts->cast = frame.cast;
	}
	if (fate == PACKET_OK && facts->unreachable)
		facts->l3_offset += frame.offset; /* of the whole frame, for packet_embedded() */
	return fate;
}

/* --- facts to flows --- */

static struct flow_view view_of(const struct flow *flow)
{
	return (struct flow_view){
		.state = flow->state,
		.marks = flow->marks,
		.initiator = flow->initiator,
		.flags = {flow->flags[0], flow->flags[1]},
		.sent = {flow->now.packets[0] != 0, flow->now.packets[1] != 0},
	};
}

static struct flow *begin(struct tracker *tracker, const struct sighting *s,
			  const struct flow_packet *packet)
{
	struct flow_step step = flow_first(packet);
	struct flow_start start = {
		.key = s->facts.key,
		.first = s->at,
		.ifindex = s->interface,
		.vlan = s->facts.vlan,
		.initiator = step.initiator,
		.marks = step.marks,
		.state = step.state,
	};

	if (s->facts.cast)
		start.marks |= FLOW_CAST;
	if (s->facts.fragment == PACKET_LATER)
		start.marks |= FLOW_FRAGMENT;
	return flow_begin(tracker->flows, &start);
}

/* The flow of this packet after the step that the packet makes in its life. */
static struct flow *step(struct tracker *tracker, const struct sighting *s)
{
	const struct packet_facts *f = &s->facts;
	struct flow_packet packet = {
		.proto = f->key.proto,
		.direction = f->direction,
		.flags = f->tcp_flags,
		.reply = f->icmp_reply,
		.error = f->icmp_error,
		.port = {f->port[0], f->port[1]},
	};
	struct flow *flow = flow_find(tracker->flows, &f->key);
	struct flow_view view;
	struct flow_step next;

	if (!flow)
		return begin(tracker, s, &packet);
	view = view_of(flow);
	next = flow_next(&view, &packet);
	if (next.restart) {
		flow_end(tracker->flows, flow);
		return begin(tracker, s, &packet);
	}
	flow->marks = next.marks;
	if (next.state != flow->state)
		flow_decide(tracker->flows, flow, next.state, s->at);
	return flow;
}

static void refuse(struct tracker *tracker, const struct sighting *s)
{
	struct flow *flow = flow_find(tracker->flows, &s->refused.key);
	struct flow_view view;

	if (!flow)
		return;
	view = view_of(flow);
	if (flow_refused(&view, s->refused.direction))
		flow_decide(tracker->flows, flow, FLOW_REJECTED, s->at);
}

static void take(struct tracker *tracker, struct sighting *s)
{
	struct flow *flow;

	if (s->at > tracker->clock)
		tracker->clock = s->at;
	if (s->at >= flow_due(tracker->flows))
		flow_advance(tracker->flows, s->at, NULL, NULL);
	if (s->facts.fragment != PACKET_WHOLE &&
	    !fragments_pass(&tracker->fragments, &s->facts, s->at))
		tracker->stats.lost[LOSS_FRAGMENT_EARLY]++;
	flow = step(tracker, s);
	if (!flow) {
		tracker->stats.no_memory++;
		return;
	}
	flow_add(tracker->flows, flow, s->facts.direction, s->facts.ip_bytes, s->facts.payload,
		 s->facts.tcp_flags, s->at);
	tracker->stats.ip_bytes += s->facts.ip_bytes;
	if (s->refuses)
		refuse(tracker, s);
}

/* --- time --- */

static bool agree(weir_time a, weir_time b)
{
	return (a > b ? a - b : b - a) <= HORIZON_AHEAD;
}

/* What was held had a wrong time: it counts now. */
static void release_wild(struct tracker *tracker)
{
	tracker->holds = false;
	tracker->stats.wild++;
	tracker->held.at = tracker->clock;
	take(tracker, &tracker->held);
}

static void take_ahead(struct tracker *tracker, struct sighting *s)
{
	if (tracker->holds && agree(s->at, tracker->held.at)) {
		tracker->holds = false;
		take(tracker, &tracker->held);
		take(tracker, s);
		return;
	}
	if (tracker->holds)
		release_wild(tracker);
	tracker->held = *s;
	tracker->holds = true;
}

void tracker_packet(struct tracker *tracker, const struct capture_packet *packet)
{
	struct sighting s;
	int fate = read_frame(tracker, packet, &s.facts);

	tracker->stats.packets++;
	if (fate != PACKET_OK) {
		tracker->stats.lost[fate]++;
		return;
	}
	s.at = packet->at;
	s.interface = packet->interface;
	s.refuses = s.facts.unreachable &&
		    packet_embedded(packet->bytes, packet->captured, &s.facts, &s.refused);
	if (tracker->clock != TIME_NONE && s.at > tracker->clock + HORIZON_AHEAD) {
		take_ahead(tracker, &s);
		return;
	}
	if (tracker->holds)
		release_wild(tracker);
	take(tracker, &s);
}

void tracker_finish(struct tracker *tracker)
{
	if (tracker->holds) {
		tracker->holds = false;
		take(tracker, &tracker->held);
	}
	flow_finish(tracker->flows);
}

/* --- what was seen --- */

void tracker_stats(const struct tracker *tracker, struct tracker_stats *stats)
{
	*stats = tracker->stats;
}

json_t *tracker_report(const struct tracker *tracker)
{
	static const char *const words[LOSS_COUNT] = {
#define X(name, text) [LOSS_##name] = (text),
		WEIR_LOSSES(X)
#undef X
	};
	const struct tracker_stats *stats = &tracker->stats;
	json_t *lost = json_object();

	for (unsigned i = 0; i < LOSS_COUNT; i++)
		if (stats->lost[i])
			json_object_set_new(lost, words[i],
					    json_integer((json_int_t)stats->lost[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "packets", (json_int_t)stats->packets,
			 "ip_bytes", (json_int_t)stats->ip_bytes, "wrong_time",
			 (json_int_t)stats->wild, "no_memory", (json_int_t)stats->no_memory,
			 "not_in_flows", lost);
}
