/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "stages.h"

/* A connection that a signal points to is stored: as it is known now, and whole once it ended. */
static void point_to(struct pipeline *p, const struct signal *signal)
{
	if (!pipeline_wants(p, OUT_FLOW))
		return;
	for (unsigned i = 0; i < signal->samples_len; i++)
		if (evidence_point(p->evidence, &signal->samples[i]))
			pipeline_write(p, out_flow(&signal->samples[i], p->host));
}

static void on_signal(void *context, const struct signal *signal)
{
	struct pipeline *p = context;

	if (p->options.tap)
		p->options.tap->signal(p->options.tap->context, signal);
	if (!signal->silent && pipeline_wants(p, OUT_SIGNAL))
		pipeline_write(p, out_signal(signal, p->host));
	point_to(p, signal);
	correlate_signal(p->correlate, signal);
}

/* What a temporal rule says: told if that is all it makes, and counted by windows over it. */
static void on_temporal(void *context, const struct signal *signal)
{
	struct pipeline *p = context;

	if (!signal->rule->raise && p->options.tap)
		p->options.tap->signal(p->options.tap->context, signal);
	if (!signal->rule->raise && !signal->silent && pipeline_wants(p, OUT_SIGNAL))
		pipeline_write(p, out_signal(signal, p->host));
	signal_engine_signal(p->signals, signal);
}

static void on_detection(void *context, const struct detection *detection)
{
	struct pipeline *p = context;

	if ((int)detection->severity > p->worst)
		p->worst = (int)detection->severity;
	if (detection->change == DETECTION_RAISED)
		pipeline_state_soon(p);
	if (p->options.tap)
		p->options.tap->detection(p->options.tap->context, detection);
	pipeline_write(p, out_detection(detection, p->host));
}

static double coverage(void *context, weir_time start, weir_time end)
{
	struct pipeline *p = context;

	return p->live ? live_coverage(p->live, start, end) : 1;
}

void pipeline_signal(struct pipeline *p, const struct signal *signal)
{
	on_signal(p, signal);
	signal_engine_signal(p->signals, signal);
}

/* Signals are read where they are told, and where connections are stored that they point to. */
static bool signals_are_read(const struct pipeline *p)
{
	return p->options.tap || pipeline_wants(p, OUT_SIGNAL) || pipeline_wants(p, OUT_FLOW);
}

/* What rules read of events, and all there is for whoever gets the events themselves. */
static int open_derive(struct pipeline *p, const struct config *config, const struct ruleset *rules,
		       struct derive **derive, struct error *error)
{
	struct field_set fields[SERVICE_COUNT];
	const struct derive_options options = {
		.wanted = fields,
		.learn = config->learn,
		.max_names = config->max_names,
		.geo = config->geo,
		.threat = p->threat,
	};

	memcpy(fields, rules->reads, sizeof(fields));
	if (pipeline_wants(p, OUT_EVENT))
		memset(fields, 0xff, sizeof(fields));
	return derive_open(derive, &options, error);
}

int pipeline_engine_make(struct pipeline *p, const struct config *config,
			 const struct ruleset *rules, struct pipeline_engine *engine,
			 struct error *error)
{
	const struct signal_engine_ops signals = {on_signal, coverage, p, !signals_are_read(p)};
	const struct correlate_ops detections = {on_detection, on_temporal, p};
	int err;

	*engine = (struct pipeline_engine){0};
	err = open_derive(p, config, rules, &engine->derive, error);
	if (err)
		return err;
	engine->signals = signal_engine_new(rules, &signals);
	engine->correlate = correlate_new(rules, &detections);
	if (engine->signals && engine->correlate)
		return 0;
	pipeline_engine_free(engine);
	return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for the rules");
}

void pipeline_engine_free(struct pipeline_engine *engine)
{
	signal_engine_free(engine->signals);
	correlate_free(engine->correlate);
	derive_close(engine->derive);
	*engine = (struct pipeline_engine){0};
}

void pipeline_engine_take(struct pipeline *p, struct pipeline_engine *engine)
{
	struct pipeline_engine old = {p->enrich.derive, p->signals, p->correlate};

	p->enrich.derive = engine->derive;
	p->signals = engine->signals;
	p->correlate = engine->correlate;
	pipeline_engine_free(&old);
	*engine = (struct pipeline_engine){0};
}

/* Events that nobody reads need not be made. */
uint32_t pipeline_services(const struct pipeline *p)
{
	uint32_t all = (1u << SERVICE_COUNT) - 1;

	if (pipeline_wants(p, OUT_EVENT))
		return all;
	return p->rules->services | derive_services(p->enrich.derive) |
	       (pipeline_wants(p, OUT_FLOW) || p->view ? 1u << SERVICE_FLOW : 0);
}
