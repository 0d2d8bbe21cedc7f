/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS (RFC 1035) over UDP and TCP, and what looks like it: multicast DNS (RFC 6762) and LLMNR
 * (RFC 4795). Each query and each response is an event; its source stays the one who asks.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "decode/decoder.h"
#include "decode/dns_name.h"
#include "decode/dns_types.h"
#include "decode/reader.h"

enum { HEADER = 12, ANSWERS_MAX = 64, ANSWERS_TEXT = 8192, QR = 0x80, PORT_DNS = 53 };

enum { SHORT, POINTER, LONG_NAME, LABEL, NO_QUESTION, TRAILING };

static const char *const malformed[] = {
	[SHORT] = "short",
	[POINTER] = "a name that points forward or in a circle",
	[LONG_NAME] = "a name over 255 bytes",
	[LABEL] = "a label of an unknown kind",
	[NO_QUESTION] = "no question",
	[TRAILING] = "data behind the message",
	NULL,
};

/* ---- is it? ---- */

static bool own_port(uint16_t port)
{
	return port == PORT_DNS || port == 5353 || port == 5355;
}

/* Counts that a message of this length could have; elsewhere than on its own port one question. */
static bool plausible(const uint8_t *m, size_t length, bool strict)
{
	unsigned opcode = m[2] >> 3 & 0xf, questions = m[4] << 8 | m[5];
	unsigned answers = m[6] << 8 | m[7], authority = m[8] << 8 | m[9];
	unsigned additional = m[10] << 8 | m[11];
	char name[DNS_NAME_TEXT];
	size_t at = HEADER;

	if (!strict)
		return opcode <= 6;
	if (opcode || questions != 1 || m[3] & 0x40 || answers + authority + additional > 64 ||
	    (!(m[2] & QR) && answers))
		return false;
	return dns_name_read(m, length, &at, name) > 0 && at + 4 <= length && !m[at + 2] &&
	       (m[at + 3] == 1 || m[at + 3] == 255) &&
	       dns_type_name((uint16_t)(m[at] << 8 | m[at + 1]));
}

static enum verdict recognise(const struct glimpse *g)
{
	enum side side = g->length[SIDE_CLIENT] ? SIDE_CLIENT : SIDE_SERVER;
	bool own = own_port(g->port) || own_port(g->client_port);

	if (g->length[side] < HEADER)
		return own && g->length[side] ? MINE : NOT_MINE;
	return plausible(g->bytes[side], g->length[side], !own) ? MINE : NOT_MINE;
}

static enum verdict recognise_tcp(const struct glimpse *g)
{
	const uint8_t *m = g->bytes[SIDE_CLIENT];
	size_t length = g->length[SIDE_CLIENT], whole;

	if (length < 2 + HEADER)
		return !length || g->port == PORT_DNS ? PERHAPS : NOT_MINE;
	whole = (size_t)m[0] << 8 | m[1];
	if (whole < HEADER)
		return NOT_MINE;
	if (length < 2 + whole)
		return plausible(m + 2, length - 2, false) && g->port == PORT_DNS ? MINE : NOT_MINE;
	return plausible(m + 2, whole, g->port != PORT_DNS) ? MINE : NOT_MINE;
}

/* ---- a message ---- */

/* What the answers say, as one list. */
struct answers {
	char text[ANSWERS_TEXT];
	size_t used;
	unsigned count;
	uint64_t bytes;
	uint32_t ttl; /* the least */
};

static void add(struct answers *a, const char *text, size_t length)
{
	if (a->count && a->used < sizeof(a->text))
		a->text[a->used++] = TEXTS_JOINT;
	if (length > sizeof(a->text) - a->used)
		length = sizeof(a->text) - a->used;
	memcpy(a->text + a->used, text, length);
	for (size_t i = 0; i < length; i++)
		if (a->text[a->used + i] == TEXTS_JOINT)
			a->text[a->used + i] = ' ';
	a->used += length;
	a->count++;
}

static int data_name(const uint8_t *m, size_t length, size_t at, struct answers *a)
{
	char name[DNS_NAME_TEXT];
	int n = dns_name_read(m, length, &at, name);

	if (n > 0)
		add(a, name, (size_t)n);
	return n;
}

/* Character strings of a TXT, one behind the other. */
static void data_text(const uint8_t *at, size_t length, struct answers *a)
{
	char text[1024];
	size_t used = 0;

	while (length > 1 && used < sizeof(text)) {
		size_t n = at[0] < length - 1 ? at[0] : length - 1;

		if (n > sizeof(text) - used)
			n = sizeof(text) - used;
		memcpy(text + used, at + 1, n);
		used += n;
		n = (size_t)at[0] + 1 < length ? (size_t)at[0] + 1 : length;
		at += n;
		length -= n;
	}
	add(a, text, used);
}

static int data(const uint8_t *m, size_t length, uint16_t type, size_t at, size_t size,
		struct answers *a)
{
	char text[INET6_ADDRSTRLEN];

	switch (type) {
	case 1:
	case 28:
		if (size != (type == 1 ? 4u : 16u))
			return DNS_NAME_SHORT;
		inet_ntop(type == 1 ? AF_INET : AF_INET6, m + at, text, sizeof(text));
		add(a, text, strlen(text));
		return 0;
	case 2:
	case 5:
	case 12:
	case 39:
		return data_name(m, length, at, a);
	case 15:
		return size < 3 ? DNS_NAME_SHORT : data_name(m, length, at + 2, a);
	case 33:
		return size < 7 ? DNS_NAME_SHORT : data_name(m, length, at + 6, a);
	case 16:
		data_text(m + at, size, a);
		return 0;
	}
	return 0;
}

static bool answers_read(const uint8_t *m, size_t length, size_t *at, unsigned count,
			 struct answers *a, int *fault)
{
	char name[DNS_NAME_TEXT];

	for (unsigned i = 0; i < count; i++) {
		struct reader_bytes r;
		uint16_t type, size;
		uint32_t ttl;

		*fault = dns_name_read(m, length, at, name);
		if (*fault < 0)
			return false;
		r = bytes_of(m + *at, length - *at);
		type = bytes_u16(&r);
		bytes_u16(&r);
		ttl = bytes_u32(&r);
		size = bytes_u16(&r);
		if (r.failed || size > bytes_left(&r)) {
			*fault = DNS_NAME_SHORT;
			return false;
		}
		*at = (size_t)(r.at - m);
		if (!a->bytes || ttl < a->ttl)
			a->ttl = ttl;
		a->bytes += size;
		if (a->count < ANSWERS_MAX)
			*fault = data(m, length, type, *at, size, a);
		if (*fault < 0)
			return false;
		*at += size;
	}
	return true;
}

static void wrong(struct talk *talk, int fault)
{
	switch ((enum dns_name_fault)fault) {
	case DNS_NAME_OK:
		break;
	case DNS_NAME_SHORT:
		talk_malformed(talk, SHORT);
		break;
	case DNS_NAME_LABEL:
		talk_malformed(talk, LABEL);
		break;
	case DNS_NAME_POINTER:
		talk_anomaly(talk, POINTER);
		break;
	case DNS_NAME_LONG:
		talk_anomaly(talk, LONG_NAME);
		break;
	}
}

#define NUMBERED_TEXT 16

static struct text numbered(const char *known, const char *word, unsigned number,
			    char text[NUMBERED_TEXT])
{
	if (known)
		return text_of(known, strlen(known));
	return text_of(text, (size_t)snprintf(text, NUMBERED_TEXT, "%s%u", word, number));
}

static void put_answers(struct event *e, const struct answers *a)
{
	if (a->count)
		event_set(e, DNS_ANSWERS, dns_answers, text_of(a->text, a->used));
	event_set(e, DNS_ANSWERS_BYTES, dns_answers_bytes, a->bytes);
	if (a->bytes)
		event_set(e, DNS_ANSWERS_TTL, dns_answers_ttl, a->ttl);
}

/* The question is read; `at` stands behind it. */
static void tell(struct talk *talk, const uint8_t *m, size_t length, size_t at, const char *name,
		 int name_length)
{
	char type_text[NUMBERED_TEXT], code_text[NUMBERED_TEXT];
	uint16_t type = (uint16_t)(m[at] << 8 | m[at + 1]);
	bool answer = m[2] & QR;
	struct answers a;
	struct event *e;
	int fault = 0;

	a.used = a.count = 0;
	a.bytes = a.ttl = 0;
	at += 4;
	if (answer && !answers_read(m, length, &at, (unsigned)m[6] << 8 | m[7], &a, &fault))
		wrong(talk, fault);
	e = talk_event(talk, SERVICE_DNS);
	event_set(e, DNS_TYPE, dns_type, answer ? text_of("answer", 6) : text_of("query", 5));
	event_set(e, DNS_QUESTION_NAME, dns_question_name, text_of(name, (size_t)name_length));
	event_set(e, DNS_QUESTION_TYPE, dns_question_type,
		  numbered(dns_type_name(type), "TYPE", type, type_text));
	if (answer) {
		event_set(e, DNS_RESPONSE_CODE, dns_response_code,
			  numbered(dns_code_name(m[3] & 0xf), "RCODE", m[3] & 0xf, code_text));
		put_answers(e, &a);
	}
	talk_tell(talk, e);
}

static void message(struct talk *talk, const uint8_t *m, size_t length)
{
	char name[DNS_NAME_TEXT];
	size_t at = HEADER;
	int n;

	if (length < HEADER) {
		talk_malformed(talk, SHORT);
		return;
	}
	if (!m[4] && !m[5]) {
		talk_malformed(talk, NO_QUESTION);
		return;
	}
	n = dns_name_read(m, length, &at, name);
	if (n >= 0 && at + 4 > length)
		n = DNS_NAME_SHORT;
	if (n < 0)
		wrong(talk, n);
	else
		tell(talk, m, length, at, name, n);
}

/* ---- over UDP ---- */

static void datagram(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	const struct flow_key *key = &talk->origin.key;
	uint16_t a = bpf_ntohs(key->port[0]), b = bpf_ntohs(key->port[1]);

	if (a == 5353 || b == 5353)
		talk_protocol(talk, "mdns");
	else if (a == 5355 || b == 5355)
		talk_protocol(talk, "llmnr");
	/* An answer whose question was not seen comes from the server all the same. */
	else if (length >= HEADER && (bytes[2] & QR) && side == SIDE_CLIENT)
		talk_turn(talk);
	message(talk, bytes, length);
}

const struct decoder decoder_dns = {
	.protocol = "dns",
	.over = OVER_UDP,
	.stateless = true,
	.service = SERVICE_DNS,
	.recognise = recognise,
	.datagram = datagram,
	.malformed = malformed,
};

/* ---- over TCP: each message behind its length (RFC 1035, 4.2.2) ---- */

static size_t stream(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	size_t whole;

	(void)side;
	if (length < 2)
		return 0;
	whole = 2 + ((size_t)bytes[0] << 8 | bytes[1]);
	if (length < whole && whole <= STREAM_MAX)
		return 0;
	if (length < whole) {
		talk_done(talk);
		return length;
	}
	message(talk, bytes + 2, whole - 2);
	return whole;
}

const struct decoder decoder_dns_tcp = {
	.protocol = "dns",
	.over = OVER_TCP,
	.service = SERVICE_DNS,
	.recognise = recognise_tcp,
	.stream = stream,
	.malformed = malformed,
};
