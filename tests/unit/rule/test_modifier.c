/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/rule/text.h"

/* Sigma's modifiers, escapes and keywords (specification 2.1) against one event of a web server. */

#define TEXT(s) ((struct text){s, sizeof(s) - 1})

static struct event sample(void)
{
	struct event e = {.service = SERVICE_HTTP};

	event_set(&e, SOURCE_IP, source_ip, addr_from_v4(0x0500000a));		 /* 10.0.0.5 */
	event_set(&e, DESTINATION_IP, destination_ip, addr_from_v4(0x0500000a)); /* the same */
	event_set(&e, LOCAL_IP, local_ip, addr_from_v4(0x0500000a));
	event_set(&e, DESTINATION_PORT, destination_port, 8080);
	event_set(&e, HTTP_METHOD, http_method, TEXT("POST"));
	event_set(&e, HTTP_STATUS, http_status, 200);
	event_set(&e, URL_ORIGINAL, url_original, TEXT("/a/b.php?x=cwBlAGMAcgBlAHQA&y=c2VjcmV0"));
	event_set(&e, URL_DOMAIN, url_domain, TEXT("Shop.example"));
	event_set(&e, DESTINATION_DOMAIN, destination_domain, TEXT("www.shop.example"));
	event_set(&e, USER_AGENT, user_agent,
		  TEXT("tool \xe2\x80\x93"
		       "run /all -x\nsecond Line"));
	event_set(&e, URL_QUERY, url_query, TEXT(""));
	event_set(&e, FILE_NAME, file_name, TEXT("C:\\x\\*y?\\z"));
	event_set(&e, MESSAGE, message, TEXT("12.5"));
	event_set(&e, DNS_ANSWERS, dns_answers, TEXT("192.0.2.7\0host.example"));
	event_set(&e, TLS_VERSION, tls_version,
		  TEXT("\xff\xfe"
		       "c\0m\0d\0 \0\0c\0m\0d"));
	event_set(&e, EVENT_START, event_start, INT64_C(1767323045000000000));
	return e; /* 2026-01-02T03:04:05Z, a Friday of week 1 */
}

static bool matches(const char *detection)
{
	struct event e = sample();
	char text[4096];
	struct ruleset *set;
	unsigned matched[1], len;

	snprintf(text, sizeof(text), BASE_HEAD("r", "01") SOURCE("http") "detection:\n%s",
		 detection);
	set = load_good(text);
	len = rule_match(set, &e, matched);
	ruleset_free(set);
	return len == 1;
}

struct expected {
	const char *text;
	bool is;
};

static void all_as_expected(const struct expected *table, size_t len, const char *form)
{
	char detection[2048];

	for (size_t i = 0; i < len; i++) {
		snprintf(detection, sizeof(detection), form, table[i].text);
		if (matches(detection) != table[i].is)
			print_error("%s\n", table[i].text);
		assert_int_equal(matches(detection), table[i].is);
	}
}

#define LINES(table)                                                                               \
	all_as_expected(table, sizeof(table) / sizeof(table[0]), "  s:\n    %s\n  condition: s\n")

static void text_is_found_in_its_encodings(void **state)
{
	static const struct expected table[] = {
		{"c-uri|base64|contains: secret", true},
		{"c-uri|base64|contains: secre", false}, /* c2VjcmU=: the end depends on it */
		{"c-uri|base64offset|contains: secre", true},
		{"c-uri|base64offset|contains: ecret", true},
		{"c-uri|base64offset|contains: cret", true},
		{"c-uri|base64offset|contains: sacred", false},
		{"c-uri|wide|base64offset|contains: secret", true},
		{"c-uri|utf16be|base64offset|contains: secret", false},
		{"tls.version|utf16le|contains: md", true},
		{"tls.version|utf16be|contains: cmd", true},
		{"tls.version|utf16|startswith: cmd", true},
		{"tls.version|utf16|startswith: 'c*d'", true},
		{"tls.version|utf16: cmd", false},
		/* any of five dashes, where a flag begins */
		{"c-useragent|windash|contains: ' -run'", true},
		{"c-useragent|windash|contains: ' -all'", true},
		{"c-useragent|windash|contains: ' /x'", true},
		{"c-useragent|contains: ' -all'", false},
		{"c-useragent|windash|contains|all: [' /run', ' -all']", true},
		{"c-useragent|windash|contains|all: [' /run', ' -none']", false},
		{"c-useragent|windash|contains: 'tool-run'", false},
	};

	(void)state;
	LINES(table);
}

static void expressions_are_searched(void **state)
{
	static const struct expected table[] = {
		{"c-uri|re: 'x=[0-9]+&'", false},
		{"c-uri|re: 'x=[A-Za-z]+&'", true},
		{"cs-method|re: ^post$", false},
		{"cs-method|re|i: ^post$", true},
		{"cs-method|re: [^GET$, ^POST$]", true},
		{"cs-method|re|neq: ^GET$", true},
		{"c-useragent|re: run.*Line", false},
		{"c-useragent|re|s: run.*Line", true},
		{"c-useragent|re: ^second", false},
		{"c-useragent|re|m: ^second", true},
		{"c-useragent|re|i|m: ^SECOND line$", true},
		{"destination.port|re: ^80.0$", true},
		{"source.ip|re: '^10\\.'", true},
		{"dns.answers|re: ^host", true},
	};

	(void)state;
	LINES(table);
}

static void fields_are_compared_with_fields(void **state)
{
	static const struct expected table[] = {
		{"source.ip|fieldref: destination.ip", true},
		{"source.ip|neq|fieldref: destination.ip", false},
		{"source.ip|fieldref: source.port", false},
		{"source.ip|neq|fieldref: source.port", true},
		{"destination.domain|fieldref: url.domain", false},
		{"destination.domain|endswith|fieldref: url.domain", true},
		{"destination.domain|endswith|cased|fieldref: url.domain", false},
		{"url.domain|fieldref: [source.ip, url.domain]", true},
	};

	(void)state;
	LINES(table);
}

static void numbers_and_times_are_compared(void **state)
{
	static const struct expected table[] = {
		{"event.start|minute: 4", true},
		{"event.start|hour: [2, 3]", true},
		{"event.start|hour|gte: 4", false},
		{"event.start|hour|lt: 4", true},
		{"event.start|day: 2", true},
		{"event.start|week: 1", true},
		{"event.start|month: 1", true},
		{"event.start|year|gt: 2025", true},
		/* a number in text, and a number as text */
		{"message|gt: 12", true},
		{"message|lte: 12", false},
		{"cs-method|gt: 0", false},
		{"destination.port: 80*", true},
		{"destination.port: [443, 80?0]", true},
		{"destination.port|startswith: 80", true},
		{"destination.port|contains: 9", false},
		{"sc-status: '200'", true},
		/* addresses in text */
		{"dns.answers|cidr: 192.0.2.0/24", true},
		{"dns.answers|cidr: 198.51.100.0/24", false},
		{"url.domain|cidr: 0.0.0.0/0", false},
	};

	(void)state;
	LINES(table);
}

static void escapes_are_those_of_the_specification(void **state)
{
	static const struct expected table[] = {
		{"file.name: 'C:\\x\\\\*y*z'", true},	    /* backslash, any characters */
		{"file.name: 'C:\\x\\\\\\*y\\?\\z'", true}, /* backslash, asterisk */
		{"file.name: 'C:\\\\x\\\\\\*y\\?\\\\z'", true},
		{"file.name|contains: '\\*y\\?'", true},
		{"file.name|contains: '\\*z'", false},
		{"file.name|endswith: '\\z'", true},
		{"file.name|endswith: '?\\z'", true},
		{"url.query: ''", true},
		{"url.domain: ''", false},
		{"url.path: ''", false},
		{"url.path: null", true},
		{"url.query: null", false},
		{"url.query|exists: true", true},
		{"c-useragent|contains: 'tool ?run'", true}, /* one character, of three bytes */
		{"source.ip: ''", false},
	};

	(void)state;
	LINES(table);
}

static void names_stand_for_tests(void **state)
{
	static const struct expected table[] = {
		{"Initiated: 'true'", true},
		{"Initiated: 'false'", false},
		{"Initiated|neq: 'false'", true},
		{"DestinationIsIpv6: 'false'", true},
		{"DestinationIsIpv6: 'true'", false},
		{"version: 1.1", false},
		{"cs-uri-query|contains: b.php", true},
	};

	(void)state;
	LINES(table);
}

static void keywords_are_looked_for_everywhere(void **state)
{
	static const struct expected table[] = {
		{"s: ['SHOP.example']", true},
		{"s: [nowhere, 'b.php']", true},
		{"s: shop", true},
		{"s: [nowhere]", false},
		{"s: ['a/*.php']", true},
		{"s: [12.5]", true},
		{"s: [host.example]", true},
		{"s: {'|all': [shop, tool]}", true},
		{"s: {'|all': [shop, nowhere]}", false},
		{"s: {'|cased': [SHOP]}", false},
		{"s: {'|re': ['sh[aeo]p', none]}", true},
		{"s: {'|all': [shop], destination.port: 80}", false},
		{"s: [nowhere, {destination.port: 8080}]", true},
	};

	(void)state;
	all_as_expected(table, sizeof(table) / sizeof(table[0]), "  %s\n  condition: s\n");
}

static void one_of_several_conditions_is_enough(void **state)
{
	static const struct expected table[] = {
		{"[s and not s, s]", true},	    {"[not s]", false},
		{"s and not 1 of filter_*", false}, {"all of s* and not all of filter_*", true},
		{"not 1 of filter_b*", true},
	};

	(void)state;
	all_as_expected(table, sizeof(table) / sizeof(table[0]),
			"  s: {destination.port: 8080}\n"
			"  filter_a: {destination.port: 8080}\n"
			"  filter_b: {destination.port: 80}\n"
			"  condition: %s\n");
}

/* A search that would take for ever is given up: the rule is not met, not even by `not`. */
static void a_runaway_expression_is_given_up(void **state)
{
	static char slow[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
	struct ruleset *set = load_good(BASE_HEAD("r", "01") SOURCE(
		"http") "detection:\n  s: {message|re: '^(a+)+$'}\n  condition: not s\n");
	struct event e = {.service = SERVICE_HTTP};
	unsigned matched[1];

	(void)state;
	event_set(&e, MESSAGE, message, ((struct text){slow, sizeof(slow) - 1}));
	assert_int_equal(rule_match(set, &e, matched), 0);
	assert_int_equal(set->tally[0].gave_up, 1);
	event_set(&e, MESSAGE, message, TEXT("b"));
	assert_int_equal(rule_match(set, &e, matched), 1);
	assert_int_equal(set->tally[0].gave_up, 1);
	ruleset_free(set);
}

/* Who fills fields must know of all that is asked, by whatever name, and by filters too. */
static void all_that_is_read_is_told(void **state)
{
	struct ruleset *set = load_good(BASE_HEAD("r", "01") SOURCE(
		"http") "detection:\n  s: {Initiated: true}\n"
			"  condition: s\n"
			"---\n" BASE_HEAD("k", "02") SOURCE(
				"dns") "detection:\n"
				       "  s: [word]\n"
				       "  condition: s\n"
				       "---\n"
				       "title: f\nid: 11111111-1111-4111-8111-111111111103\n"
				       "filter: {rules: [r], s: {destination.geo.country_iso_code: "
				       "XX}, condition: s}\n");
	const struct field_set *http = &set->reads[SERVICE_HTTP];

	(void)state;
	assert_true(field_set_has(http, FIELD_LOCAL_IP));
	assert_true(field_set_has(http, FIELD_SOURCE_IP));
	assert_true(field_set_has(http, FIELD_DESTINATION_GEO_COUNTRY));
	assert_false(field_set_has(http, FIELD_USER_AGENT));
	assert_true(field_set_has(&set->reads[SERVICE_DNS], FIELD_DESTINATION_AS_ORGANIZATION));
	ruleset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_found_in_its_encodings),
		cmocka_unit_test(expressions_are_searched),
		cmocka_unit_test(fields_are_compared_with_fields),
		cmocka_unit_test(numbers_and_times_are_compared),
		cmocka_unit_test(escapes_are_those_of_the_specification),
		cmocka_unit_test(names_stand_for_tests),
		cmocka_unit_test(keywords_are_looked_for_everywhere),
		cmocka_unit_test(one_of_several_conditions_is_enough),
		cmocka_unit_test(a_runaway_expression_is_given_up),
		cmocka_unit_test(all_that_is_read_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
