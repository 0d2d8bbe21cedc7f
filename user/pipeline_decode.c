/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "decoding/decoding.h"
#include "stages.h"

void pipeline_payload(void *context, const struct payload_record *record, const uint8_t *bytes,
		      weir_time at)
{
	struct pipeline *p = context;

	decode_payload(p->decode, record, bytes, at);
}

static bool logged_in(const struct event *e)
{
	static const char success[] = "success";

	return e->service == SERVICE_LOGIN && event_has(e, FIELD_EVENT_OUTCOME) &&
	       e->event_outcome.length == sizeof(success) - 1 &&
	       !memcmp(e->event_outcome.at, success, sizeof(success) - 1);
}

void pipeline_decoded(void *context, const struct decode_origin *origin, struct event *event)
{
	struct pipeline *p = context;
	struct flow *flow = flow_find(p->flows, &origin->key);

	if (flow && (flow->own || flow->silent))
		return;
	if (flow && logged_in(event))
		flow_logs_in(flow);
	if (flow)
		pipeline_attribute(p, flow, event);
	pipeline_event(p, p->flow_input, event);
}

void pipeline_spoken(void *context, const struct decode_origin *origin, const char *protocol)
{
	struct pipeline *p = context;
	struct flow *flow = flow_find(p->flows, &origin->key);

	/* One strange datagram does not undo what the others said. */
	if (flow && !(flow->protocol && !strcmp(protocol, PROTOCOL_UNIDENTIFIED)))
		flow_speaks(flow, protocol);
}

/* Services whose events come from payload alone. */
#define DECODED                                                                                    \
	(1u << SERVICE_DNS | 1u << SERVICE_TLS | 1u << SERVICE_HTTP | 1u << SERVICE_FILE |         \
	 1u << SERVICE_LOGIN | 1u << SERVICE_ARP | 1u << SERVICE_ICMP | 1u << SERVICE_DHCP)

bool pipeline_wants_payload(const struct pipeline *p)
{
	const struct field_set *reads = p->rules->reads;
	bool wants = pipeline_services(p) & DECODED;

	for (unsigned i = 0; i < SERVICE_COUNT && !wants; i++)
		wants = field_set_has(&reads[i], FIELD_NETWORK_PROTOCOL);
	return wants && p->config->payload.enabled;
}

void pipeline_decoding(struct pipeline *p, const struct decoding *decoding)
{
	p->decoding = decoding;
}

weir_time pipeline_lateness(const struct pipeline *p)
{
	weir_time asked = p->options.lateness;

	if (!p->options.live || !pipeline_wants_payload(p) || asked >= DECODING_LATENESS)
		return asked;
	return DECODING_LATENESS;
}

int pipeline_decode_open(struct pipeline *p)
{
	const struct decode_options options = {.opening = p->config->payload.opening};
	const struct decode_ops ops = {
		.event = pipeline_decoded,
		.protocol = pipeline_spoken,
		.context = p,
	};

	if (p->options.live)
		return 0;
	p->decode = decode_new(&options, &ops);
	return p->decode ? 0 : -ENOMEM;
}
