/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/log/json_parser.h"
#include "capture/log/rows.h"

/*
 * JSON objects out of a text, however they stand in it: one a line, one behind the other, in
 * arrays, over many lines. What is one object a line is given to the parser as it stands; only of
 * what that refuses is the end looked for by counting braces.
 */

_Static_assert(READER_TAIL >= JSON_PADDING, "the parser reads behind a text");

struct json_rows {
	struct rows rows;
	struct json_parser *parser;
	uint64_t scanned; /* bytes in which braces were counted */
	uint64_t packed;  /* up to this byte the file is known to be one line of several objects */
};

/* Counting braces costs at most some passes over the file, whatever is broken in it. */
#define SCAN_MORE  (UINT64_C(16) << 20)
#define SCAN_TIMES 4

static bool between_objects(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == '[' ||
	       c == ']' || c == 0x1e; /* RFC 7464 */
}

/* Where the next object begins, or what else is no blank; false: the end. */
static bool find_start(struct json_rows *json)
{
	struct reader *r = json->rows.reader;

	if (!r->taken) {
		size_t have;
		const uint8_t *mark = reader_need(r, 3, &have);

		if (have == 3 && !memcmp(mark, "\xef\xbb\xbf", 3))
			reader_take(r, 3);
	}
	for (;;) {
		const uint8_t *at = r->buffer + r->start, *end = r->buffer + r->end;
		const uint8_t *from = at;

		for (; at < end && between_objects(*at); at++)
			json->rows.passed += *at == '\n';
		reader_take(r, (size_t)(at - from));
		if (at < end)
			return true;
		if (!reader_more(r))
			return false;
	}
}

/* The object's length by its braces; 0: it does not end within `length`. */
static size_t object_length(const char *text, size_t length)
{
	bool quoted = false;
	unsigned depth = 0;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else
				quoted = c != '"';
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{') {
			depth++;
		} else if (c == '}' && !--depth) {
			return i + 1;
		}
	}
	return 0;
}

static size_t trimmed(const struct line *line)
{
	size_t length = line->length;

	while (length && between_objects((uint8_t)line->at[length - 1]))
		length--;
	return length;
}

static void take(struct json_rows *json, size_t length)
{
	struct reader *r = json->rows.reader;
	const uint8_t *at = r->buffer + r->start, *end = at + length;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		json->rows.passed++;
		at++;
	}
	reader_take(r, length);
}

static int parse(struct json_rows *json, size_t length, struct row *row, const char **why)
{
	const struct reader *r = json->rows.reader;

	return json_parser_read(json->parser, (const char *)r->buffer + r->start, length, row, why);
}

/* The length of the object by its braces, also where it takes several lines. */
static size_t find_end(struct json_rows *json)
{
	struct reader *r = json->rows.reader;
	size_t have = r->end - r->start, length;
	const uint8_t *at;

	if (json->scanned > SCAN_MORE + SCAN_TIMES * r->taken)
		return 0;
	length = object_length((const char *)r->buffer + r->start, have);
	json->scanned += length ? length : have;
	if (length)
		return length;
	at = reader_need(r, READER_ROOM, &have);
	length = object_length((const char *)at, have);
	json->scanned += length ? length : have;
	return length;
}

/* An object that is no line: one of several on it, or one over several. */
static int read_odd(struct json_rows *json, struct row *row, const char **why)
{
	const struct reader *r = json->rows.reader;
	size_t length = find_end(json);
	int err = -EINVAL;

	if (length)
		err = parse(json, length, row, why);
	/* In a line of several a broken one costs itself; else its lines may hold whole ones. */
	if (!err || (length && r->taken < json->packed))
		take(json, length);
	else if (err == -EINVAL)
		rows_skip_line(&json->rows);
	return err;
}

/* One object that is a line: 1; 0: it is none. */
static int read_line(struct json_rows *json, struct row *row, const char **why)
{
	struct reader *r = json->rows.reader;
	struct line line;
	size_t length;
	int err = -EINVAL;

	rows_line(&json->rows, &line);
	length = trimmed(&line);
	*why = "longer than 1 MiB";
	if (length < READER_ROOM)
		err = parse(json, length, row, why);
	if (err) {
		if (object_length(line.at, line.length))
			json->packed = r->taken + line.length;
		return err == -EINVAL ? 0 : err;
	}
	reader_take(r, line.taken);
	json->rows.passed += line.taken > line.length;
	return 1;
}

static int json_next(struct rows *rows, struct row *row, const char **why)
{
	struct json_rows *json = (struct json_rows *)rows;
	struct reader *r = rows->reader;
	int got = 0;

	if (!find_start(json))
		return 0;
	rows->line = rows->passed + 1;
	if (r->buffer[r->start] != '{') {
		*why = "not an object";
		rows_skip_line(rows);
		return -EINVAL;
	}
	if (r->taken >= json->packed)
		got = read_line(json, row, why);
	if (got)
		return got;
	got = read_odd(json, row, why);
	return got ? got : 1;
}

static void json_free(struct rows *rows)
{
	json_parser_free(((struct json_rows *)rows)->parser);
	free(rows);
}

static const struct rows_ops json_ops = {json_next, json_free};

struct rows *json_rows_new(struct reader *reader)
{
	struct json_rows *json = calloc(1, sizeof(*json));

	if (!json)
		return NULL;
	json->rows = (struct rows){.ops = &json_ops, .reader = reader};
	json->parser = json_parser_new();
	if (json->parser)
		return &json->rows;
	free(json);
	return NULL;
}
