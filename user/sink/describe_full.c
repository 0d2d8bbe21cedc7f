/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "sink/describe_parts.h"

/* What `weir detections show` says. */

static void title(const struct terminal *t, const char *text)
{
	fputc('\n', t->out);
	terminal_put(t, TINT_BOLD, text);
	fputc('\n', t->out);
}

/* "7.3 deviations above the mean" */
static void add_score(struct grid *grid, const json_t *value)
{
	const json_t *score = json_object_get(value, "zscore");
	double z = json_number_value(score);

	if (json_is_number(score))
		grid_addf(grid, TINT_PLAIN, "%.1f deviations %s the mean", z < 0 ? -z : z,
			  z < 0 ? "below" : "above");
	else
		grid_add(grid, TINT_PLAIN, "");
}

/* A row a value: what was measured, against what, and how it scored. */
static void value_rows(struct grid *grid, const json_t *signal)
{
	const char *signal_name = part_text(signal, "name"),
		   *severity = part_text(signal, "severity"), *name;
	json_t *value;

	json_object_foreach(json_object_get(signal, "values"), name, value)
	{
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		if (!out)
			return;
		part_put_value(out, json_object_get(value, "value"), part_text(value, "unit"));
		fclose(out);
		grid_add(grid, TINT_BOLD, signal_name);
		grid_add(grid, part_tint(severity), severity);
		grid_add(grid, TINT_PLAIN, name);
		grid_add(grid, TINT_BOLD, text);
		grid_add(grid, TINT_PLAIN, part_text(value, "threshold"));
		add_score(grid, value);
		free(text);
		signal_name = severity = ""; /* once a signal */
	}
}

static void values_table(const struct terminal *t, const json_t *record)
{
	static const char *const head[] = {"SIGNAL", "SEVERITY", "VALUE", "IS", "AGAINST", "SCORE"};
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
	grid_add(&grid, TINT_DIM, describe_time(part_text(record, "event.start"), time));
	grid_add(&grid, TINT_PLAIN, "");
	grid_add(&grid, TINT_PLAIN, "first evidence");
	json_array_foreach(list, i, signal)
	{
		grid_add(&grid, TINT_DIM, describe_time(part_text(signal, "time"), time));
		grid_add(&grid, TINT_PLAIN, part_text(signal, "name"));
		grid_add(&grid, TINT_PLAIN, part_text(signal, "message"));
	}
	grid_add(&grid, TINT_DIM, describe_time(part_text(record, "event.end"), time));
	grid_add(&grid, TINT_PLAIN, "");
	grid_add(&grid, TINT_PLAIN, "last evidence");
	grid_end(&grid, t, 2);
}

/* The stored connection of a sample, or NULL. */
static const json_t *flow_of(const json_t *flows, const json_t *sample)
{
	const char *id = part_text(sample, "network.community_id");
	const json_t *flow;
	size_t i;

	json_array_foreach(flows, i, flow) if (*id && !strcmp(part_text(flow, "community_id"),
							      id)) return flow;
	return NULL;
}

static void add_bytes(struct grid *grid, const json_t *bytes)
{
	struct value value = {.type = VALUE_NUMBER, .number = json_number_value(bytes)};
	char text[64];

	grid_add(grid, TINT_PLAIN,
		 bytes ? value_format(&value, UNIT_BYTES, text, sizeof(text)) : "");
}

static void sample_row(struct grid *grid, const json_t *sample, const json_t *flow, bool processes)
{
	const char *state = part_text(sample, "network.state");
	char time[DESCRIBE_TIME_MAX], tuple[EVENT_TUPLE_MAX], process[PART_PROCESS_MAX];

	grid_add(grid, TINT_DIM, describe_time(part_text(sample, "@timestamp"), time));
	grid_add(grid, TINT_PLAIN, part_tuple(sample, tuple));
	grid_add(grid, TINT_PLAIN, *state ? state : part_text(flow, "state"));
	add_bytes(grid, json_object_get(flow, "source_bytes"));
	add_bytes(grid, json_object_get(flow, "destination_bytes"));
	if (processes)
		grid_add(grid, TINT_PLAIN, part_process(sample, process));
	grid_add(grid, TINT_DIM, part_text(sample, "network.community_id"));
}

/* Of a capture none is known: no column for nothing. */
static bool any_process(const json_t *list)
{
	const json_t *sample;
	size_t i;

	json_array_foreach(list, i, sample) if (*part_text(sample, "process.name")) return true;
	return false;
}

static void sample_table(const struct terminal *t, const json_t *record, const json_t *flows)
{
	static const char *const head[] = {"TIME (UTC)", "FLOW",    "STATE",	   "SENT",
					   "RECEIVED",	 "PROCESS", "COMMUNITY ID"};
	const json_t *list = json_object_get(record, "weir.samples"), *sample;
	struct grid grid;
	bool processes;
	size_t i;

	if (!json_array_size(list))
		return;
	title(t, "Sample flows");
	processes = any_process(list);
	grid_begin(&grid, sizeof(head) / sizeof(head[0]) - !processes);
	for (i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		if (processes || strcmp(head[i], "PROCESS") != 0)
			grid_add(&grid, TINT_DIM, head[i]);
	json_array_foreach(list, i, sample)
		sample_row(&grid, sample, flow_of(flows, sample), processes);
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
		part_wrap(t, json_is_string(item) ? json_string_value(item) : "", 4);
	}
}

void describe_detection_fully(const struct terminal *t, const json_t *record,
			      const json_t *flows_of)
{
	const char *as = part_text(record, "weir.closed_as");
	char text[128];

	part_headline(t, record);
	part_labelled(t, "what", part_text(record, "message"));
	part_when(t, record);
	snprintf(text, sizeof(text), "%s%s%s, seen %lld time%s, confidence %.2f",
		 part_text(record, "weir.state"), *as ? " as " : "", as,
		 (long long)json_integer_value(json_object_get(record, "weir.count")),
		 json_integer_value(json_object_get(record, "weir.count")) == 1 ? "" : "s",
		 json_number_value(json_object_get(record, "weir.confidence")));
	part_labelled(t, "state", text);
	part_labelled(t, "host", part_text(record, "host.name"));
	part_coverage(t, record);
	part_attack(t, record);
	part_labelled(t, "id", part_text(record, "event.id"));
	if (*part_text(record, "weir.why")) {
		title(t, "Why");
		fputs("  ", t->out);
		part_wrap(t, part_text(record, "weir.why"), 2);
	}
	values_table(t, record);
	time_line(t, record);
	sample_table(t, record, flows_of);
	texts(t, record, "weir.actions", "What to do");
	texts(t, record, "weir.false_positives", "When it is nothing");
	texts(t, record, "rule.reference", "References");
}
