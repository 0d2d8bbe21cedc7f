/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sink/document.h"
#include "unit/sink/counters.h"
#include "unit/sink/receiver.h"
#include "unit/sink/sample.h"

#define ANSWER(body)                                                                               \
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n" body

static struct out *detection(unsigned number)
{
	struct sample s;

	sample_init(&s);
	snprintf(s.detection.id, sizeof(s.detection.id), "%08u-3333-5333-8333-333333333333",
		 number);
	return out_detection(&s.detection, "web1");
}

static struct out *ended(void)
{
	struct event event = sample_event(SAMPLE_SOURCE, "10.0.0.7", 22, SAMPLE_AT);

	event.service = SERVICE_FLOW;
	event_set(&event, FLOW_ENDED, flow_ended, true);
	return out_event(&event, "web1");
}

/* ---- documents ---- */

static void a_record_without_id_is_given_one(void **state)
{
	struct out *flow = ended(), *alert = detection(1);
	struct document first, second, third;
	struct arena arena = {0};
	json_t *json;

	(void)state;
	assert_true(document_of(flow, &arena, &first));
	assert_true(document_of(flow, &arena, &second));
	assert_string_not_equal(first.id, second.id);
	json = json_loads(first.json, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "event.id")), first.id);
	assert_string_equal(json_string_value(json_object_get(json, "source.ip")), SAMPLE_SOURCE);
	assert_int_equal(first.length, strlen(first.json));
	json_decref(json);
	assert_true(document_of(alert, &arena, &third));
	assert_ptr_equal(third.id, alert->id);
	assert_ptr_equal(third.json, alert->json);
	arena_free(&arena);
	out_drop(flow);
	out_drop(alert);
}

static void what_is_chosen_is_sent(void **state)
{
	const struct document_choice few = {.level = SEVERITY_HIGH};
	const struct document_choice all = {.signals = true, .flows = true};
	struct out *alert = detection(1), *flow = ended();
	struct sample s;
	struct out *signal;

	(void)state;
	sample_init(&s);
	signal = out_signal(&s.signals[0], "web1");
	assert_true(document_chosen(&few, alert));
	assert_false(document_chosen(&few, signal));
	assert_false(document_chosen(&few, flow));
	assert_true(document_chosen(&all, signal));
	assert_true(document_chosen(&all, flow));
	alert->severity = SEVERITY_MEDIUM;
	assert_false(document_chosen(&few, alert));
	alert->announce = false;
	assert_false(document_chosen(&all, alert));
	flow->event.service = SERVICE_ATTEMPT;
	assert_false(document_chosen(&all, flow));
	out_drop(alert);
	out_drop(flow);
	out_drop(signal);
}

/* ---- _bulk ---- */

static struct sink *opened(struct receiver_http *r)
{
	static struct elastic_options options;
	const struct network_options network = {0};
	struct sink *sink = NULL;
	struct error error;

	options = (struct elastic_options){.http = {.url = r->url, .timeout = 2 * WEIR_SEC},
					   .index = "weir-x"};
	if (sink_elastic_open(&sink, &options, &network, &error))
		fail_msg("%s", error.text);
	return sink;
}

static void send_detection(struct sink *sink, unsigned number)
{
	struct out *out = detection(number);

	sink->ops->write(sink, out);
	out_drop(out);
}

static bool reaches(struct sink *sink, const char *name, json_int_t value)
{
	return counter_reaches(sink, name, value, 1000);
}

static void begin(struct receiver_http *r, const struct told_answer *answers, size_t len)
{
	receiver_begin(r, answers, len);
	strrchr(r->url, '/')[1] = '\0';
}

static void documents_are_created_by_their_ids(void **state)
{
	static const struct told_answer ok = {ANSWER("{\"errors\":false}"), 0, 0};
	struct receiver_http r;
	struct sink *sink;
	struct out *out = detection(7);
	char expected[64];

	(void)state;
	begin(&r, &ok, 1);
	sink = opened(&r);
	sink->ops->write(sink, out);
	assert_true(reaches(sink, "written", 1));
	assert_memory_equal(r.requests[0], "POST /weir-x/_bulk?filter_path=errors,", 38);
	assert_non_null(strstr(r.requests[0], "\r\nContent-Type: application/x-ndjson\r\n"));
	snprintf(expected, sizeof(expected), "{\"create\":{\"_id\":\"%s\"}}\n", out->id);
	assert_memory_equal(receiver_body(&r, 0), expected, strlen(expected));
	assert_memory_equal(receiver_body(&r, 0) + strlen(expected), out->json, out->json_length);
	assert_string_equal(receiver_body(&r, 0) + strlen(expected) + out->json_length, "\n");
	sink->ops->close(sink);
	out_drop(out);
	receiver_end(&r);
}

/* What is there already is done, what is wrong is counted, what was too much comes again. */
static void each_item_is_read(void **state)
{
	static const struct told_answer answers[] = {
		{RECEIVER_HEAD("503 Busy") "\r\n", 300, 0}, /* meanwhile all wait */
		{ANSWER("{\"errors\":true,\"items\":[{\"create\":{\"status\":201}},"
			"{\"create\":{\"status\":409,\"error\":{\"type\":\"version_conflict\"}}},"
			"{\"create\":{\"status\":400,\"error\":{\"type\":\"mapper_parsing\","
			"\"reason\":\"no \\u001bnumber\"}}},"
			"{\"create\":{\"status\":429}},{\"create\":{\"status\":201}}]}"),
		 0, 0},
		{ANSWER("{\"errors\":true,\"items\":[{\"create\":{\"status\":201}},"
			"{\"create\":{\"status\":409}}]}"),
		 0, 0},
	};
	struct receiver_http r;
	struct sink *sink;

	(void)state;
	begin(&r, answers, 3);
	sink = opened(&r);
	send_detection(sink, 1);
	assert_true(receiver_wait(&r, 1));
	for (unsigned i = 2; i <= 5; i++)
		send_detection(sink, i);
	assert_true(reaches(sink, "written", 4));
	assert_int_equal(counter(sink, "failed"), 1);
	assert_int_equal(receiver_count(&r), 3);
	assert_null(strstr(receiver_body(&r, 2), "00000003-"));
	assert_non_null(strstr(receiver_body(&r, 2), "00000004-"));
	assert_non_null(strstr(receiver_body(&r, 2), "00000005-"));
	sink->ops->close(sink);
	receiver_end(&r);
}

static void nonsense_is_no_answer(void **state)
{
	static const struct told_answer answers[] = {
		{ANSWER("<html>"), 0, 0},
		{ANSWER("{\"errors\":true}"), 0, 0},
		{ANSWER("{\"errors\":true,\"items\":[{\"create\":{}}]}"), 0, 0},
		{ANSWER("{\"errors\":false}"), 0, 0},
	};
	struct receiver_http r;
	struct sink *sink;

	(void)state;
	begin(&r, answers, 4);
	sink = opened(&r);
	send_detection(sink, 1);
	assert_true(reaches(sink, "written", 1));
	assert_int_equal(receiver_count(&r), 4);
	assert_int_equal(counter(sink, "failed"), 0);
	sink->ops->close(sink);
	receiver_end(&r);
}

static void an_index_that_is_none_is_told(void **state)
{
	static const char *const wrong[] = {"", "Weir", "a/b", "_weir", "a?b"};
	const struct network_options network = {0};
	struct sink *sink;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct elastic_options options = {.http = {.url = "http://localhost"},
							.index = wrong[i]};

		assert_true(sink_elastic_open(&sink, &options, &network, &error) < 0);
		assert_non_null(strstr(error.text, "elastic.index is"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_without_id_is_given_one),
		cmocka_unit_test(what_is_chosen_is_sent),
		cmocka_unit_test(documents_are_created_by_their_ids),
		cmocka_unit_test(each_item_is_read),
		cmocka_unit_test(nonsense_is_no_answer),
		cmocka_unit_test(an_index_that_is_none_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
