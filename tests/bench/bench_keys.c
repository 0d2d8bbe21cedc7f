/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keys cost: the bytes of each of a million, the rate of new keys that push out old ones, and
 * whether a slow scan among a million one-off sources is found in bounded memory. `bench_keys`.
 */
#include "engine.h"

#define RULE(weir, max_keys)                                                                       \
	"title: attempts\nname: attempts\nid: 11111111-1111-4111-8111-111111111111\n"              \
	"status: stable\nlevel: low\n"                                                             \
	"logsource: {category: network, service: attempt}\n"                                       \
	"detection: {selection: {network.transport: tcp}, condition: selection}\n"                 \
	"---\ntitle: window\nname: window\nid: 22222222-2222-4222-8222-222222222222\n"             \
	"status: stable\nlevel: medium\n"                                                          \
	"correlation:\n  type: event_count\n  rules: [attempts]\n  group-by: [source.ip]\n"        \
	"  timespan: 1h\n  condition: {gte: 10}\n"                                                 \
	"weir:\n  window: hop\n  every: 1m\n" weir "  max_keys: " max_keys "\n"

#define COUNT "  compute: {n: count}\n  having: n >= 10\n"

/* The first of the ten is forgotten for want of room, and known to have been. */
#define SLOW "  compute: {n: count}\n  having: n >= 9\n"

static void attempt(struct event *e, weir_time time, struct addr source)
{
	e->time = time;
	e->service = SERVICE_ATTEMPT;
	event_set(e, SOURCE_IP, source_ip, source);
	event_set(e, DESTINATION_IP, destination_ip, bench_address(0x0a000001));
	event_set(e, DESTINATION_PORT, destination_port, 443);
	event_set(e, NETWORK_TRANSPORT, network_transport, 6);
}

/* Each event of a source of its own; a million of them in half an hour. */
static void one_off(void *context, struct event *e, uint64_t i)
{
	(void)context;
	attempt(e, BENCH_BASE + (weir_time)i * (30 * WEIR_MIN / 1000000),
		bench_address((uint32_t)i));
}

static void one_off_v6(void *context, struct event *e, uint64_t i)
{
	struct addr source = {{0x20, 0x01, 0x0d, 0xb8}};

	(void)context;
	memcpy(source.byte + 8, &i, sizeof(i));
	attempt(e, BENCH_BASE + (weir_time)i * (30 * WEIR_MIN / 1000000), source);
}

/* Every 120,000th event is of one source: ten in all. */
static void slow_scan(void *context, struct event *e, uint64_t i)
{
	bool scan = i % 120000 == 60000;

	(void)context;
	attempt(e, BENCH_BASE + (weir_time)i * (50 * WEIR_MIN / 1200000),
		bench_address(scan ? 0xc0000201 : 0x14000000 + (uint32_t)i));
}

static struct bench_result run(const char *what, const char *rules, bench_make *make,
			       uint64_t events)
{
	struct ruleset *set = bench_rules(what, rules);
	double making = bench_making(make, NULL, events);
	struct bench_result r = bench_run(set, make, NULL, events);

	bench_tell(what, &r, making);
	ruleset_free(set);
	return r;
}

static double bytes_per_key(const struct bench_result *r)
{
	return (double)r->stats.bytes / (double)r->stats.keys;
}

int main(void)
{
	struct bench_result r = run("a million keys", RULE(COUNT, "10000000"), one_off, 1000000);

	if (r.stats.keys != 1000000)
		return 4;
	bench_say("engine.bytes_per_key", bytes_per_key(&r), "bytes", "200");
	r = run("a million IPv6 keys", RULE(COUNT, "10000000"), one_off_v6, 1000000);
	bench_say("engine.bytes_per_key_v6", bytes_per_key(&r), "bytes", "");
	r = run("a flood of keys", RULE(COUNT, "100000"), one_off, 1000000);
	if (r.stats.evicted_keys != 900000)
		return 4;
	bench_say("engine.flood.events_per_cpu_second", 1e6 / r.seconds, "events/s", "1e6");
	r = run("a slow scan", RULE(SLOW, "100000"), slow_scan, 1200000);
	bench_say("engine.slow_scan.found", (double)r.signals, "signals", "1");
	bench_say("engine.slow_scan.mib", (double)r.stats.bytes / (1 << 20), "MiB", "64");
	return 0;
}
