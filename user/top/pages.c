/* SPDX-License-Identifier: Apache-2.0 */
#include "top/pages.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "rule/severity.h"
#include "sink/describe.h"

#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))

const char *top_text(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "";
}

double top_number(const json_t *row, const char *name)
{
	return json_number_value(json_object_get(row, name));
}

void top_amount(double amount, char text[TOP_CELL_MAX])
{
	static const char units[] = " KMGTPE";
	size_t unit = 0;

	while (amount >= 999.5 && unit + 2 < sizeof(units)) {
		amount /= 1000;
		unit++;
	}
	if (!unit)
		snprintf(text, TOP_CELL_MAX, "%.0f", amount);
	else
		snprintf(text, TOP_CELL_MAX, "%.*f%c", amount < 9.95 ? 1 : 0, amount, units[unit]);
}

void top_span(double seconds, char text[TOP_CELL_MAX])
{
	unsigned long long s = seconds > 0 ? (unsigned long long)seconds : 0;

	if (s < 60)
		snprintf(text, TOP_CELL_MAX, "%llus", s);
	else if (s < 3600)
		snprintf(text, TOP_CELL_MAX, "%llum%02llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, TOP_CELL_MAX, "%lluh%02llum", s / 3600, s / 60 % 60);
	else
		snprintf(text, TOP_CELL_MAX, "%llud%02lluh", s / 86400, s / 3600 % 24);
}

static void copy(const char *from, char text[TOP_CELL_MAX])
{
	snprintf(text, TOP_CELL_MAX, "%s", from);
}

static void amount_of(const json_t *row, const char *name, char text[TOP_CELL_MAX])
{
	double amount = top_number(row, name);

	if (amount > 0)
		top_amount(amount, text);
	else
		copy("-", text);
}

/* ---- what flows and processes share ---- */

static void process_text(const json_t *row, char text[TOP_CELL_MAX])
{
	const char *name = top_text(row, "process.name");

	copy(*name ? name : "-", text);
}

static void pid_text(const json_t *row, char text[TOP_CELL_MAX])
{
	double pid = top_number(row, "process.pid");

	if (pid > 0)
		snprintf(text, TOP_CELL_MAX, "%.0f", pid);
	else
		copy("-", text);
}

static double pid_number(const json_t *row)
{
	return top_number(row, "process.pid");
}

/* Its pod, else its container, else its user. */
static void place_text(const json_t *row, char text[TOP_CELL_MAX])
{
	const char *pod = top_text(row, "orchestrator.resource.name");
	const char *container = top_text(row, "container.name");
	const char *id = top_text(row, "container.id");

	if (*pod)
		snprintf(text, TOP_CELL_MAX, "%s/%s", top_text(row, "orchestrator.namespace"), pod);
	else if (*container)
		copy(container, text);
	else if (*id)
		snprintf(text, TOP_CELL_MAX, "%.12s", id);
	else
		copy(top_text(row, "user.name"), text);
}

static void sent_text(const json_t *row, char text[TOP_CELL_MAX])
{
	amount_of(row, "source.bytes", text);
}

static double sent_number(const json_t *row)
{
	return top_number(row, "source.bytes");
}

static void received_text(const json_t *row, char text[TOP_CELL_MAX])
{
	amount_of(row, "destination.bytes", text);
}

static double received_number(const json_t *row)
{
	return top_number(row, "destination.bytes");
}

static double rate_number(const json_t *row)
{
	return sent_number(row) + received_number(row);
}

static void rate_text(const json_t *row, char text[TOP_CELL_MAX])
{
	double rate = rate_number(row);

	if (rate > 0)
		top_amount(rate, text);
	else
		copy("-", text);
}

/* ---- flows ---- */

static void end_text(const json_t *row, const char *ip, const char *port, char text[TOP_CELL_MAX])
{
	const char *address = top_text(row, ip);
	bool six = strchr(address, ':') != NULL;

	if (json_object_get(row, port))
		snprintf(text, TOP_CELL_MAX, six ? "[%s]:%.0f" : "%s:%.0f", address,
			 top_number(row, port));
	else
		copy(address, text);
}

static void source_text(const json_t *row, char text[TOP_CELL_MAX])
{
	end_text(row, "source.ip", "source.port", text);
}

static void destination_text(const json_t *row, char text[TOP_CELL_MAX])
{
	end_text(row, "destination.ip", "destination.port", text);
}

static void protocol_text(const json_t *row, char text[TOP_CELL_MAX])
{
	const char *protocol = top_text(row, "network.protocol");

	copy(*protocol ? protocol : top_text(row, "network.transport"), text);
}

static double total_number(const json_t *row)
{
	return top_number(row, "flow.total.source.bytes") +
	       top_number(row, "flow.total.destination.bytes");
}

static void total_text(const json_t *row, char text[TOP_CELL_MAX])
{
	top_amount(total_number(row), text);
}

static double age_number(const json_t *row)
{
	return top_number(row, "event.duration") / WEIR_SEC + top_number(row, "flow.idle");
}

static void age_text(const json_t *row, char text[TOP_CELL_MAX])
{
	if (json_is_true(json_object_get(row, "flow.ended")))
		copy("ended", text);
	else
		top_span(age_number(row), text);
}

static void name_text(const json_t *row, char text[TOP_CELL_MAX])
{
	const char *domain = top_text(row, "destination.domain");

	if (*domain)
		copy(domain, text);
	else
		place_text(row, text);
}

static void flow_key(const json_t *row, char text[TOP_CELL_MAX])
{
	char source[TOP_CELL_MAX], destination[TOP_CELL_MAX];

	source_text(row, source);
	destination_text(row, destination);
	snprintf(text, TOP_CELL_MAX, "%.100s %.100s %.20s", source, destination,
		 top_text(row, "network.transport"));
}

static enum tint flow_tint(const json_t *row)
{
	if (json_is_true(json_object_get(row, "flow.ended")) || top_number(row, "flow.idle") > 0)
		return TINT_DIM;
	return TINT_PLAIN;
}

static const struct top_column flow_columns[] = {
	{"PROCESS", 15, 1, .text = process_text},
	{"PID", 7, 7, .right = true, .text = pid_text, .number = pid_number},
	{"SOURCE", 21, 4, .text = source_text},
	{"DESTINATION", 21, 0, .text = destination_text},
	{"PROTO", 6, 5, .text = protocol_text},
	{"SENT/S", 6, 2, .right = true, .falling = true, .text = sent_text, .number = sent_number},
	{"RECV/S", 6, 2, .right = true, .falling = true, .text = received_text,
	 .number = received_number},
	{"SUM/S", 6, 0, .right = true, .falling = true, .text = rate_text, .number = rate_number},
	{"TOTAL", 6, 3, .right = true, .falling = true, .text = total_text, .number = total_number},
	{"AGE", 6, 6, .right = true, .falling = true, .text = age_text, .number = age_number},
	{"NAME", 0, 8, .text = name_text},
};

/* ---- processes ---- */

static double flows_number(const json_t *row)
{
	return top_number(row, "flows");
}

static void flows_text(const json_t *row, char text[TOP_CELL_MAX])
{
	top_amount(flows_number(row), text);
}

static void user_text(const json_t *row, char text[TOP_CELL_MAX])
{
	const char *name = top_text(row, "user.name");

	copy(*name ? name : top_text(row, "user.id"), text);
}

static void command_text(const json_t *row, char text[TOP_CELL_MAX])
{
	const char *line = top_text(row, "process.command_line");

	if (!*top_text(row, "process.name"))
		copy("(processes that are not known)", text);
	else
		copy(*line ? line : top_text(row, "process.executable"), text);
}

static void process_key(const json_t *row, char text[TOP_CELL_MAX])
{
	copy(top_text(row, "process.entity_id"), text);
}

static enum tint process_tint(const json_t *row)
{
	return rate_number(row) > 0 ? TINT_PLAIN : TINT_DIM;
}

static const struct top_column process_columns[] = {
	{"PROCESS", 15, 0, .text = process_text},
	{"PID", 7, 1, .right = true, .text = pid_text, .number = pid_number},
	{"USER", 10, 4, .text = user_text},
	{"FLOWS", 5, 2, .right = true, .falling = true, .text = flows_text, .number = flows_number},
	{"SENT/S", 6, 3, .right = true, .falling = true, .text = sent_text, .number = sent_number},
	{"RECV/S", 6, 3, .right = true, .falling = true, .text = received_text,
	 .number = received_number},
	{"SUM/S", 6, 0, .right = true, .falling = true, .text = rate_text, .number = rate_number},
	{"PLACE", 20, 6, .text = place_text},
	{"COMMAND", 0, 5, .text = command_text},
};

/* ---- detections ---- */

static void seen_text(const json_t *row, char text[TOP_CELL_MAX])
{
	describe_time(top_text(row, "last_seen"), text);
}

static void severity_text(const json_t *row, char text[TOP_CELL_MAX])
{
	copy(top_text(row, "severity"), text);
}

static int severity_of(const json_t *row)
{
	const char *name = top_text(row, "severity");

	return severity_find(name, strlen(name));
}

static double severity_number(const json_t *row)
{
	return severity_of(row);
}

static void rule_text(const json_t *row, char text[TOP_CELL_MAX])
{
	copy(top_text(row, "rule_name"), text);
}

static void state_text(const json_t *row, char text[TOP_CELL_MAX])
{
	copy(top_text(row, "state"), text);
}

static double count_number(const json_t *row)
{
	return top_number(row, "count");
}

static void count_text(const json_t *row, char text[TOP_CELL_MAX])
{
	top_amount(count_number(row), text);
}

static void message_text(const json_t *row, char text[TOP_CELL_MAX])
{
	copy(top_text(row, "message"), text);
}

static void detection_key(const json_t *row, char text[TOP_CELL_MAX])
{
	copy(top_text(row, "id"), text);
}

static enum tint detection_tint(const json_t *row)
{
	int severity = severity_of(row);

	if (!strcmp(top_text(row, "state"), "closed"))
		return TINT_DIM;
	return severity < 0 ? TINT_PLAIN : terminal_severity((enum severity)severity);
}

static const struct top_column detection_columns[] = {
	{"LAST SEEN (UTC)", 19, 1, .falling = true, .text = seen_text},
	{"SEVERITY", 13, 2, .falling = true, .text = severity_text, .number = severity_number},
	{"DETECTION", 24, 0, .text = rule_text},
	{"STATE", 12, 5, .text = state_text},
	{"COUNT", 5, 4, .right = true, .falling = true, .text = count_text, .number = count_number},
	{"WHAT", 0, 3, .text = message_text},
};

const struct top_page top_pages[TOP_PAGES] = {
	[TOP_FLOWS] = {"Flows", "flows", flow_columns, LENGTH(flow_columns), 7, flow_key,
		       flow_tint},
	[TOP_PROCESSES] = {"Processes", "processes", process_columns, LENGTH(process_columns), 6,
			   process_key, process_tint},
	[TOP_DETECTIONS] = {"Detections", "detections", detection_columns,
			    LENGTH(detection_columns), 0, detection_key, detection_tint},
};
