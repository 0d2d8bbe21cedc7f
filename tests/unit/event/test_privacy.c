/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/arena.h"
#include "event/privacy.h"

static const struct privacy_options hash_names = {.dns_names = PRIVACY_HASH, .key = {7}};

/* By libcrypto's older interface: HMAC(HMAC(key, purpose), text). */
static void reference(const char *text, char hash[PRIVACY_TEXT_MAX])
{
	static const char purpose[] = "weir hashes of texts";
	unsigned char key[32], mac[32];
	unsigned length;

	HMAC(EVP_sha256(), hash_names.key, 32, (const unsigned char *)purpose, sizeof(purpose) - 1,
	     key, &length);
	HMAC(EVP_sha256(), key, 32, (const unsigned char *)text, strlen(text), mac, &length);
	strcpy(hash, "hash:");
	for (int i = 0; i < 12; i++)
		snprintf(hash + 5 + 2 * i, 3, "%02x", mac[i]);
}

static void only_texts_are_private(void **state)
{
	(void)state;
	for (int f = 0; f < FIELD_COUNT; f++)
		if (field_table[f].subject != SUBJECT_OPEN)
			assert_true(type_is_text(field_table[f].type));
}

static void what_holds_two_is_as_strict_as_the_stricter(void **state)
{
	const struct privacy_options o = {.urls = PRIVACY_DROP, .dns_names = PRIVACY_HASH};

	(void)state;
	assert_int_equal(privacy_set(&o), 0);
	assert_true(privacy_is_on());
	assert_int_equal(privacy_of(FIELD_URL_ORIGINAL), PRIVACY_DROP);
	assert_int_equal(privacy_of(FIELD_URL_DOMAIN), PRIVACY_HASH);
	assert_int_equal(privacy_of(FIELD_PROCESS_COMMAND_LINE), PRIVACY_KEEP);
	assert_int_equal(privacy_of(FIELD_NONE), PRIVACY_KEEP);
	assert_int_equal(privacy_set(NULL), 0);
	assert_false(privacy_is_on());
	assert_int_equal(privacy_of(FIELD_URL_ORIGINAL), PRIVACY_KEEP);
}

static void a_hash_is_of_the_key_and_without_case(void **state)
{
	struct privacy_options other = hash_names;
	char expected[PRIVACY_TEXT_MAX], room[PRIVACY_TEXT_MAX], again[PRIVACY_TEXT_MAX];
	char longer[1000];
	struct text text = text_string("WWW.Example.org"), hash;

	(void)state;
	reference("www.example.org", expected);
	privacy_set(&hash_names);
	hash = privacy_hash(&text, room);
	assert_int_equal(hash.length, strlen(expected));
	assert_memory_equal(hash.at, expected, hash.length);
	assert_true(privacy_is_hash(hash.at, hash.length));
	/* Once is enough: what was read back of an archive stays what it is. */
	text = hash;
	hash = privacy_hash(&text, again);
	assert_memory_equal(hash.at, expected, hash.length);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	reference(longer, expected);
	text = text_string(longer);
	hash = privacy_hash(&text, room);
	assert_memory_equal(hash.at, expected, hash.length);
	other.key[31] = 1;
	privacy_set(&other);
	hash = privacy_hash(&text, room);
	assert_memory_not_equal(hash.at, expected, hash.length);
	privacy_set(NULL);
}

static void an_event_leaves_as_it_may(void **state)
{
	struct privacy_options o = hash_names;
	struct event e = {0};
	struct arena arena = {0};
	struct text element;
	uint32_t at = 0, len = 0;

	(void)state;
	o.command_lines = PRIVACY_DROP;
	privacy_set(&o);
	event_set(&e, DNS_QUESTION_NAME, dns_question_name, text_string("a.test"));
	event_set(&e, DNS_ANSWERS, dns_answers,
		  ((struct text){"a.test\0"
				 "192.0.2.1",
				 16}));
	event_set(&e, PROCESS_COMMAND_LINE, process_command_line, text_string("secret"));
	event_set(&e, PROCESS_NAME, process_name, text_string("curl"));
	assert_int_equal(privacy_event(&e, &arena), 0);
	assert_false(event_has(&e, FIELD_PROCESS_COMMAND_LINE));
	assert_memory_equal(e.process_name.at, "curl", 4);
	assert_true(privacy_is_hash(e.dns_question_name.at, e.dns_question_name.length));
	for (; texts_next(&e.dns_answers, &at, &element); len++) {
		assert_true(privacy_is_hash(element.at, element.length));
		if (!len)
			assert_memory_equal(element.at, e.dns_question_name.at, element.length);
	}
	assert_int_equal(len, 2);
	privacy_set(NULL);
	arena_free(&arena);
}

static void what_only_looks_like_a_hash_is_none(void **state)
{
	(void)state;
	assert_false(privacy_is_hash("hash:0123456789abcdef0123456", 28));
	assert_false(privacy_is_hash("hash:0123456789abcdef0123456G", 29));
	assert_false(privacy_is_hash("hush:0123456789abcdef01234567", 29));
	assert_true(privacy_is_hash("hash:0123456789abcdef01234567", 29));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_texts_are_private),
		cmocka_unit_test(what_holds_two_is_as_strict_as_the_stricter),
		cmocka_unit_test(a_hash_is_of_the_key_and_without_case),
		cmocka_unit_test(an_event_leaves_as_it_may),
		cmocka_unit_test(what_only_looks_like_a_hash_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
