/* SPDX-License-Identifier: Apache-2.0 */
#include "summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

static void say_json(json_t *report, const struct source *source, const struct order_counts *counts)
{
	char *line;

	json_object_set_new(report, "file", json_string(source->name));
	if (counts) {
		json_object_set_new(report, "events", json_integer((json_int_t)counts->events));
		json_object_set_new(report, "late", json_integer((json_int_t)counts->late));
		json_object_set_new(report, "late_by", json_integer(counts->latest));
	}
	line = json_dumps(report, JSON_COMPACT);
	if (line)
		fprintf(stderr, "%s\n", line);
	free(line);
}

/* "3 bad lines, 2 time out of range": the keys of the report, as words. */
static void put_skipped(FILE *out, const json_t *skipped)
{
	const char *key, *before = ": passed over ";
	json_t *number;

	json_object_foreach((json_t *)skipped, key, number)
	{
		fprintf(out, "%s%" JSON_INTEGER_FORMAT " ", before, json_integer_value(number));
		for (const char *c = key; *c; c++)
			fputc(*c == '_' ? ' ' : *c, out);
		before = ", ";
	}
}

/* In whole minutes, and at least by one more: what would have been enough. */
static void put_late(FILE *out, const struct source *source, const struct order_counts *counts)
{
	char text[TIME_TEXT_MAX];
	weir_time window = source->ops->lateness + counts->latest;

	window = (window / WEIR_MIN + 1) * WEIR_MIN;
	fprintf(out,
		"; %" PRIu64 " of %" PRIu64
		" events came too late and are in no rule: --sort-window %s takes them",
		counts->late, counts->events, duration_format(window, text));
}

void summary_say(const struct source *source, const struct order_counts *counts, bool json)
{
	json_t *report = source->ops->report(source);
	char *text = NULL;
	size_t size;
	FILE *out;

	if (report && json) {
		say_json(report, source, counts);
	} else if (report && (out = open_memstream(&text, &size))) {
		fprintf(out, "%s: %s, %" JSON_INTEGER_FORMAT " %s", source->name,
			json_string_value(json_object_get(report, "type")),
			json_integer_value(json_object_get(report, "records")),
			source->ops->packets ? "packets" : "records");
		put_skipped(out, json_object_get(report, "skipped"));
		if (counts && counts->late)
			put_late(out, source, counts);
		fclose(out);
		log_info("%s", text);
		free(text);
	}
	json_decref(report);
}
