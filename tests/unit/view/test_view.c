/* SPDX-License-Identifier: Apache-2.0 */
#include "view/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T0 (INT64_C(1700000000) * WEIR_SEC)

/* A second of a connection from 10.0.0.1:`port` to 10.0.0.2:443. */
static struct event flow(weir_time time, unsigned port, uint64_t sent, uint64_t received)
{
	struct event e = {.time = time, .service = SERVICE_FLOW};
	struct addr a, b;

	addr_parse("10.0.0.1", 8, &a);
	addr_parse("10.0.0.2", 8, &b);
	event_set(&e, SOURCE_IP, source_ip, a);
	event_set(&e, DESTINATION_IP, destination_ip, b);
	event_set(&e, SOURCE_PORT, source_port, port);
	event_set(&e, DESTINATION_PORT, destination_port, 443);
	event_set(&e, NETWORK_TRANSPORT, network_transport, 6);
	event_set(&e, SOURCE_BYTES, source_bytes, sent);
	event_set(&e, DESTINATION_BYTES, destination_bytes, received);
	event_set(&e, SOURCE_PACKETS, source_packets, 1);
	event_set(&e, DESTINATION_PACKETS, destination_packets, 2);
	return e;
}

static void of_process(struct event *e, const char *name, const char *entity)
{
	event_set(e, PROCESS_NAME, process_name, text_string(name));
	event_set(e, PROCESS_ENTITY_ID, process_entity_id, text_string(entity));
}

static json_int_t number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value))
		fail_msg("no %s", name);
	return json_integer_value(value);
}

static json_int_t rate(const json_t *answer, const char *name)
{
	return number(json_object_get(answer, "rates"), name);
}

static json_t *at(const json_t *answer, const char *list, size_t n)
{
	return json_array_get(json_object_get(answer, list), n);
}

static void a_second_is_shown_when_it_is_over(void **state)
{
	struct view *view = view_new(0);
	struct event e = flow(T0 + 5, 1000, 100, 900);
	json_t *answer;

	(void)state;
	view_event(view, &e);
	answer = view_json(view, 0, 0, "");
	assert_null(json_object_get(answer, "at"));
	assert_int_equal(rate(answer, "flows"), 0);
	json_decref(answer);
	view_advance(view, T0 + WEIR_SEC);
	answer = view_json(view, 0, 0, "");
	assert_string_equal(json_string_value(json_object_get(answer, "at")),
			    "2023-11-14T22:13:20.000000Z");
	assert_int_equal(rate(answer, "bytes.sent"), 100);
	assert_int_equal(rate(answer, "bytes.received"), 900);
	assert_int_equal(rate(answer, "packets"), 3);
	assert_int_equal(rate(answer, "flows"), 1);
	assert_int_equal(number(at(answer, "flows", 0), "source.bytes"), 100);
	assert_int_equal(number(at(answer, "flows", 0), "flow.total.destination.bytes"), 900);
	json_decref(answer);
	view_free(view);
}

static void what_does_not_move_has_no_rate_and_keeps_its_sum(void **state)
{
	struct view *view = view_new(0);
	struct event e = flow(T0, 1000, 100, 900);
	json_t *answer;

	(void)state;
	view_event(view, &e);
	e = flow(T0 + WEIR_SEC, 1000, 10, 20);
	view_event(view, &e);
	view_advance(view, T0 + 4 * WEIR_SEC);
	answer = view_json(view, 0, 0, "");
	assert_int_equal(rate(answer, "flows"), 0);
	assert_int_equal(json_array_size(json_object_get(answer, "history")), 4);
	assert_int_equal(json_integer_value(at(answer, "history", 0)), 1000);
	assert_int_equal(json_integer_value(at(answer, "history", 3)), 0);
	assert_int_equal(number(at(answer, "flows", 0), "source.bytes"), 0);
	assert_int_equal(number(at(answer, "flows", 0), "flow.total.source.bytes"), 110);
	assert_int_equal(number(at(answer, "flows", 0), "flow.idle"), 2);
	json_decref(answer);
	view_free(view);
}

static void the_busiest_come_first_and_the_rest_is_counted(void **state)
{
	struct view *view = view_new(0);
	json_t *answer;

	(void)state;
	for (unsigned port = 1; port <= 50; port++) {
		struct event e = flow(T0, port, port, port);

		view_event(view, &e);
	}
	view_advance(view, T0 + WEIR_SEC);
	answer = view_json(view, 0, 10, "");
	assert_int_equal(json_array_size(json_object_get(answer, "flows")), 10);
	assert_int_equal(number(answer, "flows_shown"), 10);
	assert_int_equal(number(answer, "flows_matching"), 50);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(number(at(answer, "flows", i), "source.port"), 50 - i);
	json_decref(answer);
	view_free(view);
}

static void a_filter_looks_into_texts_and_ports_but_not_into_counts(void **state)
{
	static const struct {
		const char *filter;
		unsigned matching;
	} cases[] = {{"SSHD", 1}, {"10.0.0.2", 2}, {"1000", 1}, {"777", 0}, {"tcp", 2}, {"x", 0}};
	struct view *view = view_new(0);
	struct event e = flow(T0, 1000, 777, 0);

	(void)state;
	of_process(&e, "sshd", "a");
	view_event(view, &e);
	e = flow(T0, 2000, 5, 5);
	view_event(view, &e);
	view_advance(view, T0 + WEIR_SEC);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *answer = view_json(view, 0, 0, cases[i].filter);

		assert_int_equal(number(answer, "flows_matching"), cases[i].matching);
		json_decref(answer);
	}
	view_free(view);
}

static void processes_are_summed(void **state)
{
	struct view *view = view_new(0);
	json_t *answer;
	struct event e;

	(void)state;
	for (unsigned port = 1; port <= 3; port++) {
		e = flow(T0, port, 10, 0);
		of_process(&e, "curl", "c");
		view_event(view, &e);
	}
	e = flow(T0, 9, 500, 0);
	of_process(&e, "sshd", "s");
	view_event(view, &e);
	e = flow(T0, 10, 1, 0);
	view_event(view, &e);
	view_advance(view, T0 + WEIR_SEC);
	answer = view_json(view, 0, 0, "");
	assert_int_equal(json_array_size(json_object_get(answer, "processes")), 3);
	assert_string_equal(
		json_string_value(json_object_get(at(answer, "processes", 0), "process.name")),
		"sshd");
	assert_int_equal(number(at(answer, "processes", 1), "flows"), 3);
	assert_int_equal(number(at(answer, "processes", 1), "source.bytes"), 30);
	assert_null(json_object_get(at(answer, "processes", 2), "process.name"));
	json_decref(answer);
	view_free(view);
}

/* More connections than there is room for: those stay that move more. */
static void it_is_bounded(void **state)
{
	struct view *view = view_new(0);
	json_t *answer;

	(void)state;
	for (unsigned i = 0; i < VIEW_FLOWS + 1000; i++) {
		struct event e = flow(T0, i, i < VIEW_FLOWS ? 10 : 1000, 0);

		view_event(view, &e);
	}
	for (unsigned i = 0; i < 500; i++) {
		struct event e = flow(T0, 20000 + i, 1, 0);

		view_event(view, &e);
	}
	view_advance(view, T0 + WEIR_SEC);
	answer = view_json(view, 0, 1001, "");
	assert_int_equal(number(answer, "flows_known"), VIEW_FLOWS);
	assert_int_equal(number(answer, "flows_left_out"), 1500);
	assert_int_equal(rate(answer, "flows"), VIEW_FLOWS + 1500);
	assert_int_equal(number(at(answer, "flows", 999), "source.bytes"), 1000);
	assert_int_equal(number(at(answer, "flows", 1000), "source.bytes"), 10);
	json_decref(answer);
	view_free(view);
}

static void what_ended_is_whole_and_goes(void **state)
{
	struct view *view = view_new(0);
	struct event e = flow(T0, 1000, 5, 5);
	json_t *answer;

	(void)state;
	event_set(&e, FLOW_ENDED, flow_ended, true);
	event_set(&e, FLOW_TOTAL_SOURCE_BYTES, flow_total_source_bytes, 4000);
	view_event(view, &e);
	view_advance(view, T0 + WEIR_SEC);
	answer = view_json(view, 0, 0, "");
	assert_int_equal(number(at(answer, "flows", 0), "flow.total.source.bytes"), 4000);
	assert_true(json_is_true(json_object_get(at(answer, "flows", 0), "flow.ended")));
	json_decref(answer);
	view_advance(view, T0 + 10 * WEIR_SEC);
	answer = view_json(view, 0, 0, "");
	assert_int_equal(number(answer, "flows_known"), 0);
	json_decref(answer);
	view_free(view);
}

static void other_events_are_counted_and_own_traffic_is_not(void **state)
{
	struct view *view = view_new(0);
	struct event e = flow(T0, 1, 0, 0);
	json_t *answer;

	(void)state;
	e.service = SERVICE_ATTEMPT;
	view_event(view, &e);
	event_set(&e, EVENT_COUNT, event_count, 40);
	view_event(view, &e);
	e.service = SERVICE_CONNECTION;
	event_clear(&e, FIELD_EVENT_COUNT);
	view_event(view, &e);
	e = flow(T0, 2, 10, 10);
	event_set(&e, OWN, weir_own, true);
	view_event(view, &e);
	view_advance(view, T0 + WEIR_SEC);
	answer = view_json(view, 0, 0, "");
	assert_int_equal(rate(answer, "attempts"), 41);
	assert_int_equal(rate(answer, "connections"), 1);
	assert_int_equal(number(answer, "flows_known"), 0);
	json_decref(answer);
	view_free(view);
}

static void it_is_watched_for_a_while_after_a_look(void **state)
{
	struct view *view = view_new(100);

	(void)state;
	assert_true(view_is_watched(view, 100 + VIEW_PATIENCE - 1));
	assert_false(view_is_watched(view, 100 + VIEW_PATIENCE));
	json_decref(view_json(view, 100 + VIEW_PATIENCE, 0, ""));
	assert_true(view_is_watched(view, 101 + VIEW_PATIENCE));
	view_free(view);
}

/* A leap of event time does not make a day of empty seconds. */
static void a_leap_begins_anew(void **state)
{
	struct view *view = view_new(0);
	struct event e = flow(T0, 1, 10, 10);
	json_t *answer;

	(void)state;
	view_event(view, &e);
	view_advance(view, T0 + WEIR_DAY);
	answer = view_json(view, 0, 0, "");
	assert_int_equal(json_array_size(json_object_get(answer, "history")), 0);
	json_decref(answer);
	view_free(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_is_shown_when_it_is_over),
		cmocka_unit_test(what_does_not_move_has_no_rate_and_keeps_its_sum),
		cmocka_unit_test(the_busiest_come_first_and_the_rest_is_counted),
		cmocka_unit_test(a_filter_looks_into_texts_and_ports_but_not_into_counts),
		cmocka_unit_test(processes_are_summed),
		cmocka_unit_test(it_is_bounded),
		cmocka_unit_test(what_ended_is_whole_and_goes),
		cmocka_unit_test(other_events_are_counted_and_own_traffic_is_not),
		cmocka_unit_test(it_is_watched_for_a_while_after_a_look),
		cmocka_unit_test(a_leap_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
