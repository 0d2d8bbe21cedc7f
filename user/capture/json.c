/* SPDX-License-Identifier: Apache-2.0 */
#include "event/json.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "capture/kinds.h"
#include "capture/reader.h"
#include "capture/tally.h"

/* weir's own events as `weir replay --json --events` writes them: one JSON object a line. */

struct json_source {
	struct source source;
	struct reader reader;
	struct tally tally;
	uint64_t line;
	bool ready, ended;
	struct event event;
	struct arena arena; /* its texts */
	char name[];
};

/* Behind a byte order mark and white space the first object. */
static bool json_recognise(const uint8_t *head, size_t length)
{
	size_t at = length >= 3 && !memcmp(head, "\xef\xbb\xbf", 3) ? 3 : 0;

	while (at < length && memchr(" \t\r\n", head[at], 4))
		at++;
	return at < length && head[at] == '{';
}

/* A line, or as much of one as there is room for. */
struct line {
	const char *at;
	size_t length; /* without its end */
	size_t taken;  /* with it; the same: no end was found */
};

static bool next_line(struct reader *r, struct line *line)
{
	size_t seen = 0;

	for (;;) {
		const uint8_t *start = r->buffer + r->start;
		size_t have = r->end - r->start;
		const uint8_t *end = memchr(start + seen, '\n', have - seen);

		if (end) {
			line->length = (size_t)(end - start);
			line->taken = line->length + 1;
		} else if (seen = have, !reader_more(r)) {
			line->length = line->taken = have;
		} else {
			continue;
		}
		line->at = (const char *)r->buffer + r->start;
		return line->taken > 0;
	}
}

static void bad_line(struct json_source *json, const char *what)
{
	tally_skip(&json->tally, json->name, SKIP_LINE,
		   "line %llu: %s: passed over (others like it are counted)",
		   (unsigned long long)json->line, what);
}

/* Signals and detections may stand among events; they are made anew from these. */
static bool is_event(const json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "event.kind"));

	return !kind || !strcmp(kind, "event");
}

static bool read_object(struct json_source *json, const json_t *object)
{
	struct error error = {0};
	size_t unknown = 0;

	if (!is_event(object)) {
		json->tally.skipped[SKIP_KIND]++;
		return false;
	}
	arena_reset(&json->arena);
	if (event_from_json(object, &json->arena, &json->event, &unknown, &error)) {
		bad_line(json, error.text);
		return false;
	}
	if (json->event.time > CAPTURE_TIME_MAX || json->event.time < -CAPTURE_TIME_MAX) {
		tally_skip(&json->tally, json->name, SKIP_TIME,
			   "line %llu: its time is out of range: passed over",
			   (unsigned long long)json->line);
		return false;
	}
	if (unknown) {
		json->tally.skipped[SKIP_FIELD] += unknown - 1;
		tally_skip(&json->tally, json->name, SKIP_FIELD,
			   "line %llu has fields that are unknown here: they are left out",
			   (unsigned long long)json->line);
	}
	return true;
}

static bool read_line(struct json_source *json, const char *text, size_t length)
{
	json_error_t why;
	json_t *object;
	bool ok = false;

	if (json->line == 1 && length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3, length -= 3;
	while (length && memchr(" \t\r", text[length - 1], 3))
		length--;
	if (!length)
		return false;
	object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
	if (json_is_object(object))
		ok = read_object(json, object);
	else
		bad_line(json, object ? "not an object" : why.text);
	json_decref(object);
	return ok;
}

/* The rest of a line that memory has no room for. */
static void skip_line(struct json_source *json, struct line *line)
{
	bad_line(json, "longer than 1 MiB");
	do
		reader_take(&json->reader, line->taken);
	while (line->taken == line->length && next_line(&json->reader, line));
}

static void stop(struct json_source *json)
{
	json->ended = true;
	if (json->reader.failed)
		tally_skip(&json->tally, json->name, SKIP_UNREADABLE,
			   "cannot be read on after line %llu: %s", (unsigned long long)json->line,
			   strerror(json->reader.failed));
}

static int json_peek(struct source *source, weir_time *at)
{
	struct json_source *json = (struct json_source *)source;
	struct line line;

	while (!json->ready && !json->ended) {
		if (!next_line(&json->reader, &line)) {
			stop(json);
			break;
		}
		json->line++;
		if (line.length == READER_ROOM) {
			skip_line(json, &line);
			continue;
		}
		json->ready = read_line(json, line.at, line.length);
		reader_take(&json->reader, line.taken);
	}
	*at = json->event.time;
	return json->ready;
}

static void json_deliver(struct source *source, const struct intake *intake)
{
	struct json_source *json = (struct json_source *)source;

	intake->event(intake->context, &json->event);
	json->tally.records++;
	json->ready = false;
}

static void json_progress(const struct source *source, uint64_t *done, uint64_t *all)
{
	const struct json_source *json = (const struct json_source *)source;

	*done = json->reader.taken;
	*all = json->reader.size;
}

static json_t *json_report(const struct source *source)
{
	return tally_report(&((const struct json_source *)source)->tally, source->ops->type);
}

static void json_close(struct source *source)
{
	struct json_source *json = (struct json_source *)source;

	reader_close(&json->reader);
	arena_free(&json->arena);
	free(json);
}

static int json_open(struct source **source, struct reader *reader, const char *name,
		     struct error *error)
{
	struct json_source *json = calloc(1, sizeof(*json) + strlen(name) + 1);

	if (!json)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "%s: out of memory", name);
	strcpy(json->name, name);
	json->source = (struct source){.ops = json_kind.ops, .name = json->name};
	reader_move(&json->reader, reader);
	*source = &json->source;
	return 0;
}

static const struct source_ops json_ops = {
	.type = "json",
	.lateness = LOG_LATENESS,
	.peek = json_peek,
	.deliver = json_deliver,
	.progress = json_progress,
	.report = json_report,
	.close = json_close,
};

const struct source_kind json_kind = {
	.ops = &json_ops,
	.recognise = json_recognise,
	.open = json_open,
};
