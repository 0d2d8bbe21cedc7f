/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/capture/build.h"

/* weir's own JSON events, and what else may stand in such a file. */

static const char good[] = "{\"@timestamp\": \"2023-11-14T22:13:20.000001Z\", \"event.dataset\": "
			   "\"weir.flow\", \"source.ip\": \"10.0.0.5\", \"source.bytes\": 77}";

static struct reading read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static struct reading read_lines(const char *first, const char *second)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s\n%s\n%s", first, second, good);
	return read_text(text);
}

static void test_events(void **state)
{
	struct reading r = read_lines(good, good);

	(void)state;
	assert_int_equal(r.err, 0);
	assert_int_equal(r.events.len, 3); /* the last without an end of line */
	assert_int_equal(r.events.at[2].time, INT64_C(1700000000000001000));
	assert_int_equal(r.events.at[2].service, SERVICE_FLOW);
	assert_int_equal(r.events.at[2].source_bytes, 77);
	assert_string_equal(json_string_value(json_object_get(r.report, "type")), "json");
	assert_int_equal(json_integer_value(json_object_get(r.report, "records")), 3);
	reading_free(&r);
}

static void test_empty_lines_and_marks(void **state)
{
	char text[1024];
	struct reading r;

	(void)state;
	snprintf(text, sizeof(text), "\xef\xbb\xbf%s\r\n\n  \r\n\t%s \r\n", good, good);
	r = read_text(text);
	assert_int_equal(r.events.len, 2);
	assert_int_equal(skipped(&r, "bad_lines"), 0);
	reading_free(&r);
}

static void test_bad_lines_are_passed_over(void **state)
{
	static const char *const bad[] = {
		"{",
		"[5]",
		"not JSON",
		"{\"@timestamp\": \"yesterday\", \"event.dataset\": \"weir.flow\"}",
		"{\"@timestamp\": \"2023-11-14T22:13:20Z\", \"event.dataset\": \"weir.flow\", "
		"\"source.ip\": 5}",
		"{\"ts\": 1}",
		"{\"a\": 1, \"a\": 2}",
		"\xff\xfe",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct reading r = read_lines(good, bad[i]);

		assert_int_equal(r.events.len, 2);
		assert_int_equal(skipped(&r, "bad_lines"), 1);
		reading_free(&r);
	}
}

static void test_signals_among_events(void **state)
{
	struct reading r = read_lines("{\"event.kind\": \"signal\", \"rule.name\": \"X\"}",
				      "{\"event.kind\": \"alert\"}");

	(void)state;
	assert_int_equal(r.events.len, 1);
	assert_int_equal(skipped(&r, "records_of_other_kinds"), 2);
	assert_int_equal(skipped(&r, "bad_lines"), 0);
	reading_free(&r);
}

static void test_unknown_fields_are_counted(void **state)
{
	struct reading r =
		read_lines("{\"@timestamp\": \"2023-11-14T22:13:20Z\", "
			   "\"event.dataset\": \"weir.flow\", \"my.own\": 1, \"your.own\": 2}",
			   good);

	(void)state;
	assert_int_equal(r.events.len, 3);
	assert_int_equal(skipped(&r, "unknown_fields"), 2);
	reading_free(&r);
}

static void test_lines_without_end(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	put(&b, good, strlen(good));
	put(&b, "\n{\"x\": \"", 8);
	for (size_t i = 0; i < (5 << 19); i++) /* 2.5 MiB */
		put_u8(&b, 'x');
	put(&b, "\"}\n", 3);
	put(&b, good, strlen(good));
	r = read_built(&b);
	assert_int_equal(r.events.len, 2);
	assert_int_equal(skipped(&r, "bad_lines"), 1);
	reading_free(&r);
	b.v.len -= 1000000; /* and no end at all */
	r = read_built(&b);
	assert_int_equal(r.events.len, 1);
	assert_int_equal(skipped(&r, "bad_lines"), 1);
	reading_free(&r);
	vec_free(&b.v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_empty_lines_and_marks),
		cmocka_unit_test(test_bad_lines_are_passed_over),
		cmocka_unit_test(test_signals_among_events),
		cmocka_unit_test(test_unknown_fields_are_counted),
		cmocka_unit_test(test_lines_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
