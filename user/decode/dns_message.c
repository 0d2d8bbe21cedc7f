/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/dns_message.h"

#include <stdio.h>

#include "decode/dns_name.h"
#include "decode/dns_types.h"
#include "decode/reader.h"

/* Of sessions (RFC 8490): neither questions nor records, they are about the connection. */
enum { OPCODE_STATEFUL = 6 };

enum { SHORT, POINTER, LONG_NAME, LABEL, NO_QUESTION, QUESTIONS, TRAILING, CUT, MANY };

const char *const dns_malformed[] = {
	[SHORT] = "short",
	[POINTER] = "a name that points forward or in a circle",
	[LONG_NAME] = "a name over 255 bytes",
	[LABEL] = "a label of an unknown kind",
	[NO_QUESTION] = "nothing asked and nothing answered",
	[QUESTIONS] = "several questions",
	[TRAILING] = "data behind the message",
	[CUT] = "cut",
	[MANY] = "more answers than are kept",
	NULL,
};

/* ---- what is spoken in this form ---- */

static const char *nbns_opcode(unsigned opcode)
{
	static const char *const names[] = {
		[5] = "register", [6] = "release", [7] = "wait", [8] = "refresh", [9] = "refresh",
	};

	return opcode < sizeof(names) / sizeof(names[0]) ? names[opcode] : NULL;
}

static const struct dns_flavour flavours[] = {
	{
		.protocol = "dns", /* also of all other ports */
		.port = 53,
		.opcodes = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5,
		.name = dns_name_read,
		.type = dns_type_name,
		.opcode = dns_opcode_name,
		.answer = dns_answers_add,
	},
	{
		.protocol = "mdns", /* RFC 6762 */
		.port = 5353,
		.service = true,
		.opcodes = 1 << 0,
		.name = dns_name_read,
		.type = dns_type_name,
		.opcode = dns_opcode_name,
		.answer = dns_answers_add,
	},
	{
		.protocol = "llmnr", /* RFC 4795 */
		.port = 5355,
		.service = true,
		.opcodes = 1 << 0,
		.name = dns_name_read,
		.type = dns_type_name,
		.opcode = dns_opcode_name,
		.answer = dns_answers_add,
	},
	{
		.protocol = "nbns", /* RFC 1002, 4.2 */
		.port = 137,
		.service = true,
		.opcodes = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 9,
		.name = nbns_name_read,
		.type = nbns_type_name,
		.opcode = nbns_opcode,
		.answer = nbns_answers_add,
	},
};

const struct dns_flavour *dns_flavour_of(uint16_t a, uint16_t b)
{
	for (size_t i = 0; i < sizeof(flavours) / sizeof(flavours[0]); i++)
		if (flavours[i].port == a || flavours[i].port == b)
			return &flavours[i];
	return &flavours[0];
}

/* ---- is it one? ---- */

static unsigned number(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static unsigned opcode_of(const uint8_t *m)
{
	return m[2] >> 3 & 0xf;
}

/* Records are 11 bytes at least. */
static bool counts_fit(const uint8_t *m, size_t length)
{
	size_t records = (size_t)number(m + 6) + number(m + 8) + number(m + 10);

	return number(m + 4) * 5u + records * 11 <= length - DNS_HEADER;
}

/* A class that is in use; the uppermost bit is multicast DNS's own. */
static bool class_known(unsigned class)
{
	class &= 0x7fff;
	return (class >= 1 && class <= 4) || class == 254 || class == 255;
}

bool dns_message_plausible(const struct dns_flavour *flavour, const uint8_t *m, size_t length,
			   bool own_port)
{
	unsigned questions, class;
	char name[DNS_NAME_TEXT];
	size_t at = DNS_HEADER;
	int n;

	if (length < DNS_HEADER || !(flavour->opcodes >> opcode_of(m) & 1))
		return false;
	questions = number(m + 4);
	if (!own_port && (opcode_of(m) || questions != 1 || m[3] & 0x40 || !counts_fit(m, length) ||
			  (!(m[2] & DNS_QR) && number(m + 6))))
		return false;
	if (!questions)
		return counts_fit(m, length);
	n = dns_name_read(m, length, &at, name);
	if (own_port && (n == DNS_NAME_POINTER || n == DNS_NAME_LONG))
		return counts_fit(m, length);
	if (n < 0 || at + 4 > length)
		return own_port && n != DNS_NAME_LABEL && questions == 1;
	class = number(m + at + 2);
	return own_port ? class_known(class)
			: (class == 1 || class == 255) && dns_type_name((uint16_t)number(m + at));
}

/* ---- reading ---- */

/* A message as it is read. */
struct reading {
	const struct dns_flavour *flavour;
	const uint8_t *m;
	size_t length, at;
	int name_length; /* 0: nothing was asked, nor is anything said of a name */
	uint16_t type;
	unsigned code; /* of a response, with the bits that EDNS adds (RFC 6891) */
	char name[DNS_NAME_TEXT];
	struct dns_answers answers;
};

static void wrong(struct talk *talk, int fault, bool cut)
{
	switch ((enum dns_name_fault)fault) {
	case DNS_NAME_OK:
		break;
	case DNS_NAME_SHORT:
		talk_malformed(talk, cut ? CUT : SHORT);
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

/* The first question is told, the others are passed. */
static int read_questions(struct reading *r)
{
	for (unsigned i = 0, count = number(r->m + 4); i < count; i++) {
		int n = i ? dns_name_skip(r->m, r->length, &r->at)
			  : r->flavour->name(r->m, r->length, &r->at, r->name);

		if (n < 0)
			return n;
		if (r->at + 4 > r->length)
			return DNS_NAME_SHORT;
		if (!i) {
			r->name_length = n;
			r->type = (uint16_t)number(r->m + r->at);
		}
		r->at += 4;
	}
	return 0;
}

struct record {
	uint16_t type, size;
	uint32_t ttl;
};

/* r->at moves to its data. */
static int read_record(struct reading *r, struct record *record)
{
	int fault = dns_name_skip(r->m, r->length, &r->at);
	struct reader_bytes in;

	if (fault)
		return fault;
	in = bytes_of(r->m + r->at, r->length - r->at);
	record->type = bytes_u16(&in);
	bytes_u16(&in);
	record->ttl = bytes_u32(&in);
	record->size = bytes_u16(&in);
	if (in.failed || record->size > bytes_left(&in))
		return DNS_NAME_SHORT;
	r->at = (size_t)(in.at - r->m);
	return 0;
}

/* Multicast DNS and NetBIOS answer without a question: it is about its first record's name. */
static void name_by_record(struct reading *r, size_t at, uint16_t type)
{
	int n = r->flavour->name(r->m, r->length, &at, r->name);

	r->name_length = n > 0 ? n : 0;
	r->type = type;
}

static int read_answers(struct reading *r)
{
	struct dns_answers *a = &r->answers;
	struct record record;

	for (unsigned i = 0, count = number(r->m + 6); i < count; i++) {
		size_t at = r->at;
		int fault = read_record(r, &record);

		if (fault)
			return fault;
		if (!r->name_length)
			name_by_record(r, at, record.type);
		if (!a->records++ || record.ttl < a->ttl)
			a->ttl = record.ttl;
		a->bytes += record.size;
		fault = r->flavour->answer(a, r->m, r->length, record.type, r->at, record.size);
		if (fault)
			return fault;
		r->at += record.size;
	}
	return 0;
}

/* Authority and additional: only what is said of the message itself. In a query the answers too:
 * multicast DNS tells there what it knows already, an update what it relies on. */
static int read_rest(struct reading *r)
{
	unsigned count = number(r->m + 8) + number(r->m + 10);
	struct record record;

	if (!(r->m[2] & DNS_QR))
		count += number(r->m + 6);
	for (unsigned i = 0; i < count; i++) {
		int fault = read_record(r, &record);

		if (fault)
			return fault;
		if (record.type == DNS_OPT)
			r->code |= record.ttl >> 24 << 4;
		r->at += record.size;
	}
	return 0;
}

/* ---- telling ---- */

#define NUMBERED_TEXT 16

static struct text numbered(const char *known, const char *word, unsigned number,
			    char text[NUMBERED_TEXT])
{
	if (known)
		return text_string(known);
	return text_of(text, (size_t)snprintf(text, NUMBERED_TEXT, "%s%u", word, number));
}

static void put_answers(struct event *e, const struct dns_answers *a)
{
	if (a->count)
		event_set(e, DNS_ANSWERS, dns_answers, text_of(a->text, a->used));
	event_set(e, DNS_ANSWERS_BYTES, dns_answers_bytes, a->bytes);
	if (a->records)
		event_set(e, DNS_ANSWERS_TTL, dns_answers_ttl, a->ttl);
}

static void tell(struct talk *talk, const struct reading *r)
{
	char type[NUMBERED_TEXT], code[NUMBERED_TEXT], action[NUMBERED_TEXT];
	const struct dns_flavour *flavour = r->flavour;
	unsigned opcode = opcode_of(r->m);
	bool answer = r->m[2] & DNS_QR;
	struct event *e = talk_event(talk, SERVICE_DNS);

	event_set(e, DNS_TYPE, dns_type, answer ? text_of("answer", 6) : text_of("query", 5));
	if (r->name_length) {
		event_set(e, DNS_QUESTION_NAME, dns_question_name,
			  text_of(r->name, (size_t)r->name_length));
		event_set(e, DNS_QUESTION_TYPE, dns_question_type,
			  numbered(flavour->type(r->type), "TYPE", r->type, type));
	}
	if (opcode)
		event_set(e, EVENT_ACTION, event_action,
			  numbered(flavour->opcode(opcode), "opcode-", opcode, action));
	if (answer) {
		event_set(e, DNS_RESPONSE_CODE, dns_response_code,
			  numbered(dns_code_name(r->code), "RCODE", r->code, code));
		put_answers(e, &r->answers);
	}
	talk_tell(talk, e);
}

/* What is wrong with it as a whole. */
static void judge(struct talk *talk, const struct reading *r, bool cut)
{
	if (r->answers.left_out)
		talk_malformed(talk, MANY);
	if (r->flavour->service)
		return;
	if (number(r->m + 4) > 1)
		talk_anomaly(talk, QUESTIONS);
	if (r->at < r->length && !cut)
		talk_anomaly(talk, TRAILING);
}

void dns_message_tell(struct talk *talk, const struct dns_flavour *flavour, const uint8_t *m,
		      size_t length, bool cut)
{
	struct reading r;
	int fault;

	if (length < DNS_HEADER) {
		talk_malformed(talk, cut ? CUT : SHORT);
		return;
	}
	if (opcode_of(m) == OPCODE_STATEFUL)
		return;
	r.flavour = flavour;
	r.m = m;
	r.length = length;
	r.at = DNS_HEADER;
	r.name_length = 0;
	r.code = m[3] & 0xf;
	dns_answers_clear(&r.answers);
	fault = read_questions(&r);
	if (fault) {
		wrong(talk, fault, cut);
		return;
	}
	fault = m[2] & DNS_QR ? read_answers(&r) : 0;
	if (!fault)
		fault = read_rest(&r);
	if (!r.name_length && !r.answers.records && !(m[2] & DNS_QR))
		talk_malformed(talk, NO_QUESTION);
	else
		tell(talk, &r);
	if (fault)
		wrong(talk, fault, cut);
	else
		judge(talk, &r, cut);
}

void dns_message_cut(struct talk *talk)
{
	talk_malformed(talk, CUT);
}
