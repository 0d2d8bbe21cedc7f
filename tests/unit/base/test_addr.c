/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, strlen(text), &a), 0);
	return a;
}

static struct network network(const char *text)
{
	struct network n;

	assert_int_equal(network_parse(text, strlen(text), &n), 0);
	return n;
}

static void addresses_come_back_as_written(void **state)
{
	static const char *const texts[] = {"10.0.0.1", "255.255.255.255", "::1", "fe80::1",
					    "2001:db8::ff00:42:8329"};
	char text[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr a = addr(texts[i]);

		assert_string_equal(addr_format(&a, text), texts[i]);
	}
}

static void mapped_addresses_are_the_same(void **state)
{
	struct addr a = addr("10.0.0.1"), b = addr("::ffff:10.0.0.1");

	(void)state;
	assert_true(addr_equal(&a, &b));
	assert_true(addr_is_v4(&b));
}

static void wrong_addresses_are_refused(void **state)
{
	static const char *const texts[] = {"10.0.0", "10.0.0.256", "x", ":::", "10.0.0.1 ", ""};
	static const char *const networks[] = {"10.0.0.0/33", "10.0.0.0/",   "::/129",
					       "/8",	      "10.0.0.0/1x", "10.0.0.0/0008"};
	struct network n;
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_not_equal(addr_parse(texts[i], strlen(texts[i]), &a), 0);
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		assert_int_not_equal(network_parse(networks[i], strlen(networks[i]), &n), 0);
}

static void networks_hold_their_edges(void **state)
{
	struct network n = network("172.16.0.0/12");
	struct addr first = addr("172.16.0.0"), last = addr("172.31.255.255");
	struct addr under = addr("172.15.255.255"), over = addr("172.32.0.0");
	struct network all = network("0.0.0.0/0"), six = network("fe80::/10");
	struct addr link = addr("febf::1"), site = addr("fec0::1");

	(void)state;
	assert_true(network_has(&n, &first));
	assert_true(network_has(&n, &last));
	assert_false(network_has(&n, &under));
	assert_false(network_has(&n, &over));
	assert_true(network_has(&all, &first));
	assert_false(network_has(&all, &link));
	assert_true(network_has(&six, &link));
	assert_false(network_has(&six, &site));
}

static void sets(void **state)
{
	struct network_set set = {0};
	struct addr in = addr("10.200.0.1"), out = addr("11.0.0.1");

	(void)state;
	assert_false(network_set_has(&set, &in));
	for (int i = 0; i < 100; i++) {
		struct network n = network("10.200.0.0/24");

		n.base.byte[15] = 0;
		assert_int_equal(network_set_add(&set, &n), 0);
	}
	assert_true(network_set_has(&set, &in));
	assert_false(network_set_has(&set, &out));
	network_set_free(&set);
}

/* Of many networks of several lengths, what a search one by one finds. */
static void large_sets_find_what_a_list_finds(void **state)
{
	static const unsigned prefixes[] = {104, 112, 120, 124, 128, 32, 64};
	uint32_t random = 1;
	struct network_set set = {0};

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		struct network n = {.prefix = (uint8_t)prefixes[i % 7]};
		char text[64];

		random = random * 1664525 + 1013904223;
		if (n.prefix < 96)
			snprintf(text, sizeof(text), "fd%02x:%x::/%u", random >> 28,
				 random >> 24 & 15, n.prefix);
		else
			snprintf(text, sizeof(text), "10.%u.%u.%u/%u", random >> 28,
				 random >> 20 & 15, random >> 12 & 255, n.prefix - 96u);
		n = network(text);
		assert_int_equal(network_set_add(&set, &n), 0);
		assert_int_equal(set.at[i].prefix, n.prefix);
	}
	for (unsigned i = 0; i < 5000; i++) {
		struct addr a = addr(i % 2 ? "10.0.0.0" : "fd00::");
		bool listed = false;

		random = random * 1664525 + 1013904223;
		a.byte[i % 2 ? 13 : 1] = (uint8_t)(random >> 28);
		a.byte[i % 2 ? 14 : 3] = (uint8_t)(random >> 24 & 15);
		a.byte[15] = (uint8_t)(random >> 12);
		for (size_t n = 0; n < set.len; n++)
			listed |= network_has(&set.at[n], &a);
		assert_int_equal(network_set_has(&set, &a), listed);
	}
	network_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_back_as_written),
		cmocka_unit_test(mapped_addresses_are_the_same),
		cmocka_unit_test(wrong_addresses_are_refused),
		cmocka_unit_test(networks_hold_their_edges),
		cmocka_unit_test(sets),
		cmocka_unit_test(large_sets_find_what_a_list_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
