/* SPDX-License-Identifier: Apache-2.0 */
/* TCP segments in order into the decoder, and what is missing between them. */
#include <stdlib.h>

#include "decode/inside.h"

/* Bytes of a side that are looked at to tell what is spoken. */
#define IDENTIFY_MAX 2048

static void account(struct talking *t, size_t before, size_t after)
{
	t->talk.decode->bytes += after - before;
}

static void missing(struct talking *t, enum side side, uint64_t bytes)
{
	struct talk *talk = &t->talk;

	talk->decode->counts.gaps++;
	if (!talk->decoder || talk->done)
		return;
	if (talk->decoder->gap)
		talk->decoder->gap(talk, side, bytes);
	else
		talk_done(talk);
}

/* Gives bytes that follow each other to the decoder; keeps what it leaves undone. */
static void give(struct talking *t, enum side side, const uint8_t *bytes, size_t length)
{
	struct stream *s = &t->streams[side];
	struct talk *talk = &t->talk;

	while (length && !talk->done) {
		size_t used;

		if (s->skip) {
			used = s->skip < length ? (size_t)s->skip : length;
			s->skip -= used;
		} else {
			used = talk->decoder->stream(talk, side, bytes, length);
			if (!used && !s->skip)
				break;
		}
		bytes += used;
		length -= used;
	}
	if (talk->done)
		length = 0;
	if (!stream_keep(s, bytes, length)) {
		talk->decode->counts.overlong++;
		stream_keep(s, bytes, 0);
		missing(t, side, length);
	}
}

static void glimpse_of(const struct talking *t, struct glimpse *g)
{
	const struct flow_key *key = &t->key;
	unsigned client = t->talk.origin.client;

	g->over = over_of(key->proto);
	g->client_port = bpf_ntohs(key->port[client]);
	g->port = bpf_ntohs(key->port[!client]);
	for (int side = 0; side < 2; side++) {
		g->bytes[side] = t->streams[side].rest;
		g->length[side] = t->streams[side].rest_length;
	}
}

/* What was said before it was known what is spoken. */
static void give_rests(struct talking *t)
{
	for (int i = 0; i < 2; i++) {
		enum side side = t->first ^ i;
		struct stream *s = &t->streams[side];

		if (s->rest_length)
			give(t, side, s->rest, s->rest_length);
	}
}

static void look(struct talking *t, bool more)
{
	struct glimpse g;

	glimpse_of(t, &g);
	if (!g.length[0] && !g.length[1])
		return;
	if (g.length[0] >= IDENTIFY_MAX || g.length[1] >= IDENTIFY_MAX)
		more = false;
	identify(t, &g, more);
	if (t->talk.decoder)
		give_rests(t);
}

static void run(struct talking *t, enum side side, const uint8_t *bytes, uint32_t length)
{
	struct stream *s = &t->streams[side];
	size_t before = stream_bytes(s);

	s->next += length;
	if (!t->talk.decoder && !t->streams[!side].rest_length && !s->rest_length)
		t->first = side;
	if (t->talk.decoder && !s->rest_length) {
		give(t, side, bytes, length);
	} else if (!stream_append(s, bytes, length)) {
		t->talk.decode->counts.overlong++;
		stream_keep(s, NULL, 0);
		missing(t, side, length);
	} else if (t->talk.decoder) {
		give(t, side, s->rest, s->rest_length);
	}
	account(t, before, stream_bytes(s));
	if (!t->talk.decoder && !t->talk.done)
		look(t, true);
}

/* `bytes` that will never come. */
static void hole(struct talking *t, enum side side, uint64_t bytes)
{
	struct stream *s = &t->streams[side];
	size_t before = stream_bytes(s);
	uint64_t skipped;

	s->next += bytes;
	if (!t->talk.decoder && !t->talk.done)
		look(t, false);
	skipped = s->skip < bytes ? s->skip : bytes;
	s->skip -= skipped;
	if (skipped < bytes) {
		stream_keep(s, NULL, 0);
		missing(t, side, bytes - skipped);
	}
	account(t, before, stream_bytes(s));
}

static void piece(struct talking *t, enum side side, uint64_t offset, const uint8_t *bytes,
		  uint32_t length, uint64_t after)
{
	if (!stream_trim(&t->streams[side], &offset, &bytes, &length, &after))
		return;
	if (length)
		run(t, side, bytes, length);
	if (after && !t->talk.done)
		hole(t, side, after);
}

/* What waits and follows now, up to `reach`. */
static void follow(struct talking *t, enum side side, bool all)
{
	struct stream *s = &t->streams[side];
	struct piece *p;

	while (!t->talk.done && (p = stream_ready(s, all ? UINT64_MAX : s->next))) {
		t->talk.decode->bytes -= sizeof(*p) + p->length;
		if (p->offset > s->next)
			hole(t, side, p->offset - s->next);
		if (!t->talk.done)
			piece(t, side, p->offset, p->bytes, p->length, p->hole);
		free(p);
	}
}

void order_flush(struct talking *t, enum side side)
{
	follow(t, side, true);
}

void order_forget(struct talking *t)
{
	for (int side = 0; side < 2; side++) {
		struct stream *s = &t->streams[side];
		const struct stream known = {.begun = s->begun, .start = s->start};
		size_t before = stream_bytes(s);

		stream_free(s);
		*s = known;
		account(t, before, 0);
	}
}

/* Behind the opening only chosen packets come: nothing is waited for. */
static bool sparse(const struct talking *t)
{
	const struct payload_record *r = t->talk.record;

	return r->watch != PAYLOAD_MESSAGES && r->seen >= t->talk.decode->options.opening;
}

/* Where the SYN was not seen, the direction begins with what is seen first. */
static void begin(struct stream *s, const struct payload_record *r)
{
	s->begun = true;
	s->start = r->started ? r->start : r->seq;
}

static void early(struct talking *t, enum side side, uint64_t offset, const uint8_t *bytes,
		  uint32_t length, uint64_t after)
{
	struct stream *s = &t->streams[side];
	size_t before = stream_bytes(s);

	t->talk.decode->counts.early++;
	if (!sparse(t) && stream_wait(s, offset, bytes, length, after)) {
		account(t, before, stream_bytes(s));
		return;
	}
	follow(t, side, true);
	if (t->talk.done)
		return;
	if (offset > s->next)
		hole(t, side, offset - s->next);
	if (!t->talk.done)
		piece(t, side, offset, bytes, length, after);
}

void order_segment(struct talking *t, const uint8_t *bytes)
{
	const struct payload_record *r = t->talk.record;
	enum side side = r->direction == t->talk.origin.client ? SIDE_CLIENT : SIDE_SERVER;
	struct stream *s = &t->streams[side];
	uint64_t after = r->last ? (uint64_t)r->wire - r->offset - r->length : 0, offset;

	if (!s->begun)
		begin(s, r);
	if (!stream_offset(s, r->seq + r->offset, &offset))
		return;
	if (offset > s->next)
		early(t, side, offset, bytes, r->length, after);
	else
		piece(t, side, offset, bytes, r->length, after);
	follow(t, side, false);
}
