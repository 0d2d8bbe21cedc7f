/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "decode/magic.h"

#include "unit/decode/bench.h"

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	struct bench *b = context;

	(void)origin;
	bench_tell(b, "%s", service_name((enum event_service)e->service));
	bench_put(b, e, FIELD_HTTP_METHOD, " ");
	bench_put(b, e, FIELD_URL_DOMAIN, " ");
	bench_put(b, e, FIELD_URL_PATH, " ");
	bench_put(b, e, FIELD_URL_QUERY, " ");
	bench_put(b, e, FIELD_USER_AGENT, " ");
	bench_put(b, e, FIELD_HTTP_MIME_TYPE, " ");
	bench_put(b, e, FIELD_FILE_NAME, " ");
	bench_put(b, e, FIELD_FILE_TYPE, " ");
	bench_put(b, e, FIELD_ANOMALY, " ");
	if (event_has(e, FIELD_HTTP_STATUS))
		bench_tell(b, " %u", (unsigned)e->http_status);
	bench_tell(b, "|");
}

static int set_up(void **state)
{
	const struct bench b = {.ops = {.event = on_event}, .port = 8081, .watch = PAYLOAD_HTTP};

	return bench_set_up(state, &b);
}

#define GET "GET /a/pic.png?x=1 HTTP/1.1\r\nHost: www.example.net:8081\r\nUser-Agent: t/1\r\n\r\n"

static void a_request_waits_for_its_response_and_the_file_is_known_by_content(void **state)
{
	struct bench *b = *state;

	bench_say(b, 0, GET);
	assert_string_equal(b->told, "");
	bench_give(
		b, 1,
		"HTTP/1.1 200 OK\r\nContent-Type: image/png; q=1\r\nContent-Length: 20\r\n\r\nMZ",
		72);
	assert_string_equal(b->told, "http GET www.example.net /a/pic.png x=1 t/1 image/png 200|");
	b->told[0] = '\0';
	bench_say(b, 1, "\x90 and what follows i");
	assert_string_equal(b->told, "file /a/pic.png pic.png pe|");
}

static void it_may_be_split_anywhere(void **state)
{
	struct bench *b = *state;
	const char *answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";

	for (unsigned round = 0; round < 2; round++) {
		b->told[0] = '\0';
		for (const char *at = GET; *at; at++)
			bench_give(b, 0, at, 1);
		for (const char *at = answer; *at; at++)
			bench_give(b, 1, at, 1);
		assert_string_equal(b->told, "http GET www.example.net /a/pic.png x=1 t/1 404|");
	}
}

static void without_an_answer_it_is_told_in_time(void **state)
{
	struct bench *b = *state;

	bench_say(b, 0, GET);
	decode_advance(b->decode, DECODE_HOLD - 1);
	assert_string_equal(b->told, "");
	decode_advance(b->decode, DECODE_HOLD);
	assert_string_equal(b->told, "http GET www.example.net /a/pic.png x=1 t/1|");
	b->told[0] = '\0';
	bench_say(b, 1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(b->told, "");
}

static void requests_in_a_row_get_their_own_responses(void **state)
{
	struct bench *b = *state;

	bench_say(b, 0, "HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
	bench_say(b, 1, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
	bench_say(b, 1,
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n#!/bi\r\n0\r\n\r\n");
	assert_string_equal(b->told, "http HEAD h /1 200|http GET h /2 200|file /2 2 script|");
}

/* More than are followed at once, answered in turn, and again: what was kept of them is let go. */
static void targets_are_those_of_their_requests(void **state)
{
	struct bench *b = *state;
	char text[64];

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 10; i++) {
			snprintf(text, sizeof(text), "GET /%u HTTP/1.1\r\nHost: h\r\n\r\n", i);
			bench_say(b, 0, text);
		}
		b->told[0] = '\0';
		for (unsigned i = 0; i < 8; i++)
			bench_say(b, 1,
				  "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\n"
				  "Content-Disposition: attachment; filename=\"n\"\r\n"
				  "Content-Length: 5\r\n\r\n#!/bi");
		assert_non_null(strstr(b->told, "http GET h /7 text/x 200|file /7 n script|"));
	}
	b->told[0] = '\0';
	bench_say(b, 1, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n#!/bi"); /* to no request */
	assert_string_equal(b->told, "file script|");
	bench_say(b, 0, GET);
	bench_say(b, 1, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n");
}

static void shapes_that_two_readers_take_for_two_requests_are_anomalies(void **state)
{
	struct bench *b = *state;

	bench_say(b, 0,
		  "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length : 6\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n");
	assert_non_null(strstr(b->told, "http: lengths that contradict each other"));
	assert_non_null(strstr(b->told, "http: a length and a transfer encoding"));
	assert_non_null(strstr(b->told, "http: a space before a colon"));
}

static void what_only_begins_alike_is_not_followed(void **state)
{
	struct bench *b = *state;

	bench_say(b, 0, "GET out of here\n");
	bench_say(b, 1, "whatever this is, it is not known\n");
	assert_string_equal(b->told, "");
}

static void types_are_told_by_few_bytes(void **state)
{
	(void)state;
	assert_string_equal(magic_type((const uint8_t *)"\x7f"
							"ELF\2",
				       5),
			    "elf");
	assert_string_equal(magic_type((const uint8_t *)"MZ", 2), "pe");
	assert_null(magic_type((const uint8_t *)"M", 1));
	assert_null(magic_type((const uint8_t *)"hello", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, bench_tear_down)
		CASE(a_request_waits_for_its_response_and_the_file_is_known_by_content),
		CASE(it_may_be_split_anywhere),
		CASE(without_an_answer_it_is_told_in_time),
		CASE(requests_in_a_row_get_their_own_responses),
		CASE(targets_are_those_of_their_requests),
		CASE(shapes_that_two_readers_take_for_two_requests_are_anomalies),
		CASE(what_only_begins_alike_is_not_followed),
		CASE(types_are_told_by_few_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
