/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "decode/decode.h"
#include "decode/tls_certificate.h"

#include "unit/decode/bench.h"

/* ---- certificates, made here ---- */

#define DER_MAX 8192

struct der {
	uint8_t bytes[DER_MAX];
	size_t length;
};

static EVP_PKEY *key_new(void)
{
	return EVP_EC_gen("P-256");
}

static void name(X509_NAME *n, const char *common)
{
	X509_NAME_add_entry_by_txt(n, "C", MBSTRING_ASC, (const unsigned char *)"AQ", -1, -1, 0);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)common, -1, -1,
				   0);
}

/* A certificate for `subject` with the key `of`, signed as `issuer` with the key `by`. */
static struct der make(const char *subject, EVP_PKEY *of, const char *issuer, EVP_PKEY *by,
		       const char *end)
{
	X509 *x = X509_new();
	struct der der;
	unsigned char *at = der.bytes;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "20200101000000Z");
	ASN1_TIME_set_string_X509(X509_getm_notAfter(x), end);
	name(X509_get_subject_name(x), subject);
	name(X509_get_issuer_name(x), issuer);
	X509_set_pubkey(x, of);
	assert_true(X509_sign(x, by, EVP_sha256()) > 0);
	assert_true(i2d_X509(x, NULL) <= DER_MAX);
	der.length = (size_t)i2d_X509(x, &at);
	X509_free(x);
	return der;
}

static struct der own(void)
{
	EVP_PKEY *key = key_new();
	struct der der = make("c2.example", key, "c2.example", key, "20300102030405Z");

	EVP_PKEY_free(key);
	return der;
}

static void what_a_certificate_says_is_read(void **state)
{
	const struct der der = own();
	struct tls_certificate c;
	char text[TIME_TEXT_MAX];

	(void)state;
	assert_true(tls_certificate(der.bytes, der.length, &c));
	assert_int_equal(c.subject_length, strlen("CN=c2.example,C=AQ"));
	assert_memory_equal(c.subject, "CN=c2.example,C=AQ", c.subject_length);
	assert_memory_equal(c.issuer, "CN=c2.example,C=AQ", c.issuer_length);
	assert_string_equal(time_format(c.not_after, text), "2030-01-02T03:04:05.000000Z");
	assert_int_equal(strlen(c.sha256), 64);
	assert_true(c.self_signed);
}

static void an_issuer_of_the_same_name_is_not_oneself(void **state)
{
	EVP_PKEY *key = key_new(), *other = key_new();
	struct tls_certificate c;
	struct der der;

	(void)state;
	der = make("a.example", key, "ca.example", other, "20300101000000Z");
	assert_true(tls_certificate(der.bytes, der.length, &c));
	assert_false(c.self_signed);
	der = make("a.example", key, "a.example", other, "20300101000000Z");
	assert_true(tls_certificate(der.bytes, der.length, &c));
	assert_false(c.self_signed);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

/* More than verdicts are remembered, each asked for twice. */
static void a_verdict_is_that_of_its_certificate(void **state)
{
	EVP_PKEY *key = key_new(), *other = key_new();
	static struct der made[150];
	struct tls_certificate c;

	(void)state;
	for (unsigned i = 0; i < 150; i++)
		made[i] =
			make("a.example", key, "a.example", i % 2 ? other : key, "20300101000000Z");
	for (unsigned i = 0; i < 300; i++) {
		assert_true(tls_certificate(made[i % 150].bytes, made[i % 150].length, &c));
		assert_int_equal(c.self_signed, !(i % 2));
	}
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

/* What proving its signature costs is not left to who sends it. */
static void a_large_key_is_believed_by_its_name(void **state)
{
	EVP_PKEY *large = EVP_RSA_gen(5120), *small = key_new();
	struct tls_certificate c;
	struct der der;

	(void)state;
	der = make("a.example", large, "a.example", small, "20300101000000Z");
	assert_true(tls_certificate(der.bytes, der.length, &c));
	assert_true(c.self_signed);
	EVP_PKEY_free(large);
	EVP_PKEY_free(small);
}

static void an_end_beyond_time_is_none(void **state)
{
	EVP_PKEY *key = key_new();
	struct tls_certificate c;
	struct der der;

	(void)state;
	der = make("a.example", key, "a.example", key, "99991231235959Z");
	assert_true(tls_certificate(der.bytes, der.length, &c));
	assert_true(c.not_after == TIME_NEVER);
	EVP_PKEY_free(key);
}

static void long_and_strange_names_are_bounded(void **state)
{
	EVP_PKEY *key = key_new();
	X509_NAME *n = X509_NAME_new();
	struct tls_certificate c;
	struct der der = {.length = 0};
	unsigned char *at = der.bytes;
	X509 *x = X509_new();
	char unit[65];

	(void)state;
	memset(unit, '\n', 64);
	unit[64] = 0;
	for (int i = 0; i < 40; i++)
		X509_NAME_add_entry_by_txt(n, "OU", MBSTRING_ASC, (unsigned char *)unit, -1, -1, 0);
	ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "20200101000000Z");
	ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "20300101000000Z");
	X509_set_subject_name(x, n);
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	der.length = (size_t)i2d_X509(x, &at);
	assert_true(tls_certificate(der.bytes, der.length, &c));
	assert_int_equal(c.subject_length, CERTIFICATE_NAME_MAX);
	assert_memory_equal(c.subject, "OU=\\0A\\0A", 9);
	assert_int_equal(c.issuer_length, 0);
	X509_NAME_free(n);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void what_is_none_is_refused(void **state)
{
	const struct der der = own();
	struct tls_certificate c;

	(void)state;
	for (size_t length = 0; length < der.length; length++) {
		uint8_t *copy = malloc(length ? length : 1);

		memcpy(copy, der.bytes, length);
		assert_false(tls_certificate(copy, length, &c));
		free(copy);
	}
	for (size_t i = 0; i < der.length; i++) {
		struct der changed = der;

		changed.bytes[i] ^= 0x5a;
		tls_certificate(changed.bytes, changed.length, &c); /* whatever: no crash */
	}
}

/* ---- through the stage ---- */

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	static const enum field shown[] = {FIELD_TLS_VERSION, FIELD_TLS_CIPHER, FIELD_TLS_SUBJECT};
	struct bench *b = context;

	(void)origin;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		bench_put(b, e, shown[i], " ");
	if (event_has(e, FIELD_TLS_SELF_SIGNED))
		bench_tell(b, e->tls_self_signed ? " self-signed" : " signed");
	bench_tell(b, "|");
}

static int set_up(void **state)
{
	const struct bench b = {.ops = {.event = on_event}, .port = 443};

	return bench_set_up(state, &b);
}

static void give_cut(struct bench *b, unsigned side, const void *bytes, size_t length, size_t wire)
{
	bench_give_cut(b, side, bytes, length, wire);
	decode_advance(b->decode, b->at);
}

static void give(struct bench *b, unsigned side, const void *bytes, size_t length)
{
	give_cut(b, side, bytes, length, length);
}

static void ask(struct bench *b)
{
	static const uint8_t hello[] = {22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3, 1, 2, 3,	4, 5, 6,
					7,  8, 1, 2, 3,	 4, 5, 6, 7,  8, 1, 2, 3, 4,	5, 6, 7,
					8,  1, 2, 3, 4,	 5, 6, 7, 8,  0, 0, 2, 0, 0x2f, 1, 0};

	bench_another(b);
	b->told[0] = 0;
	give(b, 0, hello, sizeof(hello));
}

/* ServerHello of TLS 1.2 and Certificate in one record; its length. `chain` more bytes behind the
 * first certificate are announced. */
static size_t answer(uint8_t *out, const struct der *der, size_t chain)
{
	static const uint8_t hello[] = {2, 0, 0, 38, 3, 3, 1, 2, 3, 4, 5, 6, 7,	   8,
					1, 2, 3, 4,  5, 6, 7, 8, 1, 2, 3, 4, 5,	   6,
					7, 8, 1, 2,  3, 4, 5, 6, 7, 8, 0, 0, 0x2f, 0};
	size_t list = der->length + 3 + chain, message = list + 3;
	size_t record = sizeof(hello) + 4 + message;
	const uint8_t head[] = {22, 3, 3, (uint8_t)(record >> 8), (uint8_t)record};
	const uint8_t lists[] = {
		11,
		0,
		(uint8_t)(message >> 8),
		(uint8_t)message,
		0,
		(uint8_t)(list >> 8),
		(uint8_t)list,
		0,
		(uint8_t)(der->length >> 8),
		(uint8_t)der->length,
	};

	memcpy(out, head, 5);
	memcpy(out + 5, hello, sizeof(hello));
	memcpy(out + 5 + sizeof(hello), lists, sizeof(lists));
	memcpy(out + 5 + sizeof(hello) + sizeof(lists), der->bytes, der->length);
	return 5 + sizeof(hello) + sizeof(lists) + der->length;
}

#define AGREED " 1.2 TLS_RSA_WITH_AES_128_CBC_SHA"
#define WHOLE  AGREED " CN=c2.example,C=AQ self-signed|"

/* The first certificate is enough: what follows is not waited for. */
static void a_certificate_is_in_the_event_of_its_hello(void **state)
{
	const struct der der = own();
	struct bench *b = *state;
	uint8_t out[DER_MAX];
	size_t length = answer(out, &der, 1000);

	for (size_t cut = 1; cut < length; cut += 7) {
		ask(b);
		give(b, 1, out, cut);
		assert_string_equal(b->told, "");
		give(b, 1, out + cut, length - cut);
		assert_string_equal(b->told, WHOLE);
	}
}

static void a_certificate_may_come_in_many_records(void **state)
{
	const struct der der = own();
	struct bench *b = *state;
	uint8_t out[DER_MAX];
	size_t length = answer(out, &der, 0);

	for (size_t each = 1; each < 100; each += 9) {
		ask(b);
		for (size_t at = 5; at < length; at += each) {
			size_t n = length - at < each ? length - at : each;
			uint8_t record[5 + 100] = {22, 3, 3, 0, (uint8_t)n};

			memcpy(record + 5, out + at, n);
			give(b, 1, record, 5 + n);
		}
		assert_string_equal(b->told, WHOLE);
	}
}

/* It waits no longer than a hello without one would. */
static void a_certificate_that_is_late_is_not_waited_for(void **state)
{
	const struct der der = own();
	struct bench *b = *state;
	uint8_t out[DER_MAX];
	size_t length = answer(out, &der, 0);

	ask(b);
	b->at = 800 * WEIR_MSEC;
	give(b, 1, out, 60);
	assert_string_equal(b->told, "");
	b->at = DECODE_HOLD;
	give(b, 1, out + 60, 1);
	assert_string_equal(b->told, AGREED "|");
	give(b, 1, out + 61, length - 61);
	assert_string_equal(b->told, AGREED "|");
}

static void a_certificate_that_is_cut_is_counted(void **state)
{
	const struct der der = own();
	struct bench *b = *state;
	uint8_t out[DER_MAX];
	size_t length = answer(out, &der, 0);

	ask(b);
	give_cut(b, 1, out, length - 10, length);
	assert_string_equal(b->told, AGREED "|");
	assert_int_equal(bench_malformed(b, "tls", "a certificate cut"), 1);
}

static void a_session_that_is_resumed_has_none(void **state)
{
	static const uint8_t change[] = {20, 3, 3, 0, 1, 1};
	const struct der der = own();
	struct bench *b = *state;
	uint8_t out[DER_MAX];

	answer(out, &der, 0);
	out[3] = 0;
	out[4] = 42; /* the ServerHello alone */
	ask(b);
	give(b, 1, out, 5 + 42);
	assert_string_equal(b->told, "");
	give(b, 1, change, sizeof(change));
	assert_string_equal(b->told, AGREED "|");
	assert_int_equal(bench_malformed(b, "tls", "no hello where one belongs"), 0);
}

static void rubbish_for_a_certificate_is_counted(void **state)
{
	struct der der = own();
	struct bench *b = *state;
	uint8_t out[DER_MAX];
	size_t length;

	memset(der.bytes, 0x30, der.length);
	length = answer(out, &der, 0);
	ask(b);
	give(b, 1, out, length);
	assert_string_equal(b->told, AGREED "|");
	assert_int_equal(bench_malformed(b, "tls", "a certificate that is none"), 1);
	out[5 + 42 + 7] = 1; /* longer than the list */
	ask(b);
	give(b, 1, out, length);
	assert_string_equal(b->told, AGREED "|");
	assert_int_equal(bench_malformed(b, "tls", "lengths that lie"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, bench_tear_down)
		cmocka_unit_test(what_a_certificate_says_is_read),
		cmocka_unit_test(an_issuer_of_the_same_name_is_not_oneself),
		cmocka_unit_test(a_verdict_is_that_of_its_certificate),
		cmocka_unit_test(a_large_key_is_believed_by_its_name),
		cmocka_unit_test(an_end_beyond_time_is_none),
		cmocka_unit_test(long_and_strange_names_are_bounded),
		cmocka_unit_test(what_is_none_is_refused),
		CASE(a_certificate_is_in_the_event_of_its_hello),
		CASE(a_certificate_may_come_in_many_records),
		CASE(a_certificate_that_is_late_is_not_waited_for),
		CASE(a_certificate_that_is_cut_is_counted),
		CASE(a_session_that_is_resumed_has_none),
		CASE(rubbish_for_a_certificate_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
