/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "enrich/names.h"

#define NOW (20000 * WEIR_DAY)

static struct domain_list *list;

static int open_list(void **state)
{
	(void)state;
	list = domain_list_open();
	return !list;
}

static int close_list(void **state)
{
	(void)state;
	domain_list_close(list);
	return 0;
}

static struct text text(const char *words)
{
	return (struct text){words, (uint32_t)strlen(words)};
}

static void registered_domains_are_those_of_the_list(void **state)
{
	static const struct {
		const char *name, *whole, *registered, *chosen; /* NULL: none */
	} cases[] = {
		{"www.example.com", "www.example.com", "example.com", "example"},
		{"WWW.Example.CO.UK.", "www.example.co.uk", "example.co.uk", "example"},
		{"example.com", "example.com", "example.com", "example"},
		{"com", "com", NULL, NULL},
		{"co.uk", "co.uk", NULL, NULL},
		{"printer", "printer", NULL, NULL},
		/* a hoster's customers are domains of their own, and did not choose the name */
		{"a.d111111abcdef8.cloudfront.net", "a.d111111abcdef8.cloudfront.net",
		 "d111111abcdef8.cloudfront.net", "cloudfront"},
		/* no known suffix: the last label is taken for one if it could be */
		{"x.tunnel-drop.example", "x.tunnel-drop.example", "tunnel-drop.example",
		 "tunnel-drop"},
		{"dc1.corp.local", "dc1.corp.local", "corp.local", "corp"},
		{"dnscat.3a5f00e4d2b1", "dnscat.3a5f00e4d2b1", NULL, NULL},
		{"a.abcdefabcdefabcdefabcdef", "a.abcdefabcdefabcdefabcdef", NULL, NULL},
		{"4.3.2.1.in-addr.arpa", "4.3.2.1.in-addr.arpa", "1.in-addr.arpa", "1"},
		{"_ldap._tcp.example.org", "_ldap._tcp.example.org", "example.org", "example"},
	};
	char buffer[DOMAIN_MAX + 1];
	struct domain domain;
	struct text label;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text name = text(cases[i].name);

		assert_true(domain_read(list, &name, buffer, &domain));
		assert_string_equal(domain.text, cases[i].whole);
		assert_int_equal(domain.length, strlen(cases[i].whole));
		if (!cases[i].registered) {
			assert_int_equal(domain.registered, -1);
			assert_false(domain_chosen(list, &domain, &label));
			continue;
		}
		assert_string_equal(domain.text + domain.registered, cases[i].registered);
		assert_int_equal(domain_registered(&domain).length, strlen(cases[i].registered));
		assert_true(domain_chosen(list, &domain, &label));
		assert_int_equal(label.length, strlen(cases[i].chosen));
		assert_memory_equal(label.at, cases[i].chosen, label.length);
	}
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const bad[] = {
		"", ".", "a..b", ".a", "192.0.2.1", "::1", "[2001:db8::1]", "a b", "a:80", "a\tb"};
	char buffer[DOMAIN_MAX + 1], longest[300];
	struct domain domain;
	struct text name;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		name = text(bad[i]);
		assert_false(domain_read(list, &name, buffer, &domain));
	}
	memset(longest, 'a', sizeof(longest));
	name = (struct text){longest, DOMAIN_MAX};
	assert_true(domain_read(list, &name, buffer, &domain));
	name.length++;
	assert_false(domain_read(list, &name, buffer, &domain));
}

static struct addr host(unsigned number)
{
	return addr_from_v4(__builtin_bswap32(0xc6336400u + number));
}

static void learn(struct names *names, unsigned number, const char *words, weir_time time)
{
	char buffer[DOMAIN_MAX + 1];
	struct text name = text(words);
	struct addr address = host(number);
	struct domain domain;

	assert_true(domain_read(list, &name, buffer, &domain));
	names_learn(names, &address, &domain, time);
}

static const char *find(struct names *names, unsigned number, weir_time time)
{
	struct addr address = host(number);
	const struct domain *domain = names_find(names, &address, time);

	return domain ? domain->text : NULL;
}

static void the_newest_name_is_good_for_a_day_since_its_use(void **state)
{
	struct names *names = names_new(100);

	(void)state;
	assert_null(find(names, 1, NOW));
	learn(names, 1, "a.example.com", NOW);
	learn(names, 2, "b.example.com", NOW);
	assert_string_equal(find(names, 1, NOW), "a.example.com");
	learn(names, 1, "c.example.com", NOW + 1);
	assert_string_equal(find(names, 1, NOW + WEIR_DAY), "c.example.com");
	assert_string_equal(find(names, 1, NOW + 2 * WEIR_DAY), "c.example.com");
	assert_null(find(names, 1, NOW + 3 * WEIR_DAY + 1));
	assert_null(find(names, 2, NOW + WEIR_DAY + 1));
	names_free(names);
}

static void without_room_the_least_recently_used_goes(void **state)
{
	struct names *names = names_new(3);
	struct names_stats stats;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		learn(names, i, "www.example.com", NOW);
	assert_non_null(find(names, 0, NOW));
	learn(names, 3, "www.example.com", NOW);
	assert_null(find(names, 1, NOW));
	assert_non_null(find(names, 0, NOW));
	names_stats(names, &stats);
	assert_int_equal(stats.names, 3);
	assert_int_equal(stats.evicted, 1);
	/* What is a day old goes uncounted. */
	for (unsigned i = 10; i < 13; i++)
		learn(names, i, "www.example.com", NOW + 3 * WEIR_DAY);
	names_stats(names, &stats);
	assert_int_equal(stats.names, 3);
	assert_int_equal(stats.evicted, 1);
	assert_int_equal(stats.refused, 0);
	names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registered_domains_are_those_of_the_list),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(the_newest_name_is_good_for_a_day_since_its_use),
		cmocka_unit_test(without_room_the_least_recently_used_goes),
	};

	return cmocka_run_group_tests(tests, open_list, close_list);
}
