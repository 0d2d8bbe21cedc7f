/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first request and answer of remote desktop ([MS-RDPBCGR] 2.2.1.1, 2.2.1.2, in the frames of
 * RFC 1006): a `login` event with outcome "unknown", on any port. What follows is TLS, in which
 * the log-in is (CredSSP), or old encryption: nothing more is read.
 */
#include "decode/decoder.h"
#include "decode/reader.h"

#define TPKT_HEAD  4
#define TPKT_MAX   4096
#define X224_HEAD  7 /* its length, code, two references, class */
#define CODE_ASK   0xe0
#define CODE_AGREE 0xd0
#define TEXT_MAX   256

enum { NOT_FIRST, LENGTHS, LONG_TEXT };

static const char *const malformed[] = {
	[NOT_FIRST] = "no request where one belongs",
	[LENGTHS] = "lengths that lie",
	[LONG_TEXT] = "a cookie over 256 bytes",
	NULL,
};

struct rdp {
	struct held *held;
};

/* What is negotiated (2.2.1.1.1). */
enum { ASK = 1, AGREE = 2, REFUSE = 3 };

static bool is_ask(const uint8_t *b, uint32_t length)
{
	return b[0] == 3 && !b[1] && b[5] == CODE_ASK && length >= TPKT_HEAD + X224_HEAD &&
	       ((uint32_t)b[2] << 8 | b[3]) == TPKT_HEAD + 1u + b[4];
}

/* COTP carries others too (S7, H.323): a cookie, a token or a negotiation makes it remote desktop;
 * on its own port nothing need follow. */
static bool is_rdp(const struct glimpse *g, const uint8_t *b, uint32_t length)
{
	const uint8_t *rest = b + TPKT_HEAD + X224_HEAD;
	uint32_t left = length - TPKT_HEAD - X224_HEAD;

	if (!left)
		return g->port == 3389;
	return (left >= 7 && !memcmp(rest, "Cookie:", 7)) ||
	       (left >= 8 && !memcmp(rest, "tsv://", 6)) ||
	       (left == 8 && rest[0] == ASK && rest[2] == 8 && !rest[3]);
}

static enum verdict recognise(const struct glimpse *g)
{
	const uint8_t *b = g->bytes[SIDE_CLIENT];
	uint32_t length = g->length[SIDE_CLIENT], whole;

	if (!length)
		return g->length[SIDE_SERVER] ? NOT_MINE : PERHAPS;
	if (b[0] != 3 || (length > 1 && b[1]) || (length > 2 && b[2]))
		return NOT_MINE; /* a first request is shorter than 256 bytes */
	if (length < TPKT_HEAD + X224_HEAD)
		return PERHAPS;
	whole = b[3];
	if (!is_ask(b, length))
		return NOT_MINE;
	return length < whole ? PERHAPS : is_rdp(g, b, whole) ? MINE : NOT_MINE;
}

/* "Cookie: mstshash=NAME\r\n": who it is, cut to nine characters by Windows; or a token that says
 * where a broker led it. */
static void put_cookie(struct talk *talk, struct event *e, const uint8_t *at, size_t length)
{
	static const char name[] = "Cookie: mstshash=";
	const uint8_t *end = memmem(at, length, "\r\n", 2);
	size_t skip = sizeof(name) - 1;

	if (length < 7 || memcmp(at, "Cookie:", 7))
		return;
	if (!end) {
		talk_malformed(talk, LENGTHS);
		return;
	}
	length = (size_t)(end - at);
	if (length > TEXT_MAX) {
		talk_malformed(talk, LONG_TEXT);
		return;
	}
	if (length > skip && !memcmp(at, name, skip)) {
		at += skip;
		length -= skip;
	}
	event_set(e, RDP_COOKIE, rdp_cookie, text_of(at, length));
}

static void ask(struct talk *talk, const uint8_t *at, size_t length)
{
	struct rdp *rdp = talk->state;
	struct event *e = talk_event(talk, SERVICE_LOGIN);

	event_set(e, EVENT_OUTCOME, event_outcome, text_of("unknown", 7));
	event_set(e, EVENT_PROVIDER, event_provider, text_of("packets", 7));
	put_cookie(talk, e, at, length);
	talk_hold(talk, e, &rdp->held);
}

/* What the server chose, in words: how the log-in is protected from here. */
static void answer(struct talk *talk, const uint8_t *at, size_t length)
{
	static const char *const chosen[] = {
		[0] = "rdp", [1] = "tls", [2] = "credssp", [8] = "credssp"};
	struct rdp *rdp = talk->state;
	struct event *e = talk_resume(talk, &rdp->held);
	const char *word = "rdp"; /* a server before negotiation */

	if (e) {
		if (length >= 8 && at[0] == AGREE)
			word = at[4] < 9 && chosen[at[4]] ? chosen[at[4]] : "unknown";
		else if (length >= 8 && at[0] == REFUSE)
			word = "refused";
		event_set(e, EVENT_ACTION, event_action, text_string(word));
		talk_tell(talk, e);
	}
	talk_done(talk);
}

static size_t stream(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	size_t whole;

	if (length < TPKT_HEAD + X224_HEAD)
		return 0;
	whole = (size_t)bytes[2] << 8 | bytes[3];
	if (bytes[0] != 3 || bytes[5] != (side == SIDE_CLIENT ? CODE_ASK : CODE_AGREE)) {
		talk_malformed(talk, NOT_FIRST);
		talk_done(talk);
		return length;
	}
	if (whole < TPKT_HEAD + X224_HEAD || whole > TPKT_MAX ||
	    whole != TPKT_HEAD + 1u + bytes[4]) {
		talk_malformed(talk, LENGTHS);
		talk_done(talk);
		return length;
	}
	if (length < whole)
		return 0;
	if (side == SIDE_CLIENT)
		ask(talk, bytes + TPKT_HEAD + X224_HEAD, whole - TPKT_HEAD - X224_HEAD);
	else
		answer(talk, bytes + TPKT_HEAD + X224_HEAD, whole - TPKT_HEAD - X224_HEAD);
	return whole;
}

const struct decoder decoder_rdp = {
	.protocol = "rdp",
	.over = OVER_TCP,
	.service = SERVICE_LOGIN,
	.state = sizeof(struct rdp),
	.recognise = recognise,
	.stream = stream,
	.malformed = malformed,
};
