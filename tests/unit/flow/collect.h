/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_FLOW_COLLECT_H
#define TEST_FLOW_COLLECT_H

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/vec.h"
#include "bpf/key.h"
#include "flow/flow.h"

/* Keeps the events that a flow table makes. */

#define T0 (INT64_C(1700000000) * WEIR_SEC)

struct collected {
	VEC(struct event) events;
	size_t forgotten;
};

static inline void collect_event(void *context, const struct event *event)
{
	struct collected *c = context;
	struct event *copy = vec_add(&c->events);

	assert_non_null(copy);
	*copy = *event;
}

static inline void collect_forget(void *context, struct flow *flow)
{
	assert_non_null(flow);
	((struct collected *)context)->forgotten++;
}

static inline struct flow_ops collect_ops(struct collected *c)
{
	return (struct flow_ops){
		.event = collect_event,
		.forget = collect_forget,
		.context = c,
		.services = UINT32_MAX,
		.interval = WEIR_SEC,
		.max_flows = 1000000,
		.ready = TIME_NONE,
	};
}

/* The `n`th event (from 0) of a service; NULL: there are fewer. */
static inline const struct event *collected(const struct collected *c, enum event_service service,
					    size_t n)
{
	for (size_t i = 0; i < c->events.len; i++)
		if (c->events.at[i].service == service && !n--)
			return &c->events.at[i];
	return NULL;
}

static inline size_t collected_count(const struct collected *c, enum event_service service)
{
	size_t n = 0;

	for (size_t i = 0; i < c->events.len; i++)
		n += c->events.at[i].service == service;
	return n;
}

/* Sums over the `flow` events: bytes, payload and packets of both sides. */
struct sums {
	uint64_t bytes[2], payload[2], packets[2];
};

static inline struct sums collected_sums(const struct collected *c)
{
	struct sums s = {0};

	for (size_t i = 0; i < c->events.len; i++) {
		const struct event *e = &c->events.at[i];

		if (e->service != SERVICE_FLOW)
			continue;
		s.bytes[0] += e->source_bytes;
		s.bytes[1] += e->destination_bytes;
		s.payload[0] += e->source_payload_bytes;
		s.payload[1] += e->destination_payload_bytes;
		s.packets[0] += e->source_packets;
		s.packets[1] += e->destination_packets;
	}
	return s;
}

/* 10.0.0.`host` → 10.0.1.`other` */
static inline uint8_t collect_key(struct flow_key *key, unsigned host, uint16_t sport,
				  unsigned other, uint16_t dport, uint8_t proto)
{
	struct addr s = addr_from_v4(htonl(0x0a000000 + host));
	struct addr d = addr_from_v4(htonl(0x0a000100 + other));

	memset(key, 0, sizeof(*key));
	return flow_key_canonical(key, s.byte, d.byte, htons(sport), htons(dport), proto);
}

#endif
