/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/threat/lists.h"

static void plain_text_is_read(void **state)
{
	struct list_read r = list_read_text("\xef\xbb\xbf# a remark\n"
					    "203.0.113.5\r\n"
					    "198.51.100.0/24 ; SBL1\n"
					    "\n"
					    "evil.example  # why\n"
					    "// another\n"
					    "hxxp://bad[.]example/x\n"
					    "0.0.0.0 ads.example tracker.example\n"
					    "127.0.0.1 localhost\n"
					    "203.0.113.5\n"
					    "2001:db8:1::/48\n"
					    "23.94.96.0/19\n");

	(void)state;
	assert_int_equal(r.err, 0);
	assert_int_equal(r.list.counts.entries[INDICATOR_ADDRESS], 4);
	assert_int_equal(r.list.counts.entries[INDICATOR_DOMAIN], 3);
	assert_int_equal(r.list.counts.entries[INDICATOR_URL], 1);
	assert_int_equal(r.list.counts.again, 1);
	assert_int_equal(r.list.counts.not_understood, 0);
	assert_true(list_has(&r, "203.0.113.5"));
	assert_false(list_has(&r, "203.0.113.6"));
	assert_true(list_has(&r, "198.51.100.77"));
	assert_false(list_has(&r, "198.51.101.1"));
	assert_true(list_has(&r, "23.94.127.1"));
	assert_false(list_has(&r, "23.94.128.1"));
	assert_true(list_has(&r, "2001:db8:1:ff::1"));
	assert_false(list_has(&r, "2001:db8:2::1"));
	assert_true(list_has(&r, "evil.example"));
	assert_true(list_has(&r, "a.b.c.evil.example"));
	assert_false(list_has(&r, "notevil.example"));
	assert_false(list_has(&r, "evil.example.org"));
	assert_true(list_has(&r, "tracker.example"));
	assert_true(list_has(&r, "http://bad.example/x"));
	assert_false(list_has(&r, "http://bad.example/y"));
	threat_table_free(&r.table);
}

static void what_would_do_harm_is_refused(void **state)
{
	struct list_read r = list_read_text("10.0.0.1\n0.0.0.0/0\n8.8.8.8\nco.uk\n127.0.0.1\n"
					    "nonsense\n203.0.113.5\n");

	(void)state;
	assert_int_equal(r.err, 0);
	assert_int_equal(threat_counts_all(&r.list.counts), 1);
	assert_int_equal(r.list.counts.refused[HARM_RESERVED], 2);
	assert_int_equal(r.list.counts.refused[HARM_BROAD], 1);
	assert_int_equal(r.list.counts.refused[HARM_COMMON], 1);
	assert_int_equal(r.list.counts.refused[HARM_SUFFIX], 1);
	assert_int_equal(r.list.counts.not_understood, 1);
	threat_table_free(&r.table);
}

static void tables_are_read_by_their_heading(void **state)
{
	static const struct {
		const char *text, *has, *has_not;
		uint64_t all;
	} cases[] = {
		{"date,dst_ip,port\n2024-01-01,203.0.113.5,80\n2024-01-01,203.0.113.6,81\n",
		 "203.0.113.6", "203.0.113.7", 2},
		{"# \"seen\",\"ioc_value\",\"type\"\r\n\"2024\", \"evil.example\", \"domain\"\r\n"
		 "\"2024\", \"203.0.113.9:8443\", \"ip:port\"\r\n",
		 "203.0.113.9", "203.0.113.8", 2},
		{"url;tags\nhttp://evil.example/a,b;x\n", "http://evil.example/a,b",
		 "http://evil.example/a", 1},
		{"sha256_hash\tmd5_hash\n"
		 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\t"
		 "d41d8cd98f00b204e9800998ecf8427e\n",
		 "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427f", 2},
		{"203.0.113.5,first,2024\n203.0.113.6,second,2024\n", "203.0.113.6", "203.0.113.7",
		 2},
		{"1,win.mal,203.0.113.5\n2,win.mal,203.0.113.6\n", "203.0.113.6", "203.0.113.7", 2},
		{"evil.example,domain,x\nother.example,domain,y\n", "evil.example", "x.org", 2},
		{"id,Host Name,IP Address\n1,,203.0.113.5\n2,-,203.0.113.6\n", "203.0.113.6",
		 "203.0.113.7", 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct list_read r = list_read_text(cases[i].text);

		assert_int_equal(r.err, 0);
		assert_int_equal(threat_counts_all(&r.list.counts), cases[i].all);
		assert_true(list_has(&r, cases[i].has));
		assert_false(list_has(&r, cases[i].has_not));
		threat_table_free(&r.table);
	}
}

static void a_column_can_be_named(void **state)
{
	static const char text[] = "what,attacker,victim\nx,203.0.113.5,203.0.113.6\n";
	static const struct {
		const char *column, *has, *has_not;
	} cases[] = {{"attacker", "203.0.113.5", "203.0.113.6"},
		     {"Victim", "203.0.113.6", "203.0.113.5"},
		     {"3", "203.0.113.6", "203.0.113.5"}};
	struct list_read r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct threat_list_options how = {.column = cases[i].column, .format = "csv"};

		r = list_read_bytes(text, sizeof(text) - 1, &how, 1000);
		assert_int_equal(r.err, 0);
		assert_true(list_has(&r, cases[i].has));
		assert_false(list_has(&r, cases[i].has_not));
		threat_table_free(&r.table);
	}
	r = list_read_bytes(text, sizeof(text) - 1,
			    &(struct threat_list_options){.column = "ip", .format = "csv"}, 1000);
	assert_int_equal(r.err, -EINVAL);
	assert_non_null(strstr(r.list.error, "no column 'ip'"));
	threat_table_free(&r.table);
}

static void what_is_no_list_is_an_error(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *words;
	} cases[] = {
		{"", 0, "it is empty"},
		{"\x7f\x45LF\0\0\0", 7, "it is no text"},
		{"<html>\n<p>not found\n", 20, "nothing in it is an indicator"},
		{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b", 11, "it is not whole"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct list_read r = list_read_bytes(cases[i].bytes, cases[i].length,
						     &(struct threat_list_options){0}, 1000);

		assert_true(r.err < 0);
		if (!strstr(r.list.error, cases[i].words))
			fail_msg("'%s' does not say '%s'", r.list.error, cases[i].words);
		threat_table_free(&r.table);
	}
}

/* A remark alone is a list of nothing; a line may be longer than memory has room for. */
static void strange_lists_are_lists(void **state)
{
	static char text[3 << 20];
	struct list_read r = list_read_text("# nothing today\n");

	(void)state;
	assert_int_equal(r.err, 0);
	assert_int_equal(threat_counts_all(&r.list.counts), 0);
	threat_table_free(&r.table);
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text + sizeof(text) - 14, "\n203.0.113.5\n", 13);
	r = list_read_text(text);
	assert_int_equal(r.err, 0);
	assert_int_equal(r.list.counts.not_understood, 1);
	assert_true(list_has(&r, "203.0.113.5"));
	threat_table_free(&r.table);
}

static void room_is_bounded(void **state)
{
	struct list_read r = list_read_bytes("203.0.113.1\n203.0.113.2\n203.0.113.3\n", 36,
					     &(struct threat_list_options){0}, 2);

	(void)state;
	assert_int_equal(r.err, 0);
	assert_int_equal(threat_counts_all(&r.list.counts), 2);
	assert_int_equal(r.list.counts.no_room, 1);
	threat_table_free(&r.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_is_read),
		cmocka_unit_test(what_would_do_harm_is_refused),
		cmocka_unit_test(tables_are_read_by_their_heading),
		cmocka_unit_test(a_column_can_be_named),
		cmocka_unit_test(what_is_no_list_is_an_error),
		cmocka_unit_test(strange_lists_are_lists),
		cmocka_unit_test(room_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
