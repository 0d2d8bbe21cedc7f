/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/describe.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "event/json.h"
#include "rule/value.h"

#define LABEL_WIDTH 12 /* of "  signals   " */
#define FLOWS_SHOWN 3  /* in the short form */

static const char *get(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static enum tint tint_of(const char *severity)
{
	int number = severity_find(severity, strlen(severity));

	return number < 0 ? TINT_PLAIN : terminal_severity((enum severity)number);
}

char *describe_time(const char *rfc3339, char text[DESCRIBE_TIME_MAX])
{
	size_t length = strcspn(rfc3339, ".Z");

	snprintf(text, DESCRIBE_TIME_MAX, "%.*s", (int)length, rfc3339);
	if (length > 10 && text[10] == 'T')
		text[10] = ' ';
	return text;
}

static enum unit unit_of(const char *name)
{
	for (int unit = UNIT_NONE + 1; unit <= UNIT_ENDPOINTS; unit++)
		if (!strcmp(unit_name((enum unit)unit), name))
			return (enum unit)unit;
	return UNIT_NONE;
}

static void put_value(FILE *out, const json_t *value, const char *unit)
{
	struct value number = {.type = VALUE_NUMBER, .number = json_number_value(value)};
	char text[64];

	if (json_is_number(value))
		fputs(value_format(&number, unit_of(unit), text, sizeof(text)), out);
	else if (json_is_string(value))
		fputs(json_string_value(value), out);
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "yes" : "no", out);
	else
		fputs("unknown", out);
}

static void put_measured(FILE *out, const char *name, const json_t *value)
{
	const char *threshold = get(value, "threshold");

	fprintf(out, "%s %s", name, json_is_true(json_object_get(value, "estimated")) ? "~" : "");
	put_value(out, json_object_get(value, "value"), get(value, "unit"));
	if (*threshold)
		fprintf(out, " (%s)", threshold);
}

char *describe_values(const json_t *values)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *name;
	json_t *value;
	bool first = true;

	if (!out)
		return NULL;
	json_object_foreach((json_t *)values, name, value)
	{
		fputs(first ? "" : ", ", out);
		put_measured(out, name, value);
		first = false;
	}
	fclose(out);
	return text;
}

/* The group-by fields stand between weir.confidence and weir.values, under their own names. */
char *describe_keys(const json_t *record)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *name;
	json_t *value;
	bool within = false, first = true;

	if (!out)
		return NULL;
	json_object_foreach((json_t *)record, name, value)
	{
		if (!strcmp(name, "weir.values"))
			break;
		if (within) {
			fprintf(out, "%s%s=", first ? "" : " ", name);
			put_value(out, value, "");
			first = false;
		}
		within = within || !strcmp(name, "weir.confidence");
	}
	fclose(out);
	return text;
}

/* Words of the text up to the edge; the next lines begin at `indent`. Newlines stay. */
static void wrap(const struct terminal *t, const char *text, unsigned indent)
{
	unsigned room = t->width > indent + 20 ? t->width - indent : 0, used = 0;

	while (*text) {
		size_t length = strcspn(text, " \n");
		char *word = strndup(text, length);
		unsigned columns = word ? terminal_columns(word) : 0;

		if (room && used && used + 1 + columns > room) {
			fprintf(t->out, "\n%*s", (int)indent, "");
			used = 0;
		}
		if (used)
			fputc(' ', t->out);
		if (word)
			terminal_put(t, TINT_PLAIN, word);
		used += columns + (used > 0);
		free(word);
		text += length;
		if (*text == '\n') {
			fprintf(t->out, "\n%*s", (int)indent, "");
			used = 0;
		}
		text += *text != '\0';
	}
	fputc('\n', t->out);
}

static void label(const struct terminal *t, const char *name)
{
	char text[32];

	snprintf(text, sizeof(text), "  %-*s", LABEL_WIDTH - 2, name);
	terminal_put(t, TINT_DIM, text);
}

static void labelled(const struct terminal *t, const char *name, const char *text)
{
	if (!*text)
		return;
	label(t, name);
	wrap(t, text, LABEL_WIDTH);
}

static void headline(const struct terminal *t, const json_t *record)
{
	const char *severity = get(record, "weir.severity");
	char *keys = describe_keys(record), *upper = strdup(severity);

	for (char *c = upper; c && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	terminal_put(t, tint_of(severity), upper ? upper : severity);
	fputs("  ", t->out);
	terminal_put(t, TINT_BOLD, get(record, "rule.name"));
	fputs("  ", t->out);
	terminal_put(t, TINT_PLAIN, keys ? keys : "");
	fputc('\n', t->out);
	free(upper);
	free(keys);
}

/* "2026-01-02 03:04:05 to 03:05:00 UTC" */
static void when(const struct terminal *t, const json_t *record)
{
	char first[DESCRIBE_TIME_MAX], last[DESCRIBE_TIME_MAX], text[2 * DESCRIBE_TIME_MAX + 16];
	bool same_day;

	describe_time(get(record, "event.start"), first);
	describe_time(get(record, "event.end"), last);
	same_day = strlen(last) > 11 && !strncmp(first, last, 11);
	if (!strcmp(first, last))
		snprintf(text, sizeof(text), "%s UTC", first);
	else
		snprintf(text, sizeof(text), "%s to %s UTC", first, same_day ? last + 11 : last);
	labelled(t, "when", text);
}

static void attack(const struct terminal *t, const json_t *record)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", get(record, "threat.tactic.id"),
		 *get(record, "threat.tactic.id") ? " " : "", get(record, "threat.technique.id"));
	labelled(t, "attack", text);
}

static unsigned widest(const json_t *list, const char *key)
{
	unsigned most = 0;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		unsigned columns = terminal_columns(get(item, key));

		if (columns > most)
			most = columns;
	}
	return most;
}

/* One line a signal: name, severity, values against thresholds. */
static void signals(const struct terminal *t, const json_t *record)
{
	const json_t *list = json_object_get(record, "weir.signals"), *signal;
	unsigned name = widest(list, "name"), level = widest(list, "severity");
	size_t i;

	json_array_foreach(list, i, signal)
	{
		const char *severity = get(signal, "severity");
		char *values = describe_values(json_object_get(signal, "values"));

		label(t, i ? "" : "signals");
		fprintf(t->out, "%-*s  ", (int)name, get(signal, "name"));
		terminal_put(t, tint_of(severity), severity);
		fprintf(t->out, "%*s  ", (int)(level - terminal_columns(severity)), "");
		wrap(t, values ? values : "", LABEL_WIDTH + name + level + 4);
		free(values);
	}
}

static const char *tuple_text(const json_t *sample, char text[EVENT_TUPLE_MAX])
{
	struct arena arena = {0};
	struct event event;
	size_t unknown;

	*text = '\0';
	if (!event_from_json(sample, &arena, &event, &unknown, NULL))
		event_tuple(&event, text);
	arena_free(&arena);
	return text;
}

static void flows(const struct terminal *t, const json_t *record)
{
	const json_t *list = json_object_get(record, "weir.samples"), *sample;
	char text[EVENT_TUPLE_MAX];
	size_t i;

	json_array_foreach(list, i, sample)
	{
		if (i == FLOWS_SHOWN) {
			snprintf(text, sizeof(text), "and %zu more", json_array_size(list) - i);
			labelled(t, "", text);
			return;
		}
		labelled(t, i ? "" : "flows", tuple_text(sample, text));
	}
}

static void coverage(const struct terminal *t, const json_t *record)
{
	double share = json_number_value(json_object_get(record, "weir.coverage"));
	char text[96];

	if (share >= 0.9995)
		return;
	snprintf(text, sizeof(text), "%.1f %% of the packets of its time were seen", share * 100);
	labelled(t, "coverage", text);
}

void describe_detection(const struct terminal *t, const json_t *record)
{
	headline(t, record);
	labelled(t, "what", get(record, "message"));
	when(t, record);
	signals(t, record);
	flows(t, record);
	coverage(t, record);
	attack(t, record);
	labelled(t, "id", get(record, "event.id"));
	fputc('\n', t->out);
}

static void title(const struct terminal *t, const char *text)
{
	fputc('\n', t->out);
	terminal_put(t, TINT_BOLD, text);
	fputc('\n', t->out);
}

/* A row a value: what was measured, against what, and the baseline it was scored by. */
static void value_rows(struct grid *grid, const json_t *signal)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(signal, "values"), name, value)
	{
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		if (!out)
			return;
		put_value(out, json_object_get(value, "value"), get(value, "unit"));
		fclose(out);
		grid_add(grid, TINT_PLAIN, get(signal, "name"));
		grid_add(grid, tint_of(get(signal, "severity")), get(signal, "severity"));
		grid_add(grid, TINT_PLAIN, name);
		grid_add(grid, TINT_BOLD, text);
		grid_add(grid, TINT_PLAIN, get(value, "threshold"));
		if (json_object_get(value, "zscore"))
			grid_addf(grid, TINT_PLAIN, "%.1f deviations above the mean",
				  json_number_value(json_object_get(value, "zscore")));
		else
			grid_add(grid, TINT_PLAIN, "");
		free(text);
	}
}

static void values_table(const struct terminal *t, const json_t *record)
{
	static const char *const head[] = {"SIGNAL", "SEVERITY", "VALUE", "IS", "AGAINST", ""};
	const json_t *list = json_object_get(record, "weir.signals"), *signal;
	struct grid grid;
	size_t i;

	if (!json_array_size(list))
		return;
	title(t, "Values against thresholds");
	grid_begin(&grid, 6);
	for (i = 0; i < 6; i++)
		grid_add(&grid, TINT_DIM, head[i]);
	json_array_foreach(list, i, signal) value_rows(&grid, signal);
	grid_end(&grid, t, 2);
}

static void time_line(const struct terminal *t, const json_t *record)
{
	const json_t *list = json_object_get(record, "weir.signals"), *signal;
	char time[DESCRIBE_TIME_MAX];
	struct grid grid;
	size_t i;

	title(t, "Time line (UTC)");
	grid_begin(&grid, 3);
	grid_add(&grid, TINT_DIM, describe_time(get(record, "event.start"), time));
	grid_add(&grid, TINT_PLAIN, "");
	grid_add(&grid, TINT_PLAIN, "first evidence");
	json_array_foreach(list, i, signal)
	{
		grid_add(&grid, TINT_DIM, describe_time(get(signal, "time"), time));
		grid_add(&grid, TINT_PLAIN, get(signal, "name"));
		grid_add(&grid, TINT_PLAIN, get(signal, "message"));
	}
	grid_add(&grid, TINT_DIM, describe_time(get(record, "event.end"), time));
	grid_add(&grid, TINT_PLAIN, "");
	grid_add(&grid, TINT_PLAIN, "last evidence");
	grid_end(&grid, t, 2);
}

static void sample_table(const struct terminal *t, const json_t *record)
{
	static const char *const head[] = {"TIME (UTC)", "FLOW", "STATE", "COMMUNITY ID"};
	const json_t *list = json_object_get(record, "weir.samples"), *sample;
	char time[DESCRIBE_TIME_MAX], tuple[EVENT_TUPLE_MAX];
	struct grid grid;
	size_t i;

	if (!json_array_size(list))
		return;
	title(t, "Sample flows");
	grid_begin(&grid, 4);
	for (i = 0; i < 4; i++)
		grid_add(&grid, TINT_DIM, head[i]);
	json_array_foreach(list, i, sample)
	{
		grid_add(&grid, TINT_DIM, describe_time(get(sample, "@timestamp"), time));
		grid_add(&grid, TINT_PLAIN, tuple_text(sample, tuple));
		grid_add(&grid, TINT_PLAIN, get(sample, "network.state"));
		grid_add(&grid, TINT_DIM, get(sample, "network.community_id"));
	}
	grid_end(&grid, t, 2);
}

static void texts(const struct terminal *t, const json_t *record, const char *key,
		  const char *heading)
{
	const json_t *list = json_object_get(record, key), *item;
	size_t i;

	if (!json_array_size(list))
		return;
	title(t, heading);
	json_array_foreach(list, i, item)
	{
		fputs("  - ", t->out);
		wrap(t, json_is_string(item) ? json_string_value(item) : "", 4);
	}
}

void describe_detection_fully(const struct terminal *t, const json_t *record)
{
	char text[96];

	headline(t, record);
	labelled(t, "what", get(record, "message"));
	when(t, record);
	snprintf(text, sizeof(text), "%s, seen %lld time%s, confidence %.2f",
		 get(record, "weir.state"),
		 (long long)json_integer_value(json_object_get(record, "weir.count")),
		 json_integer_value(json_object_get(record, "weir.count")) == 1 ? "" : "s",
		 json_number_value(json_object_get(record, "weir.confidence")));
	labelled(t, "state", text);
	labelled(t, "host", get(record, "host.name"));
	coverage(t, record);
	attack(t, record);
	labelled(t, "id", get(record, "event.id"));
	if (*get(record, "weir.why")) {
		title(t, "Why");
		fputs("  ", t->out);
		wrap(t, get(record, "weir.why"), 2);
	}
	values_table(t, record);
	time_line(t, record);
	sample_table(t, record);
	texts(t, record, "weir.actions", "What to do");
	texts(t, record, "weir.false_positives", "When it is nothing");
	texts(t, record, "rule.reference", "References");
}

void describe_signal(const struct terminal *t, const json_t *record, bool update)
{
	char *keys = describe_keys(record);
	char *values = describe_values(json_object_get(record, "weir.values"));
	char time[DESCRIBE_TIME_MAX];

	terminal_put(t, TINT_DIM, describe_time(get(record, "@timestamp"), time));
	fputs(update ? "  update  " : "  signal  ", t->out);
	terminal_put(t, tint_of(get(record, "weir.severity")), get(record, "weir.severity"));
	fprintf(t->out, "  %s  ", get(record, "rule.name"));
	terminal_put(t, TINT_PLAIN, keys ? keys : "");
	fputs("  ", t->out);
	terminal_put(t, TINT_PLAIN, values ? values : "");
	fputc('\n', t->out);
	free(keys);
	free(values);
}
