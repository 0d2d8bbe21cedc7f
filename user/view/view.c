/* SPDX-License-Identifier: Apache-2.0 */
#include "view/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "event/json.h"
#include "event/privacy.h"
#include "view/inside.h"

/* An ended connection stays in sight so long. */
#define SHOW_ENDED (5 * WEIR_SEC)

struct view *view_new(weir_time now)
{
	struct view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	table_init(&view->flows, sizeof(struct view_key), offsetof(struct view_flow, key));
	TAILQ_INIT(&view->order);
	view->looked = now;
	view->second = TIME_NONE;
	return view;
}

static void let_go(struct view *view, struct view_flow *flow)
{
	table_remove(&view->flows, flow);
	TAILQ_REMOVE(&view->order, flow, place);
	json_decref(flow->facts);
	free(flow);
}

void view_free(struct view *view)
{
	struct view_flow *flow;

	if (!view)
		return;
	while ((flow = TAILQ_FIRST(&view->order)))
		let_go(view, flow);
	table_free(&view->flows);
	free(view);
}

bool view_is_watched(const struct view *view, weir_time now)
{
	return now - view->looked < VIEW_PATIENCE;
}

/* ---- seconds ---- */

/* The open second is over: it is what is shown now. */
static void close_second(struct view *view)
{
	size_t at = view->seconds++ % VIEW_HISTORY;

	view->history[at] = view->open;
	view->open = (struct view_rates){0};
}

/* Those in which nothing moved are in the history too. */
void view_advance(struct view *view, weir_time watermark)
{
	weir_time second = time_floor(watermark, WEIR_SEC);
	struct view_flow *flow;

	if (view->second == TIME_NONE || second - view->second > VIEW_HISTORY * WEIR_SEC) {
		view->second = second;
		view->open = (struct view_rates){0};
		view->seconds = 0;
	}
	while (view->second < second) {
		close_second(view);
		view->second += WEIR_SEC;
	}
	while ((flow = TAILQ_FIRST(&view->order)) && flow->ended &&
	       second - flow->last.second > SHOW_ENDED)
		let_go(view, flow);
}

/* ---- one event ---- */

static struct view_key key_of(const struct event *event)
{
	struct view_key key;

	memset(&key, 0, sizeof(key));
	key.source = event->source_ip;
	key.destination = event->destination_ip;
	key.source_port = (uint16_t)event->source_port;
	key.destination_port = (uint16_t)event->destination_port;
	key.transport = event->network_transport;
	return key;
}

static uint64_t moved(const struct event *event)
{
	return event->source_bytes + event->destination_bytes;
}

/* Room for one more: the one that moved least recently goes, unless it moved in this second too,
 * and more than the new one. False: there is none. */
static bool make_room(struct view *view, const struct event *event)
{
	struct view_flow *oldest = TAILQ_FIRST(&view->order);

	if (view->flows.count < VIEW_FLOWS)
		return true;
	view->left_out++;
	if (oldest->last.second >= view->second &&
	    oldest->last.bytes[0] + oldest->last.bytes[1] >= moved(event))
		return false;
	let_go(view, oldest);
	return true;
}

static struct view_flow *enter(struct view *view, const struct view_key *key,
			       const struct event *event)
{
	struct view_flow *flow;

	if (!make_room(view, event))
		return NULL;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	flow->key = *key;
	flow->last.second = flow->before.second = TIME_NONE;
	if (table_insert(&view->flows, flow)) {
		free(flow);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&view->order, flow, place);
	return flow;
}

static json_t *shown_facts(const struct event *event)
{
	struct arena hashes = {0};
	struct event shown;
	json_t *facts = NULL;

	if (!privacy_is_on())
		return event_to_json(event);
	shown = *event;
	if (!privacy_event(&shown, &hashes))
		facts = event_to_json(&shown);
	arena_free(&hashes);
	return facts;
}

/* What is said of it in words, anew only when more is known. */
static void take_facts(struct view_flow *flow, const struct event *event)
{
	json_t *facts;

	if (flow->facts && !memcmp(flow->present, event->present, sizeof(flow->present)))
		return;
	facts = shown_facts(event);
	if (!facts)
		return;
	json_decref(flow->facts);
	flow->facts = facts;
	memcpy(flow->present, event->present, sizeof(flow->present));
}

static void take_flow(struct view *view, const struct event *event)
{
	struct view_key key = key_of(event);
	struct view_flow *flow = table_find(&view->flows, &key);
	bool local = event_has(event, FIELD_LOCAL_BYTES);

	view->open.sent += local ? event->local_bytes : event->source_bytes;
	view->open.received += local ? event->remote_bytes : event->destination_bytes;
	view->open.packets += event->source_packets + event->destination_packets;
	view->open.flows++;
	if (!flow)
		flow = enter(view, &key, event);
	if (!flow)
		return;
	TAILQ_REMOVE(&view->order, flow, place);
	TAILQ_INSERT_TAIL(&view->order, flow, place);
	if (flow->last.second != view->second) {
		flow->before = flow->last;
		flow->last = (struct view_moved){.second = view->second};
	}
	flow->last.bytes[0] += event->source_bytes;
	flow->last.bytes[1] += event->destination_bytes;
	flow->last.packets[0] += event->source_packets;
	flow->last.packets[1] += event->destination_packets;
	flow->total[0] += event->source_bytes;
	flow->total[1] += event->destination_bytes;
	flow->duration = event->event_duration;
	flow->ended = event_has(event, FIELD_FLOW_ENDED);
	if (flow->ended) {
		flow->total[0] = event->flow_total_source_bytes;
		flow->total[1] = event->flow_total_destination_bytes;
	}
	take_facts(flow, event);
}

void view_event(struct view *view, const struct event *event)
{
	uint64_t count = event_has(event, FIELD_EVENT_COUNT) ? event->event_count : 1;

	view_advance(view, event->time);
	if (event_has(event, FIELD_OWN))
		return;
	switch (event->service) {
	case SERVICE_FLOW:
		take_flow(view, event);
		break;
	case SERVICE_ATTEMPT:
		view->open.attempts += count;
		break;
	case SERVICE_CONNECTION:
		view->open.connections += count;
		break;
	default:
		break;
	}
}
