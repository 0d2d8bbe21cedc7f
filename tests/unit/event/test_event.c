/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "event/event.h"

static enum field find(const char *name)
{
	return field_find(name, strlen(name));
}

static void every_field_is_found_by_its_name(void **state)
{
	(void)state;
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		assert_int_equal(find(field_table[f].name), f);
		assert_true(field_table[f].offset < sizeof(struct event));
		assert_true(*field_table[f].words);
	}
}

static void aliases_are_found(void **state)
{
	static const struct {
		const char *name;
		enum field field;
	} known[] = {
		{"src_ip", FIELD_SOURCE_IP},
		{"dst_ip", FIELD_DESTINATION_IP},
		{"src_port", FIELD_SOURCE_PORT},
		{"dst_port", FIELD_DESTINATION_PORT},
		{"SourceIp", FIELD_SOURCE_IP},
		{"DestinationIp", FIELD_DESTINATION_IP},
		{"DestinationPort", FIELD_DESTINATION_PORT},
		{"id.orig_h", FIELD_SOURCE_IP},
		{"id.resp_p", FIELD_DESTINATION_PORT},
		{"proto", FIELD_NETWORK_TRANSPORT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(find(known[i].name), known[i].field);
	assert_int_equal(find("nothing"), FIELD_NONE);
	assert_int_equal(find(""), FIELD_NONE);
	assert_int_equal(find("source.i"), FIELD_NONE);
	assert_int_equal(field_find("source.ipx", 9), FIELD_SOURCE_IP);
}

static void a_wrong_name_has_a_nearest(void **state)
{
	char huge[5000];

	(void)state;
	assert_string_equal(field_nearest("source.iq", 9), "source.ip");
	assert_string_equal(field_nearest("destination.prot", 16), "destination.port");
	assert_string_equal(field_nearest("dst_prt", 7), "dst_port");
	assert_non_null(field_nearest("", 0));
	memset(huge, 'x', sizeof(huge));
	assert_non_null(field_nearest(huge, sizeof(huge)));
}

static void services_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < SERVICE_COUNT; i++)
		assert_int_equal(service_find(service_name(i), strlen(service_name(i))), i);
	assert_int_equal(service_find("attempts", 8), -1);
	assert_int_equal(service_find("attem", 5), -1);
}

static int number(enum field f, const char *name)
{
	return field_enum_number(f, name, strlen(name));
}

static void numbers_have_names(void **state)
{
	(void)state;
	assert_int_equal(number(FIELD_NETWORK_TRANSPORT, "tcp"), 6);
	assert_int_equal(number(FIELD_NETWORK_TRANSPORT, "TCP"), 6);
	assert_int_equal(number(FIELD_NETWORK_TRANSPORT, "ipv6-icmp"), 58);
	assert_int_equal(number(FIELD_NETWORK_TRANSPORT, "icmpv6"), 58);
	assert_int_equal(number(FIELD_NETWORK_TRANSPORT, "253"), 253);
	assert_int_equal(number(FIELD_NETWORK_TRANSPORT, "256"), -1);
	assert_int_equal(number(FIELD_NETWORK_TRANSPORT, "tc"), -1);
	assert_int_equal(number(FIELD_NETWORK_TRANSPORT, ""), -1);
	assert_int_equal(field_enum_number(FIELD_NETWORK_TRANSPORT, "tcp\0x", 5), -1);
	assert_int_equal(number(FIELD_NETWORK_STATE, "Rejected"), STATE_REJECTED);
	assert_int_equal(number(FIELD_NETWORK_STATE, "1"), -1);
	assert_int_equal(number(FIELD_SOURCE_IP, "tcp"), -1);
	assert_string_equal(field_enum_name(FIELD_DESTINATION_SCOPE, SCOPE_LINK), "link");
	assert_null(field_enum_name(FIELD_NETWORK_STATE, 3));
	assert_null(field_enum_name(FIELD_NETWORK_TRANSPORT, 256));
	for (unsigned n = 0; n < 256; n++)
		assert_int_equal(number(FIELD_NETWORK_TRANSPORT,
					field_enum_name(FIELD_NETWORK_TRANSPORT, n)),
				 n);
}

static uint64_t role(const char *name)
{
	int number = field_role_number(name, strlen(name));

	assert_true(number >= 0);
	return UINT64_C(1) << number;
}

static void configured_roles_stand_before_those_that_always_exist(void **state)
{
	static const char *const names[] = {"tape", "scanner"};

	(void)state;
	assert_true(field_role_number("scanner", 7) >= 0);
	assert_int_equal(field_role_number("tape", 4), -1);
	field_roles_set(names, 2);
	assert_int_equal(field_role_number("scanner", 7), 1);
	assert_int_equal(field_role_number("scan", 4), -1);
	assert_string_equal(field_role_name(0), "tape");
	assert_true(field_role_number("backup", 6) > 1);
	assert_null(field_role_name(ROLES_MAX - (unsigned)field_roles_room() + 1));
	assert_true(field_role_is_known("backup", 6));
	assert_false(field_role_is_known("tape", 4));
	field_roles_set(NULL, 0);
	assert_int_equal(field_role_number("tape", 4), -1);
}

/* What is asked of `backup` is met by its server; what is asked of the server not by `backup`. */
static void a_sub_role_is_its_whole_too(void **state)
{
	static const char *const names[] = {"backup_tape", "backups", "dns_resolver_old"};

	(void)state;
	field_roles_set(names, 3);
	assert_int_equal(field_roles_close(role("backup_server")),
			 role("backup_server") | role("backup"));
	assert_int_equal(field_roles_close(role("backup_tape")),
			 role("backup_tape") | role("backup"));
	assert_int_equal(field_roles_close(role("backup")), role("backup"));
	assert_int_equal(field_roles_close(role("backups")), role("backups"));
	assert_int_equal(field_roles_close(role("snapshot_repository") | role("dns_resolver_old")),
			 role("snapshot_repository") | role("snapshot") | role("dns_resolver_old") |
				 role("dns"));
	assert_int_equal(field_roles_close(0), 0);
	field_roles_set(NULL, 0);
}

/* No name gets a bit that is not there. */
static void more_roles_than_bits_are_left_out(void **state)
{
	static char text[80][8];
	const char *names[80];

	(void)state;
	for (size_t i = 0; i < 80; i++) {
		snprintf(text[i], sizeof(text[i]), "own%zu", i);
		names[i] = text[i];
	}
	field_roles_set(names, 80);
	assert_int_equal(field_role_number("own63", 5), 63);
	assert_int_equal(field_role_number("own64", 5), -1);
	assert_int_equal(field_role_number("backup", 6), -1);
	field_roles_set(NULL, 0);
}

static void kept_texts_outlive_their_input(void **state)
{
	struct arena arena = {0};
	struct event e = {0};
	char name[] = "eth0";

	(void)state;
	event_set(&e, INTERFACE_NAME, interface_name, ((struct text){name, 4}));
	assert_int_equal(event_keep(&e, &arena), 0);
	memset(name, 'x', 4);
	assert_memory_equal(e.interface_name.at, "eth0", 4);
	arena_free(&arena);
}

static struct event flow(int proto, const char *from, const char *to, int a, int b)
{
	struct event e = {.service = SERVICE_CONNECTION};

	assert_int_equal(addr_parse(from, strlen(from), &e.source_ip), 0);
	assert_int_equal(addr_parse(to, strlen(to), &e.destination_ip), 0);
	event_mark(&e, FIELD_SOURCE_IP);
	event_mark(&e, FIELD_DESTINATION_IP);
	event_set(&e, NETWORK_TRANSPORT, network_transport, (uint16_t)proto);
	if (proto == 1 || proto == 58) {
		event_set(&e, ICMP_TYPE, icmp_type, (uint64_t)a);
		event_set(&e, ICMP_CODE, icmp_code, (uint64_t)b);
	} else if (a >= 0) {
		event_set(&e, SOURCE_PORT, source_port, (uint64_t)a);
		event_set(&e, DESTINATION_PORT, destination_port, (uint64_t)b);
	}
	return e;
}

/* The published vectors: corelight/community-id-spec, baseline/baseline_deflt.json. */
static void community_ids_are_the_published_ones(void **state)
{
	static const struct {
		int proto;
		const char *from, *to;
		int a, b;
		const char *id;
	} vectors[] = {
		{58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0,
		 "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
		{58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0,
		 "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
		{58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 135, 0,
		 "1:zavyT/cezQr1fmImYCwYnMXbgck="},
		{58, "3ffe:501:1800:2345::2", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0,
		 "1:2ObVBgIn28oZvibYZhZMBgh7WdQ="},
		{58, "3ffe:501:410:0:2c0:dfff:fe47:33e", "3ffe:507:0:1:200:86ff:fe05:80da", 1, 4,
		 "1:hLZd0XGWojozrvxqE0dWB1iM6R0="},
		{58, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:501:0:1001::2", 128, 0,
		 "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="},
		{58, "fe80::200:86ff:fe05:80da", "ff02::2", 133, 0,
		 "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0="},
		{58, "fe80::260:97ff:fe07:69ea", "ff02::1", 134, 0,
		 "1:pkvHqCL88/tg1k4cPigmZXUtL00="},
		{1, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
		{1, "192.168.0.1", "192.168.0.89", 0, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
		/* the last published way turned round, by the specification's own program */
		{1, "10.0.0.2", "10.0.0.1", 11, 0, "1:c5iqfdGYsNWhMJVcYXWPNWbpnKs="},
		{1, "10.0.0.1", "10.0.0.2", 11, 0, "1:YHxtAirCG//0OzkcVAukqKQN9xM="},
		{6, "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 63943, 25,
		 "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
		{132, "192.168.170.8", "192.168.170.56", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
		{132, "192.168.170.56", "192.168.170.8", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
		{6, "128.232.110.120", "66.35.250.204", 34855, 80,
		 "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{6, "66.35.250.204", "128.232.110.120", 80, 34855,
		 "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{17, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{46, "10.1.12.1", "10.1.12.2", -1, -1, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
		{46, "10.1.12.2", "10.1.12.1", -1, -1, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
	};
	char id[COMMUNITY_ID_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct event e = flow(vectors[i].proto, vectors[i].from, vectors[i].to,
				      vectors[i].a, vectors[i].b);

		assert_true(event_community_id(&e, id));
		assert_string_equal(id, vectors[i].id);
	}
}

static void no_tuple_no_community_id(void **state)
{
	struct event e = flow(6, "10.0.0.1", "10.0.0.2", 1, 2);
	char id[COMMUNITY_ID_MAX];

	(void)state;
	event_clear(&e, FIELD_DESTINATION_PORT);
	assert_false(event_community_id(&e, id));
	e = flow(1, "10.0.0.1", "10.0.0.2", 8, 0);
	event_clear(&e, FIELD_ICMP_TYPE);
	assert_false(event_community_id(&e, id));
	e = (struct event){0};
	assert_false(event_community_id(&e, id));
}

static void tuples_are_readable(void **state)
{
	struct event e = flow(6, "10.0.0.1", "10.0.0.2", 5000, 22);
	char text[EVENT_TUPLE_MAX];

	(void)state;
	assert_string_equal(event_tuple(&e, text), "10.0.0.1:5000 → 10.0.0.2:22 tcp");
	e = flow(17, "2001:db8:1111:2222:3333:4444:5555:6666",
		 "2001:db8:1111:2222:3333:4444:5555:7777", 65535, 65535);
	assert_string_equal(event_tuple(&e, text),
			    "[2001:db8:1111:2222:3333:4444:5555:6666]:65535 → "
			    "[2001:db8:1111:2222:3333:4444:5555:7777]:65535 udp");
	e = (struct event){0};
	assert_string_equal(event_tuple(&e, text), "? → ?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_found_by_its_name),
		cmocka_unit_test(aliases_are_found),
		cmocka_unit_test(a_wrong_name_has_a_nearest),
		cmocka_unit_test(services_have_names),
		cmocka_unit_test(numbers_have_names),
		cmocka_unit_test(configured_roles_stand_before_those_that_always_exist),
		cmocka_unit_test(a_sub_role_is_its_whole_too),
		cmocka_unit_test(more_roles_than_bits_are_left_out),
		cmocka_unit_test(kept_texts_outlive_their_input),
		cmocka_unit_test(community_ids_are_the_published_ones),
		cmocka_unit_test(no_tuple_no_community_id),
		cmocka_unit_test(tuples_are_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
