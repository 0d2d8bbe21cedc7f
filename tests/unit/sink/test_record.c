/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "event/json.h"
#include "unit/sink/sample.h"

#define SCAN_VALUES                                                                                \
	"{\"ports\":{\"value\":228,\"unit\":\"ports\",\"threshold\":\"> 20\"},"                    \
	"\"targets\":{\"value\":2,\"values\":[\"10.0.0.7\",\"10.0.0.8\"],\"total\":2}}"
#define SPIKE_VALUE                                                                                \
	"{\"value\":228,\"unit\":\"connections\",\"threshold\":"                                   \
	"\"> 3 deviations (mean 10, deviation 3)\",\"zscore\":72.6666666666667,\"mean\":10,"       \
	"\"deviation\":3}"
#define FLOW(time, to, port, id)                                                                   \
	"{\"@timestamp\":\"" time                                                                  \
	"\",\"event.kind\":\"event\",\"event.dataset\":\"weir.attempt\","                          \
	"\"source.ip\":\"10.0.0.5\",\"source.port\":40000,\"destination.ip\":\"" to "\","          \
	"\"destination.port\":" port ",\"network.transport\":\"tcp\","                             \
	"\"network.community_id\":\"" id "\"}"

#define FIRST_ID    "1:6UcrICJFXsCUVOwFd0KRxEBjO6c="
#define SECOND_ID   "1:lF8iYKIGnbmte7giNh8zuQ8gqIg="
#define FIRST_FLOW  FLOW("2026-01-02T03:04:04.000006Z", "10.0.0.7", "22", FIRST_ID)
#define SECOND_FLOW FLOW("2026-01-02T03:04:05.000006Z", "10.0.0.8", "445", SECOND_ID)

static void a_signal_is_the_documented_object(void **state)
{
	struct sample s;
	struct out *out;

	(void)state;
	sample_init(&s);
	out = out_signal(&s.signals[0], "web1");
	assert_non_null(out);
	assert_string_equal(
		out->json,
		"{\"@timestamp\":\"2026-01-02T03:04:05.000006Z\","
		"\"event.id\":\"11111111-1111-5111-8111-111111111111\",\"event.kind\":\"signal\","
		"\"event.start\":\"2026-01-02T03:04:00.000000Z\","
		"\"event.end\":\"2026-01-02T03:05:00.000000Z\",\"rule.id\":\"rule-scan\","
		"\"rule.name\":\"PORT_SCAN\",\"rule.title\":\"Port scan\","
		"\"weir.severity\":\"critical\",\"weir.confidence\":0.9,"
		"\"source.ip\":\"10.0.0.5\",\"weir.values\":" SCAN_VALUES ",\"weir.coverage\":1.0,"
		"\"message\":\"10.0.0.5 tried 228 ports\",\"host.name\":\"web1\"}");
	assert_int_equal(out->json_length, strlen(out->json));
	assert_string_equal(out->values_json, SCAN_VALUES);
	assert_string_equal(out->keys_json, "{\"source.ip\":\"10.0.0.5\"}");
	assert_string_equal(out->keys_text, "source.ip=10.0.0.5");
	assert_int_equal(out->first, s.signals[0].window_start);
	assert_int_equal(out->at, SAMPLE_AT);
	out_drop(out);
}

static void a_detection_is_the_documented_object(void **state)
{
	struct sample s;
	struct out *out;

	(void)state;
	sample_init(&s);
	out = out_detection(&s.detection, NULL);
	assert_non_null(out);
	assert_string_equal(
		out->json,
		"{\"@timestamp\":\"2026-01-02T03:04:06.000006Z\","
		"\"event.id\":\"33333333-3333-5333-8333-333333333333\",\"event.kind\":\"alert\","
		"\"event.start\":\"2026-01-02T03:04:04.000006Z\","
		"\"event.end\":\"2026-01-02T03:04:06.000006Z\",\"rule.id\":\"rule-lateral\","
		"\"rule.name\":\"LATERAL_MOVEMENT\",\"rule.title\":\"Lateral movement\","
		"\"weir.severity\":\"critical\",\"weir.confidence\":0.81,"
		"\"source.ip\":\"10.0.0.5\",\"weir.values\":{"
		"\"PORT_SCAN.ports\":{\"value\":228,\"unit\":\"ports\",\"threshold\":\"> 20\"},"
		"\"PORT_SCAN.targets\":{\"value\":2,\"values\":[\"10.0.0.7\",\"10.0.0.8\"],"
		"\"total\":2},\"CONNECTION_SPIKE.connections\":" SPIKE_VALUE "},"
		"\"weir.coverage\":1.0,\"message\":\"10.0.0.5 scanned 10.0.0.7 and got in\","
		"\"threat.tactic.id\":\"TA0008\",\"threat.technique.id\":\"T1021\","
		"\"weir.state\":\"open\",\"weir.count\":1,\"weir.common\":[\"10.0.0.7\"],"
		"\"weir.signals\":["
		"{\"id\":\"11111111-1111-5111-8111-111111111111\",\"name\":\"PORT_SCAN\","
		"\"time\":\"2026-01-02T03:04:05.000006Z\",\"severity\":\"critical\","
		"\"values\":" SCAN_VALUES ",\"message\":\"10.0.0.5 tried 228 ports\"},"
		"{\"id\":\"22222222-2222-5222-8222-222222222222\",\"name\":\"CONNECTION_SPIKE\","
		"\"time\":\"2026-01-02T03:04:06.000006Z\",\"severity\":\"high\","
		"\"values\":{\"connections\":" SPIKE_VALUE "},"
		"\"message\":\"10.0.0.5 opened 228 connections\"}],"
		"\"weir.samples\":[" FIRST_FLOW "," SECOND_FLOW "],"
		"\"weir.actions\":[\"Isolate the source host.\"],"
		"\"weir.why\":\"PORT_SCAN: 228 ports > 20\\nCONNECTION_SPIKE: …\"}");
	assert_string_equal(out->signal_names, "PORT_SCAN,CONNECTION_SPIKE");
	assert_string_equal(out->signal_ids[1], "22222222-2222-5222-8222-222222222222");
	assert_null(out->signal_ids[2]);
	assert_int_equal(out->evidence_len, 2);
	assert_true(out->announce);
	out_drop(out);
}

static void only_news_is_announced(void **state)
{
	struct sample s;
	struct out *out;

	(void)state;
	sample_init(&s);
	s.detection.change = DETECTION_UPDATED;
	out = out_detection(&s.detection, NULL);
	assert_true(out->announce);
	assert_string_equal(out->state, "open");
	out_drop(out);
	s.detection.announce = false;
	s.detection.change = DETECTION_CLOSED;
	out = out_detection(&s.detection, NULL);
	assert_false(out->announce);
	assert_string_equal(out->state, "closed");
	out_drop(out);
}

static void keys_are_words_whatever_they_hold(void **state)
{
	static const enum field fields[] = {FIELD_SOURCE_IP, FIELD_DESTINATION_PORT,
					    FIELD_EVENT_ACTION, FIELD_MESSAGE};
	static const char *const names[] = {NULL, NULL, "victim", NULL};
	struct value keys[4];
	struct sample s;
	struct out *out;

	(void)state;
	sample_init(&s);
	keys[0] = sample_address("2001:db8::1");
	keys[1] = sample_number(22);
	keys[2] = (struct value){.type = VALUE_TEXT, .text = {"a \"b\" \xff\n", 8}};
	keys[3] = (struct value){.type = VALUE_NULL};
	s.detection.key_fields = fields;
	s.detection.key_names = names;
	s.detection.keys = keys;
	s.detection.keys_len = 4;
	out = out_detection(&s.detection, NULL);
	assert_string_equal(out->keys_text, "source.ip=2001:db8::1 destination.port=22 "
					    "victim=\"a \\\"b\\\" \\\\xFF\\\\x0A\" message=null");
	assert_string_equal(out->keys_json,
			    "{\"source.ip\":\"2001:db8::1\",\"destination.port\":22,"
			    "\"victim\":\"a \\\"b\\\" \\\\xFF\\\\x0A\",\"message\":null}");
	out_drop(out);
}

/* Whoever chooses a key must not choose what stands behind it. */
static void keys_do_not_end_early_or_push_others_out(void **state)
{
	static const enum field fields[] = {FIELD_PROCESS_NAME, FIELD_DESTINATION_PORT};
	static const char *const names[] = {NULL, NULL};
	struct value keys[2];
	char text[1000];
	struct sample s;
	struct out *out;

	(void)state;
	sample_init(&s);
	keys[0] = (struct value){.type = VALUE_TEXT, .text = {"a\\\" b=1", 7}};
	keys[1] = sample_number(22);
	s.detection.key_fields = fields;
	s.detection.key_names = names;
	s.detection.keys = keys;
	s.detection.keys_len = 2;
	out = out_detection(&s.detection, NULL);
	assert_string_equal(out->keys_text, "process.name=\"a\\\\\\\" b=1\" destination.port=22");
	out_drop(out);
	memset(text, 'x', sizeof(text));
	keys[0].text = (struct text){text, sizeof(text)};
	out = out_detection(&s.detection, NULL);
	assert_int_equal(strlen(out->keys_text),
			 strlen("process.name=") + 256 + strlen("… destination.port=22"));
	assert_non_null(strstr(out->keys_text, "x… destination.port=22"));
	out_drop(out);
}

static void samples_show_each_tuple_once(void **state)
{
	const struct signal *signals[DETECTION_SIGNALS_MAX];
	struct signal copies[DETECTION_SIGNALS_MAX];
	struct event own[DETECTION_SIGNALS_MAX][SIGNAL_SAMPLES_MAX];
	struct sample s;
	struct out *out;
	json_t *record;

	(void)state;
	sample_init(&s);
	for (unsigned i = 0; i < DETECTION_SIGNALS_MAX; i++) {
		copies[i] = s.signals[1];
		for (unsigned j = 0; j < SIGNAL_SAMPLES_MAX; j++)
			own[i][j] = sample_event("10.0.0.5", "10.0.0.7", i * 100 + j + 1,
						 SAMPLE_AT - (weir_time)j);
		copies[i].samples = own[i];
		copies[i].samples_len = SIGNAL_SAMPLES_MAX;
		signals[i] = &copies[i];
	}
	s.detection.signals = signals;
	s.detection.signals_len = DETECTION_SIGNALS_MAX;
	out = out_detection(&s.detection, NULL);
	assert_non_null(out);
	assert_string_equal(out->signal_names, "CONNECTION_SPIKE");
	record = json_loads(out->json, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(record, "weir.samples")),
			 DETECTION_SAMPLES_MAX);
	json_decref(record);
	out_drop(out);
}

static void an_event_keeps_its_texts(void **state)
{
	struct event e = sample_event("10.0.0.1", "10.0.0.2", 80, SAMPLE_AT);
	char name[] = "eth0", fact[] = "loss\x1b";
	struct out *out;

	(void)state;
	event_set(&e, INTERFACE_NAME, interface_name, ((struct text){name, 4}));
	event_set(&e, MESSAGE, message, ((struct text){fact, 5}));
	out = out_flow(&e, "web1");
	assert_int_equal(out->kind, OUT_FLOW);
	memset(name, 'x', 4);
	assert_memory_equal(out->event.interface_name.at, "eth0", 4);
	assert_string_equal(out->message, "loss\\x1B");
	assert_true(event_has(&out->event, FIELD_NETWORK_COMMUNITY_ID));
	assert_int_equal(out->event.network_community_id.length, 30);
	out_drop(out);
}

static void *settle_later(void *out)
{
	usleep(50000);
	out_settle(out);
	out_drop(out);
	return NULL;
}

static long waited_ms(struct out *out, int timeout_ms)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	out_await(out, timeout_ms);
	clock_gettime(CLOCK_MONOTONIC, &b);
	return (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

static void who_announces_waits_for_the_store(void **state)
{
	struct sample s;
	struct out *out;
	pthread_t thread;

	(void)state;
	sample_init(&s);
	out = out_detection(&s.detection, NULL);
	assert_true(waited_ms(out, 1000) < 500); /* nobody stores */
	out_owe(out);
	out_keep(out);
	assert_int_equal(pthread_create(&thread, NULL, settle_later, out), 0);
	assert_in_range(waited_ms(out, 10000), 20, 5000);
	pthread_join(thread, NULL);
	out_owe(out);
	assert_in_range(waited_ms(out, 300), 0, 2000); /* a store that never says */
	out_drop(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_is_the_documented_object),
		cmocka_unit_test(a_detection_is_the_documented_object),
		cmocka_unit_test(only_news_is_announced),
		cmocka_unit_test(keys_are_words_whatever_they_hold),
		cmocka_unit_test(keys_do_not_end_early_or_push_others_out),
		cmocka_unit_test(samples_show_each_tuple_once),
		cmocka_unit_test(an_event_keeps_its_texts),
		cmocka_unit_test(who_announces_waits_for_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
