/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/threat/lists.h"

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void misp_events_are_read(void **state)
{
	static const char event[] =
		"{\"Event\":{\"id\":\"1\",\"info\":\"x [{\\\"Attribute\\\": "
		"1}]\",\"Tag\":[{\"name\":\"a\"}],"
		"\"Attribute\":["
		"{\"type\":\"ip-dst\",\"value\":\"203.0.113.5\",\"to_ids\":true},\n"
		"{\"type\":\"ip-src\",\"value\":\"203.0.113.6\",\"to_ids\":false},"
		"{\"type\":\"ip-dst|port\",\"value\":\"203.0.113.7|443\",\"to_ids\":\"1\"},"
		"{\"type\":\"domain|ip\",\"value\":\"evil.example|203.0.113.8\",\"to_ids\":1},"
		"{\"type\":\"domain\",\"value\":\"gone.example\",\"to_ids\":true,\"deleted\":true},"
		"{\"type\":\"comment\",\"value\":\"203.0.113.9\",\"to_ids\":true},"
		"{\"type\":\"domain\",\"value\":\"two words\",\"to_ids\":true},"
		"{\"type\":\"ip-dst\",\"to_ids\":true}],"
		"\"RelatedEvent\":[{\"Event\":{\"Attribute\":[{\"type\":\"ip-dst\",\"value\":"
		"\"203.0.113.10\",\"to_ids\":true}]}}],"
		"\"Object\":[{\"name\":\"file\",\"Attribute\":[{\"type\":\"filename|sha256\","
		"\"value\":\"a.exe|" HASH "\",\"to_ids\":true}]}]}}";
	static const char *const forms[] = {"%s", "[%s]", "{\"response\":[%s]}",
					    "\xef\xbb\xbf\n%s\n"};
	char text[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct list_read r;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), forms[i], event);
#pragma GCC diagnostic pop
		r = list_read_text(text);
		assert_int_equal(r.err, 0);
		assert_int_equal(r.list.counts.entries[INDICATOR_ADDRESS], 3);
		assert_int_equal(r.list.counts.entries[INDICATOR_DOMAIN], 1);
		assert_int_equal(r.list.counts.entries[INDICATOR_SHA256], 1);
		assert_int_equal(r.list.counts.of_others, 3);
		assert_int_equal(r.list.counts.not_understood, 2);
		assert_true(list_has(&r, "203.0.113.7"));
		assert_false(list_has(&r, "203.0.113.6"));
		assert_false(list_has(&r, "203.0.113.10"));
		assert_true(list_has(&r, HASH));
		threat_table_free(&r.table);
	}
}

static void all_of_misp_if_asked_for(void **state)
{
	static const char text[] = "{\"response\":{\"Attribute\":[{\"type\":\"ip-src\",\"value\":"
				   "\"203.0.113.6\"}]}}";
	struct list_read r = list_read_bytes(text, sizeof(text) - 1,
					     &(struct threat_list_options){.all = true}, 9);

	(void)state;
	assert_int_equal(r.err, 0);
	assert_true(list_has(&r, "203.0.113.6"));
	threat_table_free(&r.table);
}

static struct list_read read_pattern(const char *pattern, const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":["
		 "{\"type\":\"identity\",\"name\":\"x\"},"
		 "{\"type\":\"indicator\",\"pattern\":\"%s\",\"pattern_type\":\"stix\"%s},"
		 "{\"type\":\"indicator\",\"pattern\":\"[url:value = 'http://last.example/']\"}]}",
		 pattern, more);
	return list_read_text(text);
}

static void stix_patterns_are_read(void **state)
{
	static const struct {
		const char *pattern;
		uint64_t entries, others;
		const char *has;
	} cases[] = {
		{"[ipv4-addr:value = '203.0.113.5']", 1, 0, "203.0.113.5"},
		{"[ipv4-addr:value='203.0.113.5' OR domain-name:value = 'evil.example']", 2, 0,
		 "evil.example"},
		{"[ipv4-addr:value = '203.0.113.5'] OR [ipv6-addr:value = '2001:db8::1']", 2, 0,
		 "2001:db8::1"},
		{"[(ipv4-addr:value IN ('203.0.113.5', '203.0.113.6'))]", 2, 0, "203.0.113.6"},
		{"[ipv4-addr:value ISSUBSET '203.0.113.0/24']", 1, 0, "203.0.113.77"},
		{"[file:hashes.'SHA-256' = '" HASH "' OR file:name = 'a.exe']", 1, 1, HASH},
		{"[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']", 1, 0,
		 "d41d8cd98f00b204e9800998ecf8427e"},
		{"[url:value = 'http://evil.example/it\\\\'s']", 1, 0, "http://evil.example/it's"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct list_read r = read_pattern(cases[i].pattern, "");

		assert_int_equal(r.err, 0);
		assert_int_equal(threat_counts_all(&r.list.counts), cases[i].entries + 1);
		assert_int_equal(r.list.counts.of_others, cases[i].others);
		assert_true(list_has(&r, cases[i].has));
		threat_table_free(&r.table);
	}
}

static void patterns_that_ask_for_more_are_counted(void **state)
{
	static const char *const cases[] = {
		"[ipv4-addr:value = '203.0.113.5' AND file:name = 'x']",
		"[ipv4-addr:value != '203.0.113.5']",
		"[NOT ipv4-addr:value = '203.0.113.5']",
		"[domain-name:value LIKE '%.example']",
		"[ipv4-addr:value = '203.0.113.5'] FOLLOWEDBY [ipv4-addr:value = '203.0.113.6']",
		"[ipv4-addr:value = '203.0.113.5'] AND [ipv4-addr:value = '203.0.113.6']",
		"[ipv4-addr:value = '203.0.113.5'] REPEATS 5 TIMES",
		"[ipv4-addr:value = '203.0.113.5'",
		"[ipv4-addr:value = '203.0.113.5]",
		"[(ipv4-addr:value = '203.0.113.5']",
		"ipv4-addr:value = '203.0.113.5'",
		"[]",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct list_read r = read_pattern(cases[i], "");

		assert_int_equal(r.err, 0);
		if (r.list.counts.not_understood != 1 || list_has(&r, "203.0.113.5"))
			fail_msg("'%s' is understood", cases[i]);
		assert_true(list_has(&r, "http://last.example/"));
		threat_table_free(&r.table);
	}
}

static void validity_is_honoured(void **state)
{
	static const char pattern[] = "[ipv4-addr:value = '203.0.113.5']";
	struct list_read r = read_pattern(pattern, ",\"revoked\":true");
	const struct threat_entry *entry;

	(void)state;
	assert_false(list_has(&r, "203.0.113.5"));
	threat_table_free(&r.table);
	r = read_pattern(pattern, ",\"valid_until\":\"2026-01-01T00:00:00Z\"");
	entry = list_find(&r.table, "203.0.113.5", INDICATOR_ANY);
	assert_non_null(entry);
	assert_int_equal(entry->until, 1767225600 / 60 + 1);
	threat_table_free(&r.table);
	r = read_pattern(pattern, ",\"valid_until\":\"soon\"");
	assert_false(list_has(&r, "203.0.113.5"));
	assert_int_equal(r.list.counts.not_understood, 1);
	threat_table_free(&r.table);
}

static void what_is_not_whole_is_an_error(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"{\"Event\":{\"Attribute\":[{\"type\":\"ip-dst\",\"value\":\"203.0.113.5\"",
		 "it is not whole: line 1"},
		{"{\"Event\":{\"Attribute\":[{\"type\":\"ip-dst\"}", "it ends too early"},
		{"{\"Event\":{\"Attribute\":[\n{\"type\":ip}]}}", "it is not whole: line 2"},
		{"{\"Event\"", "':' would be right"},
		{"{\"objects\":[{} {}]}", "',' would be right"},
		{"{Event:1}", "the name of a member"},
		{"{\"a\":1,\"b\":[2]}", "neither an export of MISP nor a bundle"},
		{"[]", "neither an export of MISP nor a bundle"},
		{"{\"objects\":[{\"type\":\"\xff\"}]}", "it is not whole"},
	};
	char deep[2048] = "";
	struct list_read r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r = list_read_text(cases[i].text);
		assert_true(r.err < 0);
		if (!strstr(r.list.error, cases[i].words))
			fail_msg("'%s' does not say '%s'", r.list.error, cases[i].words);
		threat_table_free(&r.table);
	}
	for (int i = 0; i < 100; i++)
		strcat(deep, "{\"response\":");
	r = list_read_text(deep);
	assert_true(r.err < 0);
	assert_non_null(strstr(r.list.error, "too many containers"));
	threat_table_free(&r.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(misp_events_are_read),
		cmocka_unit_test(all_of_misp_if_asked_for),
		cmocka_unit_test(stix_patterns_are_read),
		cmocka_unit_test(patterns_that_ask_for_more_are_counted),
		cmocka_unit_test(validity_is_honoured),
		cmocka_unit_test(what_is_not_whole_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
