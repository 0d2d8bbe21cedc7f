/* SPDX-License-Identifier: Apache-2.0 */
/* From a status object to the text that a scraper reads. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/vec.h"
#include "metrics/metric.h"

#define KEY_MAX	   64
#define LABELS_MAX 1024 /* bytes of one series, with names and escapes */

struct sample {
	char *labels; /* name="value",…; may be empty */
	double value;
};

/* The series of one metric. */
struct family {
	const struct metric *metric;
	VEC(struct sample) samples;
	size_t left_out;
	bool no_memory;
};

/* Labels of the path so far; what does not fit is left out. */
struct labels {
	char text[LABELS_MAX];
	size_t len;
};

/* Room that stays for a closing quote and the end. */
#define LABELS_END 2

static void put_bytes(struct labels *labels, const char *bytes, size_t length)
{
	memcpy(labels->text + labels->len, bytes, length);
	labels->len += length;
	labels->text[labels->len] = '\0';
}

/* A character with the bytes that belong to it: UTF-8 is cut between characters only. */
static size_t character(const char *text)
{
	size_t length = 1;

	while (((unsigned char)text[length] & 0xc0) == 0x80)
		length++;
	return length;
}

static void put_escaped(struct labels *labels, const char *value)
{
	size_t length;

	for (; *value; value += length) {
		length = character(value);
		if (labels->len + length + 1 + LABELS_END > LABELS_MAX)
			return;
		if (*value == '\\' || *value == '"' || *value == '\n')
			put_bytes(labels, "\\", 1);
		put_bytes(labels, *value == '\n' ? "n" : value, length);
	}
}

static void put_label(struct labels *labels, const char *name, size_t length, const char *value)
{
	if (labels->len + length + 3 + LABELS_END > LABELS_MAX)
		return;
	if (labels->len)
		put_bytes(labels, ",", 1);
	put_bytes(labels, name, length);
	put_bytes(labels, "=\"", 2);
	put_escaped(labels, value);
	put_bytes(labels, "\"", 1);
}

/* "rule=name,rule_id=id": of an element of a list. */
static void put_members(struct labels *labels, const char *spec, size_t length, const json_t *of)
{
	const char *end = spec + length;

	while (spec < end) {
		size_t name = strcspn(spec, "="), key = strcspn(spec + name + 1, ",]");
		char text[KEY_MAX];
		const char *value;

		snprintf(text, sizeof(text), "%.*s", (int)key, spec + name + 1);
		value = json_string_value(json_object_get(of, text));
		put_label(labels, spec, name, value ? value : "");
		spec += name + 1 + key + 1;
	}
}

/* ---- samples ---- */

static bool number_of(const struct metric *metric, const json_t *at, double *number)
{
	const char *text = json_string_value(at);
	weir_time time;

	switch (metric->value) {
	case METRIC_NUMBER:
		*number = json_is_boolean(at) ? json_is_true(at) : json_number_value(at);
		return json_is_boolean(at) || json_is_number(at);
	case METRIC_HEALTHY:
		*number = text && !strcmp(text, "healthy");
		return text != NULL;
	case METRIC_PRESENT:
		*number = at != NULL;
		return true;
	case METRIC_TIME:
		if (!text || time_parse(text, strlen(text), &time))
			return false;
		*number = (double)time / WEIR_SEC;
		return true;
	}
	return false;
}

/* Two things of one name (rules that were given the same) are told as their sum: a series must
 * stand there once. */
static struct sample *find(struct family *family, const char *labels)
{
	vec_each (sample, &family->samples)
		if (!strcmp(sample->labels, labels))
			return sample;
	return NULL;
}

static void emit(struct family *family, const struct labels *labels, double value)
{
	struct sample *sample = find(family, labels->text);

	if (sample) {
		sample->value += value;
		return;
	}
	if (family->samples.len >= METRICS_SERIES_MAX) {
		family->left_out++;
		return;
	}
	sample = vec_add(&family->samples);
	if (sample)
		sample->labels = strdup(labels->text);
	if (!sample || !sample->labels) {
		family->samples.len -= sample != NULL;
		family->no_memory = true;
		return;
	}
	sample->value = value;
}

static void walk(struct family *family, const json_t *at, const char *path,
		 const struct labels *labels);

/* What stands behind "[…]" of a list, or of an object. */
static void walk_each(struct family *family, json_t *at, const char *spec,
		      const struct labels *labels)
{
	size_t length = strcspn(spec, "]");
	const char *rest = spec + length + 1, *key;
	bool members = memchr(spec, '=', length) != NULL;
	struct labels more;
	json_t *one;
	size_t i;

	rest += *rest == '.';
	json_array_foreach(members ? at : NULL, i, one)
	{
		more = *labels;
		put_members(&more, spec, length, one);
		walk(family, one, rest, &more);
	}
	if (members)
		return;
	json_object_foreach(at, key, one)
	{
		more = *labels;
		put_label(&more, spec, length, key);
		walk(family, one, rest, &more);
	}
}

static void walk(struct family *family, const json_t *at, const char *path,
		 const struct labels *labels)
{
	const struct metric *metric = family->metric;
	size_t length = strcspn(path, ".[");
	double scale = metric->scale != 0 ? metric->scale : 1, number;
	char key[KEY_MAX];
	json_t *child;

	if (!*path) {
		if (number_of(metric, at, &number))
			emit(family, labels, number * scale);
		return;
	}
	if (!length && metric->kind == METRIC_INFO) {
		struct labels more = *labels;

		put_members(&more, path + 1, strlen(path) - 2, at);
		emit(family, &more, 1);
		return;
	}
	snprintf(key, sizeof(key), "%.*s", (int)length, path);
	child = json_object_get(at, key);
	path += length;
	if (*path == '[')
		walk_each(family, child, path + 1, labels);
	else if (child || (!*path && metric->value == METRIC_PRESENT))
		walk(family, child, path + (*path == '.'), labels);
}

/* ---- text ---- */

static const char *const kind_names[] = {
	[METRIC_GAUGE] = "gauge", [METRIC_COUNTER] = "counter", [METRIC_INFO] = "info"};

/* What stands behind the name of a sample; in the older format of the family too. */
static const char *suffix(const struct metric *metric)
{
	switch (metric->kind) {
	case METRIC_GAUGE:
		return "";
	case METRIC_COUNTER:
		return "_total";
	case METRIC_INFO:
		return "_info";
	}
	return "";
}

static void put_head(const struct metric *metric, enum metrics_format format, FILE *out)
{
	const char *more = format == METRICS_OPEN ? "" : suffix(metric);
	const char *kind = kind_names[metric->kind];

	/* The older format knows no info. */
	if (format == METRICS_PLAIN && metric->kind == METRIC_INFO)
		kind = kind_names[METRIC_GAUGE];
	fprintf(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", metric->name, more, metric->help,
		metric->name, more, kind);
	if (format == METRICS_OPEN && metric->unit[0])
		fprintf(out, "# UNIT %s %s\n", metric->name, metric->unit);
}

/* Whole numbers as such: counters up to 2^53 are exact. */
static void put_number(double number, FILE *out)
{
	if (number == floor(number) && fabs(number) < 9007199254740992.0)
		fprintf(out, "%.0f", number);
	else
		fprintf(out, "%.15g", number);
}

static void put_family(const struct family *family, enum metrics_format format, FILE *out)
{
	if (!family->samples.len)
		return;
	put_head(family->metric, format, out);
	vec_each (sample, &family->samples) {
		bool labels = sample->labels[0];

		fprintf(out, "%s%s%s%s%s ", family->metric->name, suffix(family->metric),
			labels ? "{" : "", sample->labels, labels ? "}" : "");
		put_number(sample->value, out);
		fputc('\n', out);
	}
}

static void family_free(struct family *family)
{
	vec_each (sample, &family->samples)
		free(sample->labels);
	vec_free(&family->samples);
}

static const struct metric left_out = {
	"weir_metrics_left_out_series",
	METRIC_GAUGE,
	"series",
	"",
	METRIC_NUMBER,
	0,
	"Series that were left out here, because a metric had too many.",
};

/* One metric; false without memory. */
static bool write_one(const struct metric *metric, const json_t *status, enum metrics_format format,
		      FILE *out, size_t *unsaid)
{
	struct family family = {.metric = metric};
	struct labels none = {.len = 0};
	bool all;

	walk(&family, status, metric->path, &none);
	put_family(&family, format, out);
	*unsaid += family.left_out;
	all = !family.no_memory;
	family_free(&family);
	return all;
}

int metrics_write(const json_t *status, enum metrics_format format, FILE *out)
{
	size_t unsaid = 0;

	for (const struct metric *metric = metrics; metric->name; metric++)
		if (!write_one(metric, status, format, out, &unsaid))
			return -ENOMEM;
	put_head(&left_out, format, out);
	fprintf(out, "%s %zu\n", left_out.name, unsaid);
	if (format == METRICS_OPEN)
		fputs("# EOF\n", out);
	return ferror(out) ? -EIO : 0;
}

/* ---- the table, for people ---- */

static void document_labels(const char *path, FILE *out)
{
	const char *between = "";

	while ((path = strchr(path, '['))) {
		for (path++; *path != ']'; path += *path == ',') {
			fprintf(out, "%s`%.*s`", between, (int)strcspn(path, "=,]"), path);
			path += strcspn(path, ",]");
			between = ", ";
		}
	}
}

static void document_one(const struct metric *metric, FILE *out)
{
	fprintf(out, "| `%s%s` | %s | %s | ", metric->name, suffix(metric),
		kind_names[metric->kind], metric->unit);
	document_labels(metric->path, out);
	fprintf(out, " | %s |\n", metric->help);
}

void metrics_document(FILE *out)
{
	fputs("| metric | type | unit | labels | what |\n|---|---|---|---|---|\n", out);
	for (const struct metric *metric = metrics; metric->name; metric++)
		document_one(metric, out);
	document_one(&left_out, out);
}
