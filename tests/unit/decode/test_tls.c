/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "decode/tls_hello.h"

/* ---- the published example of JA4 ---- */

static void put(struct tls_list *list, const uint16_t *at, unsigned len)
{
	memcpy(list->at, at, len * sizeof(*at));
	list->len = len;
}

#define PUT(list, ...)                                                                             \
	put(list, (const uint16_t[]){__VA_ARGS__},                                                 \
	    sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t))

static void ja4_agrees_with_the_published_example(void **state)
{
	struct tls_hello hello = {.legacy = 0x0303, .version = 0x0304, .has_alpn = true};
	char text[JA4_TEXT];

	(void)state;
	strcpy(hello.alpn, "h2");
	hello.alpn_length = 2;
	PUT(&hello.ciphers, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
	    0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035);
	PUT(&hello.extensions, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d,
	    0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015);
	PUT(&hello.signatures, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601);
	ja4_client(&hello, 't', text);
	assert_string_equal(text, "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

/* ---- hellos through the stage ---- */

struct bench {
	struct decode *decode;
	char told[512];
	uint32_t sent[2];
};

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	static const enum field shown[] = {FIELD_TLS_SERVER_NAME, FIELD_TLS_ALPN, FIELD_TLS_VERSION,
					   FIELD_TLS_CIPHER, FIELD_ANOMALY};
	struct bench *b = context;

	(void)origin;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		const struct text *text = event_slot(e, shown[i]);
		size_t used = strlen(b->told);

		if (event_has(e, shown[i]))
			snprintf(b->told + used, sizeof(b->told) - used, " %.*s", (int)text->length,
				 text->at);
	}
	strcat(b->told, "|");
}

static int set_up(void **state)
{
	static struct bench bench;
	const struct decode_options options = {0};
	const struct decode_ops ops = {on_event, NULL, &bench};

	memset(&bench, 0, sizeof(bench));
	bench.decode = decode_new(&options, &ops);
	*state = &bench;
	return bench.decode ? 0 : -1;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	decode_free(b->decode);
	return 0;
}

static void give(struct bench *b, unsigned side, const uint8_t *bytes, size_t length)
{
	const struct payload_record r = {
		.key = {.port = {bpf_htons(5000), bpf_htons(8443)}, .proto = 6},
		.seq = b->sent[side],
		.started = 1,
		.seen = b->sent[side],
		.wire = (uint32_t)length,
		.length = (uint16_t)length,
		.kind = PAYLOAD_FLOW,
		.direction = (uint8_t)side,
		.last = 1,
	};

	b->sent[side] += (uint32_t)length;
	decode_payload(b->decode, &r, bytes, 0);
}

#define RANDOM_32                                                                                  \
	1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6,  \
		7, 8

static const uint8_t client[] = {
	22,   3,    1,	0, 77, 1,  0, 0, 73,  3,   3, RANDOM_32, 0, 0, 4, 0x0a, 0x0a,
	0x13, 0x01, 1,	0, 0,  28, 0, 0, 0,   8,   0, 6,	 0, 0, 3, 'a',	'.',
	'b',  0,    16, 0, 5,  0,  3, 2, 'h', '2', 0, 43,	 0, 3, 2, 3,	4,
};

static const uint8_t server[] = {
	22, 3, 3, 0, 50, 2, 0, 0, 46, 3, 3, RANDOM_32, 0, 0x13, 0x01, 0, 0, 6, 0, 43, 0, 2, 3, 4,
};

static void hellos_may_be_split_anywhere(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(client); i++)
		give(b, 0, client + i, 1);
	assert_string_equal(b->told, "");
	for (size_t i = 0; i < sizeof(server); i++)
		give(b, 1, server + i, 1);
	assert_string_equal(b->told, " a.b h2 1.3 0x1301|");
}

static void a_hello_may_come_in_several_records(void **state)
{
	struct bench *b = *state;
	uint8_t first[5 + 20] = {22, 3, 1, 0, 20}, second[5 + 57] = {22, 3, 1, 0, 57};

	memcpy(first + 5, client + 5, 20);
	memcpy(second + 5, client + 25, 57);
	give(b, 0, first, sizeof(first));
	give(b, 0, second, sizeof(second));
	decode_advance(b->decode, DECODE_HOLD);
	assert_string_equal(b->told, " a.b h2|");
}

static void lengths_that_lie_are_counted(void **state)
{
	struct bench *b = *state;
	uint8_t wrong[sizeof(client)];
	json_t *report, *kinds;

	memcpy(wrong, client, sizeof(wrong));
	wrong[43 + 1 + 1] = 60;
	give(b, 0, wrong, sizeof(wrong));
	decode_finish(b->decode);
	assert_string_equal(b->told, "");
	report = decode_report(b->decode);
	kinds = json_object_get(json_object_get(json_object_get(report, "protocols"), "tls"),
				"malformed");
	assert_int_equal(json_integer_value(json_object_get(kinds, "lengths that lie")), 1);
	json_decref(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		CASE(ja4_agrees_with_the_published_example),
		CASE(hellos_may_be_split_anywhere),
		CASE(a_hello_may_come_in_several_records),
		CASE(lengths_that_lie_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
