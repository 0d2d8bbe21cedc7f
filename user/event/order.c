/* SPDX-License-Identifier: Apache-2.0 */
#include "event/order.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "event/horizon.h"
#include "event/packed.h"
#include "event/runs.h"
#include "event/save.h"

/* Events leave in batches of this much event time: the engine's timers need no finer watermark,
 * because each event brings its own time. */
#define RELEASE_STEP (100 * WEIR_MSEC)

struct input {
	weir_time lateness;
	struct horizon horizon;
	uint64_t records;
	bool promises, ended;
	struct order_counts counts;
};

struct order {
	struct order_ops ops;
	VEC(struct input) inputs;
	struct runs waiting;
	struct packed_store *store;
	struct event leaving; /* the one that is handed over */
	weir_time watermark, released;
	weir_time last; /* event that left */
};

struct order *order_new(const struct order_ops *ops)
{
	struct order *order = calloc(1, sizeof(*order));

	if (!order)
		return NULL;
	order->store = packed_store_new();
	if (!order->store) {
		free(order);
		return NULL;
	}
	order->ops = *ops;
	order->watermark = order->released = order->last = TIME_NONE;
	return order;
}

void order_free(struct order *order)
{
	const struct run_entry *first;

	if (!order)
		return;
	while ((first = runs_first(&order->waiting))) {
		packed_give(order->store, first->item);
		runs_pop(&order->waiting);
	}
	runs_free(&order->waiting);
	packed_store_free(order->store);
	vec_free(&order->inputs);
	free(order);
}

int order_input(struct order *order, weir_time lateness)
{
	struct input *input = vec_add(&order->inputs);

	if (!input)
		return -ENOMEM;
	input->lateness = lateness;
	input->horizon = (struct horizon)HORIZON_EMPTY;
	return (int)(order->inputs.len - 1);
}

void order_promises(struct order *order, uint32_t index)
{
	order->inputs.at[index].promises = true;
}

void order_shrink(struct order *order)
{
	packed_store_shrink(order->store);
	runs_shrink(&order->waiting);
}

/* Takes the least out; its event goes on. */
static void leave(struct order *order)
{
	const struct run_entry *first = runs_first(&order->waiting);
	struct packed *packed = first->item;

	order->leaving.input = first->input;
	order->leaving.record = first->record;
	packed_read(packed, &order->leaving);
	runs_pop(&order->waiting);
	order->last = order->leaving.time;
	order->ops.event(order->ops.context, &order->leaving);
	packed_give(order->store, packed);
}

static bool is_due(struct order *order, weir_time until)
{
	const struct run_entry *first = runs_first(&order->waiting);

	return first && (first->time < until || until == TIME_NEVER);
}

static void release(struct order *order, weir_time until)
{
	while (is_due(order, until))
		leave(order);
	/* Time has come to the last event, however the events came in batches. */
	if (until == TIME_NEVER && order->last > order->released)
		order->ops.watermark(order->ops.context, order->last);
	order->released = until;
	order->ops.watermark(order->ops.context, until);
}

/* Without room the earliest goes before its time: order is kept, what is older comes late. */
static void hurry(struct order *order)
{
	const struct run_entry *first = runs_first(&order->waiting);

	order->inputs.at[first->input].counts.hurried++;
	if (first->time > order->watermark)
		order->watermark = order->released = first->time;
	leave(order);
}

/* The least of all inputs that can still say something. */
static weir_time least(const struct order *order)
{
	weir_time watermark = TIME_NEVER;

	vec_each (input, &order->inputs) {
		weir_time own = input->horizon.greatest;

		if (input->ended)
			continue;
		if (own != TIME_NONE)
			own -= input->lateness;
		if (own < watermark)
			watermark = own;
	}
	return watermark;
}

static void move_watermark(struct order *order, bool now)
{
	weir_time watermark = least(order);

	if (watermark > order->watermark)
		order->watermark = watermark;
	if (order->watermark == order->released)
		return;
	if (now || order->released == TIME_NONE ||
	    order->watermark - order->released >= RELEASE_STEP)
		release(order, order->watermark);
}

static int hold(struct order *order, const struct event *event, uint32_t index, uint64_t record)
{
	struct packed *packed = packed_take(order->store, event);
	const struct run_entry entry = {event->time, record, index, packed};

	if (packed && !runs_push(&order->waiting, &entry))
		return 0;
	if (packed)
		packed_give(order->store, packed);
	return -ENOMEM;
}

int order_push(struct order *order, uint32_t index, const struct event *event)
{
	struct input *input = &order->inputs.at[index];
	uint64_t record = input->records++; /* of all, so that lateness changes no number */
	int err;

	input->counts.events++;
	if (event->time < order->watermark) {
		input->counts.late++;
		if (order->watermark - event->time > input->counts.latest)
			input->counts.latest = order->watermark - event->time;
		return 0;
	}
	if (order->waiting.len >= ORDER_WAITING_MAX)
		hurry(order);
	err = hold(order, event, index, record);
	if (err)
		return err;
	if (input->promises)
		return 0;
	horizon_see(&input->horizon, event->time);
	move_watermark(order, false);
	return 0;
}

void order_advance(struct order *order, uint32_t index, weir_time at)
{
	struct input *input = &order->inputs.at[index];

	if (at <= input->horizon.greatest)
		return;
	input->horizon.greatest = at;
	input->horizon.ahead = TIME_NONE;
	move_watermark(order, false);
}

void order_end(struct order *order, uint32_t index)
{
	order->inputs.at[index].ended = true;
	move_watermark(order, true);
}

void order_counts(const struct order *order, uint32_t index, struct order_counts *counts)
{
	*counts = order->inputs.at[index].counts;
	counts->held_ahead = order->inputs.at[index].horizon.held;
}

/* ---- over to another process ---- */

#define ORDER_VERSION 1
#define KEPT	      1 /* before each event; 0: no more */

static void one_save(struct order *order, uint32_t index, const struct run_entry *entry,
		     struct state_writer *w)
{
	if (entry->input != index)
		return;
	order->leaving.input = entry->input;
	order->leaving.record = entry->record;
	packed_read(entry->item, &order->leaving);
	state_put_uint(w, KEPT);
	event_save(w, &order->leaving);
}

void order_save(struct order *order, uint32_t index, struct state_writer *w)
{
	const struct runs *runs = &order->waiting;

	state_section(w, "waiting", "", 0, ORDER_VERSION);
	for (unsigned i = 0; i < runs->used; i++)
		for (size_t at = runs->run[i].head; at < runs->run[i].len; at++)
			one_save(order, index, &runs->run[i].at[at], w);
	vec_each (entry, &runs->heap)
		one_save(order, index, entry, w);
	state_put_uint(w, 0);
}

int order_load(struct order *order, uint32_t index, const struct state_image *image)
{
	struct input *input = &order->inputs.at[index];
	struct state_reader r;
	struct event event;

	if (!state_find(image, "waiting", "", &r) || r.version != ORDER_VERSION)
		return -EBADMSG;
	while (state_get_below(&r, KEPT) == KEPT) {
		event_load(&r, &event);
		if (r.bad)
			return -EBADMSG;
		if (hold(order, &event, index, event.record))
			return -ENOMEM;
		if (event.record >= input->records)
			input->records = event.record + 1;
	}
	return state_done(&r) ? 0 : -EBADMSG;
}
