/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "enrich/domain.h"

/* What is said of a name: "registered/label", "-" for none. */
static const char *said(struct domain_list *list, const char *name)
{
	static char words[2 * DOMAIN_MAX];
	const struct text text = text_string(name);
	char buffer[DOMAIN_MAX + 1];
	struct domain domain;
	struct text label;

	if (!domain_read(list, &text, buffer, &domain))
		return "no name";
	if (!domain_chosen(list, &domain, &label))
		label = text_string("-");
	snprintf(words, sizeof(words), "%s/%.*s",
		 domain.registered < 0 ? "-" : domain.text + domain.registered, (int)label.length,
		 label.at);
	return words;
}

/* The second time it is remembered, and it is the same. */
static void a_name_is_the_same_again(void **state)
{
	static const struct {
		const char *name, *said;
	} names[] = {
		{"www.example.com", "example.com/example"},
		{"WWW.Example.COM.", "example.com/example"},
		{"a.b.example.co.uk", "example.co.uk/example"},
		{"com", "-/-"},
		{"printer.42", "-/-"},
		{"10.0.0.1", "no name"},
		{"a..b", "no name"},
		{"an-object-in-a-store-with-a-long-name-that-goes-on.and-on.example.com",
		 "example.com/example"},
	};
	struct domain_list *list = domain_list_open();

	(void)state;
	assert_non_null(list);
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			assert_string_equal(said(list, names[i].name), names[i].said);
	domain_list_close(list);
}

/* More names than are remembered push each other out, and are none the worse for it. */
static void names_that_share_a_slot_are_told_apart(void **state)
{
	struct domain_list *list = domain_list_open();
	char name[64], expected[128];

	(void)state;
	assert_non_null(list);
	for (int again = 0; again < 2; again++)
		for (int i = 0; i < 5000; i++) {
			snprintf(name, sizeof(name), "www.%.*s%d.%s", i % 9, "eightlet", i,
				 i % 2 ? "com" : "co.uk");
			snprintf(expected, sizeof(expected), "%s/%.*s", name + 4,
				 (int)(strchr(name + 4, '.') - name) - 4, name + 4);
			assert_string_equal(said(list, name), expected);
		}
	domain_list_close(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_the_same_again),
		cmocka_unit_test(names_that_share_a_slot_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
