/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUIC v1 (RFC 9000), v2 (RFC 9369) and drafts from 23 on: the hellos in its Initial packets, whose
 * keys anybody can make. One tls event a connection, as over TCP.
 */
#include "decode/quic_crypto.h"
#include "decode/quic_packet.h"
#include "decode/reader.h"
#include "decode/tls_tell.h"

#define MESSAGE_HEADER 4

enum { HELLO_CLIENT = 1, HELLO_SERVER = 2 };

enum {
	FRAME_PADDING = 0,
	FRAME_PING = 1,
	FRAME_ACK = 2,
	FRAME_ACK_ECN = 3,
	FRAME_CRYPTO = 6,
	FRAME_CLOSE = 0x1c,
};

enum {
	UNDECRYPTABLE = TLS_KINDS,
	OTHER_VERSION,
	HEADER,
	CUT,
	FRAME,
	NO_HELLO,
	TOO_LONG,
	TOO_SCATTERED,
};

static const char *const malformed[] = {
	TLS_KIND_NAMES,
	[UNDECRYPTABLE] = "undecryptable",
	[OTHER_VERSION] = "a version that is not read",
	[HEADER] = "lengths of a packet that lie",
	[CUT] = "a packet cut",
	[FRAME] = "a frame that does not belong",
	[NO_HELLO] = "no hello where one belongs",
	[TOO_LONG] = "a hello over 4 KiB",
	[TOO_SCATTERED] = "a hello in too many pieces",
	NULL,
};

/* Packets that no key opens, before no more are tried: each costs some 20 us. */
#define TRIES_MAX 8

struct quic {
	struct held *held;
	bool asked; /* the ClientHello was told */
	bool keyed; /* `keys` are those of `version` and `id` */
	uint8_t tries;
	uint32_t version;
	struct quic_id id; /* the client's first destination: keys come from it */
	struct quic_keys keys[2];
	struct quic_crypto crypto[2];
	uint16_t read[2]; /* of the handshake, by side */
};

static enum verdict recognise(const struct glimpse *g)
{
	enum side side = g->length[SIDE_CLIENT] ? SIDE_CLIENT : SIDE_SERVER;

	return quic_certain(g->bytes[side], g->length[side]) ? MINE : NOT_MINE;
}

static void broken(struct talk *talk, unsigned kind)
{
	talk_malformed(talk, kind);
	talk_done(talk);
}

/* ---- the handshake ---- */

static void client_hello(struct talk *talk, const uint8_t *bytes, size_t length)
{
	struct quic *quic = talk->state;
	struct tls_hello hello;

	if (quic->asked)
		return; /* again, as the server wanted */
	if (!tls_client_hello(bytes, length, &hello)) {
		broken(talk, TLS_LENGTHS);
		return;
	}
	tls_hold(talk, &hello, 'q', &quic->held);
	quic->asked = true;
}

static void server_hello(struct talk *talk, const uint8_t *bytes, size_t length)
{
	struct quic *quic = talk->state;
	struct tls_answer texts;
	struct tls_hello hello;
	struct event *e;

	if (!tls_server_hello(bytes, length, &hello)) {
		broken(talk, TLS_LENGTHS);
		return;
	}
	if (hello.retry)
		return;
	e = talk_resume(talk, &quic->held);
	if (e) {
		tls_answer(e, &hello, &texts);
		talk_tell(talk, e);
	}
	talk_done(talk);
}

/* Messages that are whole by now. */
static void messages(struct talk *talk, enum side side)
{
	struct quic *quic = talk->state;
	struct quic_crypto *crypto = &quic->crypto[side];

	while (!talk->done) {
		size_t there = quic_crypto_there(crypto) - quic->read[side], whole;
		const uint8_t *m;

		if (there < MESSAGE_HEADER)
			return;
		m = crypto->bytes + quic->read[side];
		whole = MESSAGE_HEADER + ((size_t)m[1] << 16 | (size_t)m[2] << 8 | m[3]);
		if (m[0] != (side == SIDE_CLIENT ? HELLO_CLIENT : HELLO_SERVER))
			broken(talk, NO_HELLO);
		else if (quic->read[side] + whole > QUIC_CRYPTO_MAX)
			broken(talk, TOO_LONG);
		if (talk->done || there < whole)
			return;
		quic->read[side] += (uint16_t)whole;
		if (side == SIDE_CLIENT)
			client_hello(talk, m + MESSAGE_HEADER, whole - MESSAGE_HEADER);
		else
			server_hello(talk, m + MESSAGE_HEADER, whole - MESSAGE_HEADER);
	}
}

/* ---- frames (RFC 9000, 19) ---- */

static void crypto_frame(struct talk *talk, enum side side, struct reader_bytes *r)
{
	struct quic *quic = talk->state;
	struct quic_crypto *crypto = &quic->crypto[side];
	uint64_t offset = quic_varint(r), length = quic_varint(r);
	uint16_t room = crypto->room;
	const uint8_t *bytes;

	if (length > bytes_left(r)) {
		r->failed = true;
		return;
	}
	bytes = bytes_take(r, (size_t)length);
	switch (quic_crypto_add(crypto, offset, bytes, (size_t)length)) {
	case QUIC_ADDED:
		break;
	case QUIC_TOO_LONG:
		broken(talk, TOO_LONG);
		break;
	case QUIC_TOO_SCATTERED:
		broken(talk, TOO_SCATTERED);
		break;
	case QUIC_NO_MEMORY:
		talk_done(talk);
		break;
	}
	talk_holds(talk, crypto->room - room);
}

static void ack_frame(struct reader_bytes *r, bool ecn)
{
	uint64_t ranges;

	quic_varint(r); /* the greatest that came, and how late */
	quic_varint(r);
	ranges = quic_varint(r);
	quic_varint(r);
	while (ranges-- && !r->failed) {
		quic_varint(r);
		quic_varint(r);
	}
	for (int i = 0; ecn && i < 3; i++)
		quic_varint(r);
}

static void frames(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct reader_bytes r = bytes_of(bytes, length);

	while (bytes_left(&r) && !talk->done && !r.failed) {
		uint64_t type;

		if (*r.at == FRAME_PADDING) { /* most of a datagram, a byte each */
			r.at++;
			continue;
		}
		type = quic_varint(&r);
		switch (type) {
		case FRAME_PING:
			break;
		case FRAME_ACK:
		case FRAME_ACK_ECN:
			ack_frame(&r, type == FRAME_ACK_ECN);
			break;
		case FRAME_CRYPTO:
			crypto_frame(talk, side, &r);
			break;
		case FRAME_CLOSE:
			talk_done(talk);
			return;
		default:
			r.failed = true;
		}
	}
	if (r.failed)
		talk_malformed(talk, FRAME);
	if (!talk->done)
		messages(talk, side);
}

/* ---- packets ---- */

/* Tries other keys than those at hand; those that open it stay. */
static int open_anew(struct quic *quic, enum side side, const struct quic_header *header,
		     const struct quic_id *id, const uint8_t *packet, uint8_t *plain)
{
	struct quic_id kept = *id; /* may be quic->id */
	struct quic_keys keys[2];
	int length;

	if (!quic_keys(header->version, &kept, keys))
		return -1;
	length = quic_open(&keys[side], header, packet, plain);
	if (length < 0)
		return -1;
	memcpy(quic->keys, keys, sizeof(keys));
	quic->id = kept;
	quic->version = header->version;
	quic->keyed = true;
	return length;
}

/*
 * The keys at hand; those of the same identifier, if the version has changed since (RFC 9368);
 * those of the packet's own, if it is the client's first, or its first after a Retry (RFC
 * 9001, 5.2).
 */
static int open_packet(struct quic *quic, enum side side, const struct quic_header *header,
		       const uint8_t *packet, uint8_t *plain)
{
	int length = -1;

	if (quic->keyed && quic->version == header->version)
		length = quic_open(&quic->keys[side], header, packet, plain);
	else if (quic->keyed)
		length = open_anew(quic, side, header, &quic->id, packet, plain);
	if (length < 0 && side == SIDE_CLIENT)
		length = open_anew(quic, side, header, &header->destination, packet, plain);
	return length;
}

static void initial(struct talk *talk, enum side side, const struct quic_header *header,
		    const uint8_t *packet, size_t length)
{
	struct quic *quic = talk->state;
	uint8_t plain[QUIC_PLAIN_MAX];
	int there;

	if (header->whole > length) {
		talk_malformed(talk, talk->record->wire > talk->record->length ? CUT : HEADER);
		return;
	}
	there = open_packet(quic, side, header, packet, plain);
	if (there >= 0) {
		frames(talk, side, plain, (size_t)there);
		return;
	}
	talk_malformed(talk, UNDECRYPTABLE);
	if (++quic->tries >= TRIES_MAX)
		talk_done(talk);
}

static void datagram(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct quic_header header;

	if (talk->record->offset)
		return; /* the first piece is all that is read of one */
	/* What has a short header is of the connection's later life; zeroes fill datagrams. */
	while (length && bytes[0] & 0x80 && !talk->done) {
		if (!quic_header(bytes, length, &header)) {
			talk_malformed(talk, HEADER);
			return;
		}
		if (header.type == QUIC_UNKNOWN)
			talk_malformed(talk, OTHER_VERSION);
		if (header.type == QUIC_INITIAL)
			initial(talk, side, &header, bytes, length);
		if (header.whole >= length)
			return;
		bytes += header.whole;
		length -= header.whole;
	}
}

static void end(struct talk *talk)
{
	struct quic *quic = talk->state;

	quic_crypto_free(&quic->crypto[SIDE_CLIENT]);
	quic_crypto_free(&quic->crypto[SIDE_SERVER]);
}

const struct decoder decoder_quic = {
	.protocol = "quic",
	.over = OVER_UDP,
	.service = SERVICE_TLS,
	.state = sizeof(struct quic),
	.recognise = recognise,
	.datagram = datagram,
	.end = end,
	.malformed = malformed,
};
