/* SPDX-License-Identifier: Apache-2.0 */
#include "event/order.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "event/horizon.h"

/* Events leave in batches of this much event time: the engine's timers need no finer watermark,
 * because each event brings its own time. */
#define RELEASE_STEP (100 * WEIR_MSEC)

#define TEXTS_SMALL   48
#define BLOCK_HOLDERS 256

/* An event that waits, with room for the bytes of its texts. */
struct held {
	struct event event;
	struct block *block;
	struct held *next; /* while free */
	bool waits;
	char *texts; /* those that `small` has no room for */
	size_t room; /* of `texts` */
	char small[TEXTS_SMALL];
};

/* Holders come by the block, large enough to be given back to the system whole after a burst. */
struct block {
	struct block *next;
	size_t taken;
	struct held holders[BLOCK_HOLDERS];
};

/* What the heap compares, kept out of the event for the cache's sake. */
struct entry {
	weir_time time;
	uint64_t record;
	uint32_t input;
	struct held *held;
};

struct input {
	weir_time lateness;
	struct horizon horizon;
	uint64_t records;
	bool ended;
	struct order_counts counts;
};

struct order {
	struct order_ops ops;
	VEC(struct input) inputs;
	VEC(struct entry) heap; /* least first */
	struct block *blocks;
	struct held *free;
	size_t made, peak; /* holders in all; most that were taken since the last order_shrink() */
	weir_time watermark, released;
	weir_time last; /* event that left */
};

struct order *order_new(const struct order_ops *ops)
{
	struct order *order = calloc(1, sizeof(*order));

	if (!order)
		return NULL;
	order->ops = *ops;
	order->watermark = order->released = order->last = TIME_NONE;
	return order;
}

static void block_free(struct block *block)
{
	for (size_t i = 0; i < BLOCK_HOLDERS; i++)
		free(block->holders[i].texts);
	free(block);
}

void order_free(struct order *order)
{
	if (!order)
		return;
	while (order->blocks) {
		struct block *next = order->blocks->next;

		block_free(order->blocks);
		order->blocks = next;
	}
	vec_free(&order->heap);
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

static void held_offer(struct order *order, struct held *held)
{
	held->next = order->free;
	order->free = held;
}

static bool block_add(struct order *order)
{
	struct block *block = calloc(1, sizeof(*block));

	if (!block)
		return false;
	block->next = order->blocks;
	order->blocks = block;
	order->made += BLOCK_HOLDERS;
	for (size_t i = BLOCK_HOLDERS; i--;) {
		block->holders[i].block = block;
		held_offer(order, &block->holders[i]);
	}
	return true;
}

static struct held *held_new(struct order *order)
{
	struct held *held;

	if (!order->free && !block_add(order))
		return NULL;
	held = order->free;
	order->free = held->next;
	held->block->taken++;
	held->waits = true;
	if (order->heap.len >= order->peak)
		order->peak = order->heap.len + 1;
	return held;
}

static void held_give(struct order *order, struct held *held)
{
	held->block->taken--;
	held->waits = false;
	held_offer(order, held);
}

void order_shrink(struct order *order)
{
	struct block **at = &order->blocks;

	while (*at) {
		struct block *block = *at;

		if (block->taken || order->made - BLOCK_HOLDERS < order->peak) {
			at = &block->next;
			continue;
		}
		*at = block->next;
		order->made -= BLOCK_HOLDERS;
		block_free(block);
	}
	order->free = NULL;
	for (struct block *block = order->blocks; block; block = block->next)
		for (size_t i = BLOCK_HOLDERS; i--;)
			if (!block->holders[i].waits)
				held_offer(order, &block->holders[i]);
	order->peak = order->heap.len;
}

static bool before(const struct entry *a, const struct entry *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	if (a->input != b->input)
		return a->input < b->input;
	return a->record < b->record;
}

static void heap_up(struct order *order, size_t i)
{
	struct entry moving = order->heap.at[i];

	while (i && before(&moving, &order->heap.at[(i - 1) / 2])) {
		order->heap.at[i] = order->heap.at[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	order->heap.at[i] = moving;
}

static void heap_down(struct order *order)
{
	struct entry moving = order->heap.at[0];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= order->heap.len)
			break;
		if (child + 1 < order->heap.len &&
		    before(&order->heap.at[child + 1], &order->heap.at[child]))
			child++;
		if (!before(&order->heap.at[child], &moving))
			break;
		order->heap.at[i] = order->heap.at[child];
		i = child;
	}
	order->heap.at[i] = moving;
}

/* Takes the least entry out of the heap; its event goes on, then back to the free list. */
static void leave(struct order *order)
{
	struct held *held = order->heap.at[0].held;

	order->heap.at[0] = order->heap.at[--order->heap.len];
	if (order->heap.len)
		heap_down(order);
	order->last = held->event.time;
	order->ops.event(order->ops.context, &held->event);
	held_give(order, held);
}

static void release(struct order *order, weir_time until)
{
	while (order->heap.len && (order->heap.at[0].time < until || until == TIME_NEVER))
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
	const struct entry *first = &order->heap.at[0];

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

static size_t texts_length(const struct event *event)
{
	size_t length = 0;

#define FIELD(id, type, member, name, words)                                                       \
	if (type_is_text(TYPE_##type) && event_has(event, FIELD_##id))                             \
		length += ((const struct text *)event_slot(event, FIELD_##id))->length;
#include "event/fields.def"
#undef FIELD
	return length;
}

/* Moves the bytes of a text into the holder's own room. */
static void text_keep(struct text *text, char **to)
{
	if (text->length)
		memcpy(*to, text->at, text->length);
	text->at = *to;
	*to += text->length;
}

static int texts_keep(struct held *held)
{
	size_t length = texts_length(&held->event);
	char *to = held->small;

	if (length > TEXTS_SMALL && length > held->room) {
		char *grown = realloc(held->texts, length);

		if (!grown)
			return -ENOMEM;
		held->texts = grown;
		held->room = length;
	}
	if (length > TEXTS_SMALL)
		to = held->texts;
#define FIELD(id, type, member, name, words)                                                       \
	if (type_is_text(TYPE_##type) && event_has(&held->event, FIELD_##id))                      \
		text_keep((struct text *)(void *)&held->event.member, &to);
#include "event/fields.def"
#undef FIELD
	return 0;
}

static int hold(struct order *order, const struct event *event, uint32_t index, uint64_t record)
{
	struct held *held = held_new(order);
	struct entry *entry = held ? vec_add(&order->heap) : NULL;
	int err;

	if (!entry) {
		if (held)
			held_give(order, held);
		return -ENOMEM;
	}
	held->event = *event;
	held->event.input = index;
	held->event.record = record;
	err = texts_keep(held);
	if (err) {
		order->heap.len--;
		held_give(order, held);
		return err;
	}
	*entry = (struct entry){event->time, record, index, held};
	heap_up(order, order->heap.len - 1);
	return 0;
}

int order_push(struct order *order, uint32_t index, const struct event *event)
{
	struct input *input = &order->inputs.at[index];
	uint64_t record = input->records++; /* of all, so that lateness changes no number */
	int err;

	input->counts.events++;
	if (event->time < order->watermark) {
		input->counts.late++;
		return 0;
	}
	if (order->heap.len >= ORDER_WAITING_MAX)
		hurry(order);
	err = hold(order, event, index, record);
	if (err)
		return err;
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
