/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decoder.h"

#include "unit/decode/bench.h"

/* A decoder of lines: each is told as a message; "skip N" passes over N bytes behind its line. */

struct lines {
	unsigned ended;
};

static unsigned freed;

static enum verdict lines_recognise(const struct glimpse *g)
{
	if (!g->length[SIDE_CLIENT])
		return PERHAPS;
	return g->bytes[SIDE_CLIENT][0] == '>' ? MINE : NOT_MINE;
}

static size_t lines_stream(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	const uint8_t *end = memchr(bytes, '\n', length);
	unsigned long skip;
	struct event *e;
	char line[64];

	if (!end)
		return 0;
	snprintf(line, sizeof(line), "%c%.*s", side == SIDE_CLIENT ? 'c' : 's', (int)(end - bytes),
		 (const char *)bytes);
	e = talk_event(talk, SERVICE_HTTP);
	event_set(e, MESSAGE, message, text_of(line, strlen(line)));
	talk_tell(talk, e);
	if (sscanf(line + 1, "skip %lu", &skip) == 1)
		talk_skip(talk, side, skip);
	return (size_t)(end - bytes) + 1;
}

static void lines_gap(struct talk *talk, enum side side, uint64_t missing)
{
	struct event *e = talk_event(talk, SERVICE_HTTP);
	char words[32];

	snprintf(words, sizeof(words), "%c!%llu", side == SIDE_CLIENT ? 'c' : 's',
		 (unsigned long long)missing);
	event_set(e, MESSAGE, message, text_of(words, strlen(words)));
	talk_tell(talk, e);
}

static void lines_end(struct talk *talk)
{
	(void)talk;
	freed++;
}

static const struct decoder lines = {
	.protocol = "lines",
	.over = OVER_TCP,
	.service = SERVICE_HTTP,
	.state = sizeof(struct lines),
	.recognise = lines_recognise,
	.stream = lines_stream,
	.gap = lines_gap,
	.end = lines_end,
};

static const struct decoder *const only[] = {&lines, NULL};

/* ---- a conversation, and what was told of it ---- */

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	struct bench *b = context;

	(void)origin;
	bench_put(b, e, FIELD_MESSAGE, "");
	bench_tell(b, "|");
}

static void on_protocol(void *context, const struct decode_origin *origin, const char *name)
{
	struct bench *b = context;

	assert_string_equal(b->protocol, "");
	bench_protocol(context, origin, name);
}

static int set_up(void **state)
{
	const struct bench b = {.options = {.decoders = only, .talks_max = 8},
				.ops = {.event = on_event, .protocol = on_protocol}};

	freed = 0;
	return bench_set_up(state, &b);
}

#define START 0xfffffff0u /* sequence numbers wrap early */

static struct payload_record record_of(enum side side, uint32_t offset, const char *text)
{
	return (struct payload_record){
		.key = {.port = {1, 2}, .proto = 6},
		.seq = START + offset,
		.start = START,
		.started = 1,
		.seen = offset,
		.wire = (uint32_t)strlen(text),
		.length = (uint16_t)strlen(text),
		.kind = PAYLOAD_FLOW,
		.direction = side,
		.last = 1,
	};
}

static void say(struct bench *b, enum side side, uint32_t offset, const char *text)
{
	struct payload_record r = record_of(side, offset, text);

	bench_deliver(b, &r, text);
}

/* ---- cases ---- */

static void in_order_and_split_anywhere(void **state)
{
	struct bench *b = *state;
	const char *text = ">one\ntwo\nthree\n";

	for (uint32_t i = 0; text[i]; i++)
		say(b, SIDE_CLIENT, i, (char[]){text[i], 0});
	assert_string_equal(b->told, "c>one|ctwo|cthree|");
	assert_string_equal(b->protocol, "lines");
}

static void early_segments_wait_and_repeated_ones_are_dropped(void **state)
{
	struct bench *b = *state;

	say(b, SIDE_CLIENT, 9, "three\n");
	say(b, SIDE_CLIENT, 5, "two\n");
	say(b, SIDE_CLIENT, 5, "two\n");
	assert_string_equal(b->told, "");
	say(b, SIDE_CLIENT, 0, ">one\ntw");
	assert_string_equal(b->told, "c>one|ctwo|cthree|");
	say(b, SIDE_CLIENT, 0, ">one\ntwo\nthree\nfour\n");
	assert_string_equal(b->told, "c>one|ctwo|cthree|cfour|");
}

static void the_server_may_speak_first(void **state)
{
	struct bench *b = *state;

	say(b, SIDE_SERVER, 0, "hello\n");
	assert_string_equal(b->protocol, "");
	say(b, SIDE_CLIENT, 0, ">one\n");
	assert_string_equal(b->told, "shello|c>one|");
}

static void what_was_not_chosen_is_a_gap(void **state)
{
	struct bench *b = *state;
	struct payload_record r = record_of(SIDE_CLIENT, 0, ">one\nab");

	r.wire = 100;
	bench_deliver(b, &r, ">one\nab");
	say(b, SIDE_CLIENT, 100, "two\n");
	assert_string_equal(b->told, "c>one|c!93|ctwo|");
}

static void what_is_skipped_is_no_gap(void **state)
{
	struct bench *b = *state;
	struct payload_record r = record_of(SIDE_CLIENT, 5, "skip 90\nab");

	say(b, SIDE_CLIENT, 0, ">one\n");
	r.wire = 98;
	bench_deliver(b, &r, "skip 90\nab");
	say(b, SIDE_CLIENT, 103, "two\n");
	assert_string_equal(b->told, "c>one|cskip 90|ctwo|");
}

static void behind_the_opening_nothing_is_waited_for(void **state)
{
	struct bench *b = *state;
	struct payload_record r = record_of(SIDE_CLIENT, 9000, "two\n");

	say(b, SIDE_CLIENT, 0, ">one\n");
	r.watch = PAYLOAD_HTTP;
	bench_deliver(b, &r, "two\n");
	assert_string_equal(b->told, "c>one|c!8995|ctwo|");
}

static void too_many_early_segments_give_the_missing_one_up(void **state)
{
	struct bench *b = *state;

	say(b, SIDE_CLIENT, 0, ">one\n");
	for (uint32_t i = 0; i < 34; i++)
		say(b, SIDE_CLIENT, 10 + 2 * i, i % 2 ? "b\n" : "a\n");
	assert_non_null(strstr(b->told, "c>one|c!5|ca|cb|"));
}

static void a_new_connection_of_the_same_tuple_is_another(void **state)
{
	struct bench *b = *state;
	struct payload_record r = record_of(SIDE_CLIENT, 0, ">new\n");

	say(b, SIDE_CLIENT, 0, ">one\nhalf");
	r.seq = r.start = 77;
	b->protocol[0] = '\0';
	bench_deliver(b, &r, ">new\n");
	assert_string_equal(b->told, "c>one|c>new|");
	assert_int_equal(freed, 1);
}

static void what_nobody_knows_is_said_once_and_left(void **state)
{
	struct bench *b = *state;

	say(b, SIDE_CLIENT, 0, "?nobody knows this\n");
	say(b, SIDE_SERVER, 0, "!nor does it know that\n");
	say(b, SIDE_CLIENT, 19, ">one\n");
	assert_string_equal(b->protocol, "unidentified");
	assert_string_equal(b->told, "");
}

static void a_part_of_a_conversation_is_not_called_unidentified(void **state)
{
	struct bench *b = *state;
	struct payload_record r = record_of(SIDE_CLIENT, 0, "?\n");

	r.started = 0;
	r.marks = FLOW_MIDSTREAM;
	bench_deliver(b, &r, "?\n");
	assert_string_equal(b->protocol, "");
}

static void conversations_are_bounded(void **state)
{
	struct bench *b = *state;
	struct payload_record r = record_of(SIDE_CLIENT, 0, ">one\n");
	json_t *report;

	for (uint16_t port = 10; port < 30; port++) {
		r.key.port[0] = port;
		b->protocol[0] = '\0';
		bench_deliver(b, &r, ">one\n");
	}
	report = decode_report(b->decode);
	assert_int_equal(json_integer_value(json_object_get(report, "remembered")), 8);
	assert_int_equal(json_integer_value(json_object_get(report, "evicted")), 12);
	assert_int_equal(freed, 12);
	json_decref(report);
}

static long long reported(const struct bench *b, const char *name)
{
	json_t *report = decode_report(b->decode);
	long long n = json_integer_value(json_object_get(report, name));

	json_decref(report);
	return n;
}

/* A side's word at `offset` of the connection from this port, behind what is always chosen. */
static void say_from(struct bench *b, uint16_t port, enum side side, uint32_t offset,
		     const char *text)
{
	struct payload_record r = record_of(side, offset, text);

	r.key.port[0] = port;
	r.watch = offset > PAYLOAD_OPENING_BYTES ? PAYLOAD_HTTP : PAYLOAD_OPENING;
	b->protocol[0] = '\0';
	bench_deliver(b, &r, text);
}

/* Nobody knows what is spoken: nothing more of it is wanted. */
static void finish(struct bench *b, uint16_t port)
{
	say_from(b, port, SIDE_CLIENT, 0, "?nobody knows this\n");
	say_from(b, port, SIDE_SERVER, 0, "!nor does it know that\n");
}

/* So often as the live source asks within a second. */
static void pass(struct bench *b, weir_time time)
{
	b->at += time;
	for (int i = 0; i < 10; i++)
		decode_advance(b->decode, b->at);
}

static void finished_ones_are_forgotten_when_they_are_silent(void **state)
{
	struct bench *b = *state;

	for (uint16_t port = 10; port < 15; port++)
		finish(b, port);
	say_from(b, 15, SIDE_CLIENT, 0, ">one\n");
	pass(b, 2 * WEIR_MIN);
	assert_int_equal(reported(b, "remembered"), 6);
	say_from(b, 12, SIDE_CLIENT, 19, "?\n"); /* not silent */
	pass(b, 2 * WEIR_MIN);
	assert_int_equal(reported(b, "remembered"), 2);
	assert_int_equal(reported(b, "aged"), 4);
	assert_int_equal(reported(b, "evicted"), 0);
	say_from(b, 15, SIDE_CLIENT, 5, "two\n");
	assert_string_equal(b->told, "c>one|ctwo|");
}

static void each_payload_makes_room_for_itself(void **state)
{
	struct bench *b = *state;

	for (uint16_t port = 10; port < 18; port++)
		finish(b, port);
	b->at += 4 * WEIR_MIN;
	for (uint16_t port = 18; port < 22; port++)
		finish(b, port);
	assert_int_equal(reported(b, "remembered"), 4);
}

static void what_a_forgotten_one_says_later_begins_nothing(void **state)
{
	struct bench *b = *state;

	finish(b, 10);
	pass(b, 4 * WEIR_MIN);
	assert_int_equal(reported(b, "remembered"), 0);
	say_from(b, 10, SIDE_CLIENT, 9000, ">one\n");
	say_from(b, 10, SIDE_CLIENT, 9005, ">two\n");
	assert_string_equal(b->told, "");
	assert_string_equal(b->protocol, "");
	assert_int_equal(reported(b, "resumed"), 1);
	assert_int_equal(reported(b, "conversations"), 1);
}

static void the_next_connection_of_a_forgotten_ones_tuple_is_new(void **state)
{
	struct bench *b = *state;

	finish(b, 10);
	pass(b, 4 * WEIR_MIN);
	say_from(b, 10, SIDE_CLIENT, 0, ">one\n");
	say_from(b, 10, SIDE_CLIENT, 5, "two\n");
	assert_string_equal(b->told, "c>one|ctwo|");
	assert_int_equal(reported(b, "resumed"), 0);
}

static void an_open_one_is_forgotten_much_later_and_may_begin_again(void **state)
{
	struct bench *b = *state;

	say_from(b, 10, SIDE_CLIENT, 0, ">one\nhalf");
	pass(b, 15 * WEIR_MIN);
	assert_int_equal(reported(b, "remembered"), 1);
	pass(b, 10 * WEIR_MIN);
	assert_int_equal(reported(b, "remembered"), 0);
	assert_int_equal(freed, 1);
	say_from(b, 10, SIDE_CLIENT, 9000, ">two\n");
	assert_string_equal(b->told, "c>one|c>two|");
}

static void of_one_that_said_too_little_nothing_is_kept(void **state)
{
	struct bench *b = *state;

	say_from(b, 10, SIDE_CLIENT, 0, ">one\n");
	say_from(b, 11, SIDE_SERVER, 0, "!");
	pass(b, 2 * WEIR_MIN);
	assert_int_equal(reported(b, "remembered"), 2);
	pass(b, 2 * WEIR_MIN);
	assert_int_equal(reported(b, "remembered"), 1);
	assert_int_equal(freed, 0);
}

static void a_new_connection_of_a_finished_ones_tuple_is_another(void **state)
{
	struct bench *b = *state;
	struct payload_record r = record_of(SIDE_CLIENT, 0, ">new\n");

	say(b, SIDE_CLIENT, 0, "?nobody knows this\n");
	say(b, SIDE_SERVER, 0, "!nor does it know that\n");
	r.seq = r.start = 77;
	b->protocol[0] = '\0';
	bench_deliver(b, &r, ">new\n");
	assert_string_equal(b->told, "c>new|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, bench_tear_down)
		CASE(in_order_and_split_anywhere),
		CASE(early_segments_wait_and_repeated_ones_are_dropped),
		CASE(the_server_may_speak_first),
		CASE(what_was_not_chosen_is_a_gap),
		CASE(what_is_skipped_is_no_gap),
		CASE(behind_the_opening_nothing_is_waited_for),
		CASE(too_many_early_segments_give_the_missing_one_up),
		CASE(a_new_connection_of_the_same_tuple_is_another),
		CASE(what_nobody_knows_is_said_once_and_left),
		CASE(a_part_of_a_conversation_is_not_called_unidentified),
		CASE(conversations_are_bounded),
		CASE(finished_ones_are_forgotten_when_they_are_silent),
		CASE(each_payload_makes_room_for_itself),
		CASE(what_a_forgotten_one_says_later_begins_nothing),
		CASE(the_next_connection_of_a_forgotten_ones_tuple_is_new),
		CASE(an_open_one_is_forgotten_much_later_and_may_begin_again),
		CASE(of_one_that_said_too_little_nothing_is_kept),
		CASE(a_new_connection_of_a_finished_ones_tuple_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
