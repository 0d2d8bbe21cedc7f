/* SPDX-License-Identifier: Apache-2.0 */

/* One packet on several interfaces is counted once; bytes of offloaded and fragmented packets. */

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <net/if.h>

#include "talk.h"

/* What the programs take for a second: a real one at 100 Hz, less elsewhere. */
#define SECOND_TICKS 100
#define SECOND_US    1050000

static unsigned other; /* ifindex of a second interface; 0: none here */

enum { OTHER_IN = 21, OTHER_OUT = 22 };

/* A network namespace of our own with a pair of interfaces; it goes with the process. */
static unsigned make_interface(void)
{
	if (unshare(CLONE_NEWNET))
		return 0;
	if (system("ip link add weir-k0 type veth peer name weir-k1 2>/dev/null"))
		return 0;
	return if_nametoindex("weir-k0");
}

static int open_rig(void **state)
{
	other = make_interface();
	*state = rig_open(&(struct rig_options){.ticks_a_second = SECOND_TICKS});
	return 0;
}

static int close_rig(void **state)
{
	rig_close(*state);
	return 0;
}

static int begin(void **state)
{
	struct attachment a = {
		.ifindex = other,
		.netns = RIG_NETNS,
		.id_in = OTHER_IN,
		.id_out = OTHER_OUT,
		.stats_in = 2,
		.stats_out = 3,
	};

	if (!*state)
		return 0;
	rig_reset(*state);
	if (other)
		rig_attach(*state, &a);
	return 0;
}

#define need_other()                                                                               \
	do {                                                                                       \
		if (!other) {                                                                      \
			print_message("skipped: cannot make a veth pair here\n");                  \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

static void on(const struct talk *t, enum rig_program program, uint32_t ifindex, bool client,
	       unsigned flags, size_t payload)
{
	struct frame f;

	talk_tcp_frame(t, client, flags, payload, &f);
	assert_true(rig_run_skb(t->rig, program, &f, ifindex, 0, 0));
}

/* A forwarded connection: each packet comes in on one interface and goes out on the other. */
static void forward(const struct talk *t, bool client, unsigned flags, size_t payload)
{
	on(t, RIG_TC_IN, client ? other : 1, client, flags, payload);
	on(t, RIG_TC_OUT, client ? 1 : other, client, flags, payload);
}

static void test_forwarded_once(void **state)
{
	struct rig *rig = *state;
	struct flow_cold cold;
	struct flow_slot slot;
	struct talk t;

	rig_need(rig);
	need_other();
	t = talk_new(rig, true, 40000, 80, 6);
	forward(&t, true, SYN, 0);
	forward(&t, false, SYN_ACK, 0);
	forward(&t, true, ACK, 0);
	forward(&t, true, PSH | ACK, 100);
	forward(&t, false, ACK, 0);
	slot = talk_slot(&t, &cold);
	assert_int_equal(slot.packets[t.direction], 3);
	assert_int_equal(slot.packets[!t.direction], 2);
	assert_int_equal(slot.payload[t.direction], 100);
	assert_int_equal(slot.owner[t.direction], OTHER_IN);
	assert_int_equal(slot.owner[!t.direction], RIG_IN);
	assert_int_equal(cold.ifindex, other);
	assert_int_equal(rig_loss(rig, LOSS_DUPLICATE), 5);
	assert_int_equal(rig_traffic(rig, 1).unparsed + rig_traffic(rig, 3).unparsed, 5);
	assert_int_equal(rig_traffic(rig, 1).ip_bytes + rig_traffic(rig, 3).ip_bytes, 0);
}

/* Duplicates do not make state: a forwarded SYN is no retransmission, a RST rejects once. */
static void test_duplicates_decide_nothing(void **state)
{
	struct talk t;

	rig_need(*state);
	need_other();
	t = talk_new(*state, true, 40001, 80, 6);
	forward(&t, true, SYN, 0);
	forward(&t, false, RST, 0);
	EXPECT(&t, RECORD_STARTED, RECORD_REJECTED);
	assert_int_equal(talk_half(&t, true).packets[t.direction], 1);
}

static void test_take_over_silent(void **state)
{
	struct rig *rig = *state;
	struct flow_cold cold;
	struct talk t;

	rig_need(rig);
	need_other();
	t = talk_new(rig, true, 40000, 80, 6);
	talk_handshake(&t);
	on(&t, RIG_TC_IN, other, true, ACK, 0);
	assert_int_equal(rig_loss(rig, LOSS_DUPLICATE), 1);
	usleep(SECOND_US);
	on(&t, RIG_TC_IN, other, true, ACK, 0); /* failover: the route moved */
	assert_int_equal(rig_loss(rig, LOSS_DUPLICATE), 1);
	assert_int_equal(talk_slot(&t, &cold).owner[t.direction], OTHER_IN);
	assert_int_equal(talk_slot(&t, &cold).packets[t.direction], 3);
	on(&t, RIG_TC_IN, 1, true, ACK, 0);
	assert_int_equal(rig_loss(rig, LOSS_DUPLICATE), 2);
}

static void test_take_over_gone(void **state)
{
	struct rig *rig = *state;
	struct flow_cold cold;
	struct talk t, half;

	rig_need(rig);
	need_other();
	t = talk_new(rig, true, 40000, 80, 6);
	talk_handshake(&t);
	half = talk_new(rig, true, 40001, 80, 6);
	talk_tcp(&half, true, SYN, 0);
	rig_detach_id(rig, RIG_IN);
	on(&t, RIG_TC_IN, other, true, ACK, 0);
	on(&half, RIG_TC_IN, other, true, SYN, 0);
	assert_int_equal(talk_slot(&t, &cold).owner[t.direction], OTHER_IN);
	assert_int_equal(talk_half(&half, true).owner[half.direction], OTHER_IN);
	assert_int_equal(talk_half(&half, true).packets[half.direction], 2);
	assert_int_equal(rig_loss(rig, LOSS_DUPLICATE), 0);
}

/* XDP counts what comes in; TC ingress on the same interface then only knows sockets. */
static void test_behind_xdp(void **state)
{
	struct rig *rig = *state;
	struct attachment a = {.ifindex = 1,
			       .netns = RIG_NETNS,
			       .id_in = RIG_IN,
			       .id_out = RIG_OUT,
			       .stats_out = 1,
			       .flags = ATTACHMENT_XDP};
	struct flow_cold cold;
	struct talk t;

	rig_need(rig);
	rig_attach(rig, &a);
	t = talk_new(rig, true, 40000, 80, 6);
	t.xdp = true;
	talk_tcp(&t, true, SYN, 0);
	assert_int_equal(talk_half(&t, true).cookie[t.direction], 0);
	on(&t, RIG_TC_IN, 1, true, SYN, 0);
	assert_int_equal(talk_half(&t, true).packets[t.direction], 1);
	assert_true(talk_half(&t, true).cookie[t.direction] >
		    0); /* PROG_TEST_RUN gives each skb a socket */
	assert_int_equal(rig_traffic(rig, 0).buffers, 1);
	assert_int_equal(rig_loss(rig, LOSS_DUPLICATE), 0);
	talk_tcp(&t, false, SYN_ACK, 0);
	talk_tcp(&t, true, ACK, 0);
	on(&t, RIG_TC_IN, 1, true, ACK, 0);
	assert_int_equal(talk_slot(&t, &cold).packets[t.direction], 2);
	assert_true(cold.marks & FLOW_XDP);
}

/* Bytes of an offloaded buffer: each segment with its own headers. */
static void test_segments(void **state)
{
	struct rig *rig = *state;
	struct traffic_counts before, after;
	struct flow_cold cold;
	struct flow_slot slot;
	struct frame f;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, false, 40000, 80, 6);
	talk_handshake(&t);
	before = rig_traffic(rig, 1);
	talk_tcp_frame(&t, true, ACK | PSH, 2500, &f);
	assert_true(rig_run_skb(rig, RIG_TC_OUT, &f, 0, 3, 1000));
	assert_true(rig_run_skb(rig, RIG_TC_OUT, &f, 0, 0, 1000)); /* virtio: size alone */
	slot = talk_slot(&t, &cold);
	assert_int_equal(slot.packets[t.direction], 2 + 3 + 3);
	assert_int_equal(slot.bytes[t.direction], 80 + 2 * (2500 + 3 * 40));
	assert_int_equal(slot.payload[t.direction], 5000);
	after = rig_traffic(rig, 1);
	assert_int_equal(after.buffers - before.buffers, 2);
	assert_int_equal(after.segments - before.segments, 6);
	assert_int_equal(after.buffer_bytes - before.buffer_bytes, 2 * 2554);
	assert_int_equal(after.wire_bytes - before.wire_bytes, 2 * (2500 + 3 * 54));
	assert_int_equal(after.ip_bytes - before.ip_bytes, 2 * (2500 + 3 * 40));
}

/* ---- tunnels: what each segment has besides, behind the outer transport header ---- */

static void inside_v4_tcp(struct frame *f)
{
	frame_v4(f, 3, 4, 6, 0);
	frame_tcp(f, 40001, 80, ACK, 12);
}

static void inside_ethernet(struct frame *f, unsigned type)
{
	frame_put(f, 12);
	frame_type(f, type);
}

static void vxlan(struct frame *f)
{
	frame_udp(f, 40000, 4789);
	frame_put(f, 8)[0] = 0x08;
	inside_ethernet(f, 0x0800);
	inside_v4_tcp(f);
}

static void vxlan_tag_v6_udp(struct frame *f)
{
	frame_udp(f, 40000, 8472);
	frame_put(f, 8)[0] = 0x08;
	frame_put(f, 12);
	frame_tag(f, 0x8100, 7);
	frame_type(f, 0x86dd);
	frame_v6(f, 3, 4, 17);
	frame_put(f, 8);
}

static void geneve_options(struct frame *f)
{
	uint8_t *at;

	frame_udp(f, 40000, 6081);
	at = frame_put(f, 16);
	at[0] = 2;
	frame_put16(at + 2, 0x6558);
	inside_ethernet(f, 0x0800);
	inside_v4_tcp(f);
}

static void geneve_bare(struct frame *f)
{
	frame_udp(f, 40000, 6081);
	frame_put16(frame_put(f, 8) + 2, 0x0800);
	inside_v4_tcp(f);
}

static void gre_key(struct frame *f)
{
	uint8_t *at = frame_put(f, 8);

	at[0] = 0x20;
	frame_put16(at + 2, 0x0800);
	inside_v4_tcp(f);
}

static void no_vxlan(struct frame *f)
{
	frame_udp(f, 40000, 4789);
	frame_put(f, 8);
	inside_ethernet(f, 0x0800);
	inside_v4_tcp(f);
}

static const struct tunnel {
	const char *name;
	void (*make)(struct frame *f);
	unsigned proto, headers, inside;
} tunnels[] = {
	{"VXLAN", vxlan, 17, 8, 8 + 14 + 20 + 32},
	{"VXLAN, tag, IPv6, UDP", vxlan_tag_v6_udp, 17, 8, 8 + 18 + 40 + 8},
	{"GENEVE with an option", geneve_options, 17, 8, 16 + 14 + 20 + 32},
	{"GENEVE without Ethernet", geneve_bare, 17, 8, 8 + 20 + 32},
	{"GRE with a key", gre_key, 47, 0, 8 + 20 + 32},
	{"IP in IP", inside_v4_tcp, 4, 0, 20 + 32},
	{"the port of VXLAN alone", no_vxlan, 17, 8, 0},
};

static void test_tunnels(void **state)
{
	struct traffic_counts before, after;
	struct rig *rig = *state;
	unsigned headers;
	struct frame f;

	rig_need(rig);
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		const struct tunnel *tunnel = &tunnels[i];

		frame_link(&f);
		frame_v4(&f, 1, 2, tunnel->proto, 0);
		tunnel->make(&f);
		frame_payload(&f, 2500);
		frame_end(&f);
		headers = 20 + tunnel->headers + tunnel->inside;
		/* Of a flow that is new, and of one that is known. */
		for (int times = 0; times < 2; times++) {
			before = rig_traffic(rig, 1);
			assert_true(rig_run_skb(rig, RIG_TC_OUT, &f, 0, 3, 1000));
			after = rig_traffic(rig, 1);
			if (after.ip_bytes - before.ip_bytes != f.len - 14 + 2 * headers)
				print_error("%s\n", tunnel->name);
			assert_int_equal(after.ip_bytes - before.ip_bytes,
					 f.len - 14 + 2 * headers);
			assert_int_equal(after.wire_bytes - before.wire_bytes,
					 f.len + 2 * (14 + headers));
			assert_int_equal(after.segments - before.segments, 3);
		}
	}
}

/* The same where both ends answer, so that the slot counts. */
static void test_tunnel_slot(void **state)
{
	struct rig *rig = *state;
	struct flow_cold cold;
	struct flow_slot slot;
	struct frame f;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, false, 40000, 4789, 17);
	talk_udp(&t, true, 100);
	talk_udp(&t, false, 100);
	frame_link(&f);
	frame_v4(&f, 1, 2, 17, 0);
	vxlan(&f);
	frame_payload(&f, 2500);
	frame_end(&f);
	assert_true(rig_run_skb(rig, RIG_TC_OUT, &f, 0, 3, 1000));
	slot = talk_slot(&t, &cold);
	assert_int_equal(slot.packets[t.direction], 1 + 3);
	assert_int_equal(slot.bytes[t.direction], 128 + 2500 + 3 * (28 + 74));
	assert_int_equal(slot.payload[t.direction], 100 + 2500 + 3 * 74);
}

static void fragment(const struct talk *t, unsigned offset, bool more, unsigned id, size_t payload)
{
	struct frame f;

	frame_link(&f);
	frame_v4(&f, 1, 2, 17, 0);
	if (!offset)
		frame_udp(&f, t->client, t->server);
	f.udp = 0;
	frame_payload(&f, payload);
	frame_fragment4(&f, offset, more, id);
	frame_end(&f);
	if (!offset)
		f.byte[f.ip + 25] = 200; /* the datagram is longer than its first part */
	assert_true(rig_run(t->rig, RIG_TC_IN, &f));
}

static void test_fragments(void **state)
{
	struct rig *rig = *state;
	struct talk t, no_ports;
	struct flow_half half;

	rig_need(rig);
	t = talk_new(rig, true, 40000, 53, 17);
	no_ports = talk_new(rig, true, 0, 0, 17);
	fragment(&t, 0, true, 1, 32);
	fragment(&t, 40, true, 1, 40);
	fragment(&t, 80, false, 1, 24);
	half = talk_half(&t, true);
	assert_int_equal(half.packets[t.direction], 3);
	assert_int_equal(half.bytes[t.direction], 60 + 60 + 44);
	assert_int_equal(half.payload[t.direction], 32 + 40 + 24);
	assert_true(half.marks & FLOW_FRAGMENT);
	assert_int_equal(rig_loss(rig, LOSS_FRAGMENT_EARLY), 0);
	fragment(&t, 80, false, 2, 24); /* before its first */
	assert_int_equal(rig_loss(rig, LOSS_FRAGMENT_EARLY), 1);
	assert_int_equal(talk_half(&no_ports, true).packets[no_ports.direction], 1);
}

static void test_fragments_too_late(void **state)
{
	struct rig *rig = *state;
	struct fragment_ports old = {};
	struct fragment_key key;
	struct talk t;
	int fd;

	rig_need(rig);
	fd = bpf_map__fd(rig->skeleton->maps.fragments);
	t = talk_new(rig, true, 40000, 53, 17);
	fragment(&t, 0, true, 3, 32);
	assert_int_equal(bpf_map_get_next_key(fd, NULL, &key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &old), 0);
	assert_int_equal(key.netns, RIG_NETNS);
	old.at -= 31 * SECOND_TICKS;
	assert_int_equal(bpf_map_update_elem(fd, &key, &old, 0), 0);
	fragment(&t, 40, false, 3, 40);
	assert_int_equal(rig_loss(rig, LOSS_FRAGMENT_EARLY), 1);
	assert_int_equal(talk_half(&t, true).packets[t.direction], 1);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup(test, begin)
	const struct CMUnitTest tests[] = {
		EACH(test_forwarded_once),   EACH(test_duplicates_decide_nothing),
		EACH(test_take_over_silent), EACH(test_take_over_gone),
		EACH(test_behind_xdp),	     EACH(test_segments),
		EACH(test_tunnels),	     EACH(test_tunnel_slot),
		EACH(test_fragments),	     EACH(test_fragments_too_late),
	};

	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
