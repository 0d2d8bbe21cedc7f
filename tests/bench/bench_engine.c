/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events a CPU second through the rules that are shipped, windows and correlation, from events in
 * memory: `bench_engine [RULES]` (default rules/). One JSON object a line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "correlate/correlate.h"
#include "signal/engine.h"

#define STREAM	 32768 /* events that are made; a run sends them again and again, later in time */
#define BASE	 (INT64_C(1700006400) * WEIR_SEC)
#define INTERNAL 0x0a000000u

struct stream {
	struct event *at;
	size_t len;
	weir_time span; /* of event time, one pass */
};

struct sinks {
	struct correlate *correlate;
	uint64_t signals, detections;
};

static void on_signal(void *context, const struct signal *signal)
{
	struct sinks *sinks = context;

	sinks->signals += !signal->silent;
	correlate_signal(sinks->correlate, signal);
}

static void on_detection(void *context, const struct detection *detection)
{
	((struct sinks *)context)->detections += detection->change == DETECTION_RAISED;
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

static struct addr address(uint32_t number)
{
	return addr_from_v4(__builtin_bswap32(INTERNAL + number));
}

/* A connection of `source` as one of its three events. */
static void fill(struct event *e, weir_time time, unsigned service, uint32_t source,
		 uint32_t destination, unsigned port, unsigned state)
{
	*e = (struct event){.time = time, .service = (uint16_t)service};
	event_set(e, SOURCE_IP, source_ip, address(source));
	event_set(e, SOURCE_PORT, source_port, 40000);
	event_set(e, DESTINATION_IP, destination_ip, address(destination));
	event_set(e, DESTINATION_PORT, destination_port, port);
	event_set(e, NETWORK_TRANSPORT, network_transport, 6);
	event_set(e, SOURCE_SCOPE, source_scope, SCOPE_INTERNAL);
	event_set(e, DESTINATION_SCOPE, destination_scope, SCOPE_INTERNAL);
	event_set(e, EVENT_START, event_start, time);
	if (service == SERVICE_CONNECTION)
		event_set(e, NETWORK_STATE, network_state, (uint16_t)state);
	if (service != SERVICE_FLOW)
		return;
	event_set(e, SOURCE_BYTES, source_bytes, 700);
	event_set(e, DESTINATION_BYTES, destination_bytes, 1500);
	event_set(e, SOURCE_PAYLOAD_BYTES, source_payload_bytes, 600);
	event_set(e, DESTINATION_PAYLOAD_BYTES, destination_payload_bytes, 1400);
}

static const unsigned services[] = {SERVICE_ATTEMPT, SERVICE_CONNECTION, SERVICE_FLOW};

/* Work of 1,000 hosts, 20 of them administrators': few ports, some hosts each, one connection in
 * 20 fails. */
static void make_hosts(struct stream *s)
{
	static const unsigned ports[] = {443, 80, 53, 5432, 3306, 8080, 8443, 389};
	static const unsigned admin_ports[] = {22, 443, 445, 80, 22, 53, 3389, 5432};
	uint64_t random = 1;

	s->span = 33 * WEIR_SEC;
	for (size_t i = 0; i < s->len; i++) {
		uint32_t r = next_random(&random), host = r % 1000;
		unsigned port = (host < 20 ? admin_ports : ports)[(r >> 16) % 8];

		fill(&s->at[i], (weir_time)i * s->span / (weir_time)s->len, services[i % 3], host,
		     2000 + (r >> 10) % 50, port,
		     (r >> 20) % 20 ? STATE_ESTABLISHED : STATE_REJECTED);
	}
}

/* Failed connections: of one host to 100,000 endpoints, or of 10,000 hosts to the same ones. */
static void make_failed(struct stream *s, uint32_t sources)
{
	uint64_t random = 1;

	s->span = 16 * WEIR_SEC;
	for (size_t i = 0; i < s->len; i++) {
		uint32_t r = next_random(&random) % 100000;

		fill(&s->at[i], (weir_time)i * s->span / (weir_time)s->len, SERVICE_CONNECTION,
		     r % sources, 20000 + r % 25, 1 + r % 60000, STATE_REJECTED);
	}
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double run(const struct ruleset *set, const struct stream *s, unsigned passes,
		  const char *what)
{
	struct sinks sinks = {0};
	struct correlate_ops detections = {.detection = on_detection, .context = &sinks};
	struct signal_engine_ops signals = {.signal = on_signal, .context = &sinks};
	struct signal_engine *engine = signal_engine_new(set, &signals);
	struct signal_engine_stats stats;
	double took;

	sinks.correlate = correlate_new(set, &detections);
	if (!engine || !sinks.correlate)
		exit(3);
	took = cpu_seconds();
	for (unsigned pass = 0; pass < passes; pass++) {
		weir_time start = BASE + pass * s->span;

		for (size_t i = 0; i < s->len; i++) {
			struct event *e = &s->at[i];
			weir_time offset = e->time;

			e->time = start + offset;
			signal_engine_event(engine, e);
			e->time = offset;
		}
		signal_engine_watermark(engine, start + s->span);
		correlate_watermark(sinks.correlate, start + s->span);
	}
	took = cpu_seconds() - took;
	signal_engine_stats(engine, &stats);
	fprintf(stderr,
		"%s: %" PRIu64 " events, %" PRIu64 " signals, %" PRIu64 " detections, %" PRIu64
		" keys, %.1f MiB\n",
		what, stats.events, sinks.signals, sinks.detections, stats.keys,
		(double)stats.bytes / (1 << 20));
	signal_engine_free(engine);
	correlate_free(sinks.correlate);
	return (double)s->len * passes / took;
}

static void say(const char *name, double value, const char *unit, const char *against)
{
	printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"against\": \"%s\"}\n", name,
	       value, unit, against);
}

int main(int argc, char **argv)
{
	const char *paths[] = {argc > 1 ? argv[1] : "rules", NULL};
	struct rule_options options = {.paths = paths};
	struct faults faults = {0};
	struct stream stream = {.len = STREAM};
	struct ruleset *set;
	double many, one;

	if (ruleset_load(&set, &options, &faults)) {
		vec_each (fault, &faults.list)
			fprintf(stderr, "%s:%u: %s\n", fault->place.file, fault->place.line,
				fault->text);
		return 1;
	}
	stream.at = calloc(stream.len, sizeof(*stream.at));
	if (!stream.at)
		return 3;
	make_hosts(&stream);
	say("engine.uc01.events_per_cpu_second", run(set, &stream, 100, "uc01"), "events/s", "2e6");
	make_failed(&stream, 10000);
	many = run(set, &stream, 60, "many sources");
	make_failed(&stream, 1);
	one = run(set, &stream, 60, "one source");
	say("engine.distinct.many_sources", many, "events/s", "");
	say("engine.distinct.one_source", one, "events/s", "engine.distinct.many_sources");
	say("engine.distinct.one_to_many", one / many, "ratio", "1");
	free(stream.at);
	ruleset_free(set);
	faults_free(&faults);
	return 0;
}
