/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/threat/lists.h"

#include "enrich/derive.h"
#include "event/json.h"

/* Events held against a list: which of their fields are looked for, and what is told. */

static char path[] = "/tmp/weir-feed-XXXXXX";
static struct arena arena;
static struct threat *threat;
static struct derive *derive;

static int open_all(void **state)
{
	static const char text[] =
		"203.0.113.5\n198.51.100.0/24\n20.0.0.0/24\nevil.example\n"
		"http://host.example/a/b\nhttp://host.example:8080/c?d=e\n"
		"2001:db8:5::/48\nt13d1516h2_8daaf6152771_b186095e22b6\n"
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";
	const struct threat_list_options list = {.path = path,
						 .name = "feed",
						 .format = "auto",
						 .level = THREAT_HIGH,
						 .max_age = 30 * WEIR_DAY};
	const struct threat_options lists = {&list, 1, 1000};
	struct field_set wanted[SERVICE_COUNT];
	struct derive_options options = {
		.wanted = wanted,
		.learn = {.days = 7, .max_destinations = 1000, .max_pairs = 1000},
		.max_names = 1000};

	(void)state;
	close(mkstemp(path));
	list_write(path, text, sizeof(text) - 1);
	threat = threat_open(&lists);
	options.threat = threat;
	memset(wanted, 0xff, sizeof(wanted));
	return !threat || derive_open(&derive, &options, NULL);
}

static int close_all(void **state)
{
	(void)state;
	derive_close(derive);
	threat_close(threat);
	arena_free(&arena);
	return unlink(path);
}

/* 20.0.0.0/24 is this test's own, and on the list. */
static bool is_home(const struct addr *address)
{
	return address->byte[12] == 10 || address->byte[12] == 20;
}

static struct event pass(const char *service, weir_time at, const char *fields)
{
	char text[1024];
	struct error error = {0};
	struct event event;
	json_t *object;
	size_t unknown;

	snprintf(text, sizeof(text), "{\"@timestamp\":0,\"event.dataset\":\"weir.%s\",%s}", service,
		 fields);
	object = json_loads(text, 0, NULL);
	assert_non_null(object);
	assert_int_equal(event_from_json(object, &arena, &event, &unknown, &error), 0);
	event.time = at;
	if (event_has(&event, FIELD_SOURCE_IP))
		event_set(&event, SOURCE_SCOPE, source_scope,
			  is_home(&event.source_ip) ? SCOPE_INTERNAL : SCOPE_EXTERNAL);
	if (event_has(&event, FIELD_DESTINATION_IP))
		event_set(&event, DESTINATION_SCOPE, destination_scope,
			  is_home(&event.destination_ip) ? SCOPE_INTERNAL : SCOPE_EXTERNAL);
	derive_event(derive, &event);
	json_decref(object);
	return event;
}

static bool text_is(const struct text *text, const char *words)
{
	return text->length == strlen(words) && !memcmp(text->at, words, text->length);
}

static const char ends[] = "\"source.ip\":\"10.0.0.5\",\"destination.ip\":\"192.0.2.1\"";

static void what_is_listed_is_told(void **state)
{
	static const struct {
		const char *service, *fields, *indicator, *type;
	} cases[] = {
		{"connection", "\"source.ip\":\"10.0.0.5\",\"destination.ip\":\"203.0.113.5\"",
		 "203.0.113.5", "ipv4-addr"},
		{"connection", "\"source.ip\":\"198.51.100.9\",\"destination.ip\":\"10.0.0.5\"",
		 "198.51.100.0/24", "ipv4-addr"},
		{"connection", "\"source.ip\":\"10.0.0.5\",\"destination.ip\":\"2001:db8:5::9\"",
		 "2001:db8:5::/48", "ipv6-addr"},
		{"login", "\"source.ip\":\"203.0.113.5\",\"user.name\":\"root\"", "203.0.113.5",
		 "ipv4-addr"},
		{"dns", "\"dns.question.name\":\"WWW.Evil.example.\"", "evil.example",
		 "domain-name"},
		{"dns",
		 "\"dns.question.name\":\"good.example\",\"dns.answers\":[\"cname.example\","
		 "\"203.0.113.5\"]",
		 "203.0.113.5", "ipv4-addr"},
		{"tls", "\"tls.client.server_name\":\"evil.example\"", "evil.example",
		 "domain-name"},
		{"tls", "\"tls.client.ja4\":\"t13d1516h2_8daaf6152771_b186095e22b6\"",
		 "t13d1516h2_8daaf6152771_b186095e22b6", "ja4"},
		{"http", "\"url.domain\":\"host.example\",\"url.original\":\"/a/b?x=y\"",
		 "host.example/a/b", "url"},
		{"http", "\"url.original\":\"http://HOST.example/a/b\"", "host.example/a/b", "url"},
		{"http",
		 "\"url.domain\":\"host.example\",\"url.original\":\"/c?d=e\","
		 "\"destination.port\":8080",
		 "host.example:8080/c?d=e", "url"},
		{"http", "\"url.domain\":\"sub.evil.example\",\"url.original\":\"/\"",
		 "evil.example", "domain-name"},
		{"file",
		 "\"file.hash.sha256\":"
		 "\"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855\"",
		 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "file"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event e = pass(cases[i].service, time_now(), cases[i].fields);

		if (!event_has(&e, FIELD_THREAT_INDICATOR))
			fail_msg("%s: nothing is told", cases[i].fields);
		assert_true(text_is(&e.threat_indicator, cases[i].indicator));
		assert_true(text_is(&e.threat_type, cases[i].type));
		assert_true(text_is(&e.threat_feed, "feed"));
		assert_true(text_is(&e.threat_feed_level, "high"));
		assert_true(e.threat_feed_age >= 0 && e.threat_feed_age < 1);
	}
}

static void what_is_not_listed_is_not_told(void **state)
{
	static const char *const cases[] = {
		"\"source.ip\":\"10.0.0.5\",\"destination.ip\":\"203.0.113.6\"",
		"\"dns.question.name\":\"evil.example.org\"",
		"\"url.domain\":\"host.example\",\"url.original\":\"/a/bc\"",
		"\"url.domain\":\"host.example\",\"url.original\":\"/c?d=e\"",
		"\"file.hash.md5\":\"d41d8cd98f00b204e9800998ecf8427e\"",
	};
	struct event e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		e = pass("http", time_now(), cases[i]);
		assert_false(event_has(&e, FIELD_THREAT_INDICATOR));
	}
	/* What the input says stays. */
	e = pass("dns", time_now(),
		 "\"dns.question.name\":\"evil.example\",\"threat.indicator\":\"of theirs\"");
	assert_true(text_is(&e.threat_indicator, "of theirs"));
	assert_false(event_has(&e, FIELD_THREAT_FEED));
	e = pass("connection", time_now(), ends);
	assert_false(event_has(&e, FIELD_THREAT_INDICATOR));
	/* What is at home is not looked for, be it on a list of somebody else. */
	e = pass("connection", time_now(),
		 "\"source.ip\":\"20.0.0.5\",\"destination.ip\":\"20.0.0.6\"");
	assert_false(event_has(&e, FIELD_THREAT_INDICATOR));
}

static void a_stale_list_weighs_less(void **state)
{
	struct event e =
		pass("dns", time_now() + 40 * WEIR_DAY, "\"dns.question.name\":\"evil.example\"");

	(void)state;
	assert_true(text_is(&e.threat_feed_level, "medium"));
	assert_true(e.threat_feed_age > 39.9 && e.threat_feed_age < 40.1);
	/* Of a capture that is older than the list. */
	e = pass("dns", 0, "\"dns.question.name\":\"evil.example\"");
	assert_true(e.threat_feed_age == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_listed_is_told),
		cmocka_unit_test(what_is_not_listed_is_not_told),
		cmocka_unit_test(a_stale_list_weighs_less),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
