/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Five rules over 2 million events of one hour from 1,000 hosts, as they were measured on Apache
 * Flink: nearly every event is a (source, destination, port) of its own, so the fifth rule has
 * 20 million (key, window) pairs. `bench_five`.
 */
#include <sys/resource.h>
#include <unistd.h>

#include "capture/source.h"
#include "engine.h"
#include "event/json.h"
#include "event/order.h"

#define EVENTS	 UINT64_C(2000000)
#define HOSTS	 1000
#define SPAN	 WEIR_HOUR
#define INTERNAL 0x0a000000u
#define EXTERNAL 0xcb007100u

#define HEAD(n, name)                                                                              \
	"---\ntitle: " name "\nname: " name "\nid: 33333333-3333-4333-8333-33333333330" n          \
	"\nstatus: stable\nlevel: medium\n"

#define BASE(n, name, selection)                                                                   \
	HEAD(n, name)                                                                              \
	"logsource: {category: network, service: connection}\n"                                    \
	"detection:\n  selection: {" selection "}\n  condition: selection\n"

#define WINDOW(n, name, base, keys, timespan, weir)                                                \
	HEAD(n, name)                                                                              \
	"correlation:\n  type: event_count\n  rules: [" base "]\n  group-by: [" keys               \
	"]\n  timespan: " timespan "\n  condition: {gte: 2}\nweir:\n" weir

#define FOUR_RULES                                                                                 \
	BASE("0", "made", "network.transport: tcp")                                                \
	BASE("1", "administration",                                                                \
	     "network.transport: tcp, destination.port: [22, 445, 3389, 5985, 5986]")              \
	BASE("2", "outside", "network.transport: tcp, destination.scope: external")                \
	WINDOW("3", "port_scan", "made", "source.ip", "60s",                                       \
	       "  window: hop\n  every: 10s\n  compute: {ports: distinct(destination.port)}\n"     \
	       "  having: ports > 20\n")                                                           \
	WINDOW("4", "connection_spike", "made", "source.ip", "60s",                                \
	       "  window: tumbling\n  compute: {connections: count}\n"                             \
	       "  having: connections > 100\n")                                                    \
	WINDOW("5", "privileged_access", "administration", "source.ip", "60s",                     \
	       "  window: hop\n  every: 10s\n"                                                     \
	       "  compute: {ports: distinct(destination.port), hosts: distinct(destination.ip)}\n" \
	       "  having: ports >= 3 or hosts >= 20\n")                                            \
	WINDOW("6", "outbound_spike", "outside", "source.ip", "5m",                                \
	       "  window: hop\n  every: 1m\n  compute: {sent: sum(source.bytes)}\n"                \
	       "  having: sent > 1GB\n")

#define FIVE_RULES                                                                                 \
	FOUR_RULES                                                                                 \
	WINDOW("7", "persistent_destination", "outside",                                           \
	       "source.ip, destination.ip, destination.port", "10m",                               \
	       "  window: hop\n  every: 1m\n  compute: {connections: count}\n"                     \
	       "  having: connections >= 5\n  max_keys: 1000000\n")

static void make_event(void *context, struct event *e, uint64_t i)
{
	static const uint16_t ports[8] = {443, 80, 443, 8443, 53, 22, 443, 3389};
	uint64_t r = bench_random(i), host = r % HOSTS;

	(void)context;
	e->time = BENCH_BASE + (weir_time)(i * (SPAN / 1000) / EVENTS * 1000);
	e->service = SERVICE_CONNECTION;
	event_set(e, SOURCE_IP, source_ip, bench_address(INTERNAL + (uint32_t)host));
	event_set(e, SOURCE_PORT, source_port, 32768 + (r >> 10) % 28000);
	/* Host 7 scans, host 8 asks one server again and again. */
	event_set(e, DESTINATION_IP, destination_ip,
		  bench_address(EXTERNAL + (host == 8 ? 0 : (uint32_t)(r >> 24) % 16000000)));
	event_set(e, DESTINATION_PORT, destination_port,
		  host == 7 ? (r >> 50) % 10000 : ports[(r >> 50) % 8]);
	event_set(e, NETWORK_TRANSPORT, network_transport, 6);
	event_set(e, NETWORK_STATE, network_state, STATE_ESTABLISHED);
	event_set(e, SOURCE_SCOPE, source_scope, SCOPE_INTERNAL);
	event_set(e, DESTINATION_SCOPE, destination_scope, SCOPE_EXTERNAL);
	event_set(e, SOURCE_BYTES, source_bytes, 500 + (r >> 40) % 100000);
	event_set(e, DESTINATION_BYTES, destination_bytes, 1000 + (r >> 30) % 100000);
	event_set(e, EVENT_START, event_start, e->time);
}

static double resident_mib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024;
}

static double measure(const char *what, const char *rules)
{
	struct ruleset *set = bench_rules(what, rules);
	double making = bench_making(make_event, NULL, EVENTS);
	struct bench_result r = bench_run(set, make_event, NULL, EVENTS);

	bench_tell(what, &r, making);
	if (r.stats.evicted_keys)
		exit(4);
	ruleset_free(set);
	return (double)EVENTS / r.seconds;
}

/* ---- the same events as JSON lines in a file: read, parsed, ordered, through the rules ---- */

struct stages {
	struct order *order;
	struct signal_engine *engine;
	struct bench_sinks sinks;
};

static void to_order(void *context, const struct event *event)
{
	order_push(((struct stages *)context)->order, 0, event);
}

static void to_engine(void *context, struct event *event)
{
	signal_engine_event(((struct stages *)context)->engine, event);
}

static void to_time(void *context, weir_time watermark)
{
	struct stages *stages = context;

	if (watermark == TIME_NEVER)
		return;
	signal_engine_watermark(stages->engine, watermark);
	correlate_watermark(stages->sinks.correlate, watermark);
}

/* The file is the caller's to remove. */
static void write_lines(char *path)
{
	FILE *out = fdopen(mkstemp(path), "w");
	struct event event = {0};

	for (uint64_t i = 0; out && i < EVENTS; i++) {
		json_t *object;

		make_event(NULL, &event, i);
		object = event_to_json(&event);
		if (json_dumpf(object, out, JSON_COMPACT) || fputc('\n', out) == EOF)
			exit(3);
		json_decref(object);
	}
	if (!out || fclose(out))
		exit(3);
}

static double read_lines(const char *path, struct stages *stages)
{
	const struct intake intake = {.context = stages, .event = to_order};
	double begun = bench_cpu();
	struct source *source;
	weir_time at;

	if (source_open(&source, path, NULL) ||
	    order_input(stages->order, source->ops->lateness) < 0)
		exit(3);
	while (source->ops->peek(source, &at) > 0)
		source->ops->deliver(source, &intake);
	order_end(stages->order, 0);
	begun = bench_cpu() - begun;
	source->ops->close(source);
	return begun;
}

static double measure_json(void)
{
	struct stages stages = {0};
	const struct signal_engine_ops signals = {.signal = bench_signal, .context = &stages.sinks};
	const struct correlate_ops detections = {.detection = bench_detection,
						 .context = &stages.sinks};
	const struct order_ops order = {to_engine, to_time, &stages};
	struct ruleset *set = bench_rules("five rules", FIVE_RULES);
	char path[] = "/tmp/weir-bench-XXXXXX";
	double seconds;

	stages.engine = signal_engine_new(set, &signals);
	stages.sinks.correlate = correlate_new(set, &detections);
	stages.order = order_new(&order);
	if (!stages.engine || !stages.sinks.correlate || !stages.order)
		exit(3);
	write_lines(path);
	seconds = read_lines(path, &stages);
	unlink(path);
	order_free(stages.order);
	signal_engine_free(stages.engine);
	correlate_free(stages.sinks.correlate);
	ruleset_free(set);
	return (double)EVENTS / seconds;
}

int main(void)
{
	double five = measure("five rules", FIVE_RULES);

	bench_say("engine.five_rules.events_per_cpu_second", five, "events/s", "1.2e6");
	bench_say("engine.five_rules.resident_mib", resident_mib(), "MiB", "200");
	bench_say("engine.four_rules.events_per_cpu_second", measure("four rules", FOUR_RULES),
		  "events/s", "2.2e6");
	bench_say("engine.five_rules_json.events_per_cpu_second", measure_json(), "events/s",
		  "330e3");
	return 0;
}
