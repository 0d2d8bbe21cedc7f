/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1 (RFC 9112): requests with what their responses say of themselves, and the files that
 * responses carry. A parser of its own: libraries follow whole transactions, while here only the
 * opening of a conversation is there, and behind it packets that begin a head.
 */
#include <stdlib.h>
#include <strings.h>

#include "decode/decoder.h"
#include "decode/http_head.h"
#include "decode/magic.h"

/* Requests of one conversation that wait for their responses. */
#define PIPELINE      8
#define TARGET_MAX    512
#define TYPE_MAX      128
#define FILE_NAME_MAX 256

enum { HEAD_LONG, NO_HEAD, LENGTHS, BOTH, SPACE, NUL, PIPELINED };

static const char *const malformed[] = {
	[HEAD_LONG] = "a head over 16 KiB",
	[NO_HEAD] = "a line that begins no message",
	[LENGTHS] = "lengths that contradict each other",
	[BOTH] = "a length and a transfer encoding",
	[SPACE] = "a space before a colon",
	[NUL] = "a zero byte in a head",
	[PIPELINED] = "more requests at once than are followed",
	NULL,
};

/* Texts here are copies of their own: most conversations have few of them, and short ones. */
struct request {
	struct held *held; /* its event */
	bool bodiless;	   /* its response has no body: HEAD */
	bool tunnel;	   /* CONNECT */
	struct text target;
};

struct http {
	struct request request[PIPELINE];
	unsigned first, count;
	/* The body whose first bytes are to come. */
	bool body, chunked;
	bool left_known;
	uint64_t left;
	struct text type, name, target;
};

/* Empty without memory. */
static struct text kept(struct talk *talk, struct text from, uint32_t most)
{
	uint32_t length = from.length < most ? from.length : most;
	char *at = length ? malloc(length) : NULL;

	if (!at)
		return (struct text){0};
	memcpy(at, from.at, length);
	talk_holds(talk, length);
	return text_of(at, length);
}

static void let_go(struct talk *talk, struct text *text)
{
	talk_holds(talk, -(int64_t)text->length);
	free((char *)(uintptr_t)text->at);
	*text = (struct text){0};
}

static void forget_body(struct talk *talk)
{
	struct http *http = talk->state;

	http->body = false;
	let_go(talk, &http->type);
	let_go(talk, &http->name);
	let_go(talk, &http->target);
}

static void end(struct talk *talk)
{
	struct http *http = talk->state;

	forget_body(talk);
	for (unsigned i = 0; i < PIPELINE; i++)
		let_go(talk, &http->request[i].target);
}

static enum verdict recognise(const struct glimpse *g)
{
	uint32_t length = g->length[SIDE_CLIENT];
	const uint8_t *bytes = g->bytes[SIDE_CLIENT];
	const uint8_t *end = length ? memchr(bytes, '\n', length) : NULL;

	if (!length)
		return g->length[SIDE_SERVER] ? NOT_MINE : PERHAPS;
	if (!http_begins(bytes, length))
		return NOT_MINE;
	if (!end)
		return length < 4096 ? PERHAPS : MINE;
	return memmem(bytes, (size_t)(end - bytes), " HTTP/1.", 8) ? MINE : NOT_MINE;
}

static void odd(struct talk *talk, const struct http_head *head)
{
	static const struct {
		unsigned bit, kind;
	} kinds[] = {{HTTP_ODD_LENGTHS, LENGTHS},
		     {HTTP_ODD_BOTH, BOTH},
		     {HTTP_ODD_SPACE, SPACE},
		     {HTTP_ODD_NUL, NUL}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (head->odd & kinds[i].bit)
			talk_anomaly(talk, kinds[i].kind);
}

/* ---- where a request goes to ---- */

struct place {
	struct text domain, path, query, name, extension;
};

static void file_of(struct text path, struct place *p)
{
	const char *slash = path.length ? memrchr(path.at, '/', path.length) : NULL, *dot;

	p->name = slash ? text_of(slash + 1, (size_t)(path.at + path.length - slash - 1)) : path;
	dot = p->name.length ? memrchr(p->name.at, '.', p->name.length) : NULL;
	if (dot && dot + 1 < p->name.at + p->name.length)
		p->extension = text_of(dot + 1, (size_t)(p->name.at + p->name.length - dot - 1));
}

static struct text without_port(struct text host)
{
	const char *colon = host.length ? memrchr(host.at, ':', host.length) : NULL;

	if (colon && !memchr(colon, ']', (size_t)(host.at + host.length - colon)))
		host.length = (uint32_t)(colon - host.at);
	return host;
}

static struct place place_of(struct text target, struct text host)
{
	struct place p = {.domain = host, .path = target};
	const char *mark;

	if (target.length > 7 && !strncasecmp(target.at, "http://", 7)) {
		const char *at = target.at + 7, *end = target.at + target.length;
		const char *slash = memchr(at, '/', (size_t)(end - at));

		p.domain = text_of(at, (size_t)((slash ? slash : end) - at));
		p.path = slash ? text_of(slash, (size_t)(end - slash)) : text_of(at, 0);
	}
	p.domain = without_port(p.domain);
	mark = p.path.length ? memchr(p.path.at, '?', p.path.length) : NULL;
	if (mark) {
		p.query = text_of(mark + 1, (size_t)(p.path.at + p.path.length - mark - 1));
		p.path.length = (uint32_t)(mark - p.path.at);
	}
	file_of(p.path, &p);
	return p;
}

#define PUT(e, ID, member, value)                                                                  \
	do {                                                                                       \
		if ((value).length)                                                                \
			event_set(e, ID, member, value);                                           \
	} while (0)

/* ---- requests ---- */

static void remember(struct talk *talk, struct request *r, const struct http_head *head)
{
	r->target = kept(talk, head->target, TARGET_MAX);
	r->bodiless = head->method.length == 4 && !memcmp(head->method.at, "HEAD", 4);
	r->tunnel = head->method.length == 7 && !memcmp(head->method.at, "CONNECT", 7);
}

static void request(struct talk *talk, const struct http_head *head)
{
	struct http *http = talk->state;
	struct place p = place_of(head->target, head->host);
	struct event *e = talk_event(talk, SERVICE_HTTP);
	struct request *r;

	PUT(e, HTTP_METHOD, http_method, head->method);
	PUT(e, HTTP_VERSION, http_version, head->version);
	PUT(e, HTTP_REFERRER, http_referrer, head->referrer);
	PUT(e, USER_AGENT, user_agent, head->agent);
	PUT(e, URL_ORIGINAL, url_original, head->target);
	PUT(e, URL_DOMAIN, url_domain, p.domain);
	PUT(e, URL_PATH, url_path, p.path);
	PUT(e, URL_QUERY, url_query, p.query);
	PUT(e, URL_EXTENSION, url_extension, p.extension);
	if (head->has_length)
		event_set(e, HTTP_REQUEST_BYTES, http_request_bytes, head->length);
	if (http->count == PIPELINE) {
		talk_malformed(talk, PIPELINED);
		talk_tell(talk, e);
		return;
	}
	r = &http->request[(http->first + http->count++) % PIPELINE];
	remember(talk, r, head);
	talk_hold(talk, e, &r->held);
}

/* ---- responses and what they carry ---- */

static struct text disposition_name(struct text d)
{
	const char *at = d.length ? memmem(d.at, d.length, "filename=", 9) : NULL;
	const char *end, *stop;

	if (!at)
		return (struct text){0};
	end = d.at + d.length;
	at += 9;
	if (at < end && *at == '"') {
		at++;
		stop = memchr(at, '"', (size_t)(end - at));
	} else {
		stop = memchr(at, ';', (size_t)(end - at));
	}
	return text_of(at, (size_t)((stop ? stop : end) - at));
}

static struct text without_parameters(struct text type)
{
	const char *mark = type.length ? memchr(type.at, ';', type.length) : NULL;

	if (mark)
		type.length = (uint32_t)(mark - type.at);
	return type;
}

/* The file that a response carries is told with its first bytes. */
static void body_begins(struct talk *talk, struct request *r, const struct http_head *head)
{
	struct http *http = talk->state;

	forget_body(talk);
	http->body = head->status / 100 == 2;
	http->chunked = head->chunked;
	http->left_known = head->has_length && !head->chunked;
	http->left = head->length;
	if (!http->body)
		return;
	http->type = kept(talk, without_parameters(head->type), TYPE_MAX);
	http->name = kept(talk, disposition_name(head->disposition), FILE_NAME_MAX);
	if (r) {
		http->target = r->target;
		r->target = (struct text){0};
	}
}

static void answered(struct talk *talk, struct request *r, const struct http_head *head)
{
	struct http *http = talk->state;

	if (head->status == 101 || (r && r->tunnel && head->status / 100 == 2)) {
		talk_done(talk);
		return;
	}
	if ((r && r->bodiless) || head->status == 204 || head->status == 304 ||
	    (head->has_length && !head->length))
		return;
	body_begins(talk, r, head);
	if (!http->body && http->left_known)
		talk_skip(talk, SIDE_SERVER, http->left);
}

static void response(struct talk *talk, const struct http_head *head)
{
	struct http *http = talk->state;
	struct text type = without_parameters(head->type);
	struct request *r = http->count ? &http->request[http->first] : NULL;
	struct event *e;

	if (head->status / 100 == 1 && head->status != 101)
		return; /* the real one follows */
	if (r) {
		http->first = (http->first + 1) % PIPELINE;
		http->count--;
	}
	e = r ? talk_resume(talk, &r->held) : NULL;
	if (e) {
		event_set(e, HTTP_STATUS, http_status, head->status);
		PUT(e, HTTP_MIME_TYPE, http_mime_type, type);
		if (head->has_length)
			event_set(e, HTTP_RESPONSE_BYTES, http_response_bytes, head->length);
		talk_tell(talk, e);
	}
	answered(talk, r, head);
	if (r)
		let_go(talk, &r->target);
}

static void file(struct talk *talk, const uint8_t *bytes, size_t length)
{
	struct http *http = talk->state;
	struct place p = place_of(http->target, text_of("", 0));
	const char *type = magic_type(bytes, length);
	struct event *e = talk_event(talk, SERVICE_FILE);

	if (http->name.length)
		file_of(http->name, &p);
	PUT(e, FILE_NAME, file_name, p.name);
	PUT(e, FILE_EXTENSION, file_extension, p.extension);
	PUT(e, URL_PATH, url_path, p.path);
	PUT(e, FILE_MIME_TYPE, file_mime_type, http->type);
	if (type)
		event_set(e, FILE_TYPE, file_type, text_string(type));
	if (http->left_known)
		event_set(e, FILE_SIZE, file_size, http->left);
	talk_tell(talk, e);
}

/* The first bytes of a body, behind the size of its first chunk if it comes in chunks. */
static size_t body(struct talk *talk, const uint8_t *bytes, size_t length)
{
	struct http *http = talk->state;
	const uint8_t *line;
	size_t offset = 0;

	if (http->chunked) {
		line = memchr(bytes, '\n', length);
		if (!line && length < 64)
			return 0;
		offset = line ? (size_t)(line - bytes) + 1 : 0;
		if (offset == length)
			return 0;
	}
	if (length - offset < MAGIC_BYTES && http->left_known && http->left > length - offset)
		return 0;
	file(talk, bytes + offset, length - offset);
	forget_body(talk);
	if (!http->left_known)
		return length; /* what follows is taken up at the next head */
	talk_skip(talk, SIDE_SERVER, http->left);
	return 0;
}

static size_t stream(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct http *http = talk->state;
	struct http_head head;
	size_t whole;

	if (side == SIDE_SERVER && http->body)
		return body(talk, bytes, length);
	if (!http_begins(bytes, length))
		return length; /* the middle of a body of unknown length */
	whole = http_head_length(bytes, length < HTTP_HEAD_MAX ? length : HTTP_HEAD_MAX);
	if (!whole && length < HTTP_HEAD_MAX)
		return 0;
	if (!whole || !http_head_read(bytes, whole, &head)) {
		talk_malformed(talk, whole ? NO_HEAD : HEAD_LONG);
		return length;
	}
	odd(talk, &head);
	if (head.response != (side == SIDE_SERVER))
		return whole;
	if (head.response) {
		response(talk, &head);
	} else {
		request(talk, &head);
		if (head.has_length && !head.chunked)
			talk_skip(talk, side, head.length);
	}
	return whole;
}

/* Whatever was cut: the next head is recognised. */
static void gap(struct talk *talk, enum side side, uint64_t missing)
{
	(void)missing;
	if (side == SIDE_SERVER)
		forget_body(talk);
}

const struct decoder decoder_http = {
	.protocol = "http",
	.over = OVER_TCP,
	.service = SERVICE_HTTP,
	.state = sizeof(struct http),
	.recognise = recognise,
	.stream = stream,
	.gap = gap,
	.end = end,
	.malformed = malformed,
};
