/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "cases/slot.h"

/* An item of `events` → the events it stands for. */

#define START	  INT64_C(1763719200000000000) /* 2025-11-21T10:00:00Z, a Friday */
#define LOOPS_MAX 4
#define ANSWER	  (20 * WEIR_MSEC) /* of a connection that was answered */
#define NO_ANSWER (5 * WEIR_SEC)   /* until a connection counts as unanswered */

struct loop {
	uint64_t count;
	weir_time every, jitter;
	struct item vary, choose, random;
};

/* What an item's `service` makes. */
enum making { MAKE_ONE, MAKE_EXCHANGE };

struct plan {
	struct case_events *events;
	struct item item;
	enum making making;
	struct event base;
	struct loop loops[LOOPS_MAX]; /* innermost first */
	unsigned loops_len;
	uint64_t turn[LOOPS_MAX];
	uint64_t made;
};

/* ---- reading ---- */

static bool is_plan_key(const char *key)
{
	return !strcmp(key, "time") || !strcmp(key, "service") || !strcmp(key, "repeat");
}

static int loop_read(struct plan *plan, struct item item)
{
	static const char *const known[] = {"count", "every", "jitter", "vary", "choose", "random"};
	struct loop *loop = &plan->loops[plan->loops_len++];
	double count = 0;

	if (!item_is_map(item))
		return case_fault(plan->events, item,
				  "{count, every} would be right, or a list of them");
	for (size_t i = 0; i < item_len(item); i++) {
		size_t k = 0;

		while (k < 6 && strcmp(item_text(item_key(item, i)), known[k]))
			k++;
		if (k == 6)
			return case_fault(
				plan->events, item_key(item, i),
				"unknown key '%s': count every jitter vary choose random are known",
				item_text(item_key(item, i)));
	}
	if (case_number(plan->events, item_get(item, "count"), &count))
		return -EINVAL;
	if (item_get(item, "every").node &&
	    case_time(plan->events, item_get(item, "every"), &loop->every))
		return -EINVAL;
	if (item_get(item, "jitter").node &&
	    case_time(plan->events, item_get(item, "jitter"), &loop->jitter))
		return -EINVAL;
	loop->count = (uint64_t)count;
	loop->vary = item_get(item, "vary");
	loop->choose = item_get(item, "choose");
	loop->random = item_get(item, "random");
	return 0;
}

static int loops_read(struct plan *plan)
{
	struct item repeat = item_get(plan->item, "repeat");
	int err = 0;

	if (!repeat.node)
		return 0;
	if (!item_is_list(repeat))
		return loop_read(plan, repeat);
	if (item_len(repeat) > LOOPS_MAX)
		return case_fault(plan->events, repeat, "at most %d loops in each other",
				  LOOPS_MAX);
	for (size_t i = 0; i < item_len(repeat) && !err; i++)
		err = loop_read(plan, item_at(repeat, i));
	return err;
}

static int service_read(struct plan *plan)
{
	struct item item = item_get(plan->item, "service");
	int service = service_find(item_text(item), item_length(item));

	plan->making = MAKE_ONE;
	if (!strcmp(item_text(item), "exchange"))
		plan->making = MAKE_EXCHANGE;
	else if (service < 0)
		return case_fault(plan->events, item.node ? item : plan->item,
				  "unknown service '%s': attempt connection flow exchange dns … "
				  "would be right",
				  item_text(item));
	plan->base.service = (uint16_t)(service < 0 ? SERVICE_ATTEMPT : service);
	return 0;
}

/* ---- making ---- */

static int event_keep_one(struct plan *plan, const struct event *e)
{
	struct case_events *events = plan->events;
	struct event *kept;

	if (events->list.len >= CASE_EVENTS_MAX)
		return case_fault(events, plan->item, "more than %d events in one case",
				  CASE_EVENTS_MAX);
	kept = vec_add(&events->list);
	if (!kept)
		return -ENOMEM;
	*kept = *e;
	kept->record = events->list.len;
	return 0;
}

static void forget(struct event *e, const enum field *fields, size_t len)
{
	for (size_t i = 0; i < len; i++)
		event_clear(e, fields[i]);
}

static const enum field counters[] = {
	FIELD_SOURCE_BYTES,	   FIELD_DESTINATION_BYTES,    FIELD_SOURCE_PACKETS,
	FIELD_DESTINATION_PACKETS, FIELD_SOURCE_PAYLOAD_BYTES, FIELD_DESTINATION_PAYLOAD_BYTES,
};

static void total(struct event *flow, enum field from, uint64_t *slot, enum field to)
{
	if (!event_has(flow, from))
		return;
	*slot = *(const uint64_t *)event_slot(flow, from);
	event_mark(flow, to);
}

/* As the flow stage would tell it of one short connection: the attempt, how it came out, and what
 * it moved where it was answered. */
static int exchange_keep(struct plan *plan, const struct event *e)
{
	static const enum field outcome[] = {FIELD_NETWORK_STATE};
	bool known = event_has(e, FIELD_NETWORK_STATE);
	bool answered = !known || e->network_state == STATE_ESTABLISHED;
	struct event one = *e;
	int err;

	forget(&one, counters, sizeof(counters) / sizeof(counters[0]));
	event_clear(&one, FIELD_EVENT_DURATION);
	one.service = SERVICE_CONNECTION;
	one.time += known && e->network_state == STATE_UNANSWERED ? NO_ANSWER : ANSWER;
	err = event_keep_one(plan, &one);
	one.time = e->time;
	one.service = SERVICE_ATTEMPT;
	forget(&one, outcome, 1);
	err = err ? err : event_keep_one(plan, &one);
	if (err || !answered)
		return err;
	one = *e;
	one.service = SERVICE_FLOW;
	forget(&one, outcome, 1);
	one.time += event_has(e, FIELD_EVENT_DURATION) ? e->event_duration : WEIR_SEC;
	event_set(&one, FLOW_ENDED, flow_ended, true);
	total(&one, FIELD_SOURCE_BYTES, &one.flow_total_source_bytes,
	      FIELD_FLOW_TOTAL_SOURCE_BYTES);
	total(&one, FIELD_DESTINATION_BYTES, &one.flow_total_destination_bytes,
	      FIELD_FLOW_TOTAL_DESTINATION_BYTES);
	total(&one, FIELD_SOURCE_PACKETS, &one.flow_total_source_packets,
	      FIELD_FLOW_TOTAL_SOURCE_PACKETS);
	total(&one, FIELD_DESTINATION_PACKETS, &one.flow_total_destination_packets,
	      FIELD_FLOW_TOTAL_DESTINATION_PACKETS);
	return event_keep_one(plan, &one);
}

static int fields_set(struct plan *plan, struct event *e)
{
	for (size_t i = 0; i < item_len(plan->item); i++) {
		struct item key = item_key(plan->item, i);
		enum field f;

		if (is_plan_key(item_text(key)))
			continue;
		f = case_field(plan->events, key);
		if (f == FIELD_NONE ||
		    slot_set(plan->events, e, f, item_value(plan->item, i), plan->made))
			return -EINVAL;
	}
	return 0;
}

static int choose(struct plan *plan, struct event *e, const struct loop *loop, uint64_t turn)
{
	for (size_t i = 0; i < item_len(loop->choose); i++) {
		enum field f = case_field(plan->events, item_key(loop->choose, i));
		struct item list = item_value(loop->choose, i);

		if (f == FIELD_NONE)
			return -EINVAL;
		if (!item_is_list(list) || !item_len(list))
			return case_fault(plan->events, list, "a list to choose from in turn");
		if (slot_set(plan->events, e, f, item_at(list, turn % item_len(list)), plan->made))
			return -EINVAL;
	}
	return 0;
}

static int draw(struct plan *plan, struct event *e, const struct loop *loop)
{
	for (size_t i = 0; i < item_len(loop->random); i++) {
		enum field f = case_field(plan->events, item_key(loop->random, i));
		struct item span = item_value(loop->random, i);
		double from, to;

		if (f == FIELD_NONE || case_number(plan->events, item_at(span, 0), &from) ||
		    case_number(plan->events, item_at(span, 1), &to))
			return -EINVAL;
		if (from < 0 || to < from)
			return case_fault(plan->events, span, "[least, most] would be right");
		if (slot_step(plan->events, e, f, span,
			      (int64_t)from + (int64_t)case_random(plan->events,
								   (uint64_t)(to - from) + 1)))
			return -EINVAL;
		event_mark(e, f);
	}
	return 0;
}

static int vary(struct plan *plan, struct event *e, const struct loop *loop, uint64_t turn)
{
	for (size_t i = 0; i < item_len(loop->vary); i++) {
		enum field f = case_field(plan->events, item_key(loop->vary, i));
		double step;

		if (f == FIELD_NONE ||
		    case_number(plan->events, item_value(loop->vary, i), &step) ||
		    slot_step(plan->events, e, f, item_value(loop->vary, i),
			      (int64_t)step * (int64_t)turn))
			return -EINVAL;
	}
	return 0;
}

/* Its own time, and `event.start` with it, which all that is told of connections has. */
static void time_set(struct plan *plan, struct event *e)
{
	for (unsigned k = 0; k < plan->loops_len; k++) {
		const struct loop *loop = &plan->loops[k];
		uint64_t width = (uint64_t)loop->jitter * 2;

		e->time += loop->every * (weir_time)plan->turn[k];
		if (width)
			e->time += (weir_time)case_random(plan->events, width) - loop->jitter;
	}
	if (e->service <= SERVICE_FLOW && !event_has(e, FIELD_EVENT_START))
		event_set(e, EVENT_START, event_start, e->time);
}

static int emit(struct plan *plan)
{
	struct event e = plan->base;
	int err = fields_set(plan, &e);

	for (unsigned k = 0; k < plan->loops_len && !err; k++) {
		err = choose(plan, &e, &plan->loops[k], plan->turn[k]);
		err = err ? err : vary(plan, &e, &plan->loops[k], plan->turn[k]);
		err = err ? err : draw(plan, &e, &plan->loops[k]);
	}
	if (err)
		return err;
	time_set(plan, &e);
	plan->made++;
	return plan->making == MAKE_EXCHANGE ? exchange_keep(plan, &e) : event_keep_one(plan, &e);
}

static int run_loop(struct plan *plan, unsigned level)
{
	int err = 0;

	if (!level)
		return emit(plan);
	for (uint64_t i = 0; i < plan->loops[level - 1].count && !err; i++) {
		plan->turn[level - 1] = i;
		err = run_loop(plan, level - 1);
	}
	return err;
}

static int item_make(struct case_events *events, struct item item)
{
	struct plan plan = {.events = events, .item = item};
	int err = service_read(&plan);

	plan.base.time = START;
	if (!err && item_get(item, "time").node) {
		weir_time offset;

		err = case_time(events, item_get(item, "time"), &offset);
		plan.base.time += err ? 0 : offset;
	}
	err = err ? err : loops_read(&plan);
	return err ? err : run_loop(&plan, plan.loops_len);
}

static int in_order(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->record < y->record ? -1 : 1;
}

int case_events_make(struct case_events *events, struct item list)
{
	int err = 0;

	if (!item_is_list(list))
		return case_fault(events, list, "no list 'events': it would be right here");
	events->random = UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = 0; i < item_len(list) && !err; i++)
		err = item_make(events, item_at(list, i));
	if (!err && events->list.len)
		qsort(events->list.at, events->list.len, sizeof(*events->list.at), in_order);
	return err;
}

void case_events_free(struct case_events *events)
{
	vec_free(&events->list);
	arena_free(&events->arena);
}
