/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSL 2.0 hellos, SSL 3.0 and TLS 1.0 to 1.3 (RFC 5246, RFC 8446), on any port. One event a
 * connection, at its ClientHello, which waits up to 0.9 s for what the server chose and, up to TLS
 * 1.2, for its certificate.
 */
#include "decode/reader.h"
#include "decode/tls_certificate.h"
#include "decode/tls_records.h"
#include "decode/tls_tell.h"

#define MESSAGE_HEADER 4

enum {
	HELLO_CLIENT = 1,
	HELLO_SERVER = 2,
	CERTIFICATE = 11,
	SUPPLEMENT = 23, /* RFC 4680 */
};

enum { NO_HELLO = TLS_KINDS, TOO_LONG, TINY_RECORDS, CUT_CERTIFICATE, BAD_CERTIFICATE };

static const char *const malformed[] = {
	TLS_KIND_NAMES,
	[NO_HELLO] = "no hello where one belongs",
	[TOO_LONG] = "a hello over 4 KiB",
	[TINY_RECORDS] = "a hello in tiny records",
	[CUT_CERTIFICATE] = "a certificate cut",
	[BAD_CERTIFICATE] = "a certificate that is none",
	NULL,
};

struct tls {
	struct held *held;
	bool asked;	  /* the ClientHello was told */
	bool again;	  /* the server wants another: HelloRetryRequest */
	bool agreed;	  /* up to TLS 1.2: the server's certificate is next */
	bool old_form;	  /* the ClientHello was in that of SSL 2.0 */
	uint16_t left[2]; /* of the record at hand, by side */
};

/* ---- in the form of SSL 2.0: a length of two bytes, and no extensions ---- */

#define V2_HEADER 2
#define V2_LEAST  9 /* bytes before the ciphers */

static size_t v2_length(const uint8_t *b)
{
	return (size_t)(b[0] & 0x7f) << 8 | b[1];
}

/* All its lengths add up: two bytes alone would be no proof. */
static enum verdict recognise_v2(const uint8_t *b, uint32_t length)
{
	static const uint8_t latest[] = {3, 4};
	unsigned ciphers, session, challenge;

	if (!(b[0] & 0x80) || (length > 2 && b[2] != HELLO_CLIENT))
		return NOT_MINE;
	if (length < V2_HEADER + V2_LEAST)
		return PERHAPS;
	if (!(b[3] == latest[0] && b[4] <= latest[1]) && !(b[3] == 0 && b[4] == 2))
		return NOT_MINE;
	ciphers = (unsigned)b[5] << 8 | b[6];
	session = (unsigned)b[7] << 8 | b[8];
	challenge = (unsigned)b[9] << 8 | b[10];
	return ciphers && ciphers % 3 == 0 && challenge >= 16 && challenge <= 32 &&
			       V2_LEAST + ciphers + session + challenge == v2_length(b)
		       ? MINE
		       : NOT_MINE;
}

static enum verdict recognise(const struct glimpse *g)
{
	static const uint8_t begin[] = {TLS_HANDSHAKE, 3};
	const uint8_t *b = g->bytes[SIDE_CLIENT];
	uint32_t length = g->length[SIDE_CLIENT];

	if (!length)
		return g->length[SIDE_SERVER] ? NOT_MINE : PERHAPS;
	if (b[0] & 0x80)
		return recognise_v2(b, length);
	if (memcmp(b, begin, length < 2 ? length : 2) || (length > 2 && b[2] > 4))
		return NOT_MINE;
	if (length < TLS_RECORD_HEADER + 1)
		return PERHAPS;
	return b[TLS_RECORD_HEADER] == HELLO_CLIENT ? MINE : NOT_MINE;
}

/* ---- messages ---- */

static void broken(struct talk *talk, unsigned kind)
{
	talk_malformed(talk, kind);
	talk_done(talk);
}

static void told(struct talk *talk, const struct tls_hello *hello)
{
	struct tls *tls = talk->state;

	tls_hold(talk, hello, 't', &tls->held);
	tls->asked = true;
	tls->old_form = hello->old_form;
}

static void client_hello(struct talk *talk, const uint8_t *bytes, size_t length)
{
	struct tls_hello hello;

	if (tls_client_hello(bytes, length, &hello))
		told(talk, &hello);
	else
		broken(talk, TLS_LENGTHS);
}

/* Nothing more is waited for. */
static void finish(struct talk *talk)
{
	struct tls *tls = talk->state;

	talk_release(talk, &tls->held);
	talk_done(talk);
}

static void server_hello(struct talk *talk, const uint8_t *bytes, size_t length)
{
	struct tls *tls = talk->state;
	struct tls_answer texts;
	struct tls_hello hello;
	struct event *e;

	if (!tls_server_hello(bytes, length, &hello)) {
		broken(talk, TLS_LENGTHS);
		return;
	}
	tls->again = hello.retry;
	if (hello.retry)
		return;
	e = talk_recall(talk, tls->held);
	if (e) {
		tls_answer(e, &hello, &texts);
		talk_hold(talk, e, &tls->held);
	}
	if (!e || hello.version >= TLS_VERSION_13)
		finish(talk); /* from here on all is encrypted */
	tls->agreed = true;
}

static void put_certificate(struct event *e, const struct tls_certificate *c)
{
	event_set(e, TLS_SUBJECT, tls_subject, text_of(c->subject, c->subject_length));
	event_set(e, TLS_ISSUER, tls_issuer, text_of(c->issuer, c->issuer_length));
	if (c->not_after != TIME_NEVER)
		event_set(e, TLS_NOT_AFTER, tls_not_after, c->not_after);
	event_set(e, TLS_SHA256, tls_sha256, text_string(c->sha256));
	event_set(e, TLS_SELF_SIGNED, tls_self_signed, c->self_signed);
}

static void certificate(struct talk *talk, const uint8_t *der, size_t length)
{
	struct tls *tls = talk->state;
	struct tls_certificate c;
	struct event *e;

	if (!tls_certificate(der, length, &c)) {
		talk_malformed(talk, BAD_CERTIFICATE);
		finish(talk);
		return;
	}
	e = talk_recall(talk, tls->held);
	if (e) {
		put_certificate(e, &c);
		talk_hold(talk, e, &tls->held);
	}
	finish(talk);
}

/*
 * Nothing is agreed yet, so no record of a ClientHello but its last has reason to be shorter than
 * the least that a client can ask for (RFC 6066, 4: 512). Readers that look into one record only
 * are evaded so.
 */
#define RECORD_LEAST 512

static void message(struct talk *talk, enum side side, const struct tls_run *run)
{
	const uint8_t *body = run->bytes + MESSAGE_HEADER;
	size_t length = run->length - MESSAGE_HEADER;

	if (side == SIDE_SERVER) {
		if (run->bytes[0] == HELLO_SERVER)
			server_hello(talk, body, length);
		return;
	}
	if (run->shortest < RECORD_LEAST)
		talk_anomaly(talk, TINY_RECORDS);
	client_hello(talk, body, length);
}

/* ---- records ---- */

/* Another record than one of the handshake. Bytes used. */
static size_t other_record(struct talk *talk, const uint8_t *bytes, size_t length, uint8_t type)
{
	const struct tls *tls = talk->state;
	size_t whole = TLS_RECORD_HEADER + ((size_t)bytes[3] << 8 | bytes[4]);

	/* For middleboxes' sake, behind a HelloRetryRequest (RFC 8446, D.4). */
	if (type == TLS_CHANGE_CIPHER && tls->again)
		return length < whole ? 0 : whole;
	/* A session that is resumed has no certificate. */
	if (type != TLS_ALERT && !(type == TLS_CHANGE_CIPHER && tls->agreed))
		talk_malformed(talk, NO_HELLO);
	finish(talk);
	return length;
}

static size_t stream_v2(struct talk *talk, const uint8_t *bytes, size_t length)
{
	struct tls_hello hello;
	size_t whole;

	if (length < V2_HEADER)
		return 0;
	whole = V2_HEADER + v2_length(bytes);
	if (length < whole)
		return 0;
	if (tls_client_hello_v2(bytes + V2_HEADER, whole - V2_HEADER, &hello))
		told(talk, &hello);
	else
		broken(talk, TLS_LENGTHS);
	return whole;
}

/* SSL 2.0 itself answers in its own form: its version is all that is told. */
static size_t answer_v2(struct talk *talk, size_t length)
{
	struct tls *tls = talk->state;
	struct event *e = talk_resume(talk, &tls->held);

	if (e) {
		event_set(e, TLS_VERSION, tls_version, text_of("2.0", 3));
		talk_tell(talk, e);
	}
	talk_done(talk);
	return length;
}

static bool in_old_form(const struct tls *tls, enum side side, const uint8_t *bytes)
{
	return !tls->left[side] && bytes[0] & 0x80 && (side == SIDE_CLIENT || tls->old_form);
}

static size_t message_length(const uint8_t *header)
{
	return MESSAGE_HEADER + ((size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3]);
}

/* The server's own comes first in its list, and is all that is waited for. */
static size_t certificates(struct talk *talk, const uint8_t *bytes, size_t length)
{
	enum { LISTS = MESSAGE_HEADER + 3 + 3 };
	struct tls *tls = talk->state;
	uint8_t scratch[TLS_MESSAGE_MAX];
	struct tls_run run;
	size_t list, first;

	tls_gather(bytes, length, tls->left[SIDE_SERVER], LISTS, scratch, &run);
	if (run.length < LISTS)
		return 0;
	list = (size_t)run.bytes[4] << 16 | (size_t)run.bytes[5] << 8 | run.bytes[6];
	first = (size_t)run.bytes[7] << 16 | (size_t)run.bytes[8] << 8 | run.bytes[9];
	if (first + 3 > list || MESSAGE_HEADER + 3 + list > message_length(run.bytes)) {
		talk_malformed(talk, TLS_LENGTHS);
		finish(talk);
	} else if (LISTS + first > TLS_MESSAGE_MAX) {
		talk_malformed(talk, CUT_CERTIFICATE);
		finish(talk);
	} else {
		tls_gather(bytes, length, tls->left[SIDE_SERVER], LISTS + first, scratch, &run);
		if (run.length == LISTS + first)
			certificate(talk, run.bytes + LISTS, first);
	}
	return talk->done ? length : 0;
}

/* What a side says next is not what belongs there. */
static void other_message(struct talk *talk)
{
	const struct tls *tls = talk->state;

	if (!tls->agreed)
		talk_malformed(talk, NO_HELLO);
	finish(talk); /* no certificate: a key that both know, or nobody's (RFC 5246, 7.4.2) */
}

static bool belongs(const struct tls *tls, enum side side, uint8_t type)
{
	if (side == SIDE_CLIENT)
		return type == HELLO_CLIENT;
	return type == (tls->agreed ? SUPPLEMENT : HELLO_SERVER);
}

static size_t stream(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct tls *tls = talk->state;
	uint8_t scratch[TLS_MESSAGE_MAX];
	size_t whole = MESSAGE_HEADER;
	struct tls_run run;

	if (side == SIDE_CLIENT && tls->asked)
		return length; /* all is said: only the answer is waited for */
	if (in_old_form(tls, side, bytes))
		return side == SIDE_CLIENT ? stream_v2(talk, bytes, length)
					   : answer_v2(talk, length);
	tls_gather(bytes, length, tls->left[side], MESSAGE_HEADER, scratch, &run);
	if (run.stopped && !run.length)
		return other_record(talk, bytes + run.raw, length - run.raw, run.stop);
	if (run.length == MESSAGE_HEADER && side == SIDE_SERVER && tls->agreed &&
	    run.bytes[0] == CERTIFICATE)
		return certificates(talk, bytes, length);
	if (run.length == MESSAGE_HEADER) {
		whole = message_length(run.bytes);
		if (!belongs(tls, side, run.bytes[0]))
			other_message(talk);
		else if (whole > TLS_MESSAGE_MAX)
			broken(talk, TOO_LONG);
		else
			tls_gather(bytes, length, tls->left[side], whole, scratch, &run);
	}
	if (run.stopped && !talk->done)
		broken(talk, NO_HELLO);
	if (talk->done)
		return length;
	if (run.length < whole)
		return 0;
	message(talk, side, &run);
	tls->left[side] = run.left;
	return run.raw;
}

/* What was chosen of a conversation, or seen, ends here. */
static void gap(struct talk *talk, enum side side, uint64_t missing)
{
	const struct tls *tls = talk->state;

	(void)missing;
	if (side == SIDE_CLIENT && tls->asked)
		return;
	if (tls->agreed)
		talk_malformed(talk, CUT_CERTIFICATE);
	finish(talk);
}

const struct decoder decoder_tls = {
	.protocol = "tls",
	.over = OVER_TCP,
	.service = SERVICE_TLS,
	.state = sizeof(struct tls),
	.recognise = recognise,
	.stream = stream,
	.gap = gap,
	.malformed = malformed,
};
