/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_SINK_SAMPLE_H
#define WEIR_TESTS_UNIT_SINK_SAMPLE_H

#include <stdio.h>
#include <string.h>

#include "sink/record.h"

/* A detection with two signals, made by hand: what correlation would hand over. */

#define SAMPLE_AT     INT64_C(1767323045000006000) /* 2026-01-02T03:04:05.000006Z */
#define SAMPLE_SOURCE "10.0.0.5"

struct sample {
	struct rule scan, spike, lateral;
	enum field field;
	struct value key;
	struct signal_value ports, connections;
	struct value hosts[2];
	struct signal_set set;
	struct signal_value targets;
	struct signal_value scan_values[2];
	struct event events[2];
	struct signal signals[2];
	const struct signal *evidence[2];
	struct value common;
	struct detection detection;
};

static inline struct value sample_address(const char *text)
{
	struct value value = {.type = VALUE_ADDR};

	addr_parse(text, strlen(text), &value.addr);
	return value;
}

static inline struct value sample_number(double number)
{
	return (struct value){.type = VALUE_NUMBER, .number = number};
}

static inline struct event sample_event(const char *from, const char *to, unsigned port,
					weir_time at)
{
	struct event e = {.time = at, .service = SERVICE_ATTEMPT};

	addr_parse(from, strlen(from), &e.source_ip);
	addr_parse(to, strlen(to), &e.destination_ip);
	event_mark(&e, FIELD_SOURCE_IP);
	event_mark(&e, FIELD_DESTINATION_IP);
	event_set(&e, SOURCE_PORT, source_port, 40000);
	event_set(&e, DESTINATION_PORT, destination_port, port);
	event_set(&e, NETWORK_TRANSPORT, network_transport, 6);
	return e;
}

static inline struct rule sample_rule(const char *id, const char *display, const char *title)
{
	return (struct rule){.id = id, .display = display, .title = title, .kind = RULE_WINDOW};
}

static inline void sample_signals(struct sample *s)
{
	s->ports = (struct signal_value){
		"ports", sample_number(228), UNIT_PORTS, "> 20", false, 0, 0, 0, false, 0};
	s->targets = (struct signal_value){.name = "targets", .value = sample_number(2)};
	s->connections = (struct signal_value){"connections",
					       sample_number(228),
					       UNIT_CONNECTIONS,
					       "> 3 deviations",
					       true,
					       72.666666666666671,
					       10,
					       3,
					       false,
					       0};
	s->scan_values[0] = s->ports;
	s->scan_values[1] = s->targets;
	s->scan.window.compute[1].name = "targets";
	s->hosts[0] = sample_address("10.0.0.7");
	s->hosts[1] = sample_address("10.0.0.8");
	s->set = (struct signal_set){.computed = 1,
				     .fields = {{FIELD_DESTINATION_IP}, 1},
				     .at = s->hosts,
				     .len = 2,
				     .whole = true};
	s->events[0] = sample_event(SAMPLE_SOURCE, "10.0.0.7", 22, SAMPLE_AT - WEIR_SEC);
	s->events[1] = sample_event(SAMPLE_SOURCE, "10.0.0.8", 445, SAMPLE_AT);
	s->signals[0] = (struct signal){.rule = &s->scan,
					.id = "11111111-1111-5111-8111-111111111111",
					.time = SAMPLE_AT,
					.severity = SEVERITY_CRITICAL,
					.values = s->scan_values,
					.values_len = 2,
					.sets = &s->set,
					.sets_len = 1,
					.samples = s->events,
					.samples_len = 2,
					.message = "10.0.0.5 tried 228 ports"};
	s->signals[1] = (struct signal){.rule = &s->spike,
					.id = "22222222-2222-5222-8222-222222222222",
					.time = SAMPLE_AT + WEIR_SEC,
					.severity = SEVERITY_HIGH,
					.values = &s->connections,
					.values_len = 1,
					.samples = s->events,
					.samples_len = 1,
					.message = "10.0.0.5 opened 228 connections"};
	for (int i = 0; i < 2; i++) {
		s->signals[i].key_fields = &s->field;
		s->signals[i].keys = &s->key;
		s->signals[i].keys_len = 1;
		s->signals[i].start = SAMPLE_AT - WEIR_SEC;
		s->signals[i].window_start = time_floor(SAMPLE_AT, WEIR_MIN);
		s->signals[i].window_end = s->signals[i].window_start + WEIR_MIN;
		s->signals[i].confidence = 0.9;
		s->signals[i].coverage = 1;
		s->evidence[i] = &s->signals[i];
	}
}

static inline void sample_init(struct sample *s)
{
	static const char *const actions[] = {"Isolate the source host.", NULL};

	memset(s, 0, sizeof(*s));
	s->scan = sample_rule("rule-scan", "PORT_SCAN", "Port scan");
	s->spike = sample_rule("rule-spike", "CONNECTION_SPIKE", "Connection spike");
	s->lateral = sample_rule("rule-lateral", "LATERAL_MOVEMENT", "Lateral movement");
	s->lateral.kind = RULE_TEMPORAL;
	s->lateral.temporal.common = (struct field_list){{FIELD_DESTINATION_IP}, 1};
	s->lateral.tactic = "TA0008";
	s->lateral.technique = "T1021";
	s->lateral.actions = actions;
	s->field = FIELD_SOURCE_IP;
	s->key = sample_address(SAMPLE_SOURCE);
	sample_signals(s);
	s->common = sample_address("10.0.0.7");
	s->detection = (struct detection){.rule = &s->lateral,
					  .id = "33333333-3333-5333-8333-333333333333",
					  .change = DETECTION_RAISED,
					  .announce = true,
					  .key_fields = &s->field,
					  .keys = &s->key,
					  .keys_len = 1,
					  .severity = SEVERITY_CRITICAL,
					  .confidence = 0.81,
					  .coverage = 1,
					  .first = SAMPLE_AT - WEIR_SEC,
					  .last = SAMPLE_AT + WEIR_SEC,
					  .count = 1,
					  .signals = s->evidence,
					  .signals_len = 2,
					  .common = &s->common,
					  .common_len = 1,
					  .message = "10.0.0.5 scanned 10.0.0.7 and got in",
					  .why = "PORT_SCAN: 228 ports > 20\nCONNECTION_SPIKE: …"};
}

#endif
