/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BENCH_ENGINE_H
#define WEIR_BENCH_ENGINE_H

/*
 * What the benchmarks of the engine share: events that are made one at a time in one place, as
 * they would come from a parser, the engine with correlation behind it, CPU time, and the line that
 * says a result. Header only: a benchmark is one program. The CPU time of making the events is
 * measured by making them once more without an engine, said, and not taken off.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "correlate/correlate.h"
#include "signal/engine.h"

#define BENCH_BASE (INT64_C(1700006400) * WEIR_SEC)

/* The event stage lets events go in batches of this much event time. */
#define BENCH_STEP (100 * WEIR_MSEC)

/* Makes the i-th event; times never go back. */
typedef void bench_make(void *context, struct event *event, uint64_t i);

struct bench_result {
	double seconds; /* CPU */
	uint64_t signals, detections;
	struct signal_engine_stats stats; /* before the input's end */
};

struct bench_sinks {
	struct correlate *correlate;
	struct bench_result result;
};

static inline void bench_signal(void *context, const struct signal *signal)
{
	struct bench_sinks *sinks = context;

	sinks->result.signals += !signal->silent && !signal->update;
	correlate_signal(sinks->correlate, signal);
}

static inline void bench_detection(void *context, const struct detection *detection)
{
	((struct bench_sinks *)context)->result.detections += detection->change == DETECTION_RAISED;
}

static inline double bench_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Ends the program if the rules do not load. NULL text: the files of `path`. */
static inline struct ruleset *bench_rules(const char *path, const char *text)
{
	const char *paths[] = {path, NULL};
	struct rule_options options = {.paths = paths};
	struct faults faults = {0};
	struct ruleset *set;
	int err = text ? ruleset_load_text(&set, path, text, strlen(text), &faults)
		       : ruleset_load(&set, &options, &faults);

	if (err) {
		vec_each (fault, &faults.list)
			fprintf(stderr, "%s:%u: %s\n", fault->place.file, fault->place.line,
				fault->text);
		exit(1);
	}
	faults_free(&faults);
	return set;
}

static inline struct bench_result bench_run(const struct ruleset *set, bench_make *make,
					    void *context, uint64_t events)
{
	struct bench_sinks sinks = {0};
	struct correlate_ops detections = {.detection = bench_detection, .context = &sinks};
	struct signal_engine_ops signals = {.signal = bench_signal, .context = &sinks};
	struct signal_engine *engine = signal_engine_new(set, &signals);
	weir_time next = TIME_NONE;
	struct event event = {0};

	sinks.correlate = correlate_new(set, &detections);
	if (!engine || !sinks.correlate)
		exit(3);
	sinks.result.seconds = bench_cpu();
	for (uint64_t i = 0; i < events; i++) {
		make(context, &event, i);
		event.record = i;
		if (event.time >= next) {
			signal_engine_watermark(engine, event.time);
			correlate_watermark(sinks.correlate, event.time);
			next = event.time + BENCH_STEP;
		}
		signal_engine_event(engine, &event);
	}
	sinks.result.seconds = bench_cpu() - sinks.result.seconds;
	signal_engine_stats(engine, &sinks.result.stats);
	signal_engine_free(engine);
	correlate_free(sinks.correlate);
	return sinks.result;
}

/* CPU seconds of making the events alone. */
static inline double bench_making(bench_make *make, void *context, uint64_t events)
{
	struct event event = {0};
	double took = bench_cpu();
	uint64_t sum = 0;

	for (uint64_t i = 0; i < events; i++) {
		make(context, &event, i);
		sum += event.source_ip.byte[15];
	}
	took = bench_cpu() - took;
	return sum ? took : -took;
}

static inline void bench_say(const char *name, double value, const char *unit, const char *against)
{
	printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"against\": \"%s\"}\n", name,
	       value, unit, against);
	fflush(stdout);
}

/* What happened, for people. */
static inline void bench_tell(const char *what, const struct bench_result *r, double making)
{
	fprintf(stderr,
		"%s: %" PRIu64 " events, %" PRIu64 " matched, %" PRIu64 " signals, %" PRIu64
		" detections, %" PRIu64 " keys, %" PRIu64 " evicted, %.1f MiB; %.0f ns an event, "
		"%.0f of them to make it\n",
		what, r->stats.events, r->stats.matched, r->signals, r->detections, r->stats.keys,
		r->stats.evicted_keys, (double)r->stats.bytes / (1 << 20),
		r->seconds * 1e9 / (double)r->stats.events, making * 1e9 / (double)r->stats.events);
}

/* The i-th number of a stream that is the same in every run (splitmix64). */
static inline uint64_t bench_random(uint64_t i)
{
	uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline struct addr bench_address(uint32_t number)
{
	return addr_from_v4(__builtin_bswap32(number));
}

#endif
