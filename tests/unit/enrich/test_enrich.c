/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "enrich/enrich.h"

static struct network_set home, local, scanners;

static void add(struct network_set *set, const char *text)
{
	struct network n;

	assert_int_equal(network_parse(text, strlen(text), &n), 0);
	assert_int_equal(network_set_add(set, &n), 0);
}

static int open_sets(void **state)
{
	(void)state;
	add(&home, "10.0.0.0/8");
	add(&home, "fe80::/10");
	add(&local, "10.0.0.5");
	add(&local, "203.0.113.9");
	add(&scanners, "10.9.9.9");
	return 0;
}

static int close_sets(void **state)
{
	(void)state;
	network_set_free(&home);
	network_set_free(&local);
	network_set_free(&scanners);
	return 0;
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, strlen(text), &a), 0);
	return a;
}

static void scopes(void **state)
{
	static const struct {
		const char *address;
		enum address_scope scope;
	} cases[] = {
		{"127.0.0.1", SCOPE_LOOPBACK},	  {"::1", SCOPE_LOOPBACK},
		{"224.0.0.251", SCOPE_MULTICAST}, {"239.255.255.250", SCOPE_MULTICAST},
		{"ff02::fb", SCOPE_MULTICAST},	  {"255.255.255.255", SCOPE_BROADCAST},
		{"0.0.0.0", SCOPE_LINK},	  {"::", SCOPE_LINK},
		{"169.254.1.1", SCOPE_LINK},	  {"10.255.0.1", SCOPE_INTERNAL},
		{"fe80::1", SCOPE_INTERNAL},	  {"8.8.8.8", SCOPE_EXTERNAL},
		{"203.0.113.9", SCOPE_INTERNAL},  {"2001:db8::1", SCOPE_EXTERNAL},
		{"240.0.0.1", SCOPE_EXTERNAL},	  {"223.255.255.255", SCOPE_EXTERNAL},
	};
	const struct enrich enrich = {.home = &home, .local = &local};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a = addr(cases[i].address);

		assert_int_equal(enrich_scope(&enrich, &a), cases[i].scope);
	}
}

static struct event between(const struct enrich *enrich, const char *source,
			    const char *destination)
{
	struct event event = {0};

	event_set(&event, SOURCE_IP, source_ip, addr(source));
	event_set(&event, DESTINATION_IP, destination_ip, addr(destination));
	event_set(&event, SOURCE_BYTES, source_bytes, 100);
	event_set(&event, DESTINATION_BYTES, destination_bytes, 7);
	enrich_event(enrich, &event);
	return event;
}

static void directions(void **state)
{
	const struct enrich live = {.home = &home, .local = &local};
	const struct enrich replay = {.home = &home};

	(void)state;
	assert_int_equal(between(&live, "10.0.0.5", "8.8.8.8").network_direction,
			 DIRECTION_OUTBOUND);
	assert_int_equal(between(&live, "8.8.8.8", "203.0.113.9").network_direction,
			 DIRECTION_INBOUND);
	assert_int_equal(between(&live, "10.0.0.5", "10.0.0.6").network_direction,
			 DIRECTION_INTERNAL);
	assert_int_equal(between(&live, "8.8.8.8", "9.9.9.9").network_direction,
			 DIRECTION_FORWARDED);
	assert_int_equal(between(&replay, "8.8.8.8", "9.9.9.9").network_direction,
			 DIRECTION_EXTERNAL);
	assert_int_equal(between(&replay, "10.0.0.5", "224.0.0.251").network_direction,
			 DIRECTION_INTERNAL);
}

static void sides(void **state)
{
	const struct enrich live = {.home = &home, .local = &local};
	const struct enrich replay = {.home = &home};
	struct event pulled = between(&replay, "8.8.8.8", "10.0.0.6");
	struct event visited = between(&live, "10.0.0.6", "10.0.0.5");
	struct event inside = between(&replay, "10.0.0.6", "10.0.0.7");
	struct addr here = addr("10.0.0.5"), six = addr("10.0.0.6");

	(void)state;
	assert_true(addr_equal(&pulled.local_ip, &six));
	assert_int_equal(pulled.local_bytes, 7);
	assert_int_equal(pulled.remote_bytes, 100);
	assert_true(addr_equal(&visited.local_ip, &here));
	assert_int_equal(visited.local_bytes, 7);
	assert_true(addr_equal(&inside.local_ip, &six));
	assert_int_equal(inside.local_bytes, 100);
}

static void roles(void **state)
{
	static const char *const names[] = {"backup", "scanner"};
	struct network_set none = {0};
	const struct enrich_role roles[] = {{&none}, {&scanners}};
	const struct enrich enrich = {.home = &home, .roles = roles, .roles_len = 2};
	struct event event;

	(void)state;
	field_roles_set(names, 2);
	event = between(&enrich, "10.9.9.9", "10.0.0.1");
	assert_true(event_has(&event, FIELD_SOURCE_ROLE));
	assert_int_equal(event.source_role, 2);
	assert_false(event_has(&event, FIELD_DESTINATION_ROLE));
	field_roles_set(NULL, 0);
}

/* What an input says of roles stays beside the address lists, and sub-roles are their wholes. */
static void roles_of_the_input_stay(void **state)
{
	static const char *const names[] = {"scanner", "backup", "backup_server"};
	const struct enrich_role roles[] = {{&scanners}};
	const struct enrich enrich = {.home = &home, .roles = roles, .roles_len = 1};
	struct event event = {0};

	(void)state;
	field_roles_set(names, 3);
	event_set(&event, SOURCE_IP, source_ip, addr("10.9.9.9"));
	event_set(&event, SOURCE_ROLE, source_role, 4);
	event_set(&event, DESTINATION_ROLE, destination_role, 2);
	enrich_event(&enrich, &event);
	assert_int_equal(event.source_role, 7);
	assert_int_equal(event.destination_role, 2);
	field_roles_set(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scopes),
		cmocka_unit_test(directions),
		cmocka_unit_test(sides),
		cmocka_unit_test(roles),
		cmocka_unit_test(roles_of_the_input_stay),
	};

	return cmocka_run_group_tests(tests, open_sets, close_sets);
}
