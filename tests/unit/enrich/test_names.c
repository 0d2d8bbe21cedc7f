/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "enrich/names.h"
#include "state/reader.h"

#define NOW (20000 * WEIR_DAY)

static struct domain_list *list;

static uint8_t bytes[4096];
static size_t length;

static int put(void *context, const void *at, size_t size)
{
	(void)context;
	if (length + size > sizeof(bytes))
		return -ENOSPC;
	memcpy(bytes + length, at, size);
	length += size;
	return 0;
}

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

static const struct addr *client(unsigned number)
{
	static struct addr address;

	address = addr_from_v4(__builtin_bswap32(0x0a000000u + number));
	return &address;
}

static void learn_for(struct names *names, unsigned by, unsigned number, const char *words,
		      weir_time time, weir_time ttl)
{
	char buffer[DOMAIN_MAX + 1];
	struct text name = text(words);
	struct addr address = host(number);
	struct domain domain;

	assert_true(domain_read(list, &name, buffer, &domain));
	names_learn(names, client(by), &address, &domain, time, ttl);
}

static void learn(struct names *names, unsigned number, const char *words, weir_time time)
{
	learn_for(names, 1, number, words, time, WEIR_MIN);
}

static const char *find_for(struct names *names, unsigned by, unsigned number, weir_time time)
{
	static struct domain domain;
	struct addr address = host(number);

	return names_find(names, client(by), &address, time, &domain) ? domain.text : NULL;
}

static const char *find(struct names *names, unsigned number, weir_time time)
{
	return find_for(names, 1, number, time);
}

static void a_name_is_good_for_its_ttl_and_while_it_is_used(void **state)
{
	struct names *names = names_new(100);

	(void)state;
	assert_null(find(names, 1, NOW));
	learn(names, 1, "short.example.com", NOW); /* counts as an hour */
	learn_for(names, 1, 2, "hours.example.com", NOW, 5 * WEIR_HOUR);
	learn_for(names, 1, 3, "weeks.example.com", NOW, 7 * WEIR_DAY);
	learn(names, 4, "other.example.com", NOW);
	assert_string_equal(find(names, 1, NOW + WEIR_HOUR), "short.example.com");
	assert_null(find(names, 4, NOW + WEIR_HOUR + 1));
	assert_string_equal(find(names, 1, NOW + 2 * WEIR_HOUR), "short.example.com");
	assert_null(find(names, 1, NOW + 3 * WEIR_HOUR + 1));
	assert_string_equal(find(names, 2, NOW + 5 * WEIR_HOUR), "hours.example.com");
	assert_null(find(names, 2, NOW + 6 * WEIR_HOUR + 1));
	assert_string_equal(find(names, 3, NOW + WEIR_DAY), "weeks.example.com");
	assert_null(find(names, 3, NOW + WEIR_DAY + WEIR_HOUR + 1));
	names_free(names);
}

static void a_client_has_the_name_that_it_asked_for_last(void **state)
{
	struct names *names = names_new(100);

	(void)state;
	learn_for(names, 1, 1, "a.example.com", NOW, WEIR_HOUR);
	learn_for(names, 2, 1, "b.example.com", NOW + 1, WEIR_HOUR);
	learn_for(names, 3, 1, "c.example.com", NOW, WEIR_HOUR);
	learn_for(names, 3, 1, "d.example.com", NOW + 1, WEIR_HOUR);
	assert_string_equal(find_for(names, 1, 1, NOW + 2), "a.example.com");
	assert_string_equal(find_for(names, 2, 1, NOW + 2), "b.example.com");
	assert_string_equal(find_for(names, 3, 1, NOW + 2), "d.example.com");
	names_free(names);
}

/* Who is seen to ask has no name from others; who is not may have asked elsewhere. */
static void names_of_others_count_for_those_who_do_not_ask(void **state)
{
	struct names *names = names_new(100);

	(void)state;
	learn_for(names, 1, 1, "a.example.com", NOW, WEIR_HOUR);
	learn_for(names, 2, 1, "b.example.com", NOW, 2 * WEIR_HOUR);
	assert_string_equal(find_for(names, 9, 1, NOW), "b.example.com"); /* good for longest */
	names_asked(names, client(9), NOW);
	assert_null(find_for(names, 9, 1, NOW + WEIR_MIN));
	assert_string_equal(find_for(names, 8, 1, NOW + WEIR_MIN), "b.example.com");
	assert_non_null(find_for(names, 9, 1, NOW + WEIR_HOUR + WEIR_SEC)); /* it has stopped */
	names_free(names);
}

/* What lasts the longest, whoever learned, used or lost it meanwhile. */
static void the_name_of_others_is_the_one_that_is_good_for_longest(void **state)
{
	struct names *names = names_new(100);

	(void)state;
	learn_for(names, 1, 1, "a.example.com", NOW, 2 * WEIR_HOUR);
	learn_for(names, 2, 1, "b.example.com", NOW, 5 * WEIR_HOUR);
	learn_for(names, 3, 1, "c.example.com", NOW, 4 * WEIR_HOUR);
	assert_string_equal(find_for(names, 9, 1, NOW), "b.example.com");
	learn_for(names, 2, 1, "new.example.com", NOW, WEIR_HOUR); /* b goes */
	assert_string_equal(find_for(names, 9, 1, NOW), "c.example.com");
	learn_for(names, 1, 1, "a.example.com", NOW, 6 * WEIR_HOUR); /* a lasts */
	assert_string_equal(find_for(names, 9, 1, NOW), "a.example.com");
	learn_for(names, 1, 1, "last.example.com", NOW, WEIR_HOUR); /* the first one goes */
	assert_string_equal(find_for(names, 9, 1, NOW), "c.example.com");
	assert_string_equal(find_for(names, 3, 1, NOW), "c.example.com");
	assert_string_equal(find_for(names, 2, 1, NOW), "new.example.com");
	names_free(names);
}

/* An address that many use: no guess is made of those that there was no room for. */
static void an_address_of_many_clients_has_a_name_for_all(void **state)
{
	struct names *names = names_new(100);
	struct names_stats stats;

	(void)state;
	for (unsigned i = 0; i < NAMES_CLIENTS + 4; i++) {
		learn_for(names, i, 1, "www.example.com", NOW + i, WEIR_HOUR);
		names_asked(names, client(i), NOW);
	}
	names_stats(names, &stats);
	assert_int_equal(stats.names, NAMES_CLIENTS);
	assert_int_equal(stats.evicted, 4);
	for (unsigned i = 0; i < NAMES_CLIENTS + 4; i++)
		assert_string_equal(find_for(names, i, 1, NOW + WEIR_MIN), "www.example.com");
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
	/* What is no longer good goes uncounted. */
	for (unsigned i = 10; i < 13; i++)
		learn(names, i, "www.example.com", NOW + 3 * WEIR_DAY);
	names_stats(names, &stats);
	assert_int_equal(stats.names, 3);
	assert_int_equal(stats.evicted, 1);
	assert_int_equal(stats.refused, 0);
	names_free(names);
}

/* While names have to go, one's own may be among them. */
static void without_room_names_of_others_count_for_all(void **state)
{
	struct names *names = names_new(2);

	(void)state;
	names_asked(names, client(9), NOW);
	learn(names, 1, "a.example.com", NOW);
	learn(names, 2, "b.example.com", NOW);
	assert_null(find_for(names, 9, 2, NOW));
	learn(names, 3, "c.example.com", NOW);
	assert_string_equal(find_for(names, 9, 2, NOW), "b.example.com");
	names_free(names);
}

/* What was written before names had clients. */
static void names_of_before_are_anybodys(void **state)
{
	static struct state_writer writer;
	struct names *names = names_new(10);
	struct state_image image;
	struct state_reader reader;
	struct addr address = host(1);
	const char *words;

	(void)state;
	assert_int_equal(state_begin(&writer, 1, put, NULL), 0);
	state_section(&writer, "names", "", 0, 1);
	state_put_uint(&writer, 1);
	state_put_raw(&writer, &address, sizeof(address));
	state_put_int(&writer, NOW);
	state_put_int(&writer, 4);
	state_put_bytes(&writer, "www.example.com", 15);
	assert_int_equal(state_end(&writer), 0);
	assert_int_equal(state_image_open(&image, bytes, length, &words), 0);
	assert_true(state_find(&image, "names", "", &reader));
	assert_int_equal(names_load(names, &reader), 0);
	state_image_close(&image);
	assert_string_equal(find(names, 1, NOW + WEIR_DAY), "www.example.com");
	assert_null(find(names, 1, NOW + 2 * WEIR_DAY));
	names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registered_domains_are_those_of_the_list),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(a_name_is_good_for_its_ttl_and_while_it_is_used),
		cmocka_unit_test(a_client_has_the_name_that_it_asked_for_last),
		cmocka_unit_test(names_of_others_count_for_those_who_do_not_ask),
		cmocka_unit_test(the_name_of_others_is_the_one_that_is_good_for_longest),
		cmocka_unit_test(an_address_of_many_clients_has_a_name_for_all),
		cmocka_unit_test(without_room_the_least_recently_used_goes),
		cmocka_unit_test(without_room_names_of_others_count_for_all),
		cmocka_unit_test(names_of_before_are_anybodys),
	};

	return cmocka_run_group_tests(tests, open_list, close_list);
}
