/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/live/owners.h"
#include "stages.h"
#include "view/view.h"

#define MAX_FLOWS_DEFAULT (UINT64_C(1) << 21)
/* As many as a half-open table of the kernel's: 40 MiB. */
#define MAX_FLEETING_LIVE 65536u

/* ---- events in one order, through enrichment into the rules ---- */

static void store_ended(struct pipeline *p, const struct event *event)
{
	bool ended = event->service == SERVICE_FLOW && event_has(event, FIELD_FLOW_ENDED);

	if (ended && (p->config->all_flows || evidence_has(p->evidence, event)))
		pipeline_write(p, out_flow(event, p->host));
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
	if (pipeline_wants(p, OUT_EVENT))
		pipeline_write(p, out_event(event, p->host));
	if (p->view)
		view_event(p->view, event);
	signal_engine_event(p->signals, event);
	if (pipeline_wants(p, OUT_FLOW))
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
	if (p->view && watermark != TIME_NEVER)
		view_advance(p->view, watermark);
}

static void on_flow_event(void *context, const struct event *event)
{
	struct pipeline *p = context;

	pipeline_event(p, p->flow_input, event);
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

/* ---- whose a flow is ---- */

void pipeline_owners(struct pipeline *p, struct owners *owners)
{
	p->owners = owners;
}

/* Where both ends are here it is the initiator's process. */
void pipeline_attribute(struct pipeline *p, struct flow *flow, struct event *event)
{
	const struct process *process;

	if (p->live)
		live_attribute(p->live, flow);
	process = flow->owner[flow->initiator];
	if (!process)
		process = flow->owner[!flow->initiator];
	if (process)
		owners_put(p->owners, process, event);
}

static void on_flow_owner(void *context, struct flow *flow, struct event *event)
{
	pipeline_attribute(context, flow, event);
}

static void on_flow_release(void *context, struct flow *flow)
{
	struct pipeline *p = context;

	if (!p->owners)
		return;
	if (!flow->silent)
		owners_count(p->owners, flow->owner[0] || flow->owner[1]);
	for (int side = 0; side < 2; side++)
		if (flow->owner[side])
			owners_let(p->owners, flow->owner[side]);
}

/* ---- the live source, and sockets of weir's own ---- */

void pipeline_own_socket(void *context, uint64_t cookie)
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
		flow_ready(p->flows, live_now(live));
	p->enrich.local = live ? live_addresses(live, &generation) : NULL;
}

/* ---- opening and closing, stage by stage ---- */

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

	vec_each (fault, &faults.list) {
		const struct place *at = &fault->place;
		const char *kind = fault->fatal ? "" : "warning: ";

		if (at->line)
			log_error("%s:%u:%u: %s%s", at->file, at->line, at->column, kind,
				  fault->text);
		else
			log_error("%s: %s%s", at->file ? at->file : "rules", kind, fault->text);
	}
	fatal = faults.fatal;
	faults_free(&faults);
	if (err)
		return error_set(error, EXIT_INPUT, -err,
				 "%zu fault%s in the rules: mend them, or see `weir check`", fatal,
				 fatal == 1 ? "" : "s");
	return 0;
}

/* Live there may be some after a reload. */
static int open_lists(struct pipeline *p)
{
	struct threat_options options = config_threat_options(p->config);

	if (!p->options.threat_lists || (!options.len && !p->options.live))
		return 0;
	p->threat = threat_open(&options);
	if (!p->threat)
		return -ENOMEM;
	return p->options.live ? threat_watch(p->threat) : 0;
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
	input = order_input(p->order, pipeline_lateness(p));
	if (input < 0)
		return input;
	p->flow_input = p->own_input = (uint32_t)input;
	if (p->options.live)
		order_promises(p->order, p->flow_input);
	return pipeline_state_open(p);
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
		.owner = on_flow_owner,
		.release = on_flow_release,
		.context = p,
		.services = pipeline_services(p),
		.interval = WEIR_SEC,
		.max_flows = max_flows(p->config),
		.max_fleeting = p->options.live ? MAX_FLEETING_LIVE : 0,
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
	err = err ? err : pipeline_sinks_open(p, error);
	err = err ? err : pipeline_privacy_open(p, error); /* they have made the folder */
	err = err ? err : open_lists(p);
	err = err ? err : open_engine(p, error);
	err = err ? err : open_flows(p);
	err = err ? err : pipeline_decode_open(p);
	if (err) {
		if (!error->text[0])
			error_set(error, EXIT_SYSTEM, -err, "no memory for the pipeline");
		pipeline_close(p);
		return err;
	}
	*pipeline = p;
	return 0;
}

void pipeline_finish(struct pipeline *p)
{
	if (p->decode)
		decode_finish(p->decode);
	flow_finish(p->flows);
	order_end(p->order, p->flow_input);
}

uint64_t pipeline_close(struct pipeline *p)
{
	uint64_t lost;

	pipeline_sinks_close(p);
	lost = p->lost;
	pipeline_state_close(p);
	decode_free(p->decode);
	flow_table_free(p->flows);
	order_free(p->order);
	signal_engine_free(p->signals);
	correlate_free(p->correlate);
	recorded_free(p->recorded);
	answered_free(&p->answered);
	evidence_free(p->evidence);
	view_free(p->view);
	ruleset_free(p->rules);
	derive_close(p->enrich.derive);
	threat_close(p->threat);
	field_roles_set(NULL, 0);
	pipeline_privacy_close(p);
	pipeline_roles_free(&p->who);
	config_free(p->reloaded);
	vec_free(&p->told);
	vec_free(&p->own_sockets);
	pthread_mutex_destroy(&p->own_lock);
	free(p);
	return lost;
}

/* ---- what others ask for ---- */

struct flow_table *pipeline_flows(struct pipeline *p)
{
	return p->flows;
}

int pipeline_worst(const struct pipeline *p)
{
	return p->worst;
}

weir_time pipeline_earliest(const struct pipeline *p)
{
	return signal_engine_clock(p->signals);
}

void pipeline_tick(struct pipeline *p, weir_time now)
{
	if (p->threat)
		threat_take(p->threat);
	pipeline_state_tick(p, now);
	pipeline_health_tick(p);
	pipeline_view_tick(p, now);
}

void pipeline_shrink(struct pipeline *p)
{
	order_shrink(p->order);
	malloc_trim(0);
}
