/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversations that are remembered, in lists by last use, so that what is looked at to find
 * the oldest does not depend on how many there are. Of those of which nothing more is wanted a mark
 * stays when they go, so that what they say later begins nothing.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "decode/inside.h"

/* Silent for so long, it is forgotten. Behind its opening little of a finished one is chosen at
 * all; an open one may still go on: file servers end sessions that are idle for 15 min. */
static const weir_time silent[TALK_LISTS] = {
	[TALK_UNDECIDED] = 3 * WEIR_MIN,
	[TALK_OPEN] = 20 * WEIR_MIN,
	[TALK_FINISHED] = 3 * WEIR_MIN,
};

/* Of each list, with each payload: more than one payload can add. */
#define FORGET_AT_ONCE 2

/* ---- marks of those that went ---- */

/* One word each, by hash: a newer one takes an older one's place. 512 KiB. */
#define MARKS 65536

int talking_open(struct decode *d)
{
	for (int list = 0; list < TALK_LISTS; list++)
		TAILQ_INIT(&d->lists[list]);
	d->marks = calloc(MARKS, sizeof(*d->marks));
	return d->marks ? 0 : -1;
}

static uint64_t mark_of(const struct flow_key *key)
{
	return hash_bytes(key, sizeof(*key)) | 1; /* 0: none */
}

static uint64_t *mark_place(const struct decode *d, uint64_t mark)
{
	return &d->marks[mark >> 48 & (MARKS - 1)];
}

static void leave_mark(struct decode *d, const struct talking *t)
{
	uint64_t mark = mark_of(&t->key);

	*mark_place(d, mark) = mark;
}

/* It was there, and nothing more of it is wanted. The beginning of a direction may be another
 * connection's with the same tuple: that counts as new. */
static bool take_mark(struct decode *d, const struct payload_record *record)
{
	uint64_t mark = mark_of(&record->key), *place = mark_place(d, mark);

	if (*place != mark)
		return false;
	*place = 0;
	return record->seen != 0;
}

/* ---- lists ---- */

static void take_out(struct talking *t)
{
	TAILQ_REMOVE(&t->talk.decode->lists[t->list], t, age);
}

static void put_in(struct talking *t)
{
	TAILQ_INSERT_TAIL(&t->talk.decode->lists[t->list], t, age);
}

/* Lets go of all but that it was there. */
static void strip(struct talking *t)
{
	struct talk *talk = &t->talk;

	if (talk->decoder && talk->state) {
		if (talk->decoder->end)
			talk->decoder->end(talk);
		held_forget(t); /* what the decoder did not finish */
		free(talk->state);
		talk->state = NULL;
		talk->decode->bytes -= t->holds;
		t->holds = 0;
	}
	order_forget(t);
}

void talking_stands(struct talking *t)
{
	enum talk_list list = t->talk.done	? TALK_FINISHED
			      : t->talk.decoder ? TALK_OPEN
						: TALK_UNDECIDED;

	if (list == t->list)
		return;
	if (list == TALK_FINISHED)
		strip(t);
	take_out(t);
	t->list = list;
	put_in(t);
}

static void forget(struct talking *t)
{
	t->talk.record = NULL;
	strip(t);
	table_remove(&t->talk.decode->talks, t);
	take_out(t);
	free(t);
}

/* As if it were there no more, though it may speak again. */
static void let_go(struct talking *t)
{
	if (t->list == TALK_FINISHED)
		leave_mark(t->talk.decode, t);
	forget(t);
}

void talking_close(struct decode *d)
{
	for (int list = 0; list < TALK_LISTS; list++)
		while (!TAILQ_EMPTY(&d->lists[list]))
			forget(TAILQ_FIRST(&d->lists[list]));
	free(d->marks);
}

/* ---- room ---- */

void talking_age(struct decode *d, weir_time now)
{
	for (int list = 0; list < TALK_LISTS; list++) {
		for (int i = 0; i < FORGET_AT_ONCE; i++) {
			struct talking *t = TAILQ_FIRST(&d->lists[list]);

			if (!t || t->heard >= now - silent[list])
				break;
			d->counts.aged++;
			let_go(t);
		}
	}
}

/* The least recently heard of the lists before `end`. */
static struct talking *oldest(struct decode *d, enum talk_list end)
{
	struct talking *oldest = NULL;

	for (unsigned list = 0; list < end; list++) {
		struct talking *t = TAILQ_FIRST(&d->lists[list]);

		if (t && (!oldest || t->heard < oldest->heard))
			oldest = t;
	}
	return oldest;
}

static void evict(struct decode *d, struct talking *t)
{
	d->counts.evicted += t->list != TALK_FINISHED;
	let_go(t);
}

static void make_room(struct decode *d)
{
	while (d->talks.count >= d->options.talks_max)
		evict(d, oldest(d, TALK_LISTS));
}

/* Finished ones hold nothing. */
void talking_fit(struct decode *d, const struct talking *but)
{
	struct talking *t;

	while (d->bytes > d->options.bytes_max && (t = oldest(d, TALK_FINISHED)) && t != but)
		evict(d, t);
}

/* ---- whose payload it is ---- */

static struct talking *begin(struct decode *d, const struct payload_record *record, weir_time at)
{
	struct talking *t = calloc(1, sizeof(*t));

	if (t) {
		t->key = record->key;
		t->heard = at;
		t->talk.decode = d;
		t->talk.origin.key = record->key;
		t->talk.origin.client = record->initiator & 1;
	}
	if (!t || table_insert(&d->talks, t)) {
		free(t);
		d->counts.no_memory++;
		return NULL;
	}
	if (take_mark(d, record)) {
		t->talk.done = true;
		t->list = TALK_FINISHED;
		d->counts.resumed++;
	} else {
		d->counts.talks++;
	}
	put_in(t);
	return t;
}

/* The tuple has a new life: what was said before belongs to another connection. */
static bool anew(const struct talking *t, const struct payload_record *r)
{
	enum side side = r->direction == t->talk.origin.client ? SIDE_CLIENT : SIDE_SERVER;

	if (r->seen || r->direction != r->initiator)
		return false;
	if (r->key.proto != 6)
		return r->offset == 0 && (t->datagrams || t->talk.decoder || t->talk.done);
	return r->started && t->streams[side].begun && t->streams[side].start != r->start;
}

struct talking *talking_find(struct decode *d, const struct payload_record *record, weir_time at)
{
	struct talking *t = table_find(&d->talks, &record->key);

	if (t && anew(t, record)) {
		forget(t);
		t = NULL;
	}
	if (!t) {
		make_room(d);
		return begin(d, record, at);
	}
	t->heard = at;
	take_out(t);
	put_in(t);
	return t;
}
