/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/log/record.h"

/* A recorded connection as the events that live capture would have made of it, as far as the
 * record goes. */

#define PIECE	   WEIR_MIN
#define PIECES_MAX 44640 /* 31 days of minutes; what took longer is told in longer pieces */

/* The counts of a flow event, with the totals that its last one carries. */
static const struct {
	enum field moved;
	int total; /* enum field; FIELD_NONE: has none */
} counts[] = {
	{FIELD_SOURCE_BYTES, FIELD_FLOW_TOTAL_SOURCE_BYTES},
	{FIELD_DESTINATION_BYTES, FIELD_FLOW_TOTAL_DESTINATION_BYTES},
	{FIELD_SOURCE_PACKETS, FIELD_FLOW_TOTAL_SOURCE_PACKETS},
	{FIELD_DESTINATION_PACKETS, FIELD_FLOW_TOTAL_DESTINATION_PACKETS},
	{FIELD_SOURCE_PAYLOAD_BYTES, FIELD_NONE},
	{FIELD_DESTINATION_PAYLOAD_BYTES, FIELD_NONE},
};
#define COUNTS (sizeof(counts) / sizeof(counts[0]))

struct moved {
	uint64_t at[COUNTS];
	bool known[COUNTS];
	bool any;
};

static uint64_t *count_of(struct event *e, enum field f)
{
	return (uint64_t *)(void *)((char *)e + field_table[f].offset);
}

/* Takes the counts out of the event: attempts and outcomes carry none. */
static struct moved take_counts(struct event *e)
{
	struct moved moved = {0};

	for (unsigned i = 0; i < COUNTS; i++) {
		if (!event_has(e, counts[i].moved))
			continue;
		moved.known[i] = moved.any = true;
		moved.at[i] = *count_of(e, counts[i].moved);
		event_clear(e, counts[i].moved);
	}
	return moved;
}

static void put_counts(struct event *e, const struct moved *moved, const uint64_t at[COUNTS])
{
	for (unsigned i = 0; i < COUNTS; i++) {
		if (!moved->known[i])
			continue;
		*count_of(e, counts[i].moved) = at[i];
		event_mark(e, counts[i].moved);
	}
}

static void put_totals(struct event *e, const struct moved *moved)
{
	event_set(e, FLOW_ENDED, flow_ended, true);
	for (unsigned i = 0; i < COUNTS; i++) {
		if (!moved->known[i] || counts[i].total == FIELD_NONE)
			continue;
		*count_of(e, (enum field)counts[i].total) = moved->at[i];
		event_mark(e, (enum field)counts[i].total);
	}
}

static void tell_flow(struct record *record, const struct connection *c, weir_time first,
		      weir_time last, const struct intake *intake)
{
	struct event *e = &record->event;

	event_set(e, EVENT_START, event_start, first);
	event_set(e, EVENT_DURATION, event_duration, last - c->start);
	record_tell(record, SERVICE_FLOW, last, intake);
}

/* All but the last piece have the same share, by their time; a piece in which nothing moved is not
 * told. */
static void spread(struct record *record, const struct connection *c, struct moved *moved,
		   const struct intake *intake)
{
	weir_time whole = c->end - c->start, piece = PIECE, at = c->start;
	uint64_t share[COUNTS], rest[COUNTS], any = 0;

	if (whole > PIECES_MAX * PIECE)
		piece = (whole / PIECES_MAX / PIECE + 1) * PIECE;
	for (unsigned i = 0; i < COUNTS; i++) {
		share[i] = (uint64_t)((unsigned __int128)moved->at[i] * (uint64_t)piece /
				      (uint64_t)whole);
		rest[i] = moved->at[i];
		any |= share[i];
	}
	event_set(&record->event, FLOW_ESTIMATED, flow_estimated, true);
	put_counts(&record->event, moved, share);
	for (; c->end - at > piece; at += piece) {
		for (unsigned i = 0; i < COUNTS; i++)
			rest[i] -= share[i];
		if (any)
			tell_flow(record, c, at, at + piece, intake);
	}
	put_counts(&record->event, moved, rest);
	if (c->ended)
		put_totals(&record->event, moved);
	tell_flow(record, c, at, c->end, intake);
}

static void tell_moved(struct record *record, const struct connection *c, struct moved *moved,
		       const struct intake *intake)
{
	event_clear(&record->event, FIELD_EVENT_COUNT);
	if (c->end - c->start > PIECE) {
		spread(record, c, moved, intake);
		return;
	}
	put_counts(&record->event, moved, moved->at);
	if (c->ended)
		put_totals(&record->event, moved);
	tell_flow(record, c, c->start, c->end, intake);
}

static void tell_outcome(struct record *record, const struct connection *c,
			 const struct intake *intake)
{
	struct event *e = &record->event;

	if (c->state >= 0 && c->state != STATE_UNANSWERED && c->decided > c->start)
		event_set(e, EVENT_DURATION, event_duration, c->decided - c->start);
	record_tell(record, SERVICE_CONNECTION, c->decided, intake);
	event_clear(e, FIELD_EVENT_DURATION);
}

void connection_tell(struct record *record, const struct connection *c, const struct intake *intake)
{
	struct event *e = &record->event;
	struct moved moved = take_counts(e);

	event_clear(e, FIELD_EVENT_DURATION);
	event_set(e, EVENT_START, event_start, c->start);
	if (c->midstream)
		event_set(e, MIDSTREAM, weir_midstream, true);
	else if (!c->moved_only)
		record_tell(record, SERVICE_ATTEMPT, c->start, intake);
	if (c->state >= 0) {
		event_set(e, NETWORK_STATE, network_state, (uint16_t)c->state);
		if (event_has(e, FIELD_NETWORK_TRANSPORT) && e->network_transport == 6)
			event_set(e, TCP_HALF_OPEN, tcp_half_open, c->half_open);
	}
	if (!c->midstream && !c->moved_only)
		tell_outcome(record, c, intake);
	if (moved.any)
		tell_moved(record, c, &moved, intake);
}
