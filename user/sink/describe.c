/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/describe_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "event/json.h"

#define LABEL_WIDTH 12 /* of "  signals   " */
#define FLOWS_SHOWN 3  /* in the short form */

const char *part_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

enum tint part_tint(const char *severity)
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

void part_put_value(FILE *out, const json_t *value, const char *unit)
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
	const char *threshold = part_text(value, "threshold");
	const json_t *error = json_object_get(value, "error");

	fprintf(out, "%s %s", name, json_is_true(json_object_get(value, "estimated")) ? "~" : "");
	part_put_value(out, json_object_get(value, "value"), part_text(value, "unit"));
	if (error)
		fprintf(out, " ± %.2g %%", json_number_value(error) * 100);
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
			part_put_value(out, value, "");
			first = false;
		}
		within = within || !strcmp(name, "weir.confidence");
	}
	fclose(out);
	return text;
}

/* Words of the text up to the edge; the next lines begin at `indent`. Newlines stay. */
void part_wrap(const struct terminal *t, const char *text, unsigned indent)
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

void part_labelled(const struct terminal *t, const char *name, const char *text)
{
	if (!*text)
		return;
	label(t, name);
	part_wrap(t, text, LABEL_WIDTH);
}

void part_headline(const struct terminal *t, const json_t *record)
{
	const char *severity = part_text(record, "weir.severity");
	char *keys = describe_keys(record), *upper = strdup(severity);

	for (char *c = upper; c && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	terminal_put(t, part_tint(severity), upper ? upper : severity);
	fputs("  ", t->out);
	terminal_put(t, TINT_BOLD, part_text(record, "rule.name"));
	fputs("  ", t->out);
	terminal_put(t, TINT_PLAIN, keys ? keys : "");
	fputc('\n', t->out);
	free(upper);
	free(keys);
}

/* "2026-01-02 03:04:05 to 03:05:00 UTC" */
void part_when(const struct terminal *t, const json_t *record)
{
	char first[DESCRIBE_TIME_MAX], last[DESCRIBE_TIME_MAX], text[2 * DESCRIBE_TIME_MAX + 16];
	bool same_day;

	describe_time(part_text(record, "event.start"), first);
	describe_time(part_text(record, "event.end"), last);
	same_day = strlen(last) > 11 && !strncmp(first, last, 11);
	if (!strcmp(first, last))
		snprintf(text, sizeof(text), "%s UTC", first);
	else
		snprintf(text, sizeof(text), "%s to %s UTC", first, same_day ? last + 11 : last);
	part_labelled(t, "when", text);
}

void part_attack(const struct terminal *t, const json_t *record)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", part_text(record, "threat.tactic.id"),
		 *part_text(record, "threat.tactic.id") ? " " : "",
		 part_text(record, "threat.technique.id"));
	part_labelled(t, "attack", text);
}

static unsigned widest(const json_t *list, const char *key)
{
	unsigned most = 0;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		unsigned columns = terminal_columns(part_text(item, key));

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
		const char *severity = part_text(signal, "severity");
		char *values = describe_values(json_object_get(signal, "values"));

		label(t, i ? "" : "signals");
		terminal_put(t, TINT_PLAIN, part_text(signal, "name"));
		fprintf(t->out, "%*s  ", (int)(name - terminal_columns(part_text(signal, "name"))),
			"");
		terminal_put(t, part_tint(severity), severity);
		fprintf(t->out, "%*s  ", (int)(level - terminal_columns(severity)), "");
		part_wrap(t, values ? values : "", LABEL_WIDTH + name + level + 4);
		free(values);
	}
}

const char *part_tuple(const json_t *sample, char text[EVENT_TUPLE_MAX])
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

/* " of NAMESPACE/POD (Deployment NAME)"; how much was written. */
static int put_pod(const json_t *sample, char *text, size_t size)
{
	const char *pod = part_text(sample, "orchestrator.resource.name");
	const char *kind = part_text(sample, "orchestrator.resource.parent.type");
	const char *owner = part_text(sample, "orchestrator.resource.parent.name");
	int n;

	if (!*pod)
		return 0;
	n = snprintf(text, size, " of %.*s/%.*s", PART_NAME_MAX,
		     part_text(sample, "orchestrator.namespace"), PART_NAME_MAX, pod);
	if (*owner)
		n += snprintf(text + n, size - (size_t)n, " (%.*s%s%.*s)", PART_NAME_MAX / 2, kind,
			      *kind ? " " : "", PART_NAME_MAX, owner);
	return n;
}

const char *part_process(const json_t *sample, char text[PART_PROCESS_MAX])
{
	const char *name = part_text(sample, "process.name");
	const char *container = part_text(sample, "container.name");
	json_int_t pid = json_integer_value(json_object_get(sample, "process.pid"));
	int n = snprintf(text, PART_PROCESS_MAX, "%.*s", PART_NAME_MAX, name);

	if (*name && pid)
		n += snprintf(text + n, PART_PROCESS_MAX - (size_t)n, " (%" JSON_INTEGER_FORMAT ")",
			      pid);
	if (!*container)
		container = part_text(sample, "container.id");
	if (*name && *container) {
		n += snprintf(text + n, PART_PROCESS_MAX - (size_t)n, " in %.*s", PART_NAME_MAX,
			      container);
		put_pod(sample, text + n, PART_PROCESS_MAX - (size_t)n);
	}
	return text;
}

/* The connection, and whose it is. */
static void flow(const struct terminal *t, const json_t *sample, bool first)
{
	char tuple[EVENT_TUPLE_MAX], process[PART_PROCESS_MAX];
	char line[EVENT_TUPLE_MAX + PART_PROCESS_MAX + 4];

	part_tuple(sample, tuple);
	part_process(sample, process);
	snprintf(line, sizeof(line), "%s%s%s", tuple, *tuple && *process ? "  " : "", process);
	part_labelled(t, first ? "flows" : "", line);
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
			part_labelled(t, "", text);
			return;
		}
		flow(t, sample, !i);
	}
}

void part_coverage(const struct terminal *t, const json_t *record)
{
	double share = json_number_value(json_object_get(record, "weir.coverage"));
	char text[96];

	if (share >= 0.9995)
		return;
	snprintf(text, sizeof(text), "%.1f %% of the packets of its time were seen", share * 100);
	part_labelled(t, "coverage", text);
}

void describe_detection(const struct terminal *t, const json_t *record)
{
	part_headline(t, record);
	part_labelled(t, "what", part_text(record, "message"));
	part_when(t, record);
	signals(t, record);
	flows(t, record);
	part_coverage(t, record);
	part_attack(t, record);
	part_labelled(t, "id", part_text(record, "event.id"));
	fputc('\n', t->out);
}

void describe_signal(const struct terminal *t, const json_t *record, bool update)
{
	char *keys = describe_keys(record);
	char *values = describe_values(json_object_get(record, "weir.values"));
	char time[DESCRIBE_TIME_MAX];

	terminal_put(t, TINT_DIM, describe_time(part_text(record, "@timestamp"), time));
	fputs(update ? "  update  " : "  signal  ", t->out);
	terminal_put(t, part_tint(part_text(record, "weir.severity")),
		     part_text(record, "weir.severity"));
	fputs("  ", t->out);
	terminal_put(t, TINT_PLAIN, part_text(record, "rule.name"));
	fputs("  ", t->out);
	terminal_put(t, TINT_PLAIN, keys ? keys : "");
	fputs("  ", t->out);
	terminal_put(t, TINT_PLAIN, values ? values : "");
	fputc('\n', t->out);
	free(keys);
	free(values);
}
