/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "capture/live/nat.h"

#define NETNS 3

static struct nat_tuple tuple(const char *source, uint16_t sport, const char *destination,
			      uint16_t dport)
{
	struct nat_tuple t = {
		.source_port = htons(sport), .destination_port = htons(dport), .proto = 6};

	assert_int_equal(addr_parse(source, strlen(source), &t.source), 0);
	assert_int_equal(addr_parse(destination, strlen(destination), &t.destination), 0);
	return t;
}

static const struct nat_name *find(const struct nat *nat, const char *source, uint16_t sport,
				   const char *destination, uint16_t dport)
{
	struct nat_tuple t = tuple(source, sport, destination, dport);
	uint8_t side;
	struct flow_key key = nat_key(nat, &t, &side);

	return nat_find(nat, &key);
}

static void untranslated_is_nothing(void **state)
{
	struct nat_tuple a = tuple("10.0.0.2", 4000, "10.1.0.9", 80);
	struct nat_tuple b = tuple("10.1.0.9", 80, "10.0.0.2", 4000);
	struct nat nat;

	(void)state;
	nat_init(&nat, NETNS);
	assert_false(nat_learn(&nat, &a, &b));
	assert_int_equal(nat.pairs, 0);
	nat_free(&nat);
}

static void masquerade(void **state)
{
	struct nat_tuple a = tuple("10.0.0.2", 4000, "192.0.2.9", 443);
	struct nat_tuple b = tuple("192.0.2.9", 443, "203.0.113.1", 61000);
	const struct nat_name *inside, *outside;
	struct nat nat;

	(void)state;
	nat_init(&nat, NETNS);
	assert_true(nat_learn(&nat, &a, &b));
	inside = find(&nat, "10.0.0.2", 4000, "192.0.2.9", 443);
	outside = find(&nat, "203.0.113.1", 61000, "192.0.2.9", 443);
	assert_non_null(inside);
	assert_non_null(outside);
	assert_ptr_equal(inside->pair, outside->pair);
	assert_int_equal(inside->pair->names, 2);
	assert_false(nat_is_twin(inside));
	assert_true(nat_is_twin(outside));
	assert_int_equal(inside->pair->other.source_port, 61000);
	assert_int_equal(inside->pair->other.destination_port, 443);
	assert_int_equal(inside->key.netns, NETNS);
	/* Either direction of the connection is the same key. */
	assert_ptr_equal(find(&nat, "192.0.2.9", 443, "203.0.113.1", 61000), outside);
	nat_forget(&nat, &a, &b);
	assert_null(find(&nat, "10.0.0.2", 4000, "192.0.2.9", 443));
	assert_null(find(&nat, "203.0.113.1", 61000, "192.0.2.9", 443));
	assert_int_equal(nat.pairs, 0);
	nat_free(&nat);
}

static void forwarded_port(void **state)
{
	struct nat_tuple a = tuple("198.51.100.7", 5000, "203.0.113.1", 80);
	struct nat_tuple b = tuple("10.0.0.8", 8080, "198.51.100.7", 5000);
	const struct nat_name *outer, *inner;
	struct nat nat;

	(void)state;
	nat_init(&nat, NETNS);
	assert_true(nat_learn(&nat, &a, &b));
	outer = find(&nat, "198.51.100.7", 5000, "203.0.113.1", 80);
	inner = find(&nat, "198.51.100.7", 5000, "10.0.0.8", 8080);
	assert_true(nat_is_twin(outer));
	assert_false(nat_is_twin(inner));
	assert_int_equal(inner->pair->other.destination_port, 80);
	nat_free(&nat);
}

/* Source and destination: its own tuple is on no wire. */
static void both(void **state)
{
	struct nat_tuple a = tuple("10.0.0.2", 4000, "10.0.0.1", 9000);
	struct nat_tuple b = tuple("10.2.0.2", 8000, "10.2.0.1", 4000);
	const struct nat_name *own, *before, *after;
	struct nat nat;

	(void)state;
	nat_init(&nat, NETNS);
	assert_true(nat_learn(&nat, &a, &b));
	own = find(&nat, "10.0.0.2", 4000, "10.2.0.2", 8000);
	before = find(&nat, "10.0.0.2", 4000, "10.0.0.1", 9000);
	after = find(&nat, "10.2.0.1", 4000, "10.2.0.2", 8000);
	assert_int_equal(own->pair->names, 3);
	assert_false(nat_is_twin(own));
	assert_true(nat_is_twin(before));
	assert_true(nat_is_twin(after));
	nat_free(&nat);
}

/* Whether directions of a twin are the other way round follows from who began. */
static void turned(void **state)
{
	static const char *const hosts[] = {"1.0.0.1", "250.0.0.250"};
	struct nat nat;
	unsigned i, turns = 0;

	(void)state;
	nat_init(&nat, NETNS);
	for (i = 0; i < 2; i++) {
		struct nat_tuple a = tuple("10.0.0.2", 4000, "100.0.0.9", 80);
		struct nat_tuple b = tuple("100.0.0.9", 80, hosts[i], 4000);
		const struct nat_name *own, *twin;
		struct flow_key key;
		uint8_t side;

		assert_true(nat_learn(&nat, &a, &b));
		own = find(&nat, "10.0.0.2", 4000, "100.0.0.9", 80);
		twin = find(&nat, hosts[i], 4000, "100.0.0.9", 80);
		key = nat_key(&nat, &a, &side);
		assert_int_equal(own->initiator, side);
		assert_memory_equal(&key, &own->key, sizeof(key));
		assert_int_equal(nat_turned(twin), own->initiator != twin->initiator);
		assert_memory_equal(twin->key.addr[twin->initiator] + 12,
				    &(uint32_t){inet_addr(hosts[i])}, 4);
		turns += nat_turned(twin);
	}
	assert_int_equal(turns, 1);
	nat_free(&nat);
}

/* A tuple whose old connection's end was missed belongs to the new one. */
static void replaced(void **state)
{
	struct nat_tuple a = tuple("10.0.0.2", 4000, "192.0.2.9", 443);
	struct nat_tuple b = tuple("192.0.2.9", 443, "203.0.113.1", 61000);
	struct nat_tuple c = tuple("10.0.0.3", 4000, "192.0.2.9", 443);
	struct nat nat;

	(void)state;
	nat_init(&nat, NETNS);
	assert_true(nat_learn(&nat, &a, &b));
	assert_true(nat_learn(&nat, &a, &b)); /* dump and message */
	assert_int_equal(nat.pairs, 1);
	assert_true(nat_learn(&nat, &c, &b));
	assert_int_equal(nat.pairs, 1);
	assert_null(find(&nat, "10.0.0.2", 4000, "192.0.2.9", 443));
	nat_free(&nat);
}

static void bounded(void **state)
{
	struct nat nat;
	uint16_t i;

	(void)state;
	nat_init(&nat, NETNS);
	nat.max = 10;
	for (i = 1; i <= 15; i++) {
		struct nat_tuple a = tuple("10.0.0.2", i, "192.0.2.9", 443);
		struct nat_tuple b = tuple("192.0.2.9", 443, "203.0.113.1", i);

		assert_int_equal(nat_learn(&nat, &a, &b), i <= 10);
	}
	assert_int_equal(nat.pairs, 10);
	assert_int_equal(nat.dropped, 5);
	/* Messages were lost: all is learnt anew. */
	nat_clear(&nat);
	assert_int_equal(nat.pairs, 0);
	assert_null(find(&nat, "10.0.0.2", 3, "192.0.2.9", 443));
	nat_free(&nat);
}

static void version_6(void **state)
{
	struct nat_tuple a = tuple("fd00::2", 4000, "2001:db8::9", 443);
	struct nat_tuple b = tuple("2001:db8::9", 443, "2001:db8::1", 61000);
	struct nat nat;

	(void)state;
	nat_init(&nat, NETNS);
	assert_true(nat_learn(&nat, &a, &b));
	assert_true(nat_is_twin(find(&nat, "2001:db8::1", 61000, "2001:db8::9", 443)));
	nat_free(&nat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(untranslated_is_nothing),
		cmocka_unit_test(masquerade),
		cmocka_unit_test(forwarded_port),
		cmocka_unit_test(both),
		cmocka_unit_test(turned),
		cmocka_unit_test(replaced),
		cmocka_unit_test(bounded),
		cmocka_unit_test(version_6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
