/* SPDX-License-Identifier: Apache-2.0 */
#include "stages.h"

int pipeline_input(struct pipeline *p, weir_time lateness)
{
	return order_input(p->order, lateness);
}

void pipeline_event(struct pipeline *p, uint32_t input, const struct event *event)
{
	if (order_push(p->order, input, event))
		p->lost++;
}

void pipeline_told(void *context, const struct event *event)
{
	struct pipeline *p = context;

	if (pipeline_services(p) >> event->service & 1)
		pipeline_event(p, p->flow_input, event);
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

void pipeline_flows_advance(struct pipeline *p, weir_time at)
{
	if (p->decode)
		decode_advance(p->decode, at);
	order_advance(p->order, p->flow_input, at);
	if (p->options.live)
		order_advance(p->order, p->own_input, at);
}

void pipeline_flows_end(struct pipeline *p)
{
	if (p->decode)
		decode_finish(p->decode);
	order_end(p->order, p->flow_input);
}

uint64_t pipeline_refused_signals(const struct pipeline *p)
{
	return recorded_refused(p->recorded);
}

void pipeline_health(struct pipeline *p, weir_time at, const char *fact, const char *message)
{
	struct event event = {.time = at, .service = SERVICE_HEALTH};
	struct out *out;

	event_set(&event, EVENT_ACTION, event_action, text_string(fact));
	event_set(&event, MESSAGE, message, text_string(message));
	pipeline_event(p, p->own_input, &event);
	if (!pipeline_wants(p, OUT_HEALTH))
		return;
	out = out_event(&event, p->host);
	if (out)
		out->kind = OUT_HEALTH;
	pipeline_write(p, out);
}
