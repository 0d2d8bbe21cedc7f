/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"

static char told[1024];

static void put(const struct event *e, enum field f)
{
	const struct text *text = event_slot(e, f);
	size_t used = strlen(told);

	if (event_has(e, f))
		snprintf(told + used, sizeof(told) - used, "%.*s ", (int)text->length, text->at);
}

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	char address[ADDR_TEXT_MAX];

	(void)context;
	(void)origin;
	assert_int_equal(e->service, SERVICE_DHCP);
	put(e, FIELD_EVENT_ACTION);
	put(e, FIELD_SOURCE_MAC);
	put(e, FIELD_HOST_HOSTNAME);
	put(e, FIELD_USER_AGENT);
	put(e, FIELD_ANOMALY);
	strcat(told, addr_format(&e->source_ip, address));
	strcat(told, "|");
}

/* What is told of one datagram; its length may be more than is there. */
static const char *hear(uint16_t from, uint16_t to, const uint8_t *bytes, size_t there, size_t wire,
			json_t **kinds)
{
	const struct decode_options options = {0};
	const struct decode_ops ops = {on_event, NULL, NULL};
	struct decode *decode = decode_new(&options, &ops);
	struct payload_record r = {
		.key = {.port = {bpf_htons(from), bpf_htons(to)}, .proto = 17},
		.wire = (uint32_t)wire,
		.length = (uint16_t)there,
		.kind = PAYLOAD_FLOW,
		.watch = PAYLOAD_MESSAGES,
		.last = 1,
	};
	json_t *report;

	r.key.addr[0][10] = r.key.addr[0][11] = 0xff;
	told[0] = 0;
	assert_non_null(decode);
	decode_payload(decode, &r, bytes, 0);
	report = decode_report(decode);
	if (kinds)
		*kinds = json_incref(json_object_get(
			json_object_get(json_object_get(report, "protocols"), "dhcp"),
			"malformed"));
	json_decref(report);
	decode_free(decode);
	return told;
}

#define FIXED 236

/* A message of version 4 with these options; returns its length. */
static size_t message(uint8_t m[600], uint8_t op, const void *options, size_t length)
{
	static const uint8_t mac[] = {0x02, 0, 0, 0x11, 0x22, 0x33};

	memset(m, 0, 600);
	m[0] = op;
	m[1] = 1;
	m[2] = 6;
	memcpy(m + 28, mac, sizeof(mac));
	memcpy(m + FIXED, "\x63\x82\x53\x63", 4);
	memcpy(m + FIXED + 4, options, length);
	return FIXED + 4 + length;
}

#define V4(expected, op, options)                                                                  \
	do {                                                                                       \
		size_t length = message(m, op, options, sizeof(options) - 1);                      \
		assert_string_equal(hear(68, 67, m, length, length, NULL), expected);              \
	} while (0)

static void a_client_says_who_it_is(void **state)
{
	uint8_t m[600];

	(void)state;
	V4("discover 02-00-00-11-22-33 laptop MSFT 5.0 0.0.0.0|", 1,
	   "\x35\1\1\x0c\6laptop\x3c\x08MSFT 5.0\xff");
	V4("request 02-00-00-11-22-33 laptop 10.0.0.7|", 1,
	   "\x35\1\3\x32\4\x0a\0\0\7\0\0\x0c\7laptop\0\xff");
	V4("inform 02-00-00-11-22-33 pc.a.org 0.0.0.0|", 1,
	   "\x35\1\x08\x51\x0e\4\0\0\2pc\1a\3org\0\xff");
	V4("request 02-00-00-11-22-33 pc.a 0.0.0.0|", 1, "\x35\1\3\x51\7\0\0\0pc.a\xff");
}

static void a_server_gives_an_address(void **state)
{
	uint8_t m[600];
	size_t length;

	(void)state;
	length = message(m, 2, "\x35\1\5\xff", 4);
	memcpy(m + 16, "\x0a\0\0\x08", 4);
	assert_string_equal(hear(67, 68, m, length, length, NULL),
			    "ack 02-00-00-11-22-33 10.0.0.8|");
	/* On any port. */
	assert_string_equal(hear(1067, 1068, m, length, length, NULL),
			    "ack 02-00-00-11-22-33 10.0.0.8|");
}

static void version_6(void **state)
{
	static const uint8_t solicit[] = {
		1,    0x12, 0x34, 0x56, 0, 1, 0, 14, 0,	  1,   0, 1,   0x2a, 0, 0, 1, 2, 0, 0, 0x11,
		0x22, 0x33, 0,	  39,	0, 8, 0, 2,  'p', 'c', 1, 'a', 0,    0, 0, 6, 0, 2, 0, 23,
	};

	(void)state;
	assert_string_equal(hear(546, 547, solicit, sizeof(solicit), sizeof(solicit), NULL),
			    "solicit 02-00-00-11-22-33 pc.a 0.0.0.0|");
}

/* A flow is recognised by its first datagram. */
static void later_datagrams_may_be_anything(void **state)
{
	static const uint8_t solicit[] = {1, 2, 3, 4, 0, 8, 0, 2, 0, 0};
	static const uint8_t strange[] = {164, 2, 3, 4, 0, 8, 0, 2, 0, 0};
	const struct decode_options options = {0};
	const struct decode_ops ops = {on_event, NULL, NULL};
	struct decode *decode = decode_new(&options, &ops);
	struct payload_record r = {
		.key = {.port = {bpf_htons(546), bpf_htons(547)}, .proto = 17},
		.wire = sizeof(solicit),
		.length = sizeof(solicit),
		.kind = PAYLOAD_FLOW,
		.last = 1,
	};

	(void)state;
	told[0] = 0;
	assert_non_null(decode);
	decode_payload(decode, &r, solicit, 0);
	r.seen = sizeof(solicit);
	decode_payload(decode, &r, strange, 0);
	decode_free(decode);
	assert_string_equal(told, "solicit ::|");
}

static void what_is_wrong_is_counted(void **state)
{
	static const struct {
		const char *options;
		size_t length;
		const char *kind;
	} cases[] = {
		{"\x35\1\1\x0c\x40name", 9, "an option beyond the message"},
		{"\x35\2\1\1\xff", 5, "an option of a wrong length"},
		{"\x32\3\1\1\1\x35\1\1\xff", 9, "an option of a wrong length"},
		{"\x0c\1x\xff", 4, "no message type, or an unknown one"},
		{"\x35\1\x63\xff", 4, "no message type, or an unknown one"},
		{"\x35\1\1\x0c\3a\nb\xff", 9, "control characters in a name"},
	};
	uint8_t m[600];
	json_t *kinds;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length = message(m, 1, cases[i].options, cases[i].length);

		hear(68, 67, m, length, length, &kinds);
		assert_int_equal(json_integer_value(json_object_get(kinds, cases[i].kind)), 1);
		json_decref(kinds);
	}
	hear(68, 67, m, 100, 100, &kinds);
	assert_int_equal(json_integer_value(json_object_get(kinds, "shorter than its header")), 1);
	json_decref(kinds);
	hear(68, 67, m, 100, 300, &kinds);
	assert_int_equal(json_integer_value(json_object_get(kinds, "cut")), 1);
	json_decref(kinds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_says_who_it_is),
		cmocka_unit_test(a_server_gives_an_address),
		cmocka_unit_test(version_6),
		cmocka_unit_test(later_datagrams_may_be_anything),
		cmocka_unit_test(what_is_wrong_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
