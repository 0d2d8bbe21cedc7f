/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/http_head.h"

#include <strings.h>

static const char *const methods[] = {"GET ",	  "POST ",  "HEAD ",	"PUT ",	     "DELETE ",
				      "OPTIONS ", "PATCH ", "CONNECT ", "PROPFIND ", "HTTP/1."};

bool http_begins(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t n = strlen(methods[i]);

		if (!memcmp(bytes, methods[i], n < length ? n : length))
			return true;
	}
	return false;
}

size_t http_head_length(const uint8_t *bytes, size_t length)
{
	const uint8_t *at = bytes, *end = bytes + length;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		if (at < end && *at == '\n')
			return (size_t)(at + 1 - bytes);
		if (at + 1 < end && at[0] == '\r' && at[1] == '\n')
			return (size_t)(at + 2 - bytes);
	}
	return 0;
}

/* The next line without its end; false: none is left. */
static bool next_line(const char **at, const char *end, struct text *line)
{
	const char *stop;

	if (*at >= end)
		return false;
	stop = memchr(*at, '\n', (size_t)(end - *at));
	if (!stop)
		stop = end;
	*line = text_of(*at, (size_t)(stop - *at));
	*at = stop < end ? stop + 1 : end;
	if (line->length && line->at[line->length - 1] == '\r')
		line->length--;
	return true;
}

static struct text trimmed(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return text_of(at, (size_t)(end - at));
}

static struct text word(const char **at, const char *end)
{
	const char *stop = memchr(*at, ' ', (size_t)(end - *at));
	struct text w;

	if (!stop)
		stop = end;
	w = text_of(*at, (size_t)(stop - *at));
	*at = stop < end ? stop + 1 : end;
	return w;
}

static bool first_line(const struct text *line, struct http_head *head)
{
	const char *at = line->at, *end = line->at + line->length;
	struct text w = word(&at, end);

	if (w.length > 5 && !memcmp(w.at, "HTTP/", 5)) {
		head->response = true;
		head->version = text_of(w.at + 5, w.length - 5);
		w = word(&at, end);
		if (w.length != 3)
			return false;
		for (unsigned i = 0; i < 3; i++) {
			if (w.at[i] < '0' || w.at[i] > '9')
				return false;
			head->status = head->status * 10 + (unsigned)(w.at[i] - '0');
		}
		return true;
	}
	head->method = w;
	head->target = word(&at, end);
	w = word(&at, end);
	if (w.length > 5 && !memcmp(w.at, "HTTP/", 5))
		head->version = text_of(w.at + 5, w.length - 5);
	return head->target.length && head->version.length;
}

static void content_length(const struct text *value, struct http_head *head)
{
	uint64_t n = 0;

	if (!value->length || value->length > 18)
		head->odd |= HTTP_ODD_LENGTHS;
	for (uint32_t i = 0; i < value->length && value->length <= 18; i++) {
		if (value->at[i] < '0' || value->at[i] > '9') {
			head->odd |= HTTP_ODD_LENGTHS;
			return;
		}
		n = n * 10 + (uint64_t)(value->at[i] - '0');
	}
	if (head->has_length && head->length != n)
		head->odd |= HTTP_ODD_LENGTHS;
	head->has_length = true;
	head->length = n;
}

static bool is(const struct text *name, const char *word)
{
	return name->length == strlen(word) && !strncasecmp(name->at, word, name->length);
}

static void header(const struct text *line, struct http_head *head)
{
	const char *colon = memchr(line->at, ':', line->length);
	struct text name, value;

	if (!colon)
		return;
	name = text_of(line->at, (size_t)(colon - line->at));
	value = trimmed(colon + 1, line->at + line->length);
	if (name.length && (name.at[name.length - 1] == ' ' || name.at[name.length - 1] == '\t'))
		head->odd |= HTTP_ODD_SPACE;
	name = trimmed(name.at, name.at + name.length);
	if (is(&name, "host"))
		head->host = value;
	else if (is(&name, "user-agent"))
		head->agent = value;
	else if (is(&name, "referer"))
		head->referrer = value;
	else if (is(&name, "content-type"))
		head->type = value;
	else if (is(&name, "content-disposition"))
		head->disposition = value;
	else if (is(&name, "upgrade"))
		head->upgrade = value;
	else if (is(&name, "content-length"))
		content_length(&value, head);
	else if (is(&name, "transfer-encoding"))
		head->chunked = true;
}

bool http_head_read(const uint8_t *bytes, size_t length, struct http_head *head)
{
	const char *at = (const char *)bytes, *end = at + length;
	struct text line;

	*head = (struct http_head){0};
	if (!next_line(&at, end, &line) || !first_line(&line, head))
		return false;
	while (next_line(&at, end, &line) && line.length)
		header(&line, head);
	if (head->has_length && head->chunked)
		head->odd |= HTTP_ODD_BOTH;
	if (memchr(bytes, '\0', length))
		head->odd |= HTTP_ODD_NUL;
	return true;
}
