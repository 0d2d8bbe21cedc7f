/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.0 to 1.3 (RFC 5246, RFC 8446) up to the ServerHello, on any port. One event a connection,
 * at its ClientHello, which waits up to 0.9 s for what the server chose.
 */
#include <stdio.h>

#include "decode/reader.h"
#include "decode/tls_hello.h"

#define RECORD_HEADER	 5
#define RECORD_HANDSHAKE 22
#define RECORD_ALERT	 21
#define HELLO_CLIENT	 1
#define HELLO_SERVER	 2
#define HELLO_MAX	 4096 /* no longer than what is chosen of a conversation */

enum { NO_HELLO, LENGTHS, TOO_LONG, STRANGE_NAME };

static const char *const malformed[] = {
	[NO_HELLO] = "no hello where one belongs",
	[LENGTHS] = "lengths that lie",
	[TOO_LONG] = "a hello over 4 KiB",
	[STRANGE_NAME] = "control characters in a server name",
	NULL,
};

struct tls {
	struct held *held;
	bool asked; /* the ClientHello was told */
	uint8_t hello[2][HELLO_MAX];
	uint16_t used[2];
};

static enum verdict recognise(const struct glimpse *g)
{
	static const uint8_t begin[] = {RECORD_HANDSHAKE, 3};
	const uint8_t *b = g->bytes[SIDE_CLIENT];
	uint32_t length = g->length[SIDE_CLIENT];

	if (!length)
		return g->length[SIDE_SERVER] ? NOT_MINE : PERHAPS;
	if (memcmp(b, begin, length < 2 ? length : 2) || (length > 2 && b[2] > 4))
		return NOT_MINE;
	if (length < RECORD_HEADER + 1)
		return PERHAPS;
	return b[RECORD_HEADER] == HELLO_CLIENT ? MINE : NOT_MINE;
}

static const char *version_text(uint16_t v)
{
	static const char *const texts[] = {"3.0", "1.0", "1.1", "1.2", "1.3"};

	return v >> 8 == 3 && (v & 0xff) < 5 ? texts[v & 0xff] : NULL;
}

static void client_hello(struct talk *talk, const uint8_t *bytes, size_t length)
{
	struct tls *tls = talk->state;
	char ja3[JA3_TEXT], ja4[JA4_TEXT];
	struct tls_hello hello;
	struct event *e;

	if (!tls_client_hello(bytes, length, &hello)) {
		talk_malformed(talk, LENGTHS);
		talk_done(talk);
		return;
	}
	for (uint32_t i = 0; i < hello.server_name.length; i++)
		if ((unsigned char)hello.server_name.at[i] <= ' ') {
			talk_anomaly(talk, STRANGE_NAME);
			break;
		}
	ja3_client(&hello, ja3);
	ja4_client(&hello, 't', ja4);
	e = talk_event(talk, SERVICE_TLS);
	if (hello.server_name.length)
		event_set(e, TLS_SERVER_NAME, tls_server_name, hello.server_name);
	event_set(e, TLS_JA3, tls_ja3, text_of(ja3, strlen(ja3)));
	event_set(e, TLS_JA4, tls_ja4, text_of(ja4, strlen(ja4)));
	if (hello.has_alpn)
		event_set(e, TLS_ALPN, tls_alpn, text_of(hello.alpn, hello.alpn_length));
	tls->asked = true;
	talk_hold(talk, e, &tls->held);
}

static void server_hello(struct talk *talk, const uint8_t *bytes, size_t length)
{
	struct tls *tls = talk->state;
	char ja3s[JA3_TEXT], cipher[8];
	struct tls_hello hello;
	const char *version;
	struct event *e;

	if (!tls_server_hello(bytes, length, &hello)) {
		talk_malformed(talk, LENGTHS);
		talk_done(talk);
		return;
	}
	e = talk_resume(talk, &tls->held);
	if (e) {
		version = version_text(hello.version);
		ja3_server(&hello, ja3s);
		event_set(e, TLS_JA3S, tls_ja3s, text_of(ja3s, strlen(ja3s)));
		if (version)
			event_set(e, TLS_VERSION, tls_version, text_of(version, strlen(version)));
		if (hello.ciphers.len) {
			snprintf(cipher, sizeof(cipher), "0x%04x", (unsigned)hello.ciphers.at[0]);
			event_set(e, TLS_CIPHER, tls_cipher, text_of(cipher, strlen(cipher)));
		}
		if (hello.has_alpn)
			event_set(e, TLS_NEXT_PROTOCOL, tls_next_protocol,
				  text_of(hello.alpn, hello.alpn_length));
		talk_tell(talk, e);
	}
	talk_done(talk);
}

/* A whole handshake message, or the part of it that is there: false. */
static bool message(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	size_t whole;

	if (length < 4)
		return false;
	if (bytes[0] != (side == SIDE_CLIENT ? HELLO_CLIENT : HELLO_SERVER)) {
		talk_malformed(talk, NO_HELLO);
		talk_done(talk);
		return true;
	}
	whole = 4 + ((size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3]);
	if (whole > HELLO_MAX) {
		talk_malformed(talk, TOO_LONG);
		talk_done(talk);
		return true;
	}
	if (length < whole)
		return false;
	if (side == SIDE_CLIENT)
		client_hello(talk, bytes + 4, whole - 4);
	else
		server_hello(talk, bytes + 4, whole - 4);
	return true;
}

/* A record's content: hellos may lie in several. */
static void record(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct tls *tls = talk->state;
	size_t room = sizeof(tls->hello[side]) - tls->used[side];

	if (length > room)
		length = room; /* what follows a hello is not looked at */
	memcpy(tls->hello[side] + tls->used[side], bytes, length);
	tls->used[side] += (uint16_t)length;
	message(talk, side, tls->hello[side], tls->used[side]);
}

static size_t stream(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct tls *tls = talk->state;
	size_t whole;

	if (side == SIDE_CLIENT && tls->asked)
		return length; /* all is said: only the answer is waited for */
	if (length < RECORD_HEADER)
		return 0;
	whole = RECORD_HEADER + ((size_t)bytes[3] << 8 | bytes[4]);
	if (bytes[0] != RECORD_HANDSHAKE || bytes[1] != 3) {
		if (bytes[0] != RECORD_ALERT)
			talk_malformed(talk, NO_HELLO);
		talk_done(talk);
		return length;
	}
	/* A server's first record holds its certificates too: they need not all be there. */
	if (length < whole && side == SIDE_SERVER && length > RECORD_HEADER + 4 &&
	    length >= RECORD_HEADER + 4 + ((size_t)bytes[7] << 8 | bytes[8])) {
		record(talk, side, bytes + RECORD_HEADER, length - RECORD_HEADER);
		return length;
	}
	if (length < whole)
		return 0;
	record(talk, side, bytes + RECORD_HEADER, whole - RECORD_HEADER);
	return whole;
}

const struct decoder decoder_tls = {
	.protocol = "tls",
	.over = OVER_TCP,
	.service = SERVICE_TLS,
	.state = sizeof(struct tls),
	.recognise = recognise,
	.stream = stream,
	.malformed = malformed,
};
