/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_ORDER_H
#define WEIR_EVENT_ORDER_H

#include "event/event.h"
#include "state/reader.h"

/*
 * The reorder stage: events enter as they come and leave ordered by (time, input, record) when the
 * watermark passes them. Engine thread only.
 *
 * An input's watermark is its greatest event time less its lateness, or, of one that promises, what
 * it has promised less its lateness; the stage's is the least of all inputs not at their end. An
 * event older than the watermark is late: counted for its input and dropped. An event more than an
 * hour ahead of its input's others is held and moves no watermark until a second one agrees.
 */
struct order;

/* How many events wait at most; past it the earliest leaves early and the watermark with it. */
#define ORDER_WAITING_MAX (UINT64_C(1) << 20)

struct order_ops {
	/* In order. The event is the receiver's to change until it returns; slots that are not
	 * present hold anything. Nothing may be pushed from within. */
	void (*event)(void *context, struct event *event);
	void (*watermark)(void *context, weir_time watermark); /* after the events before it */
	void *context;
};

struct order_counts {
	uint64_t events;
	uint64_t late;	     /* older than the watermark: in no rule */
	weir_time latest;    /* by how much, at most */
	uint64_t held_ahead; /* far ahead of all others: moved no watermark at first */
	uint64_t hurried;    /* let go before the watermark passed, for want of room */
};

struct order *order_new(const struct order_ops *ops); /* NULL without memory */
void order_free(struct order *order);

/* Adds an input; returns its index, or -ENOMEM. */
int order_input(struct order *order, weir_time lateness);

/* From now on only order_advance() moves its watermark. For an input that is put together from
 * several: however far one of them is ahead, after a stall, what the others still bring is not
 * late. */
void order_promises(struct order *order, uint32_t input);

/* Copies the event and its texts; sets input and record. */
int order_push(struct order *order, uint32_t input, const struct event *event);

/* The input promises (by clock or by what it has read) no event before `at` less its lateness. */
void order_advance(struct order *order, uint32_t input, weir_time at);

/* The input is at its end: it holds the watermark back no more. When the last one ends, all that
 * is held leaves and the watermark passes every time (TIME_NEVER). */
void order_end(struct order *order, uint32_t input);

/* What waits of the input, as one section; and into an input that has seen nothing: there it waits
 * for what order_advance() says. 0, or -EBADMSG if it cannot be that, or -ENOMEM. */
void order_save(struct order *order, uint32_t input, struct state_writer *writer);
int order_load(struct order *order, uint32_t input, const struct state_image *image);

/* Gives back the memory of events that were not needed at one time since the last call: after a
 * burst. To be called every few seconds. */
void order_shrink(struct order *order);

void order_counts(const struct order *order, uint32_t input, struct order_counts *counts);

#endif
