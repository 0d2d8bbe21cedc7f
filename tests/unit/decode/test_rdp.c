/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"

static char told[256], spoken[32];

static void put(const struct event *e, enum field f)
{
	const struct text *text = event_slot(e, f);
	size_t used = strlen(told);

	if (event_has(e, f))
		snprintf(told + used, sizeof(told) - used, " %.*s", (int)text->length, text->at);
}

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	(void)context;
	(void)origin;
	assert_int_equal(e->service, SERVICE_LOGIN);
	put(e, FIELD_EVENT_OUTCOME);
	put(e, FIELD_RDP_COOKIE);
	put(e, FIELD_EVENT_ACTION);
	strcat(told, "|");
}

static void on_protocol(void *context, const struct decode_origin *origin, const char *name)
{
	(void)context;
	(void)origin;
	strcpy(spoken, name);
}

static void give(struct decode *decode, unsigned side, uint16_t port, uint32_t seq,
		 const void *bytes, size_t length)
{
	const struct payload_record r = {
		.key = {.port = {bpf_htons(40000), bpf_htons(port)}, .proto = 6},
		.seq = seq,
		.started = 1,
		.seen = seq,
		.wire = (uint32_t)length,
		.length = (uint16_t)length,
		.kind = PAYLOAD_FLOW,
		.direction = (uint8_t)side,
		.last = 1,
	};

	decode_payload(decode, &r, bytes, 0);
}

/* Byte by byte, so that everything may be split; `answer` may be NULL. */
static const char *hear(uint16_t port, const char *ask, size_t length, const char *answer,
			size_t answer_length)
{
	const struct decode_options options = {0};
	const struct decode_ops ops = {on_event, on_protocol, NULL};
	struct decode *decode = decode_new(&options, &ops);

	assert_non_null(decode);
	told[0] = spoken[0] = 0;
	for (size_t i = 0; i < length; i++)
		give(decode, 0, port, (uint32_t)i, ask + i, 1);
	for (size_t i = 0; i < answer_length; i++)
		give(decode, 1, port, (uint32_t)i, answer + i, 1);
	decode_finish(decode);
	decode_free(decode);
	return told;
}

#define HEAR(port, ask, answer) hear(port, ask, sizeof(ask) - 1, answer, sizeof(answer) - 1)

#define COOKIE	"\3\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=admin\r\n\1\0\x08\0\3\0\0\0"
#define CREDSSP "\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\x1f\x08\0\2\0\0\0"
#define REFUSED "\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\3\0\x08\0\5\0\0\0"
#define PLAIN	"\3\0\0\x0b\x06\xd0\0\0\x12\x34\0"

static void who_asks_and_how_it_is_protected(void **state)
{
	(void)state;
	assert_string_equal(HEAR(3389, COOKIE, CREDSSP), " unknown admin credssp|");
	assert_string_equal(spoken, "rdp");
	assert_string_equal(HEAR(443, COOKIE, REFUSED), " unknown admin refused|");
	assert_string_equal(HEAR(4000, COOKIE, ""), " unknown admin|");
	assert_string_equal(HEAR(4000, "\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0", PLAIN),
			    " unknown rdp|");
	assert_string_equal(HEAR(3389, "\3\0\0\x0b\x06\xe0\0\0\0\0\0", PLAIN), " unknown rdp|");
}

static void what_is_framed_alike_is_another(void **state)
{
	(void)state;
	/* S7: a request with TSAPs behind it. */
	assert_string_equal(
		HEAR(102, "\3\0\0\x16\x11\xe0\0\0\0\1\0\xc0\1\x0a\xc1\2\1\0\xc2\2\1\2", ""), "");
	assert_string_equal(HEAR(4000, "\3\0\0\x0b\x06\xe0\0\0\0\0\0", ""), "");
	assert_string_not_equal(spoken, "rdp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks_and_how_it_is_protected),
		cmocka_unit_test(what_is_framed_alike_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
