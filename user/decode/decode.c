/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/decode.h"

#include <stdlib.h>

#include "decode/inside.h"

#define TALKS_DEFAULT 65536
#define BYTES_DEFAULT (32u << 20)

struct decode *decode_new(const struct decode_options *options, const struct decode_ops *ops)
{
	struct decode *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->ops = *ops;
	d->options = *options;
	if (!d->options.decoders)
		d->options.decoders = decoders;
	if (!d->options.talks_max)
		d->options.talks_max = TALKS_DEFAULT;
	if (!d->options.bytes_max)
		d->options.bytes_max = BYTES_DEFAULT;
	if (!d->options.opening)
		d->options.opening = PAYLOAD_OPENING_BYTES;
	TAILQ_INIT(&d->held);
	table_init(&d->talks, sizeof(struct flow_key), offsetof(struct talking, key));
	d->store = packed_store_new();
	if (!talking_open(d) && d->store)
		return d;
	decode_free(d);
	return NULL;
}

void decode_free(struct decode *d)
{
	static const struct decode_ops nobody;

	if (!d)
		return;
	d->ops = nobody;
	talking_close(d);
	held_resumed_give(d);
	table_free(&d->talks);
	packed_store_free(d->store);
	free(d);
}

/* ---- what decoders call ---- */

struct decoder_counts *counts_of(struct talk *talk)
{
	const struct decoder *const *all = talk->decode->options.decoders;
	unsigned i = 0;

	while (i < DECODERS_MAX - 1 && all[i] && all[i] != talk->decoder)
		i++;
	return &talk->decode->of[i];
}

void tell_protocol(struct talking *t, const char *name)
{
	struct decode *d = t->talk.decode;

	if (t->told)
		return;
	t->told = true;
	t->protocol = name;
	if (d->ops.protocol)
		d->ops.protocol(d->ops.context, &t->talk.origin, name);
}

static void put_ends(struct event *e, const struct decode_origin *origin)
{
	const struct flow_key *key = &origin->key;
	unsigned c = origin->client & 1;
	uint8_t over = over_of(key->proto);

	if (!key->proto)
		return; /* below IP: the decoder knows more */
	memcpy(e->source_ip.byte, key->addr[c], 16);
	memcpy(e->destination_ip.byte, key->addr[!c], 16);
	event_mark(e, FIELD_SOURCE_IP);
	event_mark(e, FIELD_DESTINATION_IP);
	event_set(e, NETWORK_TRANSPORT, network_transport, key->proto);
	if (over == OVER_ICMP)
		return;
	event_set(e, SOURCE_PORT, source_port, bpf_ntohs(key->port[c]));
	event_set(e, DESTINATION_PORT, destination_port, bpf_ntohs(key->port[!c]));
}

struct event *talk_event(struct talk *talk, enum event_service service)
{
	struct decode *d = talk->decode;
	const char *protocol = talking_of(talk)->protocol;
	struct event *e = &d->event;

	held_resumed_give(d);
	memset(e->present, 0, sizeof(e->present));
	e->service = (uint16_t)service;
	e->time = talk->at;
	put_ends(e, &talk->origin);
	if (!protocol)
		protocol = talk->decoder->protocol;
	event_set(e, NETWORK_PROTOCOL, network_protocol, text_string(protocol));
	return e;
}

void talk_tell(struct talk *talk, struct event *event)
{
	struct decode *d = talk->decode;

	counts_of(talk)->events++;
	if (d->ops.event)
		d->ops.event(d->ops.context, &talk->origin, event);
}

void talk_skip(struct talk *talk, enum side side, uint64_t bytes)
{
	talking_of(talk)->streams[side].skip += bytes;
}

void talk_keeps(struct talk *talk, ptrdiff_t bytes)
{
	talk->decode->bytes += (size_t)bytes;
}

void talk_done(struct talk *talk)
{
	talk->done = true;
}

void talk_turn(struct talk *talk)
{
	talk->origin.client ^= 1;
}

void talk_protocol(struct talk *talk, const char *name)
{
	talking_of(talk)->protocol = name;
}

void talk_holds(struct talk *talk, int64_t more)
{
	struct talking *t = talking_of(talk);

	t->holds = (uint32_t)(t->holds + more);
	talk->decode->bytes += (size_t)more;
}

void talk_malformed(struct talk *talk, unsigned kind)
{
	if (kind < MALFORMED_MAX)
		counts_of(talk)->malformed[kind]++;
}

#define ANOMALY_MAX 96

void talk_anomaly(struct talk *talk, unsigned kind)
{
	const struct decoder *decoder = talk->decoder;
	char words[ANOMALY_MAX];
	struct event *e;
	int length;

	talk_malformed(talk, kind);
	length = snprintf(words, sizeof(words), "%s: %s", decoder->protocol,
			  decoder->malformed[kind]);
	e = talk_event(talk, decoder->service);
	event_set(e, ANOMALY, weir_anomaly, text_of(words, (size_t)length));
	talk_tell(talk, e);
}

/* ---- payload by payload ---- */

static void glimpse_datagram(const struct payload_record *r, const uint8_t *bytes, uint8_t over,
			     struct glimpse *g)
{
	unsigned client = r->initiator & 1;
	enum side side = r->direction == client ? SIDE_CLIENT : SIDE_SERVER;

	*g = (struct glimpse){
		.over = over,
		.client_port = bpf_ntohs(r->key.port[client]),
		.port = bpf_ntohs(r->key.port[!client]),
	};
	g->bytes[side] = bytes;
	g->length[side] = r->length;
}

/* Without memory of what was before. */
static bool stateless(struct decode *d, const struct payload_record *r, const uint8_t *bytes,
		      weir_time at, const struct glimpse *g)
{
	const struct decoder *decoder = identify_datagram(d, g);
	struct talking t = {0};

	if (!decoder)
		return false;
	t.key = r->key;
	LIST_INIT(&t.held);
	t.talk.decode = d;
	t.talk.decoder = decoder;
	t.talk.record = r;
	t.talk.at = at;
	t.talk.origin.key = r->key;
	t.talk.origin.client = r->initiator & 1;
	decoder->datagram(&t.talk, r->direction == t.talk.origin.client ? SIDE_CLIENT : SIDE_SERVER,
			  bytes, r->length);
	if (!r->seen && r->kind == PAYLOAD_FLOW)
		tell_protocol(&t, t.protocol ? t.protocol : decoder->protocol);
	return true;
}

/* Datagrams of a flow that are looked at to tell what is spoken. */
#define IDENTIFY_DATAGRAMS 4

static void datagram(struct talking *t, const uint8_t *bytes, struct glimpse *g)
{
	struct talk *talk = &t->talk;
	const struct payload_record *r = talk->record;

	if (!talk->decoder)
		identify(t, g, ++t->datagrams < IDENTIFY_DATAGRAMS);
	if (talk->decoder && !talk->done)
		talk->decoder->datagram(
			talk, r->direction == talk->origin.client ? SIDE_CLIENT : SIDE_SERVER,
			bytes, r->length);
}

static void remembered(struct decode *d, const struct payload_record *r, const uint8_t *bytes,
		       weir_time at, struct glimpse *g)
{
	struct talking *t = talking_find(d, r, at);
	struct talk *talk = &t->talk;

	if (!t || talk->done)
		return;
	talk->record = r;
	talk->at = at;
	if (talk->decoder && talk->decoder->packet && !r->offset)
		talk->decoder->packet(
			talk, r->direction == talk->origin.client ? SIDE_CLIENT : SIDE_SERVER,
			r->wire);
	if (g->over == OVER_TCP)
		order_segment(t, bytes);
	else
		datagram(t, bytes, g);
	if (talk->decoder && !t->told)
		tell_protocol(t, t->protocol ? t->protocol : talk->decoder->protocol);
	talk->record = NULL;
	talking_stands(t);
	talking_fit(d, t);
}

void decode_payload(struct decode *d, const struct payload_record *r, const uint8_t *bytes,
		    weir_time at)
{
	uint8_t over = r->kind == PAYLOAD_ARP ? OVER_ARP : over_of(r->key.proto);
	struct glimpse g;

	d->counts.payloads++;
	glimpse_datagram(r, bytes, over, &g);
	if (over == OVER_ICMP || over == OVER_ARP ||
	    (over == OVER_UDP && r->watch == PAYLOAD_MESSAGES)) {
		if (stateless(d, r, bytes, at, &g) || over != OVER_UDP)
			return;
	}
	if (!over)
		return;
	talking_age(d, at);
	remembered(d, r, bytes, at, &g);
}

void decode_advance(struct decode *d, weir_time now)
{
	held_due(d, now);
	talking_age(d, now);
}

void decode_finish(struct decode *d)
{
	struct talking *t;

	TAILQ_FOREACH(t, &d->lists[TALK_OPEN], age)
	for (int side = 0; side < 2 && !t->talk.done; side++)
		order_flush(t, side);
	held_due(d, TIME_NEVER);
}
