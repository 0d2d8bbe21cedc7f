/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/rule/text.h"

#include <stdlib.h>

/* Of the address sanitizer, whose header not every compiler brings. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

static struct event sample(void)
{
	struct event e = {.service = SERVICE_CONNECTION};

	event_set(&e, SOURCE_IP, source_ip, addr_from_v4(0x0500000a));		 /* 10.0.0.5 */
	event_set(&e, DESTINATION_IP, destination_ip, addr_from_v4(0x0a01a8c0)); /* 192.168.1.10 */
	event_set(&e, DESTINATION_PORT, destination_port, 443);
	event_set(&e, NETWORK_TRANSPORT, network_transport, 6);
	event_set(&e, NETWORK_STATE, network_state, STATE_UNANSWERED);
	event_set(&e, SOURCE_BYTES, source_bytes, 1500);
	event_set(&e, EVENT_DURATION, event_duration, 5 * WEIR_SEC);
	event_set(&e, COVERAGE, weir_coverage, 0.5);
	event_set(&e, DESTINATION_ANSWERED, destination_answered, false);
	event_set(&e, INTERFACE_NAME, interface_name, ((struct text){"Eth0.lan", 8}));
	event_set(&e, EVENT_ACTION, event_action, ((struct text){"a*b?\\c", 6}));
	event_set(&e, SOURCE_ROLE, source_role, UINT64_C(2));
	event_set(&e, EVENT_START, event_start, INT64_C(1767323045000000000));
	return e;
}

static bool matches(const char *detection)
{
	struct event e = sample();
	char text[2048];
	struct ruleset *set;
	unsigned matched[1], len;

	snprintf(text, sizeof(text), BASE_HEAD("r", "01") SOURCE("connection") "detection:\n%s",
		 detection);
	set = load_good(text);
	len = rule_match(set, &e, matched);
	ruleset_free(set);
	return len == 1;
}

/* One line of a selection. */
static bool line(const char *text)
{
	char detection[1024];

	snprintf(detection, sizeof(detection), "  s:\n    %s\n  condition: s\n", text);
	return matches(detection);
}

static void values_match_by_type(void **state)
{
	static const struct {
		const char *line;
		bool is;
	} table[] = {
		/* numbers */
		{"destination.port: 443", true},
		{"destination.port: 80", false},
		{"destination.port: [80, 443, 8080]", true},
		{"destination.port: '443'", true},
		{"destination.port|gt: 443", false},
		{"destination.port|gte: 443", true},
		{"destination.port|lt: 444", true},
		{"destination.port|lte: 442", false},
		{"destination.port|neq: 80", true},
		{"destination.port|neq: [80, 443]", false},
		{"destination.port|exists: true", true},
		{"destination.port|exists: false", false},
		{"source.bytes|gte: 1.5KB", true},
		{"event.duration|lt: 6s", true},
		{"event.duration: 5s", true},
		{"weir.coverage|lte: 0.5", true},
		{"event.start|gt: '2026-01-01T00:00:00Z'", true},
		{"dst_port: 443", true},
		/* missing fields meet nothing but null */
		{"source.port: 1", false},
		{"source.port|neq: 1", false},
		{"source.port|lt: 1", false},
		{"source.port: null", true},
		{"source.port:", true},
		{"source.port|neq: null", false},
		{"destination.port|neq: null", true},
		{"destination.port: null", false},
		{"destination.port: [null, 443]", true},
		{"source.port: [null, 443]", true},
		{"source.port|exists: false", true},
		/* named numbers */
		{"network.state: unanswered", true},
		{"network.state: UNANSWERED", true},
		{"network.state: [established, rejected]", false},
		{"network.state|neq: established", true},
		{"network.state|startswith: un", true},
		{"network.state: '*answer*'", true},
		{"network.transport: tcp", true},
		{"network.transport: [udp, icmp]", false},
		/* roles: beta is configured, and this host's */
		{"source.role: beta", true},
		{"source.role: alpha", false},
		{"source.role: nobody", false},
		{"source.role: [alpha, beta]", true},
		{"destination.role: beta", false},
		/* addresses */
		{"source.ip: 10.0.0.5", true},
		{"source.ip: '::ffff:10.0.0.5'", true},
		{"source.ip: [10.0.0.4, 10.0.0.6]", false},
		{"source.ip|cidr: 10.0.0.0/8", true},
		{"source.ip|cidr: [fe80::/10, 192.168.0.0/16]", false},
		{"source.ip|startswith: '10.'", true},
		{"source.ip: 10.0.*", true},
		{"source.ip|endswith: .6", false},
		{"source.ip: [192.*, '::ffff:10.0.0.5']", true},
		{"source.ip: [10.*, '::ffff:10.0.0.6']", true},
		{"source.ip: [192.*, '::ffff:10.0.0.6']", false},
		/* text */
		{"observer.ingress.interface.name: eth0.LAN", true},
		{"observer.ingress.interface.name|cased: eth0.LAN", false},
		{"observer.ingress.interface.name|cased: Eth0.lan", true},
		{"observer.ingress.interface.name: eth?.*", true},
		{"observer.ingress.interface.name: eth", false},
		{"observer.ingress.interface.name|contains: 'H0.'", true},
		{"observer.ingress.interface.name|contains|all: [eth, lan]", true},
		{"observer.ingress.interface.name|contains|all: [eth, wan]", false},
		{"observer.ingress.interface.name|contains: [eth, wan]", true},
		{"observer.ingress.interface.name|startswith: eth", true},
		{"observer.ingress.interface.name|endswith: eth", false},
		{"observer.ingress.interface.name|startswith|cased: eth", false},
		{"observer.ingress.interface.name: ''", false},
		{"observer.ingress.interface.name|neq: lo", true},
		/* escapes */
		{"event.action: 'a\\*b\\?\\\\c'", true},
		{"event.action: 'a\\*b\\?\\c'", true},
		{"event.action: 'a\\*c*'", false},
		{"event.action: 'a*c'", true},
		/* truth */
		{"destination.answered: false", true},
		{"destination.answered: true", false},
		{"weir.midstream: false", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (line(table[i].line) != table[i].is)
			print_error("%s\n", table[i].line);
		assert_int_equal(line(table[i].line), table[i].is);
	}
}

static void conditions_join_selections(void **state)
{
	static const struct {
		const char *condition;
		bool is;
	} table[] = {
		{"yes", true},
		{"no", false},
		{"yes and no", false},
		{"yes or no", true},
		{"not no", true},
		{"not not yes", true},
		{"yes and not no", true},
		{"no and no or yes", true},
		{"yes or yes and no", true},
		{"(yes or yes) and no", false},
		{"not (yes and no)", true},
		{"1 of them", true},
		{"any of them", true},
		{"all of them", false},
		{"1 of sel_*", true},
		{"all of sel_*", false},
		{"all of sel_y*", true},
		{"not 1 of *no", true},
		{"1 of _*", true},
		{"YES_LIST AND NOT no", true},
		{"missing", false},
		{"not missing", true}, /* Sigma: what is missing does not match */
	};
	char detection[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(detection, sizeof(detection),
			 "  yes: {destination.port: 443, source.ip: 10.0.0.5}\n"
			 "  no: {destination.port: 443, source.ip: 10.0.0.6}\n"
			 "  YES_LIST: [{destination.port: 80}, {destination.port: 443}]\n"
			 "  sel_yes: {destination.port: 443}\n"
			 "  sel_no: {destination.port: 80}\n"
			 "  missing: {source.port: 80}\n"
			 "  _hidden: {destination.port: 443}\n"
			 "  condition: %s\n",
			 table[i].condition);
		if (matches(detection) != table[i].is)
			print_error("%s\n", table[i].condition);
		assert_int_equal(matches(detection), table[i].is);
	}
}

/* Every rule that matches is found, whatever the index files it under, each once and in order. */
static void the_index_finds_what_matches(void **state)
{
	static const char *const lines[] = {
		"destination.port: [443, 443.0, 80]",
		"destination.port: 80",
		"source.ip: 10.0.0.5",
		"source.ip|cidr: 10.0.0.0/8",
		"network.state: unanswered",
		"source.port: null",
		"observer.ingress.interface.name: ETH0.LAN",
		"observer.ingress.interface.name|cased: Eth0.lan",
		"destination.port: -1",
		"source.bytes: 1500",
	};
	static const bool is[] = {true, false, true, true, true, true, true, true, false, true};
	char text[8192] = "";
	struct event e = sample();
	struct ruleset *set;
	unsigned matched[16], len, at = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		sprintf(text + strlen(text),
			"---\ntitle: r%u\nname: r%u\nid: "
			"11111111-1111-4111-8111-1111111111%02u\n" SOURCE(
				"connection") "detection: {s: {%s}, condition: s}\n",
			i, i, i, lines[i]);
	set = load_good(text);
	len = rule_match(set, &e, matched);
	for (unsigned i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		if (!is[i])
			continue;
		assert_true(at < len);
		assert_int_equal(matched[at++], i);
	}
	assert_int_equal(at, len);
	e.service = SERVICE_FLOW;
	assert_int_equal(rule_match(set, &e, matched), 0);
	e.service = 999;
	assert_int_equal(rule_match(set, &e, matched), 0);
	ruleset_free(set);
}

static unsigned allocations;

static void on_malloc(const volatile void *memory, size_t size)
{
	(void)memory;
	(void)size;
	allocations++;
}

static void on_free(const volatile void *memory)
{
	(void)memory;
}

static void matching_allocates_nothing(void **state)
{
	struct ruleset *set = load_good(BASE_HEAD("r", "01") SOURCE(
		"connection") "detection:\n"
			      "  s: {source.ip|startswith: '10.', network.state: '*an*',\n"
			      "      observer.ingress.interface.name|contains: [a, b, lan]}\n"
			      "  t: [{destination.port: [1, 2, 443]}, {source.ip|cidr: "
			      "172.16.0.0/12}]\n"
			      "  condition: s and t and not 1 of t*x or s\n"
			      "  tx: {source.bytes|gt: 5}\n");
	struct event e = sample();
	unsigned matched[1];
	void *volatile proof;

	(void)state;
	assert_true(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free));
	proof = malloc(1);
	free(proof);
	assert_int_equal(allocations, 1); /* it does count */
	for (int i = 0; i < 1000; i++)
		if (rule_match(set, &e, matched) != 1)
			fail();
	assert_int_equal(allocations, 1);
	ruleset_free(set);
}

static int roles(void **state)
{
	static const char *const names[] = {"alpha", "beta"};

	(void)state;
	field_roles_set(names, 2);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_match_by_type),
		cmocka_unit_test(conditions_join_selections),
		cmocka_unit_test(the_index_finds_what_matches),
		cmocka_unit_test(matching_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, roles, NULL);
}
