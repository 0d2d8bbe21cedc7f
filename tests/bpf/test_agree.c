/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The programs and the agent's build of the parser agree on every packet: key, direction, bytes,
 * and the reason if there is no flow. Crafted ones, truncations at every byte that the kernel lets
 * through, and mutated ones.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crafted.h"
#include "harness.h"

#define MUTATED	     20000
#define MUTATED_SLOW 1000 /* WEIR_SLOW: in an emulated machine */
#define STEP_SLOW    5
#define SEED	     0x5eedull

struct shared {
	struct rig *rig;
	uint64_t losses[LOSS_COUNT];
	unsigned flows, lost, refused;
};

static int open_rig(void **state)
{
	struct shared *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->rig = rig_open(&(struct rig_options){.first_all = 1, .xdp_frags = true});
	*state = s;
	return 0;
}

static int close_rig(void **state)
{
	struct shared *s = *state;

	rig_close(s->rig);
	free(s);
	return 0;
}

/* What the program counted since the last call under the reasons that are a fate; -1: nothing. */
static int new_fate(struct shared *s)
{
	int fate = PACKET_OK;

	for (int i = 0; i < LOSS_COUNT; i++) {
		uint64_t now = rig_loss(s->rig, i);

		if (now != s->losses[i] && loss_is_fate(i)) {
			assert_int_equal(now, s->losses[i] + 1);
			assert_int_equal(fate, PACKET_OK);
			fate = i;
		}
		s->losses[i] = now;
	}
	return fate;
}

/* The entry that a first packet with these facts leaves behind. */
static void check_entry(const struct packet_facts *f, const struct flow_half *half)
{
	int d = f->direction;
	struct flow_packet packet = {.proto = f->key.proto,
				     .direction = d,
				     .flags = f->tcp_flags,
				     .reply = f->icmp_reply,
				     .error = f->icmp_error,
				     .later = f->fragment == PACKET_LATER,
				     .port = {f->port[0], f->port[1]}};
	struct flow_step step = flow_first(&packet);

	assert_int_equal(half->bytes[d], f->ip_bytes);
	assert_int_equal(half->payload[d], f->payload);
	assert_int_equal(half->packets[d], f->segments);
	assert_int_equal(half->packets[!d], 0);
	assert_int_equal(half->flags[d], f->tcp_flags);
	assert_int_equal(half->vlan, f->vlan);
	assert_int_equal(half->initiator, step.initiator);
	assert_int_equal(half->state, step.state);
	assert_int_equal(!!(half->marks & FLOW_ERROR), f->icmp_error);
	assert_int_equal(!!(half->marks & FLOW_MIDSTREAM), !!(step.marks & FLOW_MIDSTREAM));
	assert_int_equal(!!(half->marks & FLOW_FRAGMENT), f->fragment != PACKET_WHOLE);
	assert_int_equal(!!(half->marks & FLOW_CAST), f->cast);
}

static void forget(struct rig *rig, const struct flow_key *key, bool inbound)
{
	struct weir_bpf *k = rig->skeleton;
	struct fragment_key fragment, next;

	bpf_map_delete_elem(bpf_map__fd(inbound ? k->maps.half_in : k->maps.half_out), key);
	if (!bpf_map_get_next_key(bpf_map__fd(k->maps.fragments), NULL, &fragment)) {
		next = fragment;
		bpf_map_delete_elem(bpf_map__fd(k->maps.fragments), &next);
	}
}

/* After the program ran: what it did is what the agent's build says. */
static void check_done(struct shared *s, enum rig_program program, const struct frame *f)
{
	bool inbound = program != RIG_TC_OUT && program != RIG_L3_OUT;
	bool bare = program == RIG_L3_IN || program == RIG_L3_OUT;
	struct packet_facts facts;
	struct flow_half half;
	int fate;

	fate = rig_facts(f, bare ? PACKET_IP : PACKET_ETHERNET, &facts);
	assert_int_equal(new_fate(s), fate);
	if (fate != PACKET_OK) {
		s->lost++;
		return;
	}
	s->flows++;
	assert_true(rig_half(s->rig, inbound, &facts.key, &half));
	check_entry(&facts, &half);
	assert_int_equal(!!(half.marks & FLOW_INBOUND), inbound);
	assert_int_equal(!!(half.marks & FLOW_XDP), program == RIG_XDP);
	forget(s->rig, &facts.key, inbound);
}

static void check_one(struct shared *s, enum rig_program program, const struct frame *f)
{
	if (rig_run(s->rig, program, f))
		check_done(s, program, f);
	else
		s->refused++;
}

static void check_all(struct shared *s, const struct frame *f)
{
	check_one(s, RIG_TC_IN, f);
	check_one(s, RIG_TC_OUT, f);
	check_one(s, RIG_XDP, f);
}

/* Without its link header, as an L3-only device has it. */
static void check_bare(struct shared *s, const struct frame *f)
{
	struct frame bare = *f;

	if (!f->ip || f->len <= f->ip)
		return;
	bare.len = f->len - f->ip;
	memmove(bare.byte, f->byte + f->ip, bare.len);
	check_one(s, RIG_L3_IN, &bare);
	check_one(s, RIG_L3_OUT, &bare);
}

static void test_crafted(void **state)
{
	struct shared *s = *state;
	struct frame f;

	rig_need(s->rig);
	s->refused = s->flows = s->lost = 0;
	for (size_t i = 0; i < CRAFTED; i++) {
		craft(&f, i);
		check_all(s, &f);
		check_bare(s, &f);
	}
	assert_int_equal(s->refused, 0);
	assert_true(s->lost >= 3 * 3); /* three tags, ARP, too long a chain */
	assert_true(s->flows >= 5 * 30);
	rig_check_sums(s->rig);
}

static void test_truncated(void **state)
{
	const size_t step = getenv("WEIR_SLOW") ? STEP_SLOW : 1;
	struct shared *s = *state;
	struct frame f;

	rig_need(s->rig);
	s->refused = s->flows = s->lost = 0;
	for (size_t i = 0; i < CRAFTED; i++) {
		craft(&f, i);
		for (f.len -= 1 + i % step; f.len > 0 && f.len < sizeof(f.byte); f.len -= step) {
			check_one(s, f.len % 2 ? RIG_TC_IN : RIG_TC_OUT, &f);
			check_one(s, RIG_XDP, &f);
			check_bare(s, &f);
		}
	}
	assert_true(s->lost > 1000 / step);
	assert_true(s->flows > 1000 / step);
	rig_check_sums(s->rig);
}

/* Headers that are not in the frame's first piece are copied; cut at every byte. */
static void test_pieces(void **state)
{
	const size_t step = getenv("WEIR_SLOW") ? STEP_SLOW : 1;
	struct shared *s = *state;
	struct frame f;

	rig_need(s->rig);
	s->flows = s->lost = 0;
	for (size_t i = 0; i < CRAFTED; i++) {
		craft(&f, i);
		for (size_t linear = 14 + i % step; linear < f.len; linear += step) {
			uint64_t bytes = rig_traffic(s->rig, 0).buffer_bytes;

			if (!rig_run_pieces(s->rig, &f, linear)) {
				print_message(
					"skipped: this kernel cannot test XDP frames in pieces\n");
				skip();
			}
			check_done(s, RIG_XDP, &f);
			if (linear < f.ip + 20) /* else padding may hide in the second piece */
				assert_int_equal(rig_traffic(s->rig, 0).buffer_bytes - bytes,
						 f.len);
		}
	}
	assert_int_equal(s->losses[LOSS_NONLINEAR], 0);
	assert_true(s->flows > 1000 / step);
}

static void test_mutated(void **state)
{
	struct shared *s = *state;
	const unsigned mutated = getenv("WEIR_SLOW") ? MUTATED_SLOW : MUTATED;
	uint64_t random = SEED;
	struct frame f;

	rig_need(s->rig);
	s->refused = s->flows = s->lost = 0;
	for (unsigned i = 0; i < mutated; i++) {
		craft(&f, i % CRAFTED);
		craft_mutate(&f, &random);
		check_one(s, i % 3 == 0 ? RIG_XDP : i % 3 == 1 ? RIG_TC_IN : RIG_TC_OUT, &f);
		if (i % 4 == 0)
			check_bare(s, &f);
	}
	assert_true(s->lost > mutated / 20);
	assert_true(s->flows > mutated / 4);
	rig_check_sums(s->rig);
}

/* A TCP segment, or several that were merged, from port 4000 to 80 or back. */
static struct frame segment(bool back, unsigned flags, size_t payload)
{
	struct frame f;

	frame_link(&f);
	frame_v4(&f, back ? 2 : 1, back ? 1 : 2, 6, 0);
	frame_tcp(&f, back ? 80 : 4000, back ? 4000 : 80, flags, 0);
	frame_tcp_numbers(&f, !(flags & TCP_FLAG_SYN), 1);
	frame_payload(&f, payload);
	frame_end(&f);
	return f;
}

/* XDP is not told of how many packets a buffer was merged: it goes by the device's MTU. */
static void test_merged(void **state)
{
	struct shared *s = *state;
	struct attachment a = {.ifindex = 1,
			       .netns = RIG_NETNS,
			       .id_in = RIG_IN,
			       .id_out = RIG_OUT,
			       .stats_out = 1,
			       .mtu = 576};
	const struct frame frames[] = {segment(false, TCP_FLAG_SYN, 0),
				       segment(true, TCP_FLAG_SYN | TCP_FLAG_ACK, 0),
				       segment(false, TCP_FLAG_ACK, 0),
				       segment(false, TCP_FLAG_ACK, 536), /* one */
				       segment(false, TCP_FLAG_ACK, 537), /* two */
				       segment(false, TCP_FLAG_ACK, 2 * 536 + 100)};
	struct packet_facts facts;
	struct traffic_counts before, after;
	struct flow_slot slot;
	struct flow_cold cold;
	__u8 d;

	rig_need(s->rig);
	rig_reset(s->rig);
	rig_attach(s->rig, &a);
	before = rig_traffic(s->rig, 0);
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		assert_true(rig_run(s->rig, RIG_XDP, &frames[i]));
	after = rig_traffic(s->rig, 0);
	assert_int_equal(rig_facts(&frames[0], PACKET_ETHERNET, &facts), PACKET_OK);
	assert_true(rig_slot(s->rig, &facts.key, &slot, &cold));
	d = facts.direction & 1;
	assert_int_equal(slot.packets[d], 2 + 1 + 2 + 3);
	assert_int_equal(slot.payload[d], 536 + 537 + 1172);
	assert_int_equal(slot.bytes[d], 8 * 40 + 536 + 537 + 1172);
	assert_int_equal(after.segments - before.segments, 9);
	assert_int_equal(after.wire_bytes - before.wire_bytes, 9 * 54 + 536 + 537 + 1172);
	a.mtu = 0;
	rig_attach(s->rig, &a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crafted), cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_pieces),	cmocka_unit_test(test_mutated),
		cmocka_unit_test(test_merged),
	};

	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
