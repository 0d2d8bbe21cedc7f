/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/metric.h"

static char *written(const char *json, enum metrics_format format)
{
	json_t *status = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(status);
	assert_int_equal(metrics_write(status, format, out), 0);
	fclose(out);
	json_decref(status);
	return text;
}

static void has(const char *text, const char *line)
{
	char *whole;

	assert_true(asprintf(&whole, "\n%s\n", line) > 0);
	if (!strstr(text, whole) && strncmp(text, whole + 1, strlen(whole) - 1) != 0)
		fail_msg("no line '%s' in:\n%s", line, text);
	free(whole);
}

static void has_not(const char *text, const char *words)
{
	if (strstr(text, words))
		fail_msg("'%s' is in:\n%s", words, text);
}

/* OpenMetrics: a family's name ends with its unit; counters have no _total here. */
static void test_table(void **state)
{
	(void)state;
	for (const struct metric *m = metrics; m->name; m++) {
		size_t name = strlen(m->name), unit = strlen(m->unit);

		assert_memory_equal(m->name, "weir_", 5);
		assert_true(name == strspn(m->name, "abcdefghijklmnopqrstuvwxyz_0123456789"));
		assert_null(strstr(m->name, "_total"));
		assert_true(!unit || !strcmp(m->name + name - unit, m->unit));
		assert_true(strlen(m->help) > 10 && m->help[strlen(m->help) - 1] == '.');
		assert_null(strpbrk(m->help, "\\\n|"));
		for (const struct metric *other = m + 1; other->name; other++)
			assert_string_not_equal(m->name, other->name);
	}
}

static void test_formats(void **state)
{
	const char *json = "{\"version\": \"0.1\", \"flows\": {\"started\": 7}, \"cost\": "
			   "{\"cpu_seconds\": 1.5, \"memory_bytes\": 4096}}";
	char *open = written(json, METRICS_OPEN), *plain = written(json, METRICS_PLAIN);

	(void)state;
	has(open, "# TYPE weir_flows_started counter");
	has(open, "weir_flows_started_total 7");
	has(open, "# UNIT weir_cpu_seconds seconds");
	has(open, "weir_cpu_seconds_total 1.5");
	has(open, "weir_resident_memory_bytes 4096");
	has(open, "# TYPE weir_build info");
	has(open, "weir_build_info{version=\"0.1\"} 1");
	assert_string_equal(open + strlen(open) - 6, "# EOF\n");
	has(plain, "# TYPE weir_flows_started_total counter");
	has(plain, "weir_flows_started_total 7");
	has(plain, "# TYPE weir_build_info gauge");
	has_not(plain, "# UNIT");
	has_not(plain, "# EOF");
	free(open);
	free(plain);
}

static void test_values(void **state)
{
	char *text =
		written("{\"health\": \"healthy\", \"since\": \"1970-01-01T00:01:00.500000Z\","
			"\"polls\": {\"late_max_ms\": 250},"
			"\"decoding\": {\"confined\": true, \"cpu_seconds\": \"much\"},"
			"\"sinks\": [{\"name\": \"a\", \"error\": \"full\"}, {\"name\": \"b\"}]}",
			METRICS_OPEN);

	(void)state;
	has(text, "weir_healthy 1");
	has(text, "weir_start_time_seconds 60.5");
	has(text, "weir_poll_late_max_seconds 0.25");
	has(text, "weir_decoding_confined 1");
	has_not(text, "weir_decoding_cpu_seconds");
	has(text, "weir_sink_failing{sink=\"a\"} 1");
	has(text, "weir_sink_failing{sink=\"b\"} 0");
	/* What is not there is not told, and has no head either. */
	has_not(text, "weir_flows");
	free(text);
	text = written("{\"health\": \"degraded\"}", METRICS_OPEN);
	has(text, "weir_healthy 0");
	free(text);
}

static void test_labels(void **state)
{
	char *text = written("{\"rules\": [{\"name\": \"A\", \"id\": \"1\", \"level\": \"low\", "
			     "\"detections\": 2}, {\"name\": \"B \\\"\\\\\\n\", \"id\": \"2\", "
			     "\"level\": \"high\", "
			     "\"detections\": 3}],"
			     "\"decoding\": {\"decoders\": {\"protocols\": {\"dns\": "
			     "{\"malformed\": {\"short\": "
			     "4, \"long\": 5}}, \"tls\": {\"malformed\": {\"short\": 6}}}}}}",
			     METRICS_OPEN);

	(void)state;
	has(text, "weir_rule_detections_total{rule=\"A\",rule_id=\"1\",level=\"low\"} 2");
	has(text,
	    "weir_rule_detections_total{rule=\"B \\\"\\\\\\n\",rule_id=\"2\",level=\"high\"} 3");
	has(text, "weir_malformed_messages_total{protocol=\"dns\",fault=\"short\"} 4");
	has(text, "weir_malformed_messages_total{protocol=\"dns\",fault=\"long\"} 5");
	has(text, "weir_malformed_messages_total{protocol=\"tls\",fault=\"short\"} 6");
	free(text);
}

/* A series stands there once, whatever is named alike. */
static void test_alike(void **state)
{
	char *text = written("{\"sinks\": [{\"name\": \"json\", \"written\": 2}, {\"name\": "
			     "\"json\", \"written\": 3}]}",
			     METRICS_OPEN);

	(void)state;
	has(text, "weir_sink_written_records_total{sink=\"json\"} 5");
	free(text);
}

static void test_bounded(void **state)
{
	json_t *status = json_object(), *list = json_array();
	char *json, *text, *at;
	unsigned lines = 0;

	(void)state;
	for (unsigned i = 0; i < METRICS_SERIES_MAX + 5; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:{s:i}}", "name", json_sprintf("veth%u", i),
						"sent", "packets", (int)i));
	json_object_set_new(status, "capture", json_pack("{s:o}", "interfaces", list));
	json = json_dumps(status, 0);
	text = written(json, METRICS_OPEN);
	for (at = text; (at = strstr(at, "weir_sent_packets_total{")); at++)
		lines++;
	assert_int_equal(lines, METRICS_SERIES_MAX);
	has(text, "weir_metrics_left_out_series 5");
	free(text);
	free(json);
	json_decref(status);
}

/* A label that is too long ends between two characters. */
static void test_long_label(void **state)
{
	char name[3001] = "x", *json, *text, *from, *to;

	(void)state;
	for (size_t i = 1; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa4", 3);
	assert_true(asprintf(&json, "{\"sinks\": [{\"name\": \"%.2999s\", \"written\": 1}]}",
			     name) > 0);
	text = written(json, METRICS_OPEN);
	from = strstr(text, "sink=\"x");
	assert_non_null(from);
	to = strstr(from, "\"} 1\n");
	assert_non_null(to);
	assert_true(to - from < 1024);
	assert_int_equal((to - from - 7) % 2, 0);
	free(text);
	free(json);
}

/* What is no status makes no fault. */
static void test_strange(void **state)
{
	static const char *const all[] = {
		"{}",
		"[]",
		"{\"rules\": 5}",
		"{\"rules\": [5, {}, [], {\"signals\": \"x\"}]}",
		"{\"capture\": [], \"sinks\": {\"a\": {\"written\": 1}}, \"health\": 3}",
		"{\"decoding\": {\"lost\": [1, {\"a\": 2}], \"decoders\": null}}"};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char *text = written(all[i], METRICS_OPEN);

		assert_string_equal(text + strlen(text) - 6, "# EOF\n");
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	   cmocka_unit_test(test_formats),
		cmocka_unit_test(test_values),	   cmocka_unit_test(test_labels),
		cmocka_unit_test(test_alike),	   cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_long_label), cmocka_unit_test(test_strange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
