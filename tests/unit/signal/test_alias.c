/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/signal/harness.h"

/* Windows whose keys are another field in each of their rules. */

#define UUID(n) "11111111-1111-4111-8111-1111111111" n "\n"
#define RULES(keys, aliases, condition)                                                            \
	"title: ssh\nname: ssh\nid: " UUID(                                                        \
		"01") "logsource: {category: network, service: attempt}\n"                         \
		      "detection: {s: {destination.port: 22}, condition: s}\nlevel: low\n"         \
		      "---\ntitle: low\nname: low\nid: " UUID(                                     \
			      "02") "logsource: {category: network, service: attempt}\n"           \
				    "detection: {s: {destination.port|lt: 30}, condition: "        \
				    "s}\nlevel: low\n"                                             \
				    "---\ntitle: hosts\nname: hosts\nid: " UUID(                   \
					    "03") "correlation: {type: event_count, rules: [ssh, " \
						  "low], group-by: [" keys "],\n"                  \
						  "    aliases: {" aliases                         \
						  "}, timespan: 1m, condition: {" condition "}}\n" \
						  "weir: {window: tumbling, compute: {s: count "   \
						  "where ssh, l: count where low,\n"               \
						  "    d: distinct(destination.ip)}, summary: "    \
						  "'host {host}'}\n"

#define HOST "host: {ssh: destination.ip, low: source.ip}"

static const struct signal *only(struct bench *b)
{
	passes(b, 100);
	ends(b);
	assert_int_equal(louds(b), 1);
	return loud(b, 0);
}

/* One event has two keys where it matches two rules whose keys differ. */
static void an_event_counts_under_the_key_of_each_rule(void **state)
{
	struct bench *b = bench_new(RULES("host", HOST, "gte: 4"));
	const struct signal *signal;
	struct addr wanted = ip("10.0.0.9");

	(void)state;
	push(b, attempt(1, "10.0.0.1", "10.0.0.9", 22)); /* ssh to .9, low of .1 */
	push(b, attempt(2, "10.0.0.2", "10.0.0.9", 22));
	push(b, attempt(3, "10.0.0.9", "10.0.0.3", 25)); /* low of .9 */
	push(b, attempt(4, "10.0.0.9", "10.0.0.4", 80)); /* none */
	push(b, attempt(5, "10.0.0.9", "10.0.0.5", 22)); /* low of .9, ssh to .5 */
	signal = only(b);
	assert_int_equal(signal->keys_len, 1);
	assert_int_equal(signal->key_fields[0], FIELD_DESTINATION_IP);
	assert_true(addr_equal(&signal->keys[0].addr, &wanted));
	assert_float_equal(number_of(signal, "s"), 2, 0);
	assert_float_equal(number_of(signal, "l"), 2, 0);
	/* Aggregates are over the event as it is. */
	assert_float_equal(number_of(signal, "d"), 3, 0);
	assert_string_equal(signal->message, "host 10.0.0.9");
	bench_free(b);
}

/* Where the keys are the same, the event counts once. */
static void one_key_counts_once(void **state)
{
	struct bench *b =
		bench_new(RULES("host", "host: {ssh: source.ip, low: source.ip}", "gte: 2"));
	const struct signal *signal;

	(void)state;
	push(b, attempt(1, "10.0.0.1", "10.0.0.9", 22));
	push(b, attempt(2, "10.0.0.1", "10.0.0.9", 22));
	signal = only(b);
	assert_float_equal(number_of(signal, "s"), 2, 0);
	assert_float_equal(number_of(signal, "l"), 2, 0);
	bench_free(b);
}

/* Two keys that are each other in the other rule. */
static void keys_may_change_places(void **state)
{
	struct bench *b = bench_new(RULES(
		"host, peer", HOST ", peer: {ssh: source.ip, low: destination.ip}", "gte: 2"));
	const struct signal *signal;
	struct addr host = ip("10.0.0.9"), peer = ip("10.0.0.1");

	(void)state;
	push(b, attempt(1, "10.0.0.1", "10.0.0.9", 22)); /* ssh: host .9, peer .1 */
	push(b, attempt(2, "10.0.0.9", "10.0.0.1", 25)); /* low: host .9, peer .1 */
	signal = only(b);
	assert_true(addr_equal(&signal->keys[0].addr, &host));
	assert_true(addr_equal(&signal->keys[1].addr, &peer));
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_counts_under_the_key_of_each_rule),
		cmocka_unit_test(one_key_counts_once),
		cmocka_unit_test(keys_may_change_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
