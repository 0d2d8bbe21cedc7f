/* SPDX-License-Identifier: Apache-2.0 */
#include "decoding/wire.h"

#include <errno.h>
#include <stddef.h>

#include "decoding/fields.h"

/* Before each record. */
struct head {
	uint32_t length; /* with this head */
	uint8_t kind;
	uint8_t zero[3];
};

/* Before the fields of an event. */
struct event_head {
	struct flow_key key;
	uint8_t client, service;
	uint16_t fields;
	int64_t at; /* boot time, ns */
};

/* Before a field's value; in the order of their numbers. */
struct field_head {
	uint16_t field;
	uint16_t zero;
	uint32_t length;
};

#define PROTOCOL_NAME_MAX 32

struct protocol_record {
	struct flow_key key;
	uint8_t client, length;
	char name[PROTOCOL_NAME_MAX];
};

/* How far a time may be ahead: both sides read one clock, but not at one moment. */
#define AHEAD_MAX WEIR_SEC

/* ---- writing ---- */

void wire_begin(struct wire_out *out)
{
	out->length = sizeof(struct wire_message);
	out->records = 0;
}

bool wire_empty(const struct wire_out *out)
{
	return out->length == sizeof(struct wire_message);
}

const uint8_t *wire_end(struct wire_out *out, uint64_t newest)
{
	const struct wire_message message = {.newest = newest};

	memcpy(out->bytes, &message, sizeof(message));
	return out->bytes;
}

static bool put(struct wire_out *out, const void *bytes, size_t length)
{
	if (length > sizeof(out->bytes) - out->length)
		return false;
	if (length)
		memcpy(out->bytes + out->length, bytes, length);
	out->length += length;
	return true;
}

/* The record from `start` on is whole, or was never there. */
static bool close_record(struct wire_out *out, size_t start, enum wire_kind kind, bool whole)
{
	const struct head head = {.length = (uint32_t)(out->length - start), .kind = kind};

	if (whole)
		memcpy(out->bytes + start, &head, sizeof(head));
	else
		out->length = start;
	return whole;
}

static bool put_record(struct wire_out *out, enum wire_kind kind, const void *bytes, size_t length)
{
	const struct head head = {0};
	size_t start = out->length;

	return close_record(out, start, kind,
			    put(out, &head, sizeof(head)) && put(out, bytes, length));
}

bool wire_put_ready(struct wire_out *out, const struct wire_ready *ready)
{
	return put_record(out, WIRE_READY, ready, sizeof(*ready));
}

bool wire_put_totals(struct wire_out *out, const struct wire_totals *totals)
{
	return put_record(out, WIRE_TOTALS, totals, sizeof(*totals));
}

bool wire_put_protocol(struct wire_out *out, const struct decode_origin *origin,
		       const char *protocol)
{
	struct protocol_record record = {.key = origin->key, .client = origin->client};
	size_t length = strlen(protocol);

	if (length > sizeof(record.name))
		return false;
	record.length = (uint8_t)length;
	memcpy(record.name, protocol, length);
	if (!put_record(out, WIRE_PROTOCOL, &record, sizeof(record)))
		return false;
	out->records++;
	return true;
}

static bool put_field(struct wire_out *out, const struct event *event, enum field field)
{
	const void *slot = event_slot(event, field);
	struct field_head head = {.field = (uint16_t)field};

	if (type_is_text(field_table[field].type)) {
		const struct text *text = slot;

		head.length = text->length;
		return put(out, &head, sizeof(head)) && put(out, text->at, text->length);
	}
	head.length = (uint32_t)wire_slot(field);
	return put(out, &head, sizeof(head)) && put(out, slot, head.length);
}

bool wire_put_event(struct wire_out *out, const struct decode_origin *origin,
		    const struct event *event)
{
	struct event_head event_head = {
		.key = origin->key,
		.client = origin->client,
		.service = (uint8_t)event->service,
		.at = event->time,
	};
	const struct head head = {0};
	size_t start = out->length, at = start + sizeof(head);
	bool whole = put(out, &head, sizeof(head)) && put(out, &event_head, sizeof(event_head));

	for (unsigned word = 0; word < sizeof(event->present) / sizeof(uint64_t); word++)
		for (uint64_t bits = event->present[word]; whole && bits; bits &= bits - 1) {
			unsigned field = word * 64 + (unsigned)__builtin_ctzll(bits);

			if (!wire_field(field)) {
				out->refused++;
				continue;
			}
			whole = put_field(out, event, (enum field)field);
			event_head.fields++;
		}
	if (whole)
		memcpy(out->bytes + at, &event_head, sizeof(event_head));
	out->records += whole;
	return close_record(out, start, WIRE_EVENT, whole);
}

/* ---- reading ---- */

static int bad(struct wire_in *in, const char *fault)
{
	in->fault = fault;
	return -EBADMSG;
}

static bool take(struct wire_in *in, void *to, size_t length)
{
	if (length > (size_t)(in->end - in->at))
		return false;
	memcpy(to, in->at, length);
	in->at += length;
	return true;
}

/* Both clocks are one. */
static bool credible(const struct wire_in *in, uint64_t at)
{
	return at <= in->now + (uint64_t)AHEAD_MAX;
}

int wire_open(struct wire_in *in, const uint8_t *bytes, size_t length, uint64_t now)
{
	struct wire_message message;

	*in = (struct wire_in){.at = bytes, .end = bytes + length, .now = now};
	if (length > WIRE_MESSAGE_MAX)
		return bad(in, "a message that is too long");
	if (!take(in, &message, sizeof(message)))
		return bad(in, "a message that is cut");
	if (!credible(in, message.newest))
		return bad(in, "a message of a time to come");
	in->newest = message.newest;
	return 0;
}

static bool is_key(const struct flow_key *key)
{
	/* Only one network namespace is watched, and the programs fill the rest with zeroes. */
	return !key->netns && !key->zero[0] && !key->zero[1] && !key->zero[2];
}

static int read_ready(struct wire_in *in, struct wire_record *record)
{
	if (in->end - in->at != sizeof(record->ready))
		return bad(in, "a record of the wrong length");
	take(in, &record->ready, sizeof(record->ready));
	return 1;
}

static int read_totals(struct wire_in *in, struct wire_record *record)
{
	if (in->end - in->at != sizeof(record->totals))
		return bad(in, "a record of the wrong length");
	take(in, &record->totals, sizeof(record->totals));
	return 1;
}

static int read_protocol(struct wire_in *in, struct wire_record *record)
{
	struct protocol_record wire;

	if (in->end - in->at != sizeof(wire))
		return bad(in, "a record of the wrong length");
	take(in, &wire, sizeof(wire));
	if (!is_key(&wire.key) || wire.client > 1 || wire.length > sizeof(wire.name))
		return bad(in, "no flow");
	record->origin = (struct decode_origin){.key = wire.key, .client = wire.client};
	record->protocol = decode_protocol(wire.name, wire.length);
	return record->protocol ? 1 : bad(in, "a protocol that no decoder knows");
}

static int read_field(struct wire_in *in, struct event *event, int *before)
{
	struct field_head head;
	void *slot;

	if (!take(in, &head, sizeof(head)) || head.length > (size_t)(in->end - in->at))
		return bad(in, "a field that is cut");
	if (head.field >= FIELD_COUNT || head.zero || !wire_field(head.field))
		return bad(in, "a field that decoders may not tell");
	if (head.field <= *before)
		return bad(in, "fields out of order");
	*before = head.field;
	slot = (char *)event + field_table[head.field].offset;
	if (type_is_text(field_table[head.field].type))
		*(struct text *)slot =
			(struct text){.at = (const char *)in->at, .length = head.length};
	else if (head.length != wire_slot(head.field) || !wire_value(head.field, in->at))
		return bad(in, "a value that its field cannot have");
	else
		memcpy(slot, in->at, head.length);
	in->at += head.length;
	event_mark(event, (enum field)head.field);
	return 0;
}

static int read_event(struct wire_in *in, struct wire_record *record)
{
	struct event *event = &record->event;
	struct event_head head;
	int before = -1, err = 0;

	if (!take(in, &head, sizeof(head)))
		return bad(in, "an event that is cut");
	if (!is_key(&head.key) || head.client > 1)
		return bad(in, "no flow");
	if (!wire_service(head.service))
		return bad(in, "an event that no decoder makes");
	if (head.at < 0 || !credible(in, (uint64_t)head.at))
		return bad(in, "an event of a time to come");
	record->origin = (struct decode_origin){.key = head.key, .client = head.client};
	memset(event->present, 0, sizeof(event->present));
	event->service = head.service;
	event->time = head.at;
	for (unsigned i = 0; i < head.fields && !err; i++)
		err = read_field(in, event, &before);
	if (err)
		return err;
	return in->at == in->end ? 1 : bad(in, "an event with a rest");
}

static int (*const readers[])(struct wire_in *, struct wire_record *) = {
	[WIRE_READY] = read_ready,
	[WIRE_EVENT] = read_event,
	[WIRE_PROTOCOL] = read_protocol,
	[WIRE_TOTALS] = read_totals,
};

int wire_next(struct wire_in *in, struct wire_record *record)
{
	const uint8_t *end = in->end, *start = in->at;
	struct head head;
	int found;

	if (in->at == end)
		return 0;
	if (!take(in, &head, sizeof(head)))
		return bad(in, "a record that is cut");
	if (head.length < sizeof(head) || head.length > (size_t)(end - start))
		return bad(in, "a record of the wrong length");
	if (!head.kind || head.kind >= sizeof(readers) / sizeof(readers[0]) || head.zero[0] ||
	    head.zero[1] || head.zero[2])
		return bad(in, "a record of no known kind");
	record->kind = head.kind;
	in->end = start + head.length;
	found = readers[head.kind](in, record);
	in->at = in->end;
	in->end = end;
	return found;
}
