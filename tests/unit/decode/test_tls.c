/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "decode/decode.h"
#include "decode/tls_hello.h"

#include "unit/decode/bench.h"

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

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	static const enum field shown[] = {FIELD_TLS_SERVER_NAME, FIELD_TLS_ALPN, FIELD_TLS_VERSION,
					   FIELD_TLS_CIPHER, FIELD_ANOMALY};
	struct bench *b = context;

	(void)origin;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		bench_put(b, e, shown[i], " ");
	bench_tell(b, "|");
}

static int set_up(void **state)
{
	const struct bench b = {.ops = {.event = on_event}, .port = 8443};

	return bench_set_up(state, &b);
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
		bench_give(b, 0, client + i, 1);
	assert_string_equal(b->told, "");
	for (size_t i = 0; i < sizeof(server); i++)
		bench_give(b, 1, server + i, 1);
	assert_string_equal(b->told, " a.b h2 1.3 TLS_AES_128_GCM_SHA256|");
}

/* The same message in records of so many bytes each. */
static void give_records(struct bench *b, unsigned side, const uint8_t *message, size_t length,
			 size_t each)
{
	for (size_t at = 0; at < length; at += each) {
		size_t n = length - at < each ? length - at : each;
		uint8_t record[5 + 4096] = {22, 3, 1, (uint8_t)(n >> 8), (uint8_t)n};

		memcpy(record + 5, message + at, n);
		bench_give(b, side, record, 5 + n);
	}
}

static void tiny_records_evade_nobody(void **state)
{
	struct bench *b = *state;

	for (size_t each = 1; each < sizeof(client) - 5; each += 13) {
		b->told[0] = 0;
		give_records(b, 0, client + 5, sizeof(client) - 5, each);
		decode_finish(b->decode);
		assert_string_equal(b->told, " tls: a hello in tiny records| a.b h2|");
		bench_another(b);
	}
}

/* Post-quantum keys make hellos long. */
static void a_long_hello_in_ordinary_records_is_ordinary(void **state)
{
	struct bench *b = *state;
	uint8_t message[1600] = {0};

	memcpy(message, client + 5, sizeof(client) - 5);
	message[2] = (sizeof(message) - 4) >> 8;
	message[3] = (sizeof(message) - 4) & 0xff;
	/* The extensions' length, and one that fills: padding (RFC 7685). */
	message[47] = (sizeof(message) - 49) >> 8;
	message[48] = (sizeof(message) - 49) & 0xff;
	message[78] = 21;
	message[79] = (sizeof(message) - 81) >> 8;
	message[80] = (sizeof(message) - 81) & 0xff;
	give_records(b, 0, message, sizeof(message), 512);
	decode_finish(b->decode);
	assert_string_equal(b->told, " a.b h2|");
}

#define RETRY_RANDOM                                                                               \
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8,  \
		0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2,      \
		0xc8, 0xa8, 0x33, 0x9c

static void a_hello_that_is_asked_for_again_is_one_event(void **state)
{
	static const uint8_t retry[] = {
		22, 3, 3, 0, 50, 2,  0, 0, 46, 3, 3, RETRY_RANDOM, 0, 0x13, 0x02, 0, 0, 6, 0,
		43, 0, 2, 3, 4,	 20, 3, 3, 0,  1, 1,
	};
	struct bench *b = *state;

	bench_give(b, 0, client, sizeof(client));
	bench_give(b, 1, retry, sizeof(retry));
	bench_give(b, 0, client, sizeof(client));
	assert_string_equal(b->told, "");
	bench_give(b, 1, server, sizeof(server));
	assert_string_equal(b->told, " a.b h2 1.3 TLS_AES_128_GCM_SHA256|");
	decode_finish(b->decode);
	assert_string_equal(b->told, " a.b h2 1.3 TLS_AES_128_GCM_SHA256|");
}

static void a_refusal_leaves_what_was_asked(void **state)
{
	static const uint8_t alert[] = {21, 3, 1, 0, 2, 2, 40};
	struct bench *b = *state;

	bench_give(b, 0, client, sizeof(client));
	bench_give(b, 1, alert, sizeof(alert));
	assert_string_equal(b->told, " a.b h2|");
	assert_int_equal(bench_malformed(b, "tls", "no hello where one belongs"), 0);
}

static void another_record_within_a_hello_is_counted(void **state)
{
	static const uint8_t alert[] = {21, 3, 1, 0, 2, 2, 40};
	struct bench *b = *state;

	give_records(b, 0, client + 5, 40, 20);
	bench_give(b, 0, alert, sizeof(alert));
	assert_string_equal(b->told, "");
	assert_int_equal(bench_malformed(b, "tls", "no hello where one belongs"), 1);
}

static const uint8_t old_client[] = {
	0x80, 9 + 6 + 16, 1, 3, 1, 0, 6, 0, 0, 0, 16, 0, 0, 0x2f, 7, 0, 0xc0,
	1,    2,	  3, 4, 5, 6, 7, 8, 1, 2, 3,  4, 5, 6,	  7, 8,
};

static void hellos_in_the_form_of_ssl_2_are_read(void **state)
{
	static const uint8_t answer[] = {
		22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1, RANDOM_32, 0, 0, 0x2f, 0,
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(old_client); i++)
		bench_give(b, 0, old_client + i, 1);
	bench_give(b, 1, answer, sizeof(answer));
	decode_finish(b->decode);
	assert_string_equal(b->told, " 1.0 TLS_RSA_WITH_AES_128_CBC_SHA|");
}

static void ssl_2_itself_is_told_by_its_version(void **state)
{
	static const uint8_t answer[] = {0x83, 0xd7, 4, 0, 1, 0, 2};
	uint8_t asked[sizeof(old_client)];
	struct bench *b = *state;

	memcpy(asked, old_client, sizeof(asked));
	asked[3] = 0;
	asked[4] = 2;
	bench_give(b, 0, asked, sizeof(asked));
	bench_give(b, 1, answer, sizeof(answer));
	assert_string_equal(b->told, " 2.0|");
}

static void numbers_have_names(void **state)
{
	(void)state;
	assert_string_equal(tls_cipher_name(0), "TLS_NULL_WITH_NULL_NULL");
	assert_string_equal(tls_cipher_name(0x1303), "TLS_CHACHA20_POLY1305_SHA256");
	assert_string_equal(tls_cipher_name(0xffe1), "SSL_RSA_FIPS_WITH_DES_CBC_SHA");
	assert_null(tls_cipher_name(0x0a0a));
	assert_null(tls_cipher_name(0xffff));
	assert_string_equal(tls_version_name(0x0300), "3.0");
	assert_string_equal(tls_version_name(0x7f1c), "1.3");
	assert_null(tls_version_name(0x0305));
}

/* What libssl calls them, where it knows them. */
static void names_of_ciphers_agree_with_openssl(void **state)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	STACK_OF(SSL_CIPHER) * all;

	(void)state;
	SSL_CTX_set_security_level(context, 0);
	assert_int_equal(SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL"), 1);
	all = SSL_CTX_get_ciphers(context);
	assert_true(sk_SSL_CIPHER_num(all) > 50);
	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		const SSL_CIPHER *one = sk_SSL_CIPHER_value(all, i);
		const char *name = tls_cipher_name(SSL_CIPHER_get_protocol_id(one));

		assert_non_null(name);
		assert_string_equal(name, SSL_CIPHER_standard_name(one));
	}
	SSL_CTX_free(context);
}

static void lengths_that_lie_are_counted(void **state)
{
	struct bench *b = *state;
	uint8_t wrong[sizeof(client)];

	memcpy(wrong, client, sizeof(wrong));
	wrong[43 + 1 + 1] = 60;
	bench_give(b, 0, wrong, sizeof(wrong));
	decode_finish(b->decode);
	assert_string_equal(b->told, "");
	assert_int_equal(bench_malformed(b, "tls", "lengths that lie"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, bench_tear_down)
		CASE(ja4_agrees_with_the_published_example),
		CASE(hellos_may_be_split_anywhere),
		CASE(tiny_records_evade_nobody),
		CASE(a_long_hello_in_ordinary_records_is_ordinary),
		CASE(a_hello_that_is_asked_for_again_is_one_event),
		CASE(a_refusal_leaves_what_was_asked),
		CASE(another_record_within_a_hello_is_counted),
		CASE(hellos_in_the_form_of_ssl_2_are_read),
		CASE(ssl_2_itself_is_told_by_its_version),
		CASE(numbers_have_names),
		CASE(names_of_ciphers_agree_with_openssl),
		CASE(lengths_that_lie_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
