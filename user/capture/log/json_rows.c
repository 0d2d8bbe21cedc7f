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

struct json_rows {
	struct rows rows;
	struct json_parser *parser;
	uint64_t scanned; /* bytes in which braces were counted */
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

/* An object that is no line: several on one, or one over several. */
static int read_odd(struct json_rows *json, const struct line *line, struct row *row,
		    const char **why)
{
	struct reader *r = json->rows.reader;
	size_t length = object_length(line->at, line->length), have;
	const uint8_t *at;
	int err;

	json->scanned += line->length;
	if (!length && json->scanned < SCAN_MORE + SCAN_TIMES * r->taken) {
		at = reader_need(r, READER_ROOM, &have);
		length = object_length((const char *)at, have);
		json->scanned += length ? length : have;
	}
	if (!length)
		return -EINVAL;
	err = parse(json, length, row, why);
	if (!err)
		take(json, length);
	return err;
}

static int json_next(struct rows *rows, struct row *row, const char **why)
{
	struct json_rows *json = (struct json_rows *)rows;
	struct line line;
	size_t length;
	int err = -EINVAL;

	if (!find_start(json))
		return 0;
	rows->line = rows->passed + 1;
	rows_line(rows, &line);
	*why = "not an object";
	if (*line.at == '{') {
		length = trimmed(&line);
		*why = "longer than 1 MiB";
		if (length < READER_ROOM)
			err = parse(json, length, row, why);
		if (!err) {
			reader_take(rows->reader, line.taken);
			rows->passed += line.taken > line.length;
			return 1;
		}
		if (err == -EINVAL)
			err = read_odd(json, &line, row, why);
	}
	if (!err)
		return 1;
	rows_skip_line(rows);
	return err;
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
