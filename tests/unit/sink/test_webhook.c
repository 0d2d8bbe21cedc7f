/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sink/relay.h"
#include "sink/webhook_body.h"
#include "unit/sink/receiver.h"
#include "unit/sink/sample.h"

static char folder[64];

static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/weir-webhook-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct out *detection(unsigned number)
{
	struct sample s;

	sample_init(&s);
	snprintf(s.detection.id, sizeof(s.detection.id), "%08u-3333-5333-8333-333333333333",
		 number);
	return out_detection(&s.detection, "web1");
}

/* ---- bodies ---- */

static json_t *body_of(enum webhook_format format, struct out *out, const char *link)
{
	struct arena arena = {0};
	const char *text = webhook_bodies[format](out, link, SAMPLE_AT, &arena);
	json_t *json;

	assert_non_null(text);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	arena_free(&arena);
	return json;
}

static void is(json_t *object, const char *name, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (!text || strcmp(text, expected))
		fail_msg("%s is '%s', not '%s'", name, text ? text : "nothing", expected);
}

static void json_is_the_record(void **state)
{
	struct out *out = detection(1);
	json_t *body = body_of(WEBHOOK_JSON, out, NULL), *record = json_loads(out->json, 0, NULL);

	(void)state;
	assert_true(json_equal(body, record));
	json_decref(body);
	json_decref(record);
	out_drop(out);
}

static void slack_gets_a_message(void **state)
{
	struct out *out = detection(1);
	json_t *body, *attachment, *field;

	(void)state;
	out->message = "<!channel> & <http://evil.example|click>";
	body = body_of(WEBHOOK_SLACK, out, "https://weir.example/d/{id}?x");
	attachment = json_array_get(json_object_get(body, "attachments"), 0);
	is(body, "text", "LATERAL_MOVEMENT (critical) on web1");
	is(attachment, "text", "&lt;!channel&gt; &amp; &lt;http://evil.example|click&gt;");
	is(attachment, "title", "Lateral movement");
	is(attachment, "title_link",
	   "https://weir.example/d/00000001-3333-5333-8333-333333333333?x");
	field = json_array_get(json_object_get(attachment, "fields"), 0);
	is(field, "title", "source.ip");
	is(field, "value", "10.0.0.5");
	assert_int_equal(json_integer_value(json_object_get(attachment, "ts")), 1767323046);
	json_decref(body);
	out_drop(out);
}

static void alertmanager_gets_an_alert(void **state)
{
	struct out *out = detection(1);
	json_t *alert, *labels, *notes;

	(void)state;
	alert = body_of(WEBHOOK_ALERTMANAGER, out, NULL);
	labels = json_object_get(alert, "labels");
	notes = json_object_get(alert, "annotations");
	is(labels, "alertname", "LATERAL_MOVEMENT");
	is(labels, "source_ip", "10.0.0.5");
	is(labels, "instance", "web1");
	is(notes, "summary", "10.0.0.5 scanned 10.0.0.7 and got in");
	is(notes, "severity", "critical");
	is(alert, "startsAt", "2026-01-02T03:04:04.000006Z");
	is(alert, "endsAt", "2026-01-02T07:04:05.000006Z");
	is(alert, "generatorURL", "urn:uuid:00000001-3333-5333-8333-333333333333");
	json_decref(alert);
	out->change = DETECTION_CLOSED;
	alert = body_of(WEBHOOK_ALERTMANAGER, out, "https://weir.example/");
	is(alert, "endsAt", "2026-01-02T03:04:05.000006Z");
	is(alert, "generatorURL", "https://weir.example/");
	json_decref(alert);
	out_drop(out);
}

/* ---- delivery ---- */

static struct sink *opened(struct receiver_http *r, enum webhook_format format)
{
	static struct webhook_options options;
	const struct network_options network = {.spool = folder, .spool_bytes = 1 << 20};
	struct sink *sink = NULL;
	struct error error;

	options = (struct webhook_options){.http = {.url = r->url, .timeout = 2 * WEIR_SEC},
					   .format = format};
	if (sink_webhook_open(&sink, &options, &network, &error))
		fail_msg("%s", error.text);
	return sink;
}

static void send_detection(struct sink *sink, unsigned number)
{
	struct out *out = detection(number);

	sink->ops->write(sink, out);
	out_drop(out);
}

static json_int_t counter(struct sink *sink, const char *part, const char *name)
{
	json_t *status = sink->ops->status(sink);
	json_t *object = part ? json_object_get(status, part) : status;
	json_int_t value = json_integer_value(json_object_get(object, name));

	json_decref(status);
	return value;
}

static bool reaches(struct sink *sink, const char *part, const char *name, json_int_t value)
{
	for (int i = 0; i < 1000 && counter(sink, part, name) != value; i++)
		usleep(10000);
	return counter(sink, part, name) == value;
}

static bool has_number(struct receiver_http *r, size_t request, unsigned number)
{
	char id[32];

	snprintf(id, sizeof(id), "\"%08u-3333", number);
	return strstr(receiver_body(r, request), id);
}

static void what_fails_is_sent_again_in_order(void **state)
{
	static const struct told_answer answers[] = {
		{RECEIVER_HEAD("503 Busy") "\r\n", 0, 0},
		{NULL, 0, 0},
		{RECEIVER_OK, 0, 0},
	};
	struct receiver_http r;
	struct sink *sink;

	(void)state;
	receiver_begin(&r, answers, 3);
	sink = opened(&r, WEBHOOK_JSON);
	for (unsigned i = 1; i <= 3; i++)
		send_detection(sink, i);
	assert_true(reaches(sink, NULL, "written", 3));
	assert_int_equal(receiver_count(&r), 5);
	for (unsigned i = 0; i < 3; i++)
		assert_true(has_number(&r, i, 1));
	assert_true(has_number(&r, 3, 2));
	assert_true(has_number(&r, 4, 3));
	assert_int_equal(counter(sink, NULL, "failed") + counter(sink, NULL, "dropped"), 0);
	assert_int_equal(counter(sink, "spool", "records"), 0);
	sink->ops->close(sink);
	receiver_end(&r);
}

static void what_is_refused_is_counted_and_holds_up_nobody(void **state)
{
	static const struct told_answer answers[] = {
		{RECEIVER_HEAD("400 Bad") "\r\n", 0, 0},
		{RECEIVER_OK, 0, 0},
	};
	struct receiver_http r;
	struct sink *sink;

	(void)state;
	receiver_begin(&r, answers, 2);
	sink = opened(&r, WEBHOOK_JSON);
	send_detection(sink, 1);
	send_detection(sink, 2);
	assert_true(reaches(sink, NULL, "written", 1));
	assert_int_equal(counter(sink, NULL, "failed"), 1);
	assert_int_equal(counter(sink, "lost", "detections"), 1);
	assert_true(has_number(&r, 1, 2));
	sink->ops->close(sink);
	receiver_end(&r);
}

/* Of a batch that is refused each goes alone. */
static void one_that_is_bad_does_not_take_others_with_it(void **state)
{
	static const struct told_answer answers[] = {
		{RECEIVER_HEAD("503 Busy") "\r\n", 300, 0}, /* meanwhile all wait */
		{RECEIVER_HEAD("400 Bad") "\r\n", 0, 0},    {RECEIVER_OK, 0, 0},
		{RECEIVER_HEAD("400 Bad") "\r\n", 0, 0},    {RECEIVER_OK, 0, 0},
	};
	struct receiver_http r;
	struct sink *sink;

	(void)state;
	receiver_begin(&r, answers, 5);
	sink = opened(&r, WEBHOOK_ALERTMANAGER);
	send_detection(sink, 1);
	assert_true(receiver_wait(&r, 1));
	send_detection(sink, 2);
	send_detection(sink, 3);
	assert_true(reaches(sink, NULL, "written", 2));
	assert_int_equal(counter(sink, NULL, "failed"), 1);
	assert_int_equal(receiver_count(&r), 5);
	assert_true(has_number(&r, 1, 1) && has_number(&r, 1, 2) && has_number(&r, 1, 3));
	assert_true(has_number(&r, 3, 2) && !has_number(&r, 3, 3));
	assert_int_equal(*receiver_body(&r, 3), '[');
	sink->ops->close(sink);
	receiver_end(&r);
}

static void what_waits_goes_out_after_the_next_start(void **state)
{
	static const struct told_answer ok = {RECEIVER_OK, 0, 0};
	struct receiver_http r, away;
	struct sink *sink;

	(void)state;
	receiver_begin(&r, &ok, 1);
	away = r;
	strcpy(away.url, "http://127.0.0.1:1/");
	sink = opened(&away, WEBHOOK_JSON);
	for (unsigned i = 1; i <= 20; i++)
		send_detection(sink, i);
	assert_true(reaches(sink, "spool", "records", 20));
	assert_int_equal(sink->ops->flush(sink, 5000), 0); /* it is safe */
	assert_int_equal(counter(sink, NULL, "queued"), 0);
	sink->ops->close(sink);
	sink = opened(&r, WEBHOOK_JSON);
	assert_true(reaches(sink, NULL, "written", 20));
	for (unsigned i = 0; i < 20; i++)
		assert_true(has_number(&r, i, i + 1));
	sink->ops->close(sink);
	receiver_end(&r);
}

/* A stop does not wait for who does not answer. */
static void a_stop_is_short(void **state)
{
	static const struct told_answer slow = {RECEIVER_OK, 1800, 0};
	struct receiver_http r;
	struct sink *sink;
	weir_time before;

	(void)state;
	receiver_begin(&r, &slow, 1);
	sink = opened(&r, WEBHOOK_JSON);
	send_detection(sink, 1);
	assert_true(receiver_wait(&r, 1));
	before = time_monotonic();
	sink->ops->close(sink);
	assert_true(time_monotonic() - before < 10 * WEIR_SEC);
	receiver_end(&r);
}

static void waits_grow_up_to_a_bound(void **state)
{
	(void)state;
	for (unsigned failures = 1; failures < 100; failures++) {
		int most = relay_wait(failures, 0);

		assert_true(most >= 500 && most <= RELAY_WAIT_MAX_MS);
		for (uint32_t random = 1; random < 1 << 24; random += 99991)
			assert_in_range(relay_wait(failures, random), most / 2, most);
	}
	assert_int_equal(relay_wait(2, 0), 2 * relay_wait(1, 0));
	assert_int_equal(relay_wait(50, 0), RELAY_WAIT_MAX_MS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_the_record),
		cmocka_unit_test(slack_gets_a_message),
		cmocka_unit_test(alertmanager_gets_an_alert),
		TEST(what_fails_is_sent_again_in_order),
		TEST(what_is_refused_is_counted_and_holds_up_nobody),
		TEST(one_that_is_bad_does_not_take_others_with_it),
		TEST(what_waits_goes_out_after_the_next_start),
		TEST(a_stop_is_short),
		cmocka_unit_test(waits_grow_up_to_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
