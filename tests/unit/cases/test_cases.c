/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/rule/text.h"

#include <stdlib.h>

#include "cases/cases.h"

/* Reading a case's events, and judging what was heard. Running cases: tests/cli/cases.sh. */

struct bench {
	struct yaml_docs docs;
	struct faults faults;
	struct case_events events;
};

static int make(struct bench *b, const char *yaml)
{
	*b = (struct bench){.docs = {.list = {0}}};
	yaml_docs_read(&b->docs, "x.cases.yml", yaml, strlen(yaml), &b->faults);
	assert_int_equal(b->docs.list.len, 1);
	b->events.faults = &b->faults;
	return case_events_make(&b->events, yaml_root(b->docs.list.at[0]));
}

static void drop(struct bench *b)
{
	case_events_free(&b->events);
	yaml_docs_free(&b->docs);
	faults_free(&b->faults);
}

static void events_are_made_in_order_of_time(void **state)
{
	struct bench b;
	const struct event *e;

	(void)state;
	assert_int_equal(make(&b, "- {time: 1m, service: attempt, source.ip: 10.0.0.1,\n"
				  "   repeat: [{count: 2, every: 1, vary: {destination.port: 1}},\n"
				  "            {count: 3, every: 10, vary: {source.ip: 256}}],\n"
				  "   destination.port: 80}\n"
				  "- {time: 5, service: dns, source.ip: 10.0.0.9}\n"),
			 0);
	assert_int_equal(b.events.list.len, 7);
	e = b.events.list.at;
	assert_int_equal(e[0].service, SERVICE_DNS);
	assert_int_equal(e[1].time - e[0].time, 55 * WEIR_SEC);
	assert_int_equal(e[2].time - e[1].time, WEIR_SEC);
	assert_int_equal(e[3].time - e[1].time, 10 * WEIR_SEC);
	assert_int_equal(e[2].destination_port, 81);
	assert_int_equal(e[3].destination_port, 80);
	assert_int_equal(e[5].source_ip.byte[14], 2);
	assert_int_equal(e[1].event_start, e[1].time);
	drop(&b);
}

static void an_exchange_is_what_the_flow_stage_tells(void **state)
{
	struct bench b;
	const struct event *e;

	(void)state;
	assert_int_equal(make(&b, "- {time: 0, service: exchange, source.ip: 10.0.0.1,\n"
				  "   network.state: established, source.bytes: 2KB}\n"
				  "- {time: 60, service: exchange, source.ip: 10.0.0.1,\n"
				  "   network.state: unanswered}\n"),
			 0);
	assert_int_equal(b.events.list.len, 5);
	e = b.events.list.at;
	assert_int_equal(e[0].service, SERVICE_ATTEMPT);
	assert_false(event_has(&e[0], FIELD_NETWORK_STATE));
	assert_false(event_has(&e[0], FIELD_SOURCE_BYTES));
	assert_int_equal(e[1].service, SERVICE_CONNECTION);
	assert_int_equal(e[1].network_state, STATE_ESTABLISHED);
	assert_int_equal(e[2].service, SERVICE_FLOW);
	assert_int_equal(e[2].source_bytes, 2000);
	assert_int_equal(e[2].flow_total_source_bytes, 2000);
	assert_int_equal(e[4].service, SERVICE_CONNECTION);
	assert_int_equal(e[4].time - e[3].time, 5 * WEIR_SEC);
	drop(&b);
}

static void texts_are_made_alike_in_every_run(void **state)
{
	static const char yaml[] = "- {time: 0, service: dns, repeat: {count: 20, jitter: 1},\n"
				   "   dns.question.name: '{hex:24}.{n}.example.com',\n"
				   "   dns.answers: [a, 'b{digits:2}']}\n";
	struct bench a, b;

	(void)state;
	assert_int_equal(make(&a, yaml), 0);
	assert_int_equal(make(&b, yaml), 0);
	assert_int_equal(a.events.list.len, 20);
	for (size_t i = 0; i < 20; i++) {
		const struct event *x = &a.events.list.at[i], *y = &b.events.list.at[i];

		assert_true(x->time == y->time);
		assert_true(x->dns_question_name.length >= 24 + 2 + 12);
		assert_int_equal(x->dns_question_name.length, y->dns_question_name.length);
		assert_memory_equal(x->dns_question_name.at, y->dns_question_name.at,
				    x->dns_question_name.length);
		assert_int_equal(x->dns_answers.length, 5);
	}
	drop(&a);
	drop(&b);
}

static void faults_have_their_place(void **state)
{
	static const struct {
		const char *yaml, *says;
	} wrong[] = {
		{"- {time: 0, service: atempt}\n", "unknown service 'atempt'"},
		{"- {time: x, service: attempt}\n", "'x' is no time"},
		{"- {service: attempt, source.pi: 10.0.0.1}\n", "unknown field 'source.pi'"},
		{"- {service: attempt, source.ip: 10.0.0}\n", "'10.0.0' is no address"},
		{"- {service: attempt, source.port: -1}\n", "below 0"},
		{"- {service: attempt, source.role: nobody}\n", "no role 'nobody'"},
		{"- {service: attempt, network.state: open}\n", "network.state has no 'open'"},
		{"- {service: dns, dns.question.name: '{hax:3}'}\n", "nothing to make"},
		{"- {service: attempt, repeat: {count: 2, evry: 1}}\n", "unknown key 'evry'"},
		{"- {service: attempt, repeat: {count: 300000}}\n", "more than 200000 events"},
		{"- {service: attempt, repeat: {count: 2, vary: {network.state: 1}}}\n",
		 "cannot vary"},
		{"{service: attempt}\n", "no list"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct bench b;

		assert_true(make(&b, wrong[i].yaml));
		assert_int_equal(b.faults.list.len, 1);
		assert_non_null(strstr(b.faults.list.at[0].text, wrong[i].says));
		assert_int_equal(b.faults.list.at[0].place.line, 1);
		drop(&b);
	}
}

/* ---- judging ---- */

static const char rules[] = "title: One\n"
			    "id: 7d2fb3a8-7c35-4ae0-9d83-3d6a1a2a5d01\n"
			    "name: one\n"
			    "logsource: {category: network, service: attempt}\n"
			    "detection: {s: {destination.port: 22}, condition: s}\n"
			    "level: low\n";

static bool judge(const char *expect, const struct heard_record *said)
{
	struct ruleset *set = load_good(rules);
	struct yaml_docs docs = {.list = {0}};
	struct faults faults = {0};
	struct heard heard;
	char *complaints;
	size_t length;
	FILE *out = open_memstream(&complaints, &length);
	bool good;

	yaml_docs_read(&docs, "x", expect, strlen(expect), &faults);
	assert_int_equal(heard_open(&heard, set->len), 0);
	if (said)
		assert_int_equal(heard_add(&heard, 0, said), 0);
	good = case_judge(yaml_root(docs.list.at[0]), set, &heard, "other.cases.yml", out);
	fclose(out);
	assert_int_equal(good, length == 0); /* a failure says why */
	free(complaints);
	heard_free(&heard);
	yaml_docs_free(&docs);
	faults_free(&faults);
	ruleset_free(set);
	return good;
}

static void what_was_said_is_held_against_what_was_expected(void **state)
{
	const struct heard_record low = {
		.id = "a",
		.severity = SEVERITY_LOW,
		.confidence = 0.5,
		.keys = "{\"source.ip\": \"10.0.0.5\"}",
		.values = "{\"ports\": {\"value\": 21, \"unit\": \"ports\"}}",
	};
	struct heard_record medium = low;

	(void)state;
	medium.severity = SEVERITY_MEDIUM;
	assert_true(judge("expect: []", NULL));
	assert_true(judge("expect: none", NULL));
	assert_true(judge("expect: [ONE]", &low));
	assert_true(judge("expect: [{ONE: low}]", &low));
	assert_true(judge("expect: [{ONE: {severity: low, times: 1, confidence: 0.5,\n"
			  " keys: {source.ip: 10.0.0.5}, values: {ports: 21}}}]",
			  &low));
	assert_true(judge("expect: []", &low)); /* a signal of another file */
	assert_true(judge("expect: none", &low));
	assert_false(judge("expect: none", &medium));
	assert_false(judge("expect: [ONE]", NULL));
	assert_false(judge("expect: [{ONE: high}]", &low));
	assert_false(judge("expect: [{ONE: {times: 2}}]", &low));
	assert_false(judge("expect: [{ONE: {values: {ports: 22}}}]", &low));
	assert_false(judge("expect: [{ONE: {keys: {source.ip: 10.0.0.6}}}]", &low));
	assert_false(judge("expect: [{ONE: {levels: low}}]", &low));
	assert_false(judge("expect: [TWO]", &low));
}

static void files_are_about_the_rules_beside_them(void **state)
{
	(void)state;
	assert_true(case_is_about("rules/a.cases.yml", "rules/a.yml"));
	assert_true(case_is_about("rules/a.cases.yaml", "rules/a.yml"));
	assert_false(case_is_about("rules/a.cases.yml", "rules/ab.yml"));
	assert_false(case_is_about("rules/a.cases.yml", "rules/b.yml"));
	assert_true(case_is_about("rules/signals/../signals/port_scan.cases.yml",
				  "./rules/signals/port_scan.yml"));
	assert_false(case_is_about("rules/signals/a.cases.yml", "rules/detections/a.yml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_made_in_order_of_time),
		cmocka_unit_test(an_exchange_is_what_the_flow_stage_tells),
		cmocka_unit_test(texts_are_made_alike_in_every_run),
		cmocka_unit_test(faults_have_their_place),
		cmocka_unit_test(what_was_said_is_held_against_what_was_expected),
		cmocka_unit_test(files_are_about_the_rules_beside_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
