/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "enrich/derive.h"
#include "event/json.h"
#include "unit/enrich/mmdb.h"

#define NOW (20000 * WEIR_DAY)

static struct arena arena;

static struct derive *open_for(const struct field_set wanted[SERVICE_COUNT])
{
	const struct derive_options options = {
		.wanted = wanted,
		.learn = {.days = 7, .max_destinations = 1000, .max_pairs = 1000},
		.max_names = 1000,
	};
	struct error error = {0};
	struct derive *derive = NULL;

	assert_int_equal(derive_open(&derive, &options, &error), 0);
	return derive;
}

static struct derive *open_all(void)
{
	struct field_set wanted[SERVICE_COUNT];

	memset(wanted, 0xff, sizeof(wanted));
	return open_for(wanted);
}

static void run(struct derive *derive, struct event *event)
{
	if (event_has(event, FIELD_SOURCE_IP))
		event_set(event, SOURCE_SCOPE, source_scope,
			  event->source_ip.byte[12] == 10 ? SCOPE_INTERNAL : SCOPE_EXTERNAL);
	if (event_has(event, FIELD_DESTINATION_IP))
		event_set(event, DESTINATION_SCOPE, destination_scope,
			  event->destination_ip.byte[12] == 10 ? SCOPE_INTERNAL : SCOPE_EXTERNAL);
	derive_event(derive, event);
}

/* An event from JSON, `at` seconds after the beginning, with all that follows from it. */
static struct event pass(struct derive *derive, const char *service, int at, const char *fields)
{
	char text[2048];
	struct error error = {0};
	struct event event;
	json_error_t wrong;
	size_t unknown;
	json_t *object;

	snprintf(text, sizeof(text), "{\"@timestamp\":0,\"event.dataset\":\"weir.%s\",%s}", service,
		 fields);
	object = json_loads(text, 0, &wrong);
	assert_non_null(object);
	assert_int_equal(event_from_json(object, &arena, &event, &unknown, &error), 0);
	assert_int_equal(unknown, 0);
	json_decref(object);
	event.time = NOW + at * WEIR_SEC;
	run(derive, &event);
	return event;
}

/* A field as JSON writes it; "-": it is missing. */
static const char *shown(const struct event *event, enum field field)
{
	json_t *object = event_to_json(event);
	json_t *value = json_object_get(object, field_table[field].name);
	char *dumped = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	const char *kept = dumped ? arena_text(&arena, dumped) : "-";

	free(dumped);
	json_decref(object);
	return kept;
}

struct expected {
	enum field field;
	const char *shown;
};

static void expect(const struct event *event, const struct expected *expected)
{
	for (; expected->shown; expected++)
		if (strcmp(shown(event, expected->field), expected->shown))
			fail_msg("%s is %s and not %s", field_table[expected->field].name,
				 shown(event, expected->field), expected->shown);
}

#define EXPECT(event, ...) expect(event, (const struct expected[]){__VA_ARGS__, {FIELD_NONE, NULL}})

static void urls_are_divided(void **state)
{
	static const struct {
		const char *original, *domain, *path, *query, *extension, *file;
	} cases[] = {
		{"http://u:p@www.example.com:8080/a/b.tar.gz?x=1&y#z", "\"www.example.com\"",
		 "\"/a/b.tar.gz\"", "\"x=1&y\"", "\"gz\"", "\"b.tar.gz\""},
		{"/index", "-", "\"/index\"", "-", "-", "-"},
		{"/a.exe?b=/c.txt", "-", "\"/a.exe\"", "\"b=/c.txt\"", "\"exe\"", "\"a.exe\""},
		{"https://[2001:db8::1]:443/", "\"[2001:db8::1]\"", "\"/\"", "-", "-", "-"},
		{"https://example.com", "\"example.com\"", "-", "-", "-", "-"},
		{"https://example.com?q", "\"example.com\"", "-", "\"q\"", "-", "-"},
		{"example.com:443", "\"example.com\"", "-", "-", "-", "-"},
		{"*", "-", "\"*\"", "-", "-", "-"},
		{"http://[", "\"[\"", "-", "-", "-", "-"},
		{"http://@:/.x", "-", "\"/.x\"", "-", "-", "-"},
		{"/a.veryveryverylongend", "-", "\"/a.veryveryverylongend\"", "-", "-", "-"},
		{"/a.", "-", "\"/a.\"", "-", "-", "-"},
		{"?", "-", "-", "\"\"", "-", "-"},
		{"", "-", "-", "-", "-", "-"},
	};
	struct derive *derive = open_all();
	char fields[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event e;

		snprintf(fields, sizeof(fields), "\"url.original\":\"%s\"", cases[i].original);
		e = pass(derive, "http", 0, fields);
		EXPECT(&e, {FIELD_URL_DOMAIN, cases[i].domain}, {FIELD_URL_PATH, cases[i].path},
		       {FIELD_URL_QUERY, cases[i].query}, {FIELD_URL_EXTENSION, cases[i].extension},
		       {FIELD_FILE_NAME, cases[i].file});
	}
	derive_close(derive);
}

static void names_of_files_and_programs_follow_from_paths(void **state)
{
	struct derive *derive = open_all();
	struct event e;

	(void)state;
	e = pass(derive, "file", 0, "\"file.path\":\"C:\\\\Temp\\\\a.b.EXE\"");
	EXPECT(&e, {FIELD_FILE_NAME, "\"a.b.EXE\""}, {FIELD_FILE_EXTENSION, "\"EXE\""});
	e = pass(derive, "file", 0, "\"file.path\":\"/x/.profile\",\"file.name\":\"given.txt\"");
	EXPECT(&e, {FIELD_FILE_NAME, "\"given.txt\""}, {FIELD_FILE_EXTENSION, "\"txt\""});
	e = pass(derive, "file", 0, "\"file.path\":\"/x/\"");
	EXPECT(&e, {FIELD_FILE_NAME, "-"}, {FIELD_FILE_EXTENSION, "-"});
	e = pass(derive, "process", 0,
		 "\"process.executable\":\"/usr/bin/nc\",\"process.parent.executable\":\"bash\"");
	EXPECT(&e, {FIELD_PROCESS_NAME, "\"nc\""}, {FIELD_PROCESS_PARENT_NAME, "\"bash\""});
	derive_close(derive);
}

static void dns_names_are_divided(void **state)
{
	struct derive *derive = open_all();
	struct event e;

	(void)state;
	e = pass(derive, "dns", 0, "\"dns.question.name\":\"WwW.mail.Example.co.uk.\"");
	EXPECT(&e, {FIELD_DNS_REGISTERED_DOMAIN, "\"example.co.uk\""},
	       {FIELD_DNS_SUBDOMAIN, "\"WwW.mail\""}, {FIELD_DNS_LABEL, "\"WwW\""},
	       {FIELD_DNS_LABEL_LENGTH, "3"}, {FIELD_DNS_LABEL_ENTROPY, "0.0"},
	       {FIELD_DNS_ENCODED, "-"});
	e = pass(derive, "dns", 0, "\"dns.question.name\":\"example.com\"");
	EXPECT(&e, {FIELD_DNS_SUBDOMAIN, "-"}, {FIELD_DNS_LABEL, "\"example\""});
	e = pass(derive, "dns", 0, "\"dns.question.name\":\"nas\"");
	EXPECT(&e, {FIELD_DNS_REGISTERED_DOMAIN, "-"}, {FIELD_DNS_SUBDOMAIN, "-"},
	       {FIELD_DNS_LABEL, "\"nas\""});
	e = pass(derive, "dns", 0, "\"dns.question.name\":\".\"");
	EXPECT(&e, {FIELD_DNS_LABEL, "\"\""}, {FIELD_DNS_LABEL_LENGTH, "0"});
	e = pass(derive, "dns", 0,
		 "\"dns.answers\":[\"192.0.2.1\",\"2001:db8::1\",\"mail.example.com\"]");
	EXPECT(&e, {FIELD_DNS_ANSWERS_BYTES, "36"}, {FIELD_DNS_LABEL, "-"});
	derive_close(derive);
}

static void encoded_labels_are_found_anywhere_but_where_services_have_them(void **state)
{
#define DATA "m9x4qz7p2v8k3n6r5t1y0abx"
	static const struct {
		const char *name, *encoded;
	} cases[] = {
		{DATA ".tunnel-drop.example", "\"" DATA "\""},
		{"7.c2." DATA ".t.example.com", "\"" DATA "\""},
		/* the longest, which carries the data */
		{"aabbccddeeff00112233." DATA "." DATA "9.t.example.com", "\"" DATA "9\""},
		/* without a domain: every label */
		{"dnscat." DATA, "\"" DATA "\""},
		{"raw data." DATA ".9", "\"" DATA "\""},
		/* who owns the name did not encode it */
		{"www." DATA ".com", "-"},
		{DATA "._domainkey.example.com", "-"},
		{"_acme-challenge." DATA ".example.com", "\"" DATA "\""},
		{"_" DATA ".example.com", "-"},
		{"411bf65a90644dbba13a14f5c341dca9.domains._msdcs.corp.local", "-"},
		{"www.example.com", "-"},
		/* a name in UTF-8, as it is written where it is no host's */
		{"b\\\\195\\\\188cher-f\\\\195\\\\188r-m\\\\195\\\\188nchen-und-k\\\\195\\\\182ln."
		 "example.com",
		 "-"},
	};
	struct derive *derive = open_all();
	char fields[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event e;

		snprintf(fields, sizeof(fields), "\"dns.question.name\":\"%s\"", cases[i].name);
		e = pass(derive, "dns", 0, fields);
		EXPECT(&e, {FIELD_DNS_ENCODED, cases[i].encoded});
	}
	derive_close(derive);
}

/* As the decoder writes them (RFC 1035, 5.1): 30 bytes, of which a dot is one. */
static void names_of_any_bytes_are_divided(void **state)
{
#define FIVE "\\\\200k\\\\.\\\\253x"
#define RAW  FIVE FIVE FIVE FIVE FIVE FIVE
	struct derive *derive = open_all();
	struct event e;

	(void)state;
	e = pass(derive, "dns", 0, "\"dns.question.name\":\"" RAW "." RAW "." RAW ".example.com\"");
	EXPECT(&e, {FIELD_DNS_REGISTERED_DOMAIN, "\"example.com\""},
	       {FIELD_DNS_SUBDOMAIN, "\"" RAW "." RAW "." RAW "\""},
	       {FIELD_DNS_LABEL, "\"" RAW "\""}, {FIELD_DNS_LABEL_LENGTH, "30"},
	       {FIELD_DNS_LABEL_ENTROPY, "2.3219280948873622"}, {FIELD_DNS_ENCODED, "\"" RAW "\""});
	derive_close(derive);
}

#define OUT                                                                                        \
	"\"source.ip\":\"10.0.0.1\",\"destination.ip\":\"198.51.100.1\",\"destination.port\":443"

static void destinations_are_named_by_answers_and_requests(void **state)
{
	struct derive *derive = open_all();
	struct event e;

	(void)state;
	e = pass(derive, "attempt", 0, OUT);
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "-"}, {FIELD_DESTINATION_NAMED, "-"});
	pass(derive, "dns", 1,
	     "\"source.ip\":\"10.0.0.1\",\"destination.ip\":\"10.0.0.53\","
	     "\"dns.question.name\":\"WWW.Example.com\","
	     "\"dns.answers\":[\"cdn.example.net\",\"198.51.100.1\",\"127.0.0.1\",\"0.0.0.0\"]");
	e = pass(derive, "attempt", 2, OUT);
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"www.example.com\""},
	       {FIELD_DESTINATION_REGISTERED_DOMAIN, "\"example.com\""},
	       {FIELD_DESTINATION_NAMED, "true"});
	/* What the client asks for goes before, and is remembered. */
	e = pass(derive, "tls", 3, OUT ",\"tls.client.server_name\":\"api.example.org\"");
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"api.example.org\""});
	e = pass(derive, "flow", 4, OUT);
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"api.example.org\""});
	e = pass(derive, "http", 5, OUT ",\"url.original\":\"http://www.example.net:81/\"");
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"www.example.net\""});
	/* An address in the Host line is no name. */
	e = pass(derive, "http", 6, OUT ",\"url.domain\":\"198.51.100.1\"");
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"www.example.net\""});
	/* What an input gives stays. */
	e = pass(derive, "flow", 7, OUT ",\"destination.domain\":\"Given.Example.com\"");
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"Given.Example.com\""},
	       {FIELD_DESTINATION_REGISTERED_DOMAIN, "\"example.com\""});
	derive_close(derive);
}

/* Fields of a flow from 10.0.0.N. */
static struct event flow_of(struct derive *derive, unsigned host, int at)
{
	char fields[128];

	snprintf(fields, sizeof(fields),
		 "\"source.ip\":\"10.0.0.%u\",\"destination.ip\":\"198.51.100.1\"", host);
	return pass(derive, "flow", at, fields);
}

static void clients_have_the_names_that_they_asked_for(void **state)
{
	struct derive *derive = open_all();
	struct event e;

	(void)state;
	/* by way of other names */
	pass(derive, "dns", 0,
	     "\"source.ip\":\"10.0.0.1\",\"dns.question.name\":\"www.example.com\","
	     "\"dns.answers\":[\"a.cdn.example.net\",\"b.cdn.example.net\",\"198.51.100.1\"],"
	     "\"dns.answers.ttl\":60");
	pass(derive, "dns", 1,
	     "\"source.ip\":\"10.0.0.2\",\"dns.question.name\":\"www.example.org\","
	     "\"dns.answers\":[\"198.51.100.1\"],\"dns.answers.ttl\":7200");
	pass(derive, "dns", 1,
	     "\"source.ip\":\"10.0.0.3\",\"dns.question.name\":\"www.example.net\","
	     "\"dns.answers\":[\"198.51.100.99\"]");
	e = flow_of(derive, 1, 2);
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"www.example.com\""});
	e = flow_of(derive, 2, 2);
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"www.example.org\""});
	e = flow_of(derive, 3, 2); /* asks, but not for this */
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "-"});
	e = flow_of(derive, 4, 2); /* is not seen to ask */
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"www.example.org\""});
	e = flow_of(derive, 1, 2 * 3600); /* an hour since its use */
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"www.example.org\""});
	derive_close(derive);
}

static void texts_that_look_like_addresses_are_none(void **state)
{
	struct derive *derive = open_all();
	struct event e;

	(void)state;
	pass(derive, "dns", 0,
	     "\"source.ip\":\"10.0.0.1\",\"dns.question.name\":\"www.example.com\","
	     "\"dns.question.type\":\"TXT\",\"dns.answers\":[\"198.51.100.1\"]");
	e = flow_of(derive, 1, 1);
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "-"});
	derive_close(derive);
}

/* Asked over IPv6, used over IPv4. */
static void this_host_asks_by_all_its_addresses(void **state)
{
	struct derive *derive = open_all();
	struct network_set own = {0};
	struct network network;
	struct event e;

	(void)state;
	assert_int_equal(network_parse("10.0.0.1", 8, &network), 0);
	network_set_add(&own, &network);
	assert_int_equal(network_parse("2001:db8::1", 11, &network), 0);
	network_set_add(&own, &network);
	derive_local(derive, &own);
	pass(derive, "dns", 0,
	     "\"source.ip\":\"2001:db8::1\",\"dns.question.name\":\"www.example.com\","
	     "\"dns.answers\":[\"198.51.100.1\"]");
	pass(derive, "dns", 0,
	     "\"source.ip\":\"10.0.0.1\",\"dns.question.name\":\"www.example.org\","
	     "\"dns.answers\":[\"198.51.100.2\"]");
	e = flow_of(derive, 1, 1);
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"www.example.com\""});
	network_set_free(&own);
	derive_close(derive);
}

static void a_proxy_in_the_house_gets_no_name(void **state)
{
	struct derive *derive = open_all();
	struct event e;

	(void)state;
	e = pass(derive, "http", 0,
		 "\"source.ip\":\"10.0.0.1\",\"destination.ip\":\"10.0.0.8\","
		 "\"url.original\":\"http://www.example.com/\"");
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "\"www.example.com\""});
	e = pass(derive, "flow", 0, "\"source.ip\":\"10.0.0.1\",\"destination.ip\":\"10.0.0.8\"");
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "-"});
	derive_close(derive);
}

static void unusual_channels_have_their_reasons(void **state)
{
	static const struct {
		const char *fields, *reasons;
	} cases[] = {
		{OUT, "-"},
		{OUT ",\"network.protocol\":\"ssh\"", "[\"protocol\"]"},
		{OUT ",\"network.protocol\":\"tls\"", "-"},
		{OUT ",\"network.protocol\":\"gssapi,SSL\"", "-"},
		{OUT ",\"network.protocol\":\"failed\"", "-"},
		{OUT ",\"network.protocol\":\"unknown\"", "-"},
		{OUT ",\"network.protocol\":\"tcp\"", "-"},
		{OUT ",\"network.protocol\":\"http\"", "[\"protocol\"]"},
		{OUT ",\"tls.server.self_signed\":true", "[\"self_signed\"]"},
		{OUT ",\"tls.server.self_signed\":false", "-"},
		{OUT ",\"process.packaged\":false,\"process.deleted\":true,"
		     "\"process.location\":\"tmp\"",
		 "[\"unpackaged\", \"deleted\", \"location\"]"},
		{OUT ",\"process.packaged\":true,\"process.location\":\"system\"", "-"},
		{OUT ",\"destination.named\":false", "[\"unnamed\"]"},
		{OUT ",\"destination.domain\":\"qxvbkjzwrtpqhd.com\"", "[\"random_name\"]"},
		{OUT ",\"destination.domain\":\"d1x4qz7p2v8k3n.cloudfront.net\"", "-"},
		{OUT ",\"channel.unusual\":\"given\",\"tls.server.self_signed\":true",
		 "[\"given\"]"},
		{"\"source.ip\":\"10.0.0.1\",\"destination.ip\":\"10.0.0.2\","
		 "\"tls.server.self_signed\":true",
		 "-"},
	};
	struct derive *derive = open_all();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event e = pass(derive, "tls", 0, cases[i].fields);

		EXPECT(&e, {FIELD_CHANNEL_UNUSUAL, cases[i].reasons});
	}
	derive_close(derive);
}

static void community_ids_are_made(void **state)
{
	struct derive *derive = open_all();
	/* A vector of the specification's baseline. */
	struct event e = pass(derive, "flow", 0,
			      "\"source.ip\":\"128.232.110.120\",\"source.port\":34855,"
			      "\"destination.ip\":\"66.35.250.204\",\"destination.port\":80,"
			      "\"network.transport\":\"tcp\"");

	(void)state;
	EXPECT(&e, {FIELD_NETWORK_COMMUNITY_ID, "\"1:LQU9qZlK+B5F3KDmev6m5PMibrg=\""});
	derive_close(derive);
}

/* Only what is wanted, of the service for which it is wanted; what that needs is made with it. */
static void only_what_is_wanted_is_made(void **state)
{
	struct field_set wanted[SERVICE_COUNT] = {0};
	struct derive *derive = open_for(wanted);
	struct event e;

	(void)state;
	assert_null(derive_learn(derive));
	assert_null(derive_names(derive));
	assert_int_equal(derive_services(derive), 0);
	e = pass(derive, "dns", 0, OUT ",\"dns.question.name\":\"www.example.com\"");
	EXPECT(&e, {FIELD_DNS_LABEL, "-"}, {FIELD_DESTINATION_NEW, "-"});
	derive_close(derive);

	field_set_add(&wanted[SERVICE_FLOW], FIELD_CHANNEL_UNUSUAL);
	derive = open_for(wanted);
	assert_non_null(derive_learn(derive));
	assert_non_null(derive_names(derive));
	assert_int_equal(derive_services(derive), 1u << SERVICE_CONNECTION | 1u << SERVICE_DNS |
							  1u << SERVICE_TLS | 1u << SERVICE_HTTP |
							  1u << SERVICE_FILE);
	/* It is learned from services of which nothing is wanted. */
	e = pass(derive, "dns", 0,
		 "\"dns.question.name\":\"qxvbkjzwrtpqhd.com\",\"dns.answers\":[\"198.51.100.1\"]");
	EXPECT(&e, {FIELD_DNS_LABEL, "-"});
	e = pass(derive, "attempt", 1, OUT);
	EXPECT(&e, {FIELD_DESTINATION_DOMAIN, "-"}, {FIELD_DESTINATION_NEW, "-"});
	e = pass(derive, "connection", 2, OUT);
	EXPECT(&e, {FIELD_DESTINATION_NEW, "-"});
	e = pass(derive, "flow", 3, OUT);
	EXPECT(&e, {FIELD_CHANNEL_UNUSUAL, "[\"random_name\"]"},
	       {FIELD_DESTINATION_PREVALENCE, "1"}, {FIELD_NETWORK_COMMUNITY_ID, "-"});
	derive_close(derive);
}

static void places_and_systems_are_those_of_external_addresses(void **state)
{
	static struct mmdb m;
	char path[] = "/tmp/weir-geo-XXXXXX";
	struct field_set wanted[SERVICE_COUNT];
	struct derive_options options = {.wanted = wanted, .geo.city = path};
	struct error error = {0};
	struct derive *derive;
	struct event e;

	(void)state;
	close(mkstemp(path));
	mmdb_add(&m, "0.0.0.0/1", mmdb_city(&m, "DE", 52.5, 13.25));
	mmdb_add(&m, "128.0.0.0/1", mmdb_city(&m, "BR", -23.5, -46.5));
	mmdb_write(&m, path, "GeoLite2-City");
	memset(wanted, 0, sizeof(wanted));
	field_set_add(&wanted[SERVICE_LOGIN], FIELD_SOURCE_GEO_LAT);
	field_set_add(&wanted[SERVICE_LOGIN], FIELD_DESTINATION_GEO_COUNTRY);
	assert_int_equal(derive_open(&derive, &options, &error), 0);
	e = pass(derive, "login", 0,
		 "\"source.ip\":\"198.51.100.1\",\"destination.ip\":\"9.9.9.9\"");
	EXPECT(&e, {FIELD_SOURCE_GEO_COUNTRY, "\"BR\""}, {FIELD_SOURCE_GEO_LAT, "-23.5"},
	       {FIELD_SOURCE_GEO_LON, "-46.5"}, {FIELD_DESTINATION_GEO_COUNTRY, "\"DE\""},
	       {FIELD_DESTINATION_AS_NUMBER, "-"});
	e = pass(derive, "login", 0,
		 "\"source.ip\":\"10.0.0.1\",\"destination.ip\":\"9.9.9.9\","
		 "\"destination.geo.country_iso_code\":\"XX\"");
	EXPECT(&e, {FIELD_SOURCE_GEO_COUNTRY, "-"}, {FIELD_DESTINATION_GEO_COUNTRY, "\"XX\""});
	derive_close(derive);
	unlink(path);
	assert_true(derive_open(&derive, &options, &error) < 0);
	assert_non_null(strstr(error.text, "geo.city"));
}

static int free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_divided),
		cmocka_unit_test(names_of_files_and_programs_follow_from_paths),
		cmocka_unit_test(dns_names_are_divided),
		cmocka_unit_test(names_of_any_bytes_are_divided),
		cmocka_unit_test(encoded_labels_are_found_anywhere_but_where_services_have_them),
		cmocka_unit_test(destinations_are_named_by_answers_and_requests),
		cmocka_unit_test(clients_have_the_names_that_they_asked_for),
		cmocka_unit_test(texts_that_look_like_addresses_are_none),
		cmocka_unit_test(this_host_asks_by_all_its_addresses),
		cmocka_unit_test(a_proxy_in_the_house_gets_no_name),
		cmocka_unit_test(unusual_channels_have_their_reasons),
		cmocka_unit_test(community_ids_are_made),
		cmocka_unit_test(only_what_is_wanted_is_made),
		cmocka_unit_test(places_and_systems_are_those_of_external_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, free_arena);
}
