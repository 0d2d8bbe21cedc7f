/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "threat/indicator.h"

static struct indicator indicator;

static bool reads(const char *text, enum indicator_kind kind)
{
	return indicator_read(text, strlen(text), kind, &indicator);
}

static void what_it_looks_like_is_what_it_is(void **state)
{
	static const struct {
		const char *written;
		enum indicator_kind kind;
		const char *means; /* NULL: an address */
	} cases[] = {
		{"203.0.113.5", INDICATOR_ADDRESS, NULL},
		{" 203.0.113[.]5 ", INDICATOR_ADDRESS, NULL},
		{"203.0.113.5:8080", INDICATOR_ADDRESS, NULL},
		{"[2001:db8::1]:443", INDICATOR_ADDRESS, NULL},
		{"2001:db8::/40", INDICATOR_ADDRESS, NULL},
		{"Evil.Example.COM.", INDICATOR_DOMAIN, "evil.example.com"},
		{"*.evil.example", INDICATOR_DOMAIN, "evil.example"},
		{"||evil.example^", INDICATOR_DOMAIN, "evil.example"},
		{"evil[dot]example(.)com", INDICATOR_DOMAIN, "evil.example.com"},
		{"\"evil.example\"", INDICATOR_DOMAIN, "evil.example"},
		{"hxxps://Evil[.]example:443/A?b=C#d", INDICATOR_URL, "evil.example/A?b=C"},
		{"http://u:p@evil.example:8080", INDICATOR_URL, "evil.example:8080/"},
		{"http[:]//evil.example?x", INDICATOR_URL, "evil.example/?x"},
		{"https://evil.example:80/", INDICATOR_URL, "evil.example:80/"},
		{"evil.example/a/b", INDICATOR_URL, "evil.example/a/b"},
		{"http://[2001:db8::1]:81/x", INDICATOR_URL, "[2001:db8::1]:81/x"},
		{"t13d1516h2_8daaf6152771_b186095e22b6", INDICATOR_JA4,
		 "t13d1516h2_8daaf6152771_b186095e22b6"},
		{"D41D8CD98F00B204E9800998ECF8427E", INDICATOR_MD5,
		 "d41d8cd98f00b204e9800998ecf8427e"},
		{"da39a3ee5e6b4b0d3255bfef95601890afd80709", INDICATOR_SHA1,
		 "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(reads(cases[i].written, INDICATOR_ANY));
		assert_int_equal(indicator.kind, cases[i].kind);
		if (cases[i].means)
			assert_string_equal(indicator.text, cases[i].means);
	}
}

static void what_is_none_is_none(void **state)
{
	static const char *const cases[] = {
		"",
		"word",
		"two words.com",
		"1.2.3.4/33",
		"http://",
		"a..example",
		".",
		"http:///x",
		"ev il.com",
		"mail@evil.example",
		"300.1.2.3",
		"evil.example:x",
		"d41d8cd98f00",
		"<html>",
		"http://a:99999/",
		"1.2.3.4.5",
		"-",
		"t13d_x_y",
		"a b/c.d",
		"\\",
		"http://a:b/",
		"[",
		"[.]",
		"\xff\xfe.com",
		"{\"a\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (reads(cases[i], INDICATOR_ANY))
			fail_msg("'%s' is taken for '%s'", cases[i], indicator.text);
}

static void the_longest_is_bounded(void **state)
{
	static char text[INDICATOR_TEXT_MAX + 64] = "http://evil.example/";
	size_t head = strlen(text);

	(void)state;
	memset(text + head, 'a', sizeof(text) - head);
	assert_true(indicator_read(text, INDICATOR_TEXT_MAX, INDICATOR_ANY, &indicator));
	assert_false(indicator_read(text, INDICATOR_TEXT_MAX + 1, INDICATOR_ANY, &indicator));
}

static void a_url_in_parts_is_the_same_as_in_one(void **state)
{
	const struct text host = {"Evil.example", 12}, path = {"/A", 2}, query = {"b=C", 3};
	struct indicator parts;

	(void)state;
	indicator_url(&host, 8080, &path, &query, &parts);
	assert_true(reads("http://evil.example:8080/A?b=C", INDICATOR_URL));
	assert_string_equal(parts.text, indicator.text);
	assert_int_equal(parts.length, indicator.length);
}

static void what_would_do_harm_is_told(void **state)
{
	static const struct {
		const char *text;
		enum indicator_harm harm;
	} cases[] = {
		{"10.1.2.3", HARM_RESERVED},
		{"192.168.0.0/16", HARM_RESERVED},
		{"127.0.0.1", HARM_RESERVED},
		{"224.0.0.251", HARM_RESERVED},
		{"fe80::1", HARM_RESERVED},
		{"fd00::/8", HARM_RESERVED},
		{"::ffff:10.0.0.1", HARM_RESERVED},
		{"0.0.0.0/0", HARM_BROAD},
		{"::/0", HARM_BROAD},
		{"23.0.0.0/8", HARM_BROAD},
		{"2600::/12", HARM_BROAD},
		{"172.0.0.0/8", HARM_RESERVED},
		{"8.8.8.8", HARM_COMMON},
		{"8.8.8.0/24", HARM_COMMON},
		{"1.1.1.1", HARM_COMMON},
		{"2606:4700:4700::1111", HARM_COMMON},
		{"co.uk", HARM_SUFFIX},
		{"github.io", HARM_SUFFIX},
		{"google.com", HARM_COMMON},
		{"http://www.example.com/", HARM_NONE},
		{"https://github.com", HARM_COMMON},
		{"https://github.com/x/y.exe", HARM_NONE},
		{"drive.google.com", HARM_NONE},
		{"evil.co.uk", HARM_NONE},
		{"23.94.0.0/16", HARM_NONE},
		{"203.0.113.0/24", HARM_NONE},
	};
	struct domain_list *domains = domain_list_open();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(reads(cases[i].text, INDICATOR_ANY));
		if (indicator_harm(&indicator, domains) != cases[i].harm)
			fail_msg("'%s' is %s", cases[i].text,
				 indicator_harm_words(indicator_harm(&indicator, domains)));
	}
	assert_true(reads("com", INDICATOR_DOMAIN));
	assert_int_equal(indicator_harm(&indicator, domains), HARM_SUFFIX);
	domain_list_close(domains);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_looks_like_is_what_it_is),
		cmocka_unit_test(what_is_none_is_none),
		cmocka_unit_test(the_longest_is_bounded),
		cmocka_unit_test(a_url_in_parts_is_the_same_as_in_one),
		cmocka_unit_test(what_would_do_harm_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
