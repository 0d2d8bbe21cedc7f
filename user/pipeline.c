/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "stages.h"

#define FLUSH_MS	  5000
#define FLUSH_FAILING_MS  1000
#define MAX_FLOWS_DEFAULT (UINT64_C(1) << 21)

/* ---- out: records to sinks ---- */

static void write_out(struct pipeline *p, struct out *out)
{
	if (!out) {
		p->lost++;
		return;
	}
	vec_each (sink, &p->sinks)
		if ((*sink)->kinds & (1u << out->kind))
			(*sink)->ops->write(*sink, out);
	out_drop(out);
}

static bool wanted(const struct pipeline *p, enum record_kind_out kind)
{
	return p->kinds & (1u << kind);
}

/* A connection that a signal points to is stored: as it is known now, and whole once it ended. */
static void point_to(struct pipeline *p, const struct signal *signal)
{
	if (!wanted(p, OUT_FLOW))
		return;
	for (unsigned i = 0; i < signal->samples_len; i++)
		if (evidence_point(p->evidence, &signal->samples[i]))
			write_out(p, out_flow(&signal->samples[i], p->host));
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
	write_out(p, out_detection(detection, p->host));
}

static void on_signal(void *context, const struct signal *signal)
{
	struct pipeline *p = context;

	if (p->options.tap)
		p->options.tap->signal(p->options.tap->context, signal);
	if (!signal->silent && wanted(p, OUT_SIGNAL))
		write_out(p, out_signal(signal, p->host));
	point_to(p, signal);
	correlate_signal(p->correlate, signal);
}

/* What a temporal rule says: told if that is all it makes, and counted by windows over it. */
static void on_temporal(void *context, const struct signal *signal)
{
	struct pipeline *p = context;

	if (!signal->rule->raise && p->options.tap)
		p->options.tap->signal(p->options.tap->context, signal);
	if (!signal->rule->raise && !signal->silent && wanted(p, OUT_SIGNAL))
		write_out(p, out_signal(signal, p->host));
	signal_engine_signal(p->signals, signal);
}

void pipeline_signal(struct pipeline *p, const struct signal *signal)
{
	on_signal(p, signal);
	signal_engine_signal(p->signals, signal);
}

static double coverage(void *context, weir_time start, weir_time end)
{
	struct pipeline *p = context;

	return p->live ? live_coverage(p->live, start, end) : 1;
}

/* ---- in: events in one order, through enrichment into the rules ---- */

static void store_ended(struct pipeline *p, const struct event *event)
{
	bool ended = event->service == SERVICE_FLOW && event_has(event, FIELD_FLOW_ENDED);

	if (ended && (p->config->all_flows || evidence_has(p->evidence, event)))
		write_out(p, out_flow(event, p->host));
}

static void on_recorded(void *context, const struct signal *signal)
{
	pipeline_signal(context, signal);
}

static void on_ordered(void *context, struct event *event)
{
	struct pipeline *p = context;

	recorded_release(p->recorded, event->time, on_recorded, p);
	answered_event(&p->answered, event);
	enrich_event(&p->enrich, event);
	if (wanted(p, OUT_EVENT))
		write_out(p, out_event(event, p->host));
	signal_engine_event(p->signals, event);
	if (wanted(p, OUT_FLOW))
		store_ended(p, event);
}

static void on_watermark(void *context, weir_time watermark)
{
	struct pipeline *p = context;

	recorded_release(p->recorded, watermark, on_recorded, p);
	/* What will go on after the next start is not at its end. */
	if (watermark != TIME_NEVER || !pipeline_state_goes_on(p))
		signal_engine_watermark(p->signals, watermark);
	correlate_watermark(p->correlate, watermark);
}

static void push(struct pipeline *p, uint32_t input, const struct event *event)
{
	if (order_push(p->order, input, event))
		p->lost++;
}

static void on_flow_event(void *context, const struct event *event)
{
	struct pipeline *p = context;

	push(p, p->flow_input, event);
}

/* The flow table let one go by itself: the live source must not point to it any more. */
static void on_flow_forgotten(void *context, struct flow *flow)
{
	struct pipeline *p = context;

	if (p->live)
		live_forget(p->live, flow);
}

static const char *on_interface_name(void *context, uint32_t ifindex)
{
	struct pipeline *p = context;

	return p->live ? live_interface_name(p->live, ifindex) : NULL;
}

int pipeline_input(struct pipeline *p, weir_time lateness)
{
	return order_input(p->order, lateness);
}

void pipeline_event(struct pipeline *p, uint32_t input, const struct event *event)
{
	push(p, input, event);
}

void pipeline_recorded(struct pipeline *p, uint32_t input, const struct recorded_signal *signal)
{
	if (recorded_add(p->recorded, signal))
		p->lost++;
	order_advance(p->order, input, signal->at);
}

void pipeline_input_end(struct pipeline *p, uint32_t input)
{
	order_end(p->order, input);
}

void pipeline_input_counts(const struct pipeline *p, uint32_t input, struct order_counts *counts)
{
	order_counts(p->order, input, counts);
}

uint32_t pipeline_flows_input(const struct pipeline *p)
{
	return p->flow_input;
}

uint64_t pipeline_refused_signals(const struct pipeline *p)
{
	return recorded_refused(p->recorded);
}

const struct ruleset *pipeline_rules(const struct pipeline *p)
{
	return p->rules;
}

struct flow_table *pipeline_flows(struct pipeline *p)
{
	return p->flows;
}

void pipeline_flows_advance(struct pipeline *p, weir_time at)
{
	order_advance(p->order, p->flow_input, at);
	if (p->options.live)
		order_advance(p->order, p->own_input, at);
}

void pipeline_flows_end(struct pipeline *p)
{
	order_end(p->order, p->flow_input);
}

void pipeline_health(struct pipeline *p, weir_time at, const char *fact, const char *message)
{
	struct event event = {.time = at, .service = SERVICE_HEALTH};
	struct out *out;

	event_set(&event, EVENT_ACTION, event_action,
		  ((struct text){.at = fact, .length = (uint32_t)strlen(fact)}));
	event_set(&event, MESSAGE, message,
		  ((struct text){.at = message, .length = (uint32_t)strlen(message)}));
	push(p, p->own_input, &event);
	if (!wanted(p, OUT_HEALTH))
		return;
	out = out_event(&event, p->host);
	if (out)
		out->kind = OUT_HEALTH;
	write_out(p, out);
}

void pipeline_tick(struct pipeline *p, weir_time now)
{
	pipeline_state_tick(p, now);
}

void pipeline_shrink(struct pipeline *p)
{
	order_shrink(p->order);
	malloc_trim(0);
}

/* ---- sockets of weir's own ---- */

static void on_own_socket(void *context, uint64_t cookie)
{
	struct pipeline *p = context;
	uint64_t *kept;

	pthread_mutex_lock(&p->own_lock);
	if (p->live) {
		live_own_socket(p->live, cookie);
	} else {
		kept = vec_add(&p->own_sockets);
		if (kept)
			*kept = cookie;
	}
	pthread_mutex_unlock(&p->own_lock);
}

void pipeline_live(struct pipeline *p, struct live *live)
{
	unsigned generation;

	pthread_mutex_lock(&p->own_lock);
	p->live = live;
	if (live)
		vec_each (cookie, &p->own_sockets)
			live_own_socket(live, *cookie);
	pthread_mutex_unlock(&p->own_lock);
	if (live)
		flow_ready(p->flows, time_now());
	p->enrich.local = live ? live_addresses(live, &generation) : NULL;
}

/* ---- opening, stage by stage ---- */

int pipeline_roles_read(const struct config *config, struct pipeline_roles *roles)
{
	vec_each (role, &config->roles) {
		struct enrich_role *known = vec_add(&roles->list);
		const char **name = vec_add(&roles->names);

		if (!known || !name)
			return -ENOMEM;
		known->networks = &role->networks;
		*name = role->name;
	}
	return 0;
}

void pipeline_roles_free(struct pipeline_roles *roles)
{
	vec_free(&roles->list);
	vec_free(&roles->names);
}

void pipeline_roles_set(const struct pipeline_roles *roles)
{
	field_roles_set(roles->names.at, roles->names.len);
}

void pipeline_roles_use(struct pipeline *p, const struct config *config)
{
	p->enrich.home = &config->home;
	p->enrich.roles = p->who.list.at;
	p->enrich.roles_len = p->who.list.len;
}

static int open_roles(struct pipeline *p)
{
	int err = pipeline_roles_read(p->config, &p->who);

	pipeline_roles_set(&p->who);
	pipeline_roles_use(p, p->config);
	return err;
}

static int open_rules(struct pipeline *p, struct error *error)
{
	struct rule_options options = config_rule_options(p->config);
	struct faults faults = {0};
	size_t fatal;
	int err = ruleset_load(&p->rules, &options, &faults);

	vec_each (fault, &faults.list)
		log_error("%s:%u:%u: %s%s", fault->place.file, fault->place.line,
			  fault->place.column, fault->fatal ? "" : "warning: ", fault->text);
	fatal = faults.fatal;
	faults_free(&faults);
	if (err)
		return error_set(error, EXIT_INPUT, -err,
				 "%zu fault%s in the rules: mend them, or see `weir check`", fatal,
				 fatal == 1 ? "" : "s");
	return 0;
}

static int sink_add(struct pipeline *p, struct sink *sink, uint32_t kinds)
{
	struct sink **at = vec_add(&p->sinks);

	if (!at) {
		sink->ops->close(sink);
		return -ENOMEM;
	}
	*at = sink;
	if (kinds)
		sink->kinds = kinds;
	p->kinds |= sink->kinds;
	return 0;
}

/* A reader who stops must not stop the engine. */
static int sink_add_queued(struct pipeline *p, struct sink *sink, uint32_t kinds,
			   struct error *error)
{
	int err = sink_queued(&sink, 0, error);

	if (err) {
		sink->ops->close(sink);
		return err;
	}
	return sink_add(p, sink, kinds);
}

static uint32_t stream_kinds(bool signals, bool events)
{
	return 1u << OUT_DETECTION | (signals ? 1u << OUT_SIGNAL : 0) |
	       (events ? 1u << OUT_EVENT | 1u << OUT_HEALTH : 0);
}

static int open_streams(struct pipeline *p, struct error *error)
{
	const struct config *config = p->config;
	uint32_t kinds = stream_kinds(p->options.signals, p->options.events);
	struct sink *sink;
	int err = 0;

	if (p->options.form != OUTPUT_NONE) {
		err = p->options.form == OUTPUT_JSON ? sink_json_open(&sink, "-", kinds, error)
						     : sink_text_open(&sink, kinds, error);
		err = err ? err : sink_add(p, sink, kinds);
	}
	if (!err && p->options.live && config->json_path) {
		kinds = stream_kinds(config->json_signals, config->json_events);
		err = sink_json_open(&sink, config->json_path, kinds, error);
		err = err ? err : sink_add_queued(p, sink, kinds, error);
	}
	if (!err && p->options.live && config->archive) {
		err = sink_archive_open(&sink, &config->archive_options, error);
		err = err ? err : sink_add_queued(p, sink, sink->kinds, error);
	}
	return err;
}

static int open_stores(struct pipeline *p, struct error *error)
{
	const struct config *config = p->config;
	struct sqlite_options sqlite = {
		.path = p->options.database,
		/* An old capture is stored to be looked at, not to be aged away. */
		.keep_for = p->options.live ? config->keep_for : 0,
		.clock = p->options.live ? time_now : NULL,
		.patient = !p->options.live,
		.keep_bytes = config->keep_bytes,
		.all_flows = config->all_flows,
	};
	struct syslog_options syslog = config->syslog_options;
	struct sink *sink;
	int err = 0;

	if (sqlite.path) {
		err = sink_sqlite_open(&sink, &sqlite, error);
		err = err ? err : sink_add(p, sink, 0);
	}
	if (!err && p->options.live && config->syslog) {
		syslog.own_socket = on_own_socket;
		syslog.context = p;
		err = sink_syslog_open(&sink, &syslog, error);
		err = err ? err : sink_add(p, sink, 0);
	}
	return err;
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
	};

	memcpy(fields, rules->reads, sizeof(fields));
	if (wanted(p, OUT_EVENT))
		memset(fields, 0xff, sizeof(fields));
	return derive_open(derive, &options, error);
}

int pipeline_engine_make(struct pipeline *p, const struct config *config,
			 const struct ruleset *rules, struct pipeline_engine *engine,
			 struct error *error)
{
	const struct signal_engine_ops signals = {on_signal, coverage, p};
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

static int open_engine(struct pipeline *p, struct error *error)
{
	const struct order_ops order = {on_ordered, on_watermark, p};
	struct pipeline_engine engine;
	int input, err;

	p->evidence = evidence_new();
	p->order = order_new(&order);
	p->recorded = recorded_new(p->rules);
	if (!p->evidence || !p->order || !p->recorded)
		return -ENOMEM;
	err = pipeline_engine_make(p, p->config, p->rules, &engine, error);
	if (err)
		return err;
	pipeline_engine_take(p, &engine);
	input = order_input(p->order, p->options.lateness);
	if (input < 0)
		return input;
	p->flow_input = p->own_input = (uint32_t)input;
	return pipeline_state_open(p);
}

/* Events that nobody reads need not be made. */
uint32_t pipeline_services(const struct pipeline *p)
{
	uint32_t all = (1u << SERVICE_COUNT) - 1;

	if (wanted(p, OUT_EVENT))
		return all;
	return p->rules->services | derive_services(p->enrich.derive) |
	       (wanted(p, OUT_FLOW) ? 1u << SERVICE_FLOW : 0);
}

/* Room for all that the kernel's tables can hold: what is let go earlier is told in part. */
static size_t max_flows(const struct config *config)
{
	uint64_t kernel = config->flow_slots + 2 * config->half_open;

	if (config->max_flows)
		return config->max_flows;
	return kernel > MAX_FLOWS_DEFAULT ? kernel : MAX_FLOWS_DEFAULT;
}

static int open_flows(struct pipeline *p)
{
	const struct flow_ops ops = {
		.event = on_flow_event,
		.forget = on_flow_forgotten,
		.interface_name = on_interface_name,
		.context = p,
		.services = pipeline_services(p),
		.interval = WEIR_SEC,
		.max_flows = max_flows(p->config),
		.timeouts = &flow_timeouts_default,
		.ready = TIME_NONE,
	};

	p->flows = flow_table_new(&ops);
	return p->flows ? 0 : -ENOMEM;
}

int pipeline_open(struct pipeline **pipeline, const struct config *config,
		  const struct pipeline_options *options, struct error *error)
{
	struct pipeline *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for the pipeline");
	p->config = config;
	p->options = *options;
	p->worst = -1;
	pthread_mutex_init(&p->own_lock, NULL);
	answered_init(&p->answered);
	if (gethostname(p->host, sizeof(p->host) - 1))
		strcpy(p->host, "localhost");
	error->text[0] = '\0';
	err = open_roles(p);
	err = err ? err : open_rules(p, error);
	err = err ? err : open_stores(p, error);
	err = err ? err : open_streams(p, error);
	err = err ? err : open_engine(p, error);
	err = err ? err : open_flows(p);
	if (err) {
		if (!error->text[0])
			error_set(error, EXIT_SYSTEM, -err, "no memory for the pipeline");
		pipeline_close(p);
		return err;
	}
	*pipeline = p;
	return 0;
}

/* Lets what waits leave. One that refuses already is given less time: nobody waits for a stop. */
static void flush(struct sink *sink)
{
	json_t *status = sink->ops->status(sink);
	int patience = json_object_get(status, "error") ? FLUSH_FAILING_MS : FLUSH_MS;

	json_decref(status);
	if (sink->ops->flush(sink, patience))
		log_warn("%s did not take all within %d s: what is left may be lost",
			 sink->ops->name, patience / 1000);
}

/* Records that the sink did not take. */
static uint64_t sink_lost(struct sink *sink)
{
	json_t *status = sink->ops->status(sink);
	json_int_t lost = json_integer_value(json_object_get(status, "dropped")) +
			  json_integer_value(json_object_get(status, "failed"));

	json_decref(status);
	return (uint64_t)lost;
}

static void close_sinks(struct pipeline *p)
{
	vec_each (sink, &p->sinks) {
		flush(*sink);
		p->lost += sink_lost(*sink);
		(*sink)->ops->close(*sink);
	}
	vec_free(&p->sinks);
}

void pipeline_finish(struct pipeline *p)
{
	flow_finish(p->flows);
	order_end(p->order, p->flow_input);
}

uint64_t pipeline_close(struct pipeline *p)
{
	uint64_t lost;

	close_sinks(p);
	lost = p->lost;
	pipeline_state_close(p);
	flow_table_free(p->flows);
	order_free(p->order);
	signal_engine_free(p->signals);
	correlate_free(p->correlate);
	recorded_free(p->recorded);
	answered_free(&p->answered);
	evidence_free(p->evidence);
	ruleset_free(p->rules);
	derive_close(p->enrich.derive);
	field_roles_set(NULL, 0);
	pipeline_roles_free(&p->who);
	config_free(p->reloaded);
	vec_free(&p->own_sockets);
	pthread_mutex_destroy(&p->own_lock);
	free(p);
	return lost;
}

int pipeline_worst(const struct pipeline *p)
{
	return p->worst;
}
