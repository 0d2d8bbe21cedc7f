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
#include "flow/sightings.h"

/* One packet, read: all that is needed of it after its bytes are gone. */
struct sighting {
	struct packet_facts facts;
	struct packet_embedded refused; /* if `refuses` */
	bool refuses;			/* an ICMP error that speaks of another flow */
	uint32_t interface;
	bool several;	/* there may be other places where it is seen again */
	uint64_t place; /* where it was seen */
	uint64_t mark;	/* if `several`: what it is known again by */
	weir_time at;
	const uint8_t *bytes; /* the frame from the facts' offset 0 on; NULL: gone */
	uint32_t captured;
};

struct track {
	struct flow_table *flows;
	struct chosen chosen;
	const struct link_type *link; /* of the last packet: most have the same */
	weir_time clock;	      /* greatest time that is believed */
	struct sighting held;	      /* far ahead of `clock`, if `holds` */
	bool holds;
	struct sightings sightings;
	struct fragments fragments;
	struct track_stats stats;
};

struct track *track_new(struct flow_table *flows)
{
	struct track *track = calloc(1, sizeof(*track));

	if (!track)
		return NULL;
	track->flows = flows;
	track->clock = TIME_NONE;
	fragments_init(&track->fragments);
	return track;
}

void track_free(struct track *track)
{
	if (!track)
		return;
	fragments_free(&track->fragments);
	sightings_free(&track->sightings);
	free(track);
}

void track_listen(struct track *track, const struct chosen *chosen)
{
	track->chosen = *chosen;
}

weir_time track_clock(const struct track *track)
{
	return track->clock;
}

/* --- frame to facts --- */

/* Not 0, and another for each interface, direction through it, and file. */
static uint64_t place_of(const struct capture_packet *packet, const struct link_frame *frame)
{
	uint64_t file = (uint64_t)packet->input << 48 ^ (uint64_t)packet->interface << 33;

	return (file ^ ((uint64_t)frame->device << 1 | frame->outgoing)) + 1;
}

/* What else is read of a packet whose IP header begins at facts.l3_offset of `bytes`. */
static void read_rest(const struct capture_packet *packet, const struct link_frame *frame,
		      struct sighting *s)
{
	const uint8_t *bytes = packet->bytes + frame->offset;
	uint32_t captured = packet->captured - frame->offset;

	if (!frame->ethernet) {
		s->facts.vlan = frame->vlan;
		s->facts.cast = frame->cast;
	}
	s->at = packet->at;
	s->bytes = bytes;
	s->captured = captured;
	s->interface = packet->interface;
	s->refuses =
		s->facts.unreachable && packet_embedded(bytes, captured, &s->facts, &s->refused);
	s->several = packet->several || packet->input || frame->several;
	if (s->several) {
		s->place = place_of(packet, frame);
		s->mark = sighting_mark(&s->facts, bytes, captured);
	}
}

/* PACKET_OK, or the enum loss that is the frame's fate. */
static int read_frame(struct track *track, const struct capture_packet *packet, struct sighting *s)
{
	struct link_frame frame = {0};
	int fate;

	if (!track->link || track->link->number != packet->link_type)
		track->link = link_find(packet->link_type);
	if (!track->link)
		return LOSS_NOT_IP; /* sources pass over such packets */
	switch (track->link->strip(packet->bytes, packet->captured, &frame)) {
	case LINK_NOT_IP:
		return LOSS_NOT_IP;
	case LINK_TRUNCATED:
		return LOSS_TRUNCATED_LINK;
	case LINK_OK:
		break;
	}
	fate = packet_parse(packet->bytes + frame.offset, packet->captured - frame.offset,
			    packet->wire_length - frame.offset,
			    frame.ethernet ? PACKET_ETHERNET : PACKET_IP, &s->facts);
	if (fate == PACKET_OK)
		read_rest(packet, &frame, s);
	else if (fate == LOSS_NOT_IP && frame.ethernet && track->chosen.payload)
		chosen_other(&track->chosen, packet->bytes + frame.offset,
			     packet->captured - frame.offset, packet->at);
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

static bool acks(const struct flow *flow, const struct packet_facts *f)
{
	unsigned r = !flow->initiator;

	if (!(f->tcp_flags & TCP_FLAG_ACK))
		return false;
	return flow->renumbered || !(flow->started >> r & 1) ||
	       flow_acks(f->ack, flow->start[r], flow->now.payload[r]);
}

static struct flow *begin(struct track *track, const struct sighting *s,
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
	struct flow *flow;

	if (s->facts.cast)
		start.marks |= FLOW_CAST;
	if (s->facts.fragment == PACKET_LATER)
		start.marks |= FLOW_FRAGMENT;
	flow = flow_begin(track->flows, &start);
	if (flow)
		chosen_begin(flow);
	return flow;
}

/* The flow of this packet after the step that the packet makes in its life. */
static struct flow *step(struct track *track, struct flow *flow, const struct sighting *s)
{
	const struct packet_facts *f = &s->facts;
	struct flow_packet packet = {
		.proto = f->key.proto,
		.direction = f->direction,
		.flags = f->tcp_flags,
		.reply = f->icmp_reply,
		.error = f->icmp_error,
		.later = f->fragment == PACKET_LATER,
		.port = {f->port[0], f->port[1]},
	};
	struct flow_view view;
	struct flow_step next;

	if (!flow)
		return begin(track, s, &packet);
	view = view_of(flow);
	packet.acks = acks(flow, f);
	next = flow_next(&view, &packet);
	if (next.restart) {
		flow_end(track->flows, flow);
		return begin(track, s, &packet);
	}
	flow->marks = next.marks;
	if (next.state != flow->state)
		flow_decide(track->flows, flow, next.state, s->at);
	return flow;
}

static void refuse(struct track *track, const struct sighting *s)
{
	struct flow *flow = flow_find(track->flows, &s->refused.key);
	struct flow_view view;

	if (!flow)
		return;
	view = view_of(flow);
	if (flow_refused(&view, s->refused.direction))
		flow_decide(track->flows, flow, FLOW_REJECTED, s->at);
}

static void take(struct track *track, struct sighting *s)
{
	struct flow *flow;

	if (s->at > track->clock)
		track->clock = s->at;
	if (s->at >= flow_due(track->flows))
		flow_advance(track->flows, s->at, NULL, NULL);
	if (s->several && sightings_repeat(&track->sightings, s->mark, s->place, s->at)) {
		track->stats.lost[LOSS_DUPLICATE]++;
		return;
	}
	if (s->facts.fragment != PACKET_WHOLE &&
	    !fragments_pass(&track->fragments, &s->facts, s->at))
		track->stats.lost[LOSS_FRAGMENT_EARLY]++;
	flow = flow_find(track->flows, &s->facts.key);
	flow = step(track, flow, s);
	if (!flow) {
		track->stats.no_memory++;
		return;
	}
	chosen_start(flow, &s->facts);
	if (track->chosen.payload && s->bytes)
		chosen_packet(&track->chosen, flow, &s->facts, s->bytes, s->captured, s->at);
	flow_add(track->flows, flow, s->facts.direction, s->facts.ip_bytes, s->facts.payload,
		 s->facts.tcp_flags, s->at);
	track->stats.ip_bytes += s->facts.ip_bytes;
	if (s->refuses)
		refuse(track, s);
}

/* --- time --- */

static bool agree(weir_time a, weir_time b)
{
	return (a > b ? a - b : b - a) <= HORIZON_AHEAD;
}

/* What was held had a wrong time: it counts now. */
static void release_wild(struct track *track)
{
	track->holds = false;
	track->stats.wild++;
	track->held.at = track->clock;
	take(track, &track->held);
}

static void take_ahead(struct track *track, struct sighting *s)
{
	if (track->holds && agree(s->at, track->held.at)) {
		track->holds = false;
		take(track, &track->held);
		take(track, s);
		return;
	}
	if (track->holds)
		release_wild(track);
	track->held = *s;
	track->held.bytes = NULL; /* they are the source's, and do not last */
	track->holds = true;
}

void track_packet(struct track *track, const struct capture_packet *packet)
{
	struct sighting s;
	int fate = read_frame(track, packet, &s);

	track->stats.packets++;
	if (fate != PACKET_OK) {
		track->stats.lost[fate]++;
		return;
	}
	if (track->clock != TIME_NONE && s.at > track->clock + HORIZON_AHEAD) {
		take_ahead(track, &s);
		return;
	}
	if (track->holds)
		release_wild(track);
	take(track, &s);
}

void track_finish(struct track *track)
{
	if (track->holds) {
		track->holds = false;
		take(track, &track->held);
	}
}

/* --- what was seen --- */

void track_stats(const struct track *track, struct track_stats *stats)
{
	*stats = track->stats;
}
