/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "capture/kinds.h"
#include "capture/log/record.h"
#include "capture/log/rows.h"
#include "capture/reader.h"

/* What others recorded, and weir itself: rows of a log, each told by the format that it is of. */

static const struct log_format *const formats[] = {
	&own_format, &eve_format, &zeek_format, &journal_format, &flat_format,
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

struct log {
	struct source source;
	struct reader reader;
	struct tally tally;
	struct rows *rows;
	struct row row;
	struct record record;
	const struct log_format *format; /* of the row that was read last */
	struct columns *columns[FORMATS];
	void *memory[FORMATS];
	uint64_t rows_of[FORMATS];
	bool ready, ended;
	char name[];
};

/* The format that claims the row; the last one takes any. */
static unsigned format_of(struct log *log)
{
	unsigned i = 0;

	while (i < FORMATS - 1 && !formats[i]->claims(&log->row))
		i++;
	return i;
}

static bool format_ready(struct log *log, unsigned i)
{
	if (!log->columns[i])
		log->columns[i] = calloc(1, sizeof(*log->columns[i]));
	if (!log->memory[i] && formats[i]->memory)
		log->memory[i] = calloc(1, formats[i]->memory);
	if (!log->columns[i] || (formats[i]->memory && !log->memory[i]))
		return false;
	log->columns[i]->format = formats[i];
	log->record.memory = log->memory[i];
	log->format = formats[i];
	return true;
}

static void bad_line(struct log *log, const char *what)
{
	tally_skip(&log->tally, log->name, SKIP_LINE,
		   "line %llu: %s: passed over (others like it are counted)",
		   (unsigned long long)log->rows->line, what);
}

/* What was left out of a row that is told all the same. */
static void count_left_out(struct log *log)
{
	const struct record *r = &log->record;

	if (r->unknown && log->format->strict)
		tally_skip(&log->tally, log->name, SKIP_FIELD,
			   "line %llu has fields that are unknown here: they are left out",
			   (unsigned long long)log->rows->line);
	log->tally.skipped[SKIP_FIELD] += r->unknown - (r->unknown && log->format->strict);
	if (!r->wrong)
		return;
	tally_skip(&log->tally, log->name, SKIP_VALUE,
		   "line %llu: %.*s is not what its name says: left out (others are counted)",
		   (unsigned long long)log->rows->line, (int)r->wrong_length, r->wrong_name);
	log->tally.skipped[SKIP_VALUE] += r->wrong - 1;
}

static bool in_range(weir_time at)
{
	return at <= CAPTURE_TIME_MAX && at >= -CAPTURE_TIME_MAX;
}

static bool read_row(struct log *log)
{
	struct error error = {0};
	unsigned format = format_of(log);
	enum verdict verdict = VERDICT_BAD;

	if (!format_ready(log, format)) {
		bad_line(log, "out of memory");
		return false;
	}
	if (record_fill(&log->record, log->columns[format], &log->row, &error))
		verdict = log->format->read(&log->record, &error);
	switch (verdict) {
	case VERDICT_TELL:
		break;
	case VERDICT_BAD:
		bad_line(log, error.text);
		return false;
	case VERDICT_KIND:
		log->tally.skipped[SKIP_KIND]++;
		return false;
	}
	if (!in_range(log->record.start) || !in_range(log->record.end)) {
		tally_skip(&log->tally, log->name, SKIP_TIME,
			   "line %llu: its time is out of range: passed over",
			   (unsigned long long)log->rows->line);
		return false;
	}
	log->rows_of[format]++;
	count_left_out(log);
	return true;
}

static void stop(struct log *log)
{
	log->ended = true;
	if (reader_fault(&log->reader))
		tally_skip(&log->tally, log->name, SKIP_UNREADABLE,
			   "cannot be read on after byte %llu: %s",
			   (unsigned long long)log->reader.taken, reader_fault(&log->reader));
}

static int log_peek(struct source *source, weir_time *at)
{
	struct log *log = (struct log *)source;
	const char *why = "";

	while (!log->ready && !log->ended) {
		int got = log->rows->ops->next(log->rows, &log->row, &why);

		if (!got)
			stop(log);
		else if (got < 0)
			bad_line(log, got == -ENOMEM ? "out of memory" : why);
		else
			log->ready = read_row(log);
	}
	*at = log->record.end;
	return log->ready;
}

static void log_deliver(struct source *source, const struct intake *intake)
{
	struct log *log = (struct log *)source;

	log->format->tell(&log->record, intake);
	log->tally.records++;
	log->ready = false;
}

static void log_progress(const struct source *source, uint64_t *done, uint64_t *all)
{
	reader_progress(&((const struct log *)source)->reader, done, all);
}

/* Named by the format that most rows are of. */
static json_t *log_report(const struct source *source)
{
	const struct log *log = (const struct log *)source;
	unsigned most = 0;

	for (unsigned i = 1; i < FORMATS; i++)
		if (log->rows_of[i] > log->rows_of[most])
			most = i;
	return tally_report(&log->tally, formats[most]->type);
}

static void log_close(struct source *source)
{
	struct log *log = (struct log *)source;

	if (log->rows)
		log->rows->ops->free(log->rows);
	for (unsigned i = 0; i < FORMATS; i++) {
		free(log->columns[i]);
		free(log->memory[i]);
	}
	vec_free(&log->row.cells);
	arena_free(&log->record.arena);
	reader_close(&log->reader);
	free(log);
}

static int open_log(struct source **source, struct reader *reader, const char *name,
		    const struct source_ops *ops, struct rows *(*rows)(struct reader *),
		    struct error *error)
{
	struct log *log = calloc(1, sizeof(*log) + strlen(name) + 1);

	if (!log)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "%s: out of memory", name);
	strcpy(log->name, name);
	log->source = (struct source){.ops = ops, .name = log->name};
	log->rows = rows(&log->reader);
	if (!log->rows) {
		log_close(&log->source);
		return error_set(error, EXIT_SYSTEM, ENOMEM, "%s: out of memory", name);
	}
	reader_move(&log->reader, reader);
	*source = &log->source;
	return 0;
}

#define LOG_OPS(type_)                                                                             \
	{                                                                                          \
		.type = (type_), .lateness = LOG_LATENESS, .peek = log_peek,                       \
		.deliver = log_deliver, .progress = log_progress, .report = log_report,            \
		.close = log_close,                                                                \
	}

/* ---- JSON ---- */

static const struct source_ops json_ops = LOG_OPS("json");

/* Behind a byte order mark and blanks the first object, or an array of them. */
static bool json_recognise(const uint8_t *head, size_t length)
{
	size_t at = length >= 3 && !memcmp(head, "\xef\xbb\xbf", 3) ? 3 : 0;
	bool array = false;

	for (; at < length; at++) {
		if (head[at] == '{')
			return true;
		if (head[at] == '[' && !array)
			array = true;
		else if (!memchr(" \t\r\n\x1e", head[at], 5))
			return array && head[at] == ']';
	}
	return array;
}

static int json_open(struct source **source, struct reader *reader, const char *name,
		     struct error *error)
{
	return open_log(source, reader, name, &json_ops, json_rows_new, error);
}

const struct source_kind json_kind = {&json_ops, json_recognise, json_open};

/* ---- Zeek's own form ---- */

static const struct source_ops zeek_ops = LOG_OPS("zeek");

static bool zeek_recognise(const uint8_t *head, size_t length)
{
	return (length >= 10 && !memcmp(head, "#separator", 10)) ||
	       (length >= 7 && !memcmp(head, "#fields", 7));
}

static int zeek_open(struct source **source, struct reader *reader, const char *name,
		     struct error *error)
{
	return open_log(source, reader, name, &zeek_ops, zeek_rows_new, error);
}

const struct source_kind zeek_kind = {&zeek_ops, zeek_recognise, zeek_open};
