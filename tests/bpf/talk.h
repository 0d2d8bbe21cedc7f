/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_BPF_TALK_H
#define WEIR_TESTS_BPF_TALK_H

/*
 * Two ends that talk, packet by packet: client 10.0.0.1 and server 10.0.0.2. `inbound`: the client
 * is elsewhere, its packets come in and the answers go out.
 */

#include "harness.h"

enum {
	SYN = TCP_FLAG_SYN,
	ACK = TCP_FLAG_ACK,
	RST = TCP_FLAG_RST,
	FIN = TCP_FLAG_FIN,
	PSH = TCP_FLAG_PSH,
	SYN_ACK = TCP_FLAG_SYN | TCP_FLAG_ACK,
	FIN_ACK = TCP_FLAG_FIN | TCP_FLAG_ACK,
};

struct talk {
	struct rig *rig;
	bool inbound;
	bool xdp; /* what comes in comes by XDP */
	unsigned client, server;
	struct flow_key key;
	unsigned direction; /* of the client's packets */
};

static inline struct talk talk_new(struct rig *rig, bool inbound, unsigned client_port,
				   unsigned server_port, unsigned proto)
{
	struct talk t = {
		.rig = rig, .inbound = inbound, .client = client_port, .server = server_port};
	struct packet_facts facts;
	struct frame f;

	frame_link(&f);
	frame_v4(&f, 1, 2, proto, 0);
	if (proto == 6)
		frame_tcp(&f, client_port, server_port, SYN, 0);
	else if (proto == 1)
		frame_icmp(&f, 8, 0, client_port);
	else
		frame_udp(&f, client_port, server_port);
	frame_end(&f);
	assert_int_equal(rig_facts(&f, PACKET_ETHERNET, &facts), PACKET_OK);
	t.key = facts.key;
	t.direction = facts.direction;
	return t;
}

static inline enum rig_program talk_program(const struct talk *t, bool from_client)
{
	if (from_client != t->inbound)
		return RIG_TC_OUT;
	return t->xdp ? RIG_XDP : RIG_TC_IN;
}

static inline void talk_tcp_frame(const struct talk *t, bool from_client, unsigned flags,
				  size_t payload, struct frame *f)
{
	frame_link(f);
	frame_v4(f, from_client ? 1 : 2, from_client ? 2 : 1, 6, 0);
	frame_tcp(f, from_client ? t->client : t->server, from_client ? t->server : t->client,
		  flags, 0);
	if (flags & ACK) /* of a SYN with the number 0 */
		frame_tcp_numbers(f, 0, 1);
	frame_payload(f, payload);
	frame_end(f);
}

static inline void talk_tcp(const struct talk *t, bool from_client, unsigned flags, size_t payload)
{
	struct frame f;

	talk_tcp_frame(t, from_client, flags, payload, &f);
	assert_true(rig_run(t->rig, talk_program(t, from_client), &f));
}

static inline void talk_udp(const struct talk *t, bool from_client, size_t payload)
{
	struct frame f;

	frame_link(&f);
	frame_v4(&f, from_client ? 1 : 2, from_client ? 2 : 1, 17, 0);
	frame_udp(&f, from_client ? t->client : t->server, from_client ? t->server : t->client);
	frame_payload(&f, payload);
	frame_end(&f);
	assert_true(rig_run(t->rig, talk_program(t, from_client), &f));
}

static inline void talk_echo(const struct talk *t, bool from_client)
{
	struct frame f;

	frame_link(&f);
	frame_v4(&f, from_client ? 1 : 2, from_client ? 2 : 1, 1, 0);
	frame_icmp(&f, from_client ? 8 : 0, 0, t->client);
	frame_payload(&f, 56);
	frame_end(&f);
	assert_true(rig_run(t->rig, talk_program(t, from_client), &f));
}

/* The server refuses a UDP or TCP packet of the client by an ICMP error. */
static inline void talk_unreachable(const struct talk *t, unsigned code)
{
	struct frame f;

	frame_link(&f);
	frame_v4(&f, 2, 1, 1, 0);
	frame_icmp(&f, 3, code, 0);
	frame_v4(&f, 1, 2, t->key.proto, 0);
	frame_udp(&f, t->client, t->server);
	f.udp = 0;
	frame_end(&f);
	assert_true(rig_run(t->rig, talk_program(t, false), &f));
}

static inline struct flow_half talk_half(const struct talk *t, bool inbound)
{
	struct flow_half half;

	assert_true(rig_half(t->rig, inbound, &t->key, &half));
	return half;
}

static inline bool talk_has_half(const struct talk *t)
{
	struct flow_half half;

	return rig_half(t->rig, true, &t->key, &half) || rig_half(t->rig, false, &t->key, &half);
}

static inline bool talk_promoted(const struct talk *t)
{
	struct flow_slot slot;
	struct flow_cold cold;

	return rig_slot(t->rig, &t->key, &slot, &cold);
}

static inline struct flow_slot talk_slot(const struct talk *t, struct flow_cold *cold)
{
	struct flow_slot slot;

	assert_true(rig_slot(t->rig, &t->key, &slot, cold));
	return slot;
}

static inline void talk_handshake(const struct talk *t)
{
	talk_tcp(t, true, SYN, 0);
	talk_tcp(t, false, SYN_ACK, 0);
	talk_tcp(t, true, ACK, 0);
}

/* The records so far are of these kinds, in this order, and about this flow; then forgets them. */
static inline void talk_expect(const struct talk *t, const enum record_kind *kinds, size_t n)
{
	rig_drain(t->rig);
	assert_int_equal(t->rig->records, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(t->rig->record[i].kind, kinds[i]);
		assert_memory_equal(&t->rig->record[i].key, &t->key, sizeof(t->key));
		assert_true(t->rig->record[i].at > 0);
	}
	t->rig->records = 0;
}
#define EXPECT(t, ...)                                                                             \
	talk_expect(t, (const enum record_kind[]){__VA_ARGS__},                                    \
		    sizeof((const enum record_kind[]){__VA_ARGS__}) / sizeof(enum record_kind))
#define EXPECT_NONE(t) talk_expect(t, NULL, 0)

#endif
