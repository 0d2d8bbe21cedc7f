/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TEST_SIGNAL_HARNESS_H
#define WEIR_TEST_SIGNAL_HARNESS_H

/* Runs rules over events made by hand and keeps copies of what is said. Header only: a test is one
 * program. Times of events are seconds after a base that is a multiple of a day. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "correlate/correlate.h"
#include "correlate/evidence.h"
#include "signal/engine.h"

#define BASE (INT64_C(1700006400) * WEIR_SEC) /* 2023-11-15T00:00:00Z */

struct told_detection {
	enum detection_change change;
	bool worse, announce;
	char id[UUID_TEXT_MAX], rule[64], message[512], why[4096];
	enum severity severity;
	weir_time first, last, emitted;
	uint64_t count;
	unsigned signals_len, common_len;
	double confidence, coverage;
};

struct bench {
	struct ruleset *set;
	struct faults faults;
	struct signal_engine *engine;
	struct correlate *correlate;
	struct pool pool;
	struct evidence *told[65536]; /* signals, silent ones too */
	size_t told_len;
	struct told_detection detection[4096];
	size_t detections;
	bool quiet; /* keeps nothing */
	uint64_t record, signals;
};

static inline void bench_signal(void *context, const struct signal *signal)
{
	struct bench *b = context;

	b->signals++;
	if (!b->quiet && b->told_len < 65536)
		b->told[b->told_len++] = evidence_copy(&b->pool, signal);
	if (b->correlate)
		correlate_signal(b->correlate, signal);
}

/* What temporal rules say. */
static inline void bench_temporal(void *context, const struct signal *signal)
{
	struct bench *b = context;

	b->signals++;
	if (!b->quiet && b->told_len < 65536)
		b->told[b->told_len++] = evidence_copy(&b->pool, signal);
	signal_engine_signal(b->engine, signal);
}

static inline void bench_detection(void *context, const struct detection *d)
{
	struct bench *b = context;
	struct told_detection *t = &b->detection[b->detections];

	if (b->detections == 4096)
		return;
	b->detections++;
	*t = (struct told_detection){.change = d->change,
				     .worse = d->worse,
				     .announce = d->announce,
				     .severity = d->severity,
				     .first = d->first,
				     .last = d->last,
				     .emitted = d->emitted,
				     .count = d->count,
				     .signals_len = d->signals_len,
				     .common_len = d->common_len,
				     .confidence = d->confidence,
				     .coverage = d->coverage};
	snprintf(t->id, sizeof(t->id), "%s", d->id);
	snprintf(t->rule, sizeof(t->rule), "%s", d->rule->name);
	snprintf(t->message, sizeof(t->message), "%s", d->message);
	snprintf(t->why, sizeof(t->why), "%s", d->why);
}

/* Loads the rules; ends the test with their faults if they are wrong. */
static inline struct bench *bench_new(const char *rules)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct signal_engine_ops ops = {.signal = bench_signal, .context = b};
	struct correlate_ops detections = {
		.detection = bench_detection, .signal = bench_temporal, .context = b};

	assert_non_null(b);
	if (ruleset_load_text(&b->set, "test.yml", rules, strlen(rules), &b->faults)) {
		vec_each (fault, &b->faults.list)
			print_error("%s:%u:%u: %s\n", fault->place.file, fault->place.line,
				    fault->place.column, fault->text);
		fail_msg("rules do not load");
	}
	b->engine = signal_engine_new(b->set, &ops);
	b->correlate = correlate_new(b->set, &detections);
	assert_non_null(b->engine);
	assert_non_null(b->correlate);
	return b;
}

static inline void bench_clear(struct bench *b)
{
	while (b->told_len)
		evidence_drop(&b->pool, b->told[--b->told_len]);
	b->detections = 0;
}

static inline void bench_free(struct bench *b)
{
	bench_clear(b);
	signal_engine_free(b->engine);
	correlate_free(b->correlate);
	ruleset_free(b->set);
	faults_free(&b->faults);
	pool_free(&b->pool);
	free(b);
}

static inline struct addr ip(const char *text)
{
	struct addr a = {0};

	assert_int_equal(addr_parse(text, strlen(text), &a), 0);
	return a;
}

/* A connection attempt; more fields may be set before it is pushed. */
static inline struct event attempt(double at, const char *source, const char *destination,
				   unsigned port)
{
	struct event e = {.time = BASE + (weir_time)(at * 1e9), .service = SERVICE_ATTEMPT};

	if (source)
		event_set(&e, SOURCE_IP, source_ip, ip(source));
	if (destination)
		event_set(&e, DESTINATION_IP, destination_ip, ip(destination));
	event_set(&e, DESTINATION_PORT, destination_port, port);
	event_set(&e, NETWORK_TRANSPORT, network_transport, 6);
	return e;
}

static inline void push(struct bench *b, struct event e)
{
	e.record = ++b->record;
	signal_engine_event(b->engine, &e);
}

static inline void passes(struct bench *b, double at)
{
	weir_time watermark = BASE + (weir_time)(at * 1e9);

	signal_engine_watermark(b->engine, watermark);
	correlate_watermark(b->correlate, watermark);
}

static inline void ends(struct bench *b)
{
	signal_engine_watermark(b->engine, TIME_NEVER);
	correlate_watermark(b->correlate, TIME_NEVER);
}

/* The i-th of what was said aloud; NULL: there are fewer. */
static inline const struct signal *loud(const struct bench *b, size_t i)
{
	for (size_t t = 0; t < b->told_len; t++)
		if (!b->told[t]->signal.silent && !b->told[t]->signal.update && i-- == 0)
			return &b->told[t]->signal;
	return NULL;
}

static inline size_t louds(const struct bench *b)
{
	size_t len = 0;

	while (loud(b, len))
		len++;
	return len;
}

static inline const struct signal_value *value_named(const struct signal *signal, const char *name)
{
	for (unsigned i = 0; i < signal->values_len; i++)
		if (!strcmp(signal->values[i].name, name))
			return &signal->values[i];
	fail_msg("no value %s", name);
	return NULL;
}

static inline double number_of(const struct signal *signal, const char *name)
{
	const struct signal_value *value = value_named(signal, name);

	assert_int_equal(value->value.type, VALUE_NUMBER);
	return value->value.number;
}

static inline double seconds(weir_time at)
{
	return (double)(at - BASE) / 1e9;
}

#define assert_seconds(at, expected) assert_float_equal(seconds(at), expected, 1e-6)

#define BASE_RULE                                                                                  \
	"title: attempts\nname: attempts\nid: 11111111-1111-4111-8111-111111111111\n"              \
	"status: stable\nlevel: low\n"                                                             \
	"logsource: {category: network, service: attempt}\n"                                       \
	"detection:\n  selection:\n    network.transport: tcp\n  condition: selection\n"

/* A window rule over the attempts: `correlation` beyond rules and group-by, and `weir`. */
#define WINDOW_RULE(condition, weir)                                                               \
	BASE_RULE "---\n"                                                                          \
		  "title: window\nname: window\nid: 22222222-2222-4222-8222-222222222222\n"        \
		  "status: stable\nlevel: medium\n"                                                \
		  "correlation:\n  type: event_count\n  rules: [attempts]\n"                       \
		  "  group-by: [source.ip]\n" condition "weir:\n" weir

#endif
