/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event/escape.h"
#include "event/json.h"

static const char *const roles[] = {"backup", "scanner", "mail"};

static uint64_t seed = 20260101;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Numbers near the edges of their type as often as anywhere else. */
static uint64_t draw_number(void)
{
	static const uint64_t edges[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};

	return draw() % 2 ? edges[draw() % 5] : draw() >> draw() % 64;
}

static void draw_text(struct text *text, struct arena *arena)
{
	static const char *const pieces[] = {"plain",	     "\\x41", "\\", "x4",
					     "\xff",	     "\n",    "ü→", "\xc2\x85",
					     "\xed\xa0\x80", "\"",    "",   "\xf0\x9f\x98\x80"};
	char bytes[200];
	size_t length = 0;

	for (unsigned n = draw() % 6; n; n--) {
		const char *piece = pieces[draw() % 12];

		memcpy(bytes + length, piece, strlen(piece));
		length += strlen(piece);
	}
	if (draw() % 4 == 0)
		bytes[length++] = '\0';
	*text = (struct text){arena_copy(arena, bytes, length), (uint32_t)length};
}

static void draw_slot(enum field f, void *slot, struct arena *arena)
{
	switch ((enum field_type)field_table[f].type) {
	case TYPE_ADDR:
		for (unsigned i = 0; i < 16; i++)
			((struct addr *)slot)->byte[i] = draw() % 3 ? (uint8_t)draw() : 0;
		if (draw() % 2)
			*(struct addr *)slot = addr_from_v4((uint32_t)draw());
		break;
	case TYPE_TEXT:
	case TYPE_TEXTS:
		draw_text(slot, arena);
		break;
	case TYPE_ENUM:
		do
			*(uint16_t *)slot = (uint16_t)(draw() % 256);
		while (!field_enum_name(f, *(uint16_t *)slot));
		break;
	case TYPE_COUNT:
		*(uint64_t *)slot = draw_number();
		break;
	case TYPE_REAL:
		*(double *)slot = (double)draw_number() / 977.0;
		break;
	case TYPE_TIME:
		*(weir_time *)slot = (weir_time)(draw() % 4000000000000000) * WEIR_USEC;
		break;
	case TYPE_DURATION:
		*(int64_t *)slot = (int64_t)draw_number();
		break;
	case TYPE_BOOL:
		*(bool *)slot = draw() % 2;
		break;
	case TYPE_ROLES:
		*(uint64_t *)slot = draw() % 8;
		break;
	}
}

static void same_slot(enum field f, const void *a, const void *b)
{
	const struct text *x = a, *y = b;

	switch ((enum field_type)field_table[f].type) {
	case TYPE_ADDR:
		assert_true(addr_equal(a, b));
		break;
	case TYPE_TEXT:
	case TYPE_TEXTS:
		assert_int_equal(x->length, y->length);
		assert_memory_equal(x->at, y->at, x->length);
		break;
	case TYPE_ENUM:
		assert_int_equal(*(const uint16_t *)a, *(const uint16_t *)b);
		break;
	case TYPE_COUNT:
	case TYPE_ROLES:
		assert_true(*(const uint64_t *)a == *(const uint64_t *)b);
		break;
	case TYPE_REAL:
		assert_true(*(const double *)a == *(const double *)b);
		break;
	case TYPE_TIME:
	case TYPE_DURATION:
		assert_true(*(const int64_t *)a == *(const int64_t *)b);
		break;
	case TYPE_BOOL:
		assert_int_equal(*(const bool *)a, *(const bool *)b);
		break;
	}
}

/* Through the text, as a file holds it. */
static json_t *written_and_parsed(const struct event *e)
{
	json_t *object = event_to_json(e), *again;
	char *line;

	assert_non_null(object);
	line = json_dumps(object, JSON_COMPACT);
	assert_non_null(line);
	assert_null(strchr(line, '\n'));
	again = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	assert_non_null(again);
	free(line);
	json_decref(object);
	return again;
}

static void what_is_written_reads_back(void **state)
{
	(void)state;
	field_roles_set(roles, 3);
	for (int round = 0; round < 3000; round++) {
		struct arena arena = {0};
		struct event e = {.time = (weir_time)(draw() % 4000000000000000) * WEIR_USEC,
				  .service = (uint16_t)(draw() % SERVICE_COUNT)};
		struct event back;
		struct error error;
		size_t unknown;
		json_t *object;

		for (unsigned f = 0; f < FIELD_COUNT; f++) {
			if (draw() % 2)
				continue;
			draw_slot(f, (char *)&e + field_table[f].offset, &arena);
			event_mark(&e, f);
		}
		object = written_and_parsed(&e);
		assert_int_equal(event_from_json(object, &arena, &back, &unknown, &error), 0);
		assert_int_equal(unknown, 0);
		assert_true(back.time == e.time);
		assert_int_equal(back.service, e.service);
		assert_memory_equal(back.present, e.present, sizeof(e.present));
		for (unsigned f = 0; f < FIELD_COUNT; f++)
			if (event_has(&e, f))
				same_slot(f, event_slot(&e, f), event_slot(&back, f));
		json_decref(object);
		arena_free(&arena);
	}
}

static void an_event_is_flat_ecs(void **state)
{
	struct event e = {.time = INT64_C(1767323045000006999), .service = SERVICE_CONNECTION};
	json_t *object;
	char *line;

	(void)state;
	field_roles_set(roles, 3);
	event_set(&e, SOURCE_IP, source_ip, addr_from_v4(0x0100000a));
	event_set(&e, SOURCE_PORT, source_port, 40000);
	event_set(&e, NETWORK_TRANSPORT, network_transport, 6);
	event_set(&e, NETWORK_STATE, network_state, STATE_REJECTED);
	event_set(&e, EVENT_DURATION, event_duration, 1500);
	event_set(&e, SOURCE_ROLE, source_role, 6);
	event_set(&e, TCP_HALF_OPEN, tcp_half_open, true);
	event_set(&e, INTERFACE_NAME, interface_name, ((struct text){"et\xff\n", 4}));
	object = event_to_json(&e);
	line = json_dumps(object, JSON_COMPACT);
	assert_string_equal(
		line, "{\"@timestamp\":\"2026-01-02T03:04:05.000006Z\",\"event.kind\":\"event\","
		      "\"event.dataset\":\"weir.connection\",\"source.ip\":\"10.0.0.1\","
		      "\"source.port\":40000,\"network.transport\":\"tcp\","
		      "\"network.state\":\"rejected\",\"event.duration\":1500,"
		      "\"source.role\":[\"scanner\",\"mail\"],\"tcp.half_open\":true,"
		      "\"observer.ingress.interface.name\":\"et\\\\xFF\\\\x0A\"}");
	free(line);
	json_decref(object);
}

#define HEAD "{\"@timestamp\":\"2026-01-02T03:04:05Z\",\"event.dataset\":\"weir.attempt\""

static int parse(const char *text, struct event *e, size_t *unknown, struct error *error)
{
	struct arena arena = {0};
	json_t *object = json_loads(text, JSON_DECODE_ANY, NULL);
	int err;

	assert_non_null(object);
	err = event_from_json(object, &arena, e, unknown, error);
	json_decref(object);
	arena_free(&arena);
	return err;
}

static void faults_name_the_key(void **state)
{
	static const struct {
		const char *text, *words;
	} wrong[] = {
		{"[]", "not an object: an event is {…}"},
		{"{\"event.dataset\":\"weir.attempt\"}",
		 "@timestamp is missing: it should be a time as in RFC 3339"},
		{"{\"@timestamp\":\"yesterday\"}",
		 "@timestamp is wrong: it should be a time as in RFC 3339"},
		{"{\"@timestamp\":1,\"event.dataset\":\"x\"}",
		 "event.dataset is unknown: it should be weir.attempt, weir.connection, "
		 "weir.flow, …"},
		{HEAD ",\"source.ip\":\"10.0.0.256\"}",
		 "source.ip is wrong: it should be an address"},
		{HEAD ",\"source.ip\":5}", "source.ip is wrong: it should be an address"},
		{HEAD ",\"source.port\":-1}",
		 "source.port is wrong: it should be a number that is whole and not negative"},
		{HEAD ",\"source.port\":\"80x\"}",
		 "source.port is wrong: it should be a number that is whole and not negative"},
		{HEAD ",\"source.port\":1.5}",
		 "source.port is wrong: it should be a number that is whole and not negative"},
		{HEAD ",\"network.state\":\"maybe\"}",
		 "network.state is wrong: it should be outcome: established rejected unanswered"},
		{HEAD ",\"network.transport\":300}",
		 "network.transport is wrong: it should be IANA protocol keyword: tcp udp icmp "
		 "ipv6-icmp sctp …"},
		{HEAD ",\"source.role\":[1]}",
		 "source.role is wrong: it should be a list of names"},
		{HEAD ",\"tcp.half_open\":2}",
		 "tcp.half_open is wrong: it should be true or false"},
		{HEAD ",\"event.start\":1e300}",
		 "event.start is wrong: it should be a time as in RFC 3339, or seconds since 1970"},
		{HEAD ",\"message\":7}", "message is wrong: it should be text"},
	};
	struct event e;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct error error = {0};
		size_t unknown;

		assert_int_equal(parse(wrong[i].text, &e, &unknown, &error), -22);
		assert_string_equal(error.text, wrong[i].words);
		assert_int_equal(error.status, EXIT_INPUT);
	}
}

static void strangers_are_counted(void **state)
{
	struct event e;
	size_t unknown;

	(void)state;
	field_roles_set(roles, 3);
	assert_int_equal(parse(HEAD ",\"agent.name\":{},\"source.port\":null,\"dst_port\":443.0,"
				    "\"source.role\":[\"mail\",\"other\"],"
				    "\"destination.role\":\"backup_server\"}",
			       &e, &unknown, NULL),
			 0);
	assert_int_equal(unknown, 2);
	assert_false(event_has(&e, FIELD_SOURCE_PORT));
	assert_int_equal(e.destination_port, 443);
	assert_int_equal(e.source_role, 4);
	assert_int_equal(e.destination_role, UINT64_C(1) << field_role_number("backup_server", 13));
}

static void text_is_cut_between_characters(void **state)
{
	(void)state;
	assert_int_equal(utf8_cut("a→b", 5, 5), 5);
	assert_int_equal(utf8_cut("a→b", 5, 4), 4);
	assert_int_equal(utf8_cut("a→b", 5, 3), 1);
	assert_int_equal(utf8_cut("a→b", 5, 2), 1);
	assert_int_equal(utf8_cut("→", 3, 2), 0);
	assert_true(escape_clean("→", 3));
	assert_false(escape_clean("\xe2\x86", 2));
	assert_false(escape_clean("\x1b[31m", 5));
}

static void what_a_terminal_would_obey_is_escaped(void **state)
{
	/* C1, marks of direction, separators, a byte order mark */
	static const char *const obeyed[] = {
		"\xc2\x9b", "\u061c", "\u200e", "\u200f", "\u202a", "\u202e",
		"\u2066",   "\u2069", "\u2028", "\u2029", "\ufeff",
	};
	static const char *const shown[] = {"\u00a0", "\u061b", "\u200d", "\u2027",
					    "\u202f", "\u2065", "\u206a", "\ufefe"};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(obeyed) / sizeof(obeyed[0]); i++)
		assert_false(escape_clean(obeyed[i], strlen(obeyed[i])));
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		assert_true(escape_clean(shown[i], strlen(shown[i])));
	assert_int_equal(escape_bytes("a\u202eb", 5, false, text), 14);
	assert_string_equal(text, "a\\xE2\\x80\\xAEb");
	assert_int_equal(escape_undo(text, strlen(text)), 5);
	assert_memory_equal(text, "a\u202eb", 5);
}

static void lines_keep_newlines_and_escapes(void **state)
{
	char text[64];

	(void)state;
	escape_bytes("a\nb\\x0A\r", 8, true, text);
	assert_string_equal(text, "a\nb\\x0A\\x0D");
	escape_bytes("a\nb\\x0A", 7, false, text);
	assert_string_equal(text, "a\\x0Ab\\x5Cx0A");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(an_event_is_flat_ecs),
		cmocka_unit_test(faults_name_the_key),
		cmocka_unit_test(strangers_are_counted),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(what_a_terminal_would_obey_is_escaped),
		cmocka_unit_test(lines_keep_newlines_and_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
