/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "capture/live/inside.h"

/* What the kernel's entries become, without a kernel: its maps answer that nothing is there. */

#define SLOTS 16
#define BOOT  (1000 * WEIR_SEC)
#define WALL  (INT64_C(1800000000) * WEIR_SEC)

struct host {
	struct live live;
	struct flow_table *flows;
	struct flow_slot hot[SLOTS];
	struct flow *by_slot[SLOTS];
	unsigned attempts, connections, ended;
	uint64_t bytes, packets;
	bool nat;
};

static void on_event(void *context, const struct event *event)
{
	struct host *host = context;

	host->attempts += event->service == SERVICE_ATTEMPT;
	host->connections += event->service == SERVICE_CONNECTION;
	if (event->service != SERVICE_FLOW)
		return;
	host->bytes += event->source_bytes + event->destination_bytes;
	host->packets += event->source_packets + event->destination_packets;
	host->ended += event_has(event, FIELD_FLOW_ENDED);
	host->nat |= event_has(event, FIELD_NAT_SOURCE_IP);
}

static int set_up(void **state)
{
	struct host *host = calloc(1, sizeof(*host));
	const struct flow_ops ops = {
		.event = on_event, .context = host, .services = UINT32_MAX, .interval = WEIR_SEC};
	const struct clock_sample sample = {100000, BOOT, BOOT, WALL};
	struct kernel *kernel = &host->live.kernel;

	host->flows = flow_table_new(&ops);
	kernel->main = kernel->cold = kernel->free = kernel->retired = -1;
	kernel->half[0] = kernel->half[1] = -1;
	host->live.slots =
		(struct slots){.free = -1, .hot = host->hot, .flow = host->by_slot, .ready = SLOTS};
	LIST_INIT(&host->live.known);
	own_init(&host->live.own);
	nat_init(&host->live.nat, LIVE_NETNS);
	clock_start(&host->live.clock, &sample, TIME_NONE);
	*state = host;
	return 0;
}

static int tear_down(void **state)
{
	struct host *host = *state;
	struct known *known;

	while ((known = LIST_FIRST(&host->live.known)))
		known_drop(&host->live, known->flow);
	assert_int_equal(host->live.known_len, 0);
	assert_int_equal(host->live.halves.known, 0);
	flow_table_free(host->flows);
	nat_free(&host->live.nat);
	own_free(&host->live.own);
	vec_free(&host->live.ends.waiting);
	free(host);
	return 0;
}

static struct nat_tuple tuple(const char *source, uint16_t sport, const char *destination,
			      uint16_t dport)
{
	struct nat_tuple t = {
		.source_port = htons(sport), .destination_port = htons(dport), .proto = 6};

	addr_parse(source, strlen(source), &t.source);
	addr_parse(destination, strlen(destination), &t.destination);
	return t;
}

/* A half-open entry whose initiator sent `packets` of 60 bytes and which was born `at`. */
static struct seen half(const struct host *host, const struct nat_tuple *t, uint64_t at,
			uint32_t packets)
{
	struct seen seen = {.slot = RECORD_NO_SLOT};
	uint8_t side;

	seen.key = nat_key(&host->live.nat, t, &side);
	seen.facts.first = at;
	seen.facts.initiator = side;
	seen.facts.packets[side] = packets;
	seen.facts.bytes[side] = 60ull * packets;
	seen.facts.flags[side] = TCP_FLAG_SYN;
	seen.facts.last[side] = 100000;
	return seen;
}

/* The same connection in the main table; the other side answered with as much. */
static struct seen promoted(const struct host *host, const struct nat_tuple *t, uint64_t at,
			    uint32_t packets, uint32_t slot)
{
	struct seen seen = half(host, t, at, packets);
	unsigned answer = !seen.facts.initiator;

	seen.facts.packets[answer] = packets;
	seen.facts.bytes[answer] = 60ull * packets;
	seen.facts.state = FLOW_ESTABLISHED;
	seen.facts.decided = at + 1000;
	seen.slot = slot;
	seen.generation = 1;
	return seen;
}

static void finish(struct host *host)
{
	struct known *known;

	while ((known = LIST_FIRST(&host->live.known)))
		known_end(&host->live, host->flows, known->flow);
}

static void a_connection(void **state)
{
	struct host *host = *state;
	struct nat_tuple t = tuple("10.0.0.2", 4000, "10.0.0.9", 80);
	struct seen first = half(host, &t, BOOT, 1);
	struct seen main = promoted(host, &t, BOOT, 3, 5);

	assert_int_equal(known_see(&host->live, host->flows, &first), LEARNT);
	assert_int_equal(host->live.halves.known, 1);
	assert_int_equal(known_see(&host->live, host->flows, &main), LEARNT);
	assert_int_equal(host->live.halves.known, 0);
	assert_non_null(host->by_slot[5]);
	/* A record that comes late says nothing new. */
	assert_int_equal(known_see(&host->live, host->flows, &first), LEARNT);
	assert_int_equal(known_see(&host->live, host->flows, &main), LEARNT);
	finish(host);
	assert_null(host->by_slot[5]);
	assert_int_equal(host->attempts, 1);
	assert_int_equal(host->connections, 1);
	assert_int_equal(host->packets, 6);
	assert_int_equal(host->bytes, 360);
	assert_int_equal(host->live.accounted, 360);
}

static void packets_wrap(void **state)
{
	struct host *host = *state;
	struct nat_tuple t = tuple("10.0.0.2", 4000, "10.0.0.9", 80);
	struct seen main = promoted(host, &t, BOOT, UINT32_MAX - 1, 5);
	unsigned side = main.facts.initiator;

	known_see(&host->live, host->flows, &main);
	main.facts.packets[side] += 5; /* 3 */
	main.facts.bytes[side] += 300;
	known_see(&host->live, host->flows, &main);
	assert_int_equal(host->by_slot[5]->now.packets[side], (uint64_t)UINT32_MAX + 4);
	/* An older record must not look like four thousand million packets. */
	main.facts.packets[side] -= 2;
	main.facts.bytes[side] -= 120;
	known_see(&host->live, host->flows, &main);
	assert_int_equal(host->by_slot[5]->now.packets[side], (uint64_t)UINT32_MAX + 4);
}

/* The LRU forgot the entry, and a retransmission made it anew: one connection. */
static void forgotten_and_back(void **state)
{
	struct host *host = *state;
	struct nat_tuple t = tuple("10.0.0.2", 4000, "10.0.0.9", 80);
	struct seen first = half(host, &t, BOOT, 2);
	struct seen again = half(host, &t, BOOT + WEIR_SEC, 1);
	struct seen main = promoted(host, &t, BOOT + WEIR_SEC, 3, 2);

	known_see(&host->live, host->flows, &first);
	known_see(&host->live, host->flows, &again);
	/* The old one, told late, does not turn it back. */
	known_see(&host->live, host->flows, &first);
	known_see(&host->live, host->flows, &main);
	finish(host);
	assert_int_equal(host->attempts, 1);
	assert_int_equal(host->connections, 1);
	assert_int_equal(host->packets, 2 + 6);
}

/* Rejected, and tried again from the same port: two connections. */
static void tried_again(void **state)
{
	struct host *host = *state;
	struct nat_tuple t = tuple("10.0.0.2", 4000, "10.0.0.9", 81);
	struct seen first = half(host, &t, BOOT, 1);
	struct seen second = half(host, &t, BOOT + WEIR_SEC, 1);

	first.facts.state = second.facts.state = FLOW_REJECTED;
	first.facts.decided = BOOT + 100;
	second.facts.decided = BOOT + WEIR_SEC + 100;
	known_see(&host->live, host->flows, &first);
	known_see(&host->live, host->flows, &second);
	finish(host);
	assert_int_equal(host->attempts, 2);
	assert_int_equal(host->connections, 2);
	assert_int_equal(host->bytes, 120);
}

/* A new life of a tuple waits until the old slot is read. */
static void reused_tuple_waits(void **state)
{
	struct host *host = *state;
	struct nat_tuple t = tuple("10.0.0.2", 4000, "10.0.0.9", 80);
	struct seen old = promoted(host, &t, BOOT, 3, 5);
	struct seen young = half(host, &t, BOOT + WEIR_SEC, 1);
	struct seen young_main = promoted(host, &t, BOOT + WEIR_SEC, 3, 6);

	known_see(&host->live, host->flows, &old);
	assert_int_equal(known_see(&host->live, host->flows, &young), LEARNT_LATER);
	assert_int_equal(known_see(&host->live, host->flows, &young_main), LEARNT_LATER);
	known_end(&host->live, host->flows, host->by_slot[5]);
	assert_int_equal(known_see(&host->live, host->flows, &young_main), LEARNT);
	assert_non_null(host->by_slot[6]);
	finish(host);
	assert_int_equal(host->attempts, 2);
	assert_int_equal(host->connections, 2);
	assert_int_equal(host->packets, 12);
}

static void learn_masquerade(struct host *host)
{
	struct nat_tuple a = tuple("10.0.0.2", 4000, "192.0.2.9", 443);
	struct nat_tuple b = tuple("192.0.2.9", 443, "203.0.113.1", 61000);

	assert_true(nat_learn(&host->live.nat, &a, &b));
}

static void both_sides_of_a_translation(void **state)
{
	struct host *host = *state;
	struct nat_tuple inside = tuple("10.0.0.2", 4000, "192.0.2.9", 443);
	struct nat_tuple outside = tuple("203.0.113.1", 61000, "192.0.2.9", 443);
	struct seen a = promoted(host, &inside, BOOT, 3, 1);
	struct seen b = promoted(host, &outside, BOOT + 10, 3, 2);

	learn_masquerade(host);
	known_see(&host->live, host->flows, &a);
	known_see(&host->live, host->flows, &b);
	assert_false(host->by_slot[1]->silent);
	assert_true(host->by_slot[2]->silent);
	finish(host);
	assert_int_equal(host->attempts, 1);
	assert_int_equal(host->connections, 1);
	assert_int_equal(host->packets, 6);
	assert_true(host->nat);
}

/* Only the outside is watched: its entry stands for the connection, under the true tuple. */
static void one_side_of_a_translation(void **state)
{
	/* Of these outside addresses one sorts before the destination, the other behind it. */
	static const char *const outsides[] = {"1.0.0.1", "250.0.0.250"};
	struct host *host = *state;
	unsigned i, turned = 0;

	for (i = 0; i < 2; i++) {
		struct nat_tuple inside = tuple("10.0.0.2", 4000, "100.0.0.9", 80);
		struct nat_tuple outside = tuple(outsides[i], 4000, "100.0.0.9", 80);
		struct nat_tuple reply = tuple("100.0.0.9", 80, outsides[i], 4000);
		struct seen first = half(host, &outside, BOOT, 1);
		struct seen main = promoted(host, &outside, BOOT, 3, 2);
		struct seen own = half(host, &inside, BOOT, 1);
		struct flow *flow;
		unsigned side;

		main.facts.bytes[main.facts.initiator] += 7;
		assert_true(nat_learn(&host->live.nat, &inside, &reply));
		known_see(&host->live, host->flows, &first);
		known_see(&host->live, host->flows, &main);
		flow = flow_find(host->flows, &own.key);
		assert_non_null(flow);
		assert_ptr_equal(flow, host->by_slot[2]);
		assert_memory_equal(known_key(flow), &main.key, sizeof(main.key));
		side = flow->initiator;
		assert_int_equal(side, own.facts.initiator);
		assert_int_equal(flow->now.bytes[side], 187);
		assert_int_equal(flow->now.bytes[!side], 180);
		assert_non_null(flow->nat);
		turned += main.facts.initiator != side;
		finish(host);
	}
	assert_int_equal(turned, 1);
	assert_int_equal(host->attempts, 2);
	assert_int_equal(host->packets, 12);
}

/* … until the inside is watched too: it takes over, and nothing is told twice. */
static void the_true_tuple_takes_over(void **state)
{
	struct host *host = *state;
	struct nat_tuple inside = tuple("10.0.0.2", 4000, "192.0.2.9", 443);
	struct nat_tuple outside = tuple("203.0.113.1", 61000, "192.0.2.9", 443);
	struct seen twin = promoted(host, &outside, BOOT, 10, 2);
	struct seen own = promoted(host, &inside, BOOT + WEIR_SEC, 2, 3);

	learn_masquerade(host);
	known_see(&host->live, host->flows, &twin);
	known_see(&host->live, host->flows, &own);
	assert_null(host->by_slot[2]);
	assert_non_null(host->by_slot[3]);
	own = promoted(host, &inside, BOOT + WEIR_SEC, 5, 3);
	known_see(&host->live, host->flows, &own);
	finish(host);
	assert_int_equal(host->attempts, 1);
	assert_int_equal(host->connections, 1);
	assert_int_equal(host->packets, 20 + 6);
}

static void own_traffic_is_known(void **state)
{
	struct host *host = *state;
	struct nat_tuple t = tuple("10.0.0.2", 4000, "10.0.0.9", 6514);
	struct seen first = half(host, &t, BOOT, 1);

	own_add(&host->live.own, 77);
	first.facts.cookie[0] = 77;
	known_see(&host->live, host->flows, &first);
	assert_true(flow_find(host->flows, &first.key)->own);
	finish(host);
	assert_int_equal(host->attempts, 0);
	assert_int_equal(host->live.own_flows, 1);
	assert_int_equal(host->live.accounted, 60);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_connection),
		CASE(packets_wrap),
		CASE(forgotten_and_back),
		CASE(tried_again),
		CASE(reused_tuple_waits),
		CASE(both_sides_of_a_translation),
		CASE(one_side_of_a_translation),
		CASE(the_true_tuple_takes_over),
		CASE(own_traffic_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
