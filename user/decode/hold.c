/* SPDX-License-Identifier: Apache-2.0 */
/* Events that wait for the answer that completes them. */
#include <stdlib.h>

#include "decode/inside.h"

void held_resumed_give(struct decode *decode)
{
	if (decode->resumed)
		packed_give(decode->store, decode->resumed);
	decode->resumed = NULL;
}

/* The event is the stage's one again; the hold is over. */
static struct event *take_out(struct decode *decode, struct held *held)
{
	held_resumed_give(decode);
	memset(decode->event.present, 0, sizeof(decode->event.present));
	packed_read(held->packed, &decode->event);
	decode->resumed = held->packed;
	*held->home = NULL;
	TAILQ_REMOVE(&decode->held, held, age);
	LIST_REMOVE(held, of);
	decode->held_count--;
	free(held);
	return &decode->event;
}

/* What waits already has more to say; without memory it says what it did. */
static void keep(struct decode *decode, struct held *held, const struct event *event)
{
	struct packed *packed = packed_take(decode->store, event);

	if (!packed) {
		decode->counts.no_memory++;
		return;
	}
	packed_give(decode->store, held->packed); /* some of the event's texts were there */
	held->packed = packed;
}

void talk_hold(struct talk *talk, struct event *event, struct held **home)
{
	struct decode *decode = talk->decode;
	struct held *held = NULL;

	if (*home) {
		keep(decode, *home, event);
		return;
	}
	if (decode->held_count < HELD_MAX)
		held = malloc(sizeof(*held));
	if (held)
		held->packed = packed_take(decode->store, event);
	if (!held || !held->packed) {
		free(held);
		decode->counts.held_full++;
		talk_tell(talk, event);
		return;
	}
	held->talking = talking_of(talk);
	held->home = home;
	held->due = talk->at + DECODE_HOLD;
	TAILQ_INSERT_TAIL(&decode->held, held, age);
	LIST_INSERT_HEAD(&held->talking->held, held, of);
	decode->held_count++;
	*home = held;
}

struct event *talk_resume(struct talk *talk, struct held **home)
{
	return *home ? take_out(talk->decode, *home) : NULL;
}

struct event *talk_recall(struct talk *talk, struct held *held)
{
	struct decode *decode = talk->decode;

	if (!held)
		return NULL;
	held_resumed_give(decode);
	memset(decode->event.present, 0, sizeof(decode->event.present));
	packed_read(held->packed, &decode->event);
	return &decode->event;
}

void talk_release(struct talk *talk, struct held **home)
{
	if (*home)
		talk_tell(talk, take_out(talk->decode, *home));
}

void held_due(struct decode *decode, weir_time now)
{
	struct held *held;

	while ((held = TAILQ_FIRST(&decode->held)) && held->due <= now) {
		struct talk *talk = &held->talking->talk;

		talk_tell(talk, take_out(decode, held));
	}
}

void held_forget(struct talking *talking)
{
	struct held *held;

	while ((held = LIST_FIRST(&talking->held)))
		talk_tell(&talking->talk, take_out(talking->talk.decode, held));
}
