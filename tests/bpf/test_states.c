/* SPDX-License-Identifier: Apache-2.0 */

/* What a connection becomes, packet by packet: states, promotion, records, exact counts. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "talk.h"

static int open_rig(void **state)
{
	*state = rig_open(NULL);
	return 0;
}

static int close_rig(void **state)
{
	rig_close(*state);
	return 0;
}

static int begin(void **state)
{
	if (*state)
		rig_reset(*state);
	return 0;
}

static int end(void **state)
{
	if (*state)
		rig_check_sums(*state);
	return 0;
}

static void check_handshake(struct rig *rig, bool inbound, bool xdp)
{
	struct talk t = talk_new(rig, inbound, 40000, 80, 6);
	unsigned d = t.direction;
	struct flow_half half;
	struct flow_cold cold;
	struct flow_slot slot;

	t.xdp = xdp;
	talk_tcp(&t, true, SYN, 0);
	half = talk_half(&t, inbound);
	assert_int_equal(half.state, FLOW_NEW);
	assert_int_equal(half.initiator, d);
	assert_int_equal(half.marks, (inbound ? FLOW_INBOUND : 0) | (xdp ? FLOW_XDP : 0));
	assert_int_equal(half.told, 1);
	EXPECT(&t, RECORD_STARTED);
	talk_tcp(&t, false, SYN_ACK, 0);
	assert_int_equal(talk_half(&t, inbound).state, FLOW_ANSWERED);
	talk_tcp(&t, true, SYN, 0); /* again: does not go on */
	assert_false(talk_promoted(&t));
	EXPECT_NONE(&t);
	talk_tcp(&t, true, ACK, 0);
	assert_false(talk_has_half(&t));
	slot = talk_slot(&t, &cold);
	assert_int_equal(slot.state, FLOW_ESTABLISHED);
	assert_int_equal(slot.packets[d], 3);
	assert_int_equal(slot.packets[!d], 1);
	assert_int_equal(slot.bytes[d], 120);
	assert_int_equal(slot.flags[d], SYN | ACK);
	assert_int_equal(slot.owner[d], inbound ? RIG_IN : RIG_OUT);
	assert_int_equal(slot.owner[!d], inbound ? RIG_OUT : RIG_IN);
	assert_int_equal(cold.initiator, d);
	assert_int_equal(cold.ifindex, 1);
	assert_true(cold.first > 0 && cold.decided > cold.first);
	EXPECT(&t, RECORD_ESTABLISHED);
	assert_int_equal(rig->record[0].slot == RECORD_NO_SLOT, 0);
	assert_int_equal(rig->record[0].facts.packets[d], 3);
	assert_int_equal(rig_half_count(rig, HALF_PROMOTED), rig_half_count(rig, HALF_INSERTED));
}

static void test_outbound(void **state)
{
	rig_need(*state);
	check_handshake(*state, false, false);
}

static void test_inbound(void **state)
{
	rig_need(*state);
	check_handshake(*state, true, false);
}

static void test_inbound_xdp(void **state)
{
	rig_need(*state);
	check_handshake(*state, true, true);
}

static void test_data_and_close(void **state)
{
	struct rig *rig = *state;
	struct talk t;
	struct flow_cold cold;
	struct flow_slot slot;

	rig_need(rig);
	t = talk_new(rig, false, 40000, 80, 6);
	talk_handshake(&t);
	talk_tcp(&t, true, PSH | ACK, 100);
	talk_tcp(&t, false, PSH | ACK, 1000);
	talk_tcp(&t, true, FIN_ACK, 0);
	EXPECT(&t, RECORD_STARTED, RECORD_ESTABLISHED);
	talk_tcp(&t, false, FIN_ACK, 7);
	EXPECT(&t, RECORD_CLOSED);
	assert_int_equal(rig->record[0].facts.bytes[!t.direction], 40 + 1040 + 47);
	talk_tcp(&t, true, ACK, 0); /* the last one is still counted, and is no new flow */
	EXPECT_NONE(&t);
	slot = talk_slot(&t, &cold);
	assert_int_equal(slot.state, FLOW_CLOSED);
	assert_int_equal(slot.packets[t.direction], 5);
	assert_int_equal(slot.bytes[t.direction], 4 * 40 + 140);
	assert_int_equal(slot.payload[t.direction], 100);
	assert_int_equal(slot.payload[!t.direction], 1007);
	assert_int_equal(slot.flags[t.direction], SYN | ACK | PSH | FIN);
	assert_false(talk_has_half(&t));
}

static void test_reset_closes(void **state)
{
	struct talk t;
	struct flow_cold cold;

	rig_need(*state);
	t = talk_new(*state, true, 40000, 80, 6);
	talk_handshake(&t);
	talk_tcp(&t, false, RST | ACK, 0);
	talk_tcp(&t, false, RST, 0);
	assert_int_equal(talk_slot(&t, &cold).state, FLOW_CLOSED);
	EXPECT(&t, RECORD_STARTED, RECORD_ESTABLISHED, RECORD_CLOSED);
}

static void test_reuse(void **state)
{
	struct rig *rig = *state;
	struct flow_slot slot;
	struct flow_cold cold;
	struct flow_ref ref;
	struct talk t;
	uint32_t old;

	rig_need(rig);
	t = talk_new(rig, true, 40000, 80, 6);
	talk_handshake(&t);
	rig_drain(rig);
	old = rig->record[1].slot;
	talk_tcp(&t, false, RST, 0);
	rig_drain(rig);
	rig->records = 0;
	talk_tcp(&t, true, SYN, 0);
	EXPECT(&t, RECORD_RETIRED, RECORD_STARTED);
	assert_int_equal(rig->record[0].slot, old);
	assert_int_equal(rig->record[0].facts.packets[t.direction], 2);
	assert_int_equal(rig->record[0].facts.state, FLOW_CLOSED);
	assert_int_equal(bpf_map_lookup_and_delete_elem(
				 bpf_map__fd(rig->skeleton->maps.flow_retired), NULL, &ref),
			 0);
	assert_int_equal(ref.slot, old);
	assert_false(talk_promoted(&t));
	assert_int_equal(talk_half(&t, true).packets[t.direction], 1);
	talk_tcp(&t, false, SYN_ACK, 0);
	talk_tcp(&t, true, ACK, 0);
	slot = talk_slot(&t, &cold);
	assert_int_equal(slot.packets[t.direction], 2); /* of the new one alone */
}

static void test_generation(void **state)
{
	struct rig *rig = *state;
	struct flow_slot zeroed = {.generation = 41};
	struct flow_cold cold;
	struct talk t;
	uint32_t top = 0;

	rig_need(rig);
	/* The slot on top of the stack had 41 lives. */
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(rig->skeleton->maps.flow_hot), &top, &zeroed, 0),
		0);
	t = talk_new(rig, true, 40000, 80, 6);
	talk_handshake(&t);
	assert_int_equal(talk_slot(&t, &cold).generation, 42);
	/* A look-up that finds another life of the slot. */
	zeroed.generation = 43;
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(rig->skeleton->maps.flow_hot), &top, &zeroed, 0),
		0);
	talk_tcp(&t, true, ACK, 0);
	assert_int_equal(rig_loss(rig, LOSS_RACE), 1);
}

static void test_rejected(void **state)
{
	struct flow_half half;
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, false, 40000, 81, 6);
	talk_tcp(&t, true, SYN, 0);
	talk_tcp(&t, false, RST | ACK, 0);
	EXPECT(&t, RECORD_STARTED, RECORD_REJECTED);
	half = talk_half(&t, false);
	assert_int_equal(half.state, FLOW_REJECTED);
	assert_true(half.decided > half.first);
	assert_int_equal(half.packets[!t.direction], 1);
	talk_tcp(&t, true, SYN, 0); /* tries again: another connection */
	EXPECT(&t, RECORD_RETIRED, RECORD_STARTED);
	assert_int_equal(t.rig->record[0].slot, RECORD_NO_SLOT);
	assert_int_equal(t.rig->record[0].facts.packets[t.direction], 1);
	assert_int_equal(talk_half(&t, false).state, FLOW_NEW);
}

static void test_half_open_scan(void **state)
{
	struct flow_half half;
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, true, 40000, 80, 6);
	talk_tcp(&t, true, SYN, 0);
	talk_tcp(&t, false, SYN_ACK, 0);
	talk_tcp(&t, true, RST, 0);
	EXPECT(&t, RECORD_STARTED, RECORD_ESTABLISHED, RECORD_CLOSED);
	assert_int_equal(t.rig->record[1].slot, RECORD_NO_SLOT);
	half = talk_half(&t, true);
	assert_true(half.marks & FLOW_HALF_OPEN);
	assert_int_equal(half.state, FLOW_CLOSED);
	assert_false(talk_promoted(&t));
}

static void numbered(const struct talk *t, bool from_client, unsigned flags, uint32_t seq,
		     uint32_t ack)
{
	struct frame f;

	talk_tcp_frame(t, from_client, flags, 0, &f);
	frame_tcp_numbers(&f, seq, ack);
	assert_true(rig_run(t->rig, talk_program(t, from_client), &f));
}

/* Who forges a source sees no answer: what it sends behind its SYN earns no place. */
static void check_forged(struct rig *rig, bool inbound, bool xdp)
{
	struct talk t = talk_new(rig, inbound, 40000, 80, 6);
	struct flow_cold cold;

	t.xdp = xdp;
	numbered(&t, true, SYN, 7, 0);
	numbered(&t, false, SYN_ACK, 0xffffffff, 8); /* the next number is 0 */
	numbered(&t, true, ACK, 8, 0xffffffff);
	numbered(&t, true, ACK | PSH, 8, 2);
	numbered(&t, true, ACK, 8, 0x80000000);
	numbered(&t, true, FIN, 8, 0);
	numbered(&t, true, 0, 8, 0);
	assert_false(talk_promoted(&t));
	assert_int_equal(talk_half(&t, inbound).state, FLOW_ANSWERED);
	EXPECT(&t, RECORD_STARTED);
	numbered(&t, true, ACK, 8, 0);
	assert_int_equal(talk_slot(&t, &cold).packets[t.direction], 7);
	EXPECT(&t, RECORD_ESTABLISHED);
}

static void test_forged(void **state)
{
	rig_need(*state);
	check_forged(*state, true, false);
	rig_reset(*state);
	check_forged(*state, true, true);
	rig_reset(*state);
	check_forged(*state, false, false);
}

/* With options, and behind a tag: the other parser's number. */
static void test_forged_in_general(void **state)
{
	struct frame f;
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, true, 40000, 80, 6);
	numbered(&t, true, SYN, 7, 0);
	numbered(&t, false, SYN_ACK, 100, 8);
	for (uint32_t ack = 100; ack < 102; ack++) {
		frame_link(&f);
		frame_tag(&f, 0x8100, 7);
		frame_v4(&f, 1, 2, 6, 8);
		frame_tcp(&f, 40000, 80, ACK, 0);
		frame_tcp_numbers(&f, 8, ack);
		frame_end(&f);
		assert_false(talk_promoted(&t));
		assert_true(rig_run(t.rig, RIG_TC_IN, &f));
	}
	assert_true(talk_promoted(&t));
}

/* The initiator goes on from any answer, if they differ (a SYN cookie), and from data behind one.
 */
static void test_several_answers(void **state)
{
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, true, 40000, 80, 6);
	numbered(&t, true, SYN, 7, 0);
	numbered(&t, false, SYN_ACK, 100, 8);
	numbered(&t, true, SYN, 7, 0);
	numbered(&t, false, SYN_ACK, 5000, 8);
	numbered(&t, true, ACK, 8, 101);
	assert_true(talk_promoted(&t));
	t = talk_new(*state, true, 40001, 80, 6);
	numbered(&t, true, SYN, 7, 0);
	numbered(&t, false, SYN_ACK, 0, 8);
	talk_tcp(&t, false, ACK | PSH, 1000);
	numbered(&t, true, ACK, 8, 1003);
	assert_false(talk_promoted(&t));
	numbered(&t, true, ACK, 8, 1001);
	assert_true(talk_promoted(&t));
}

static void test_initiator_gives_up(void **state)
{
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, true, 40000, 80, 6);
	talk_tcp(&t, true, SYN, 0);
	talk_tcp(&t, true, RST, 0);
	assert_int_equal(talk_half(&t, true).state, FLOW_NEW);
	EXPECT(&t, RECORD_STARTED);
}

static void test_answer_first(void **state)
{
	struct flow_half half;
	struct flow_cold cold;
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, true, 40000, 80, 6);
	talk_tcp(&t, false, SYN_ACK, 0);
	half = talk_half(&t, false);
	assert_int_equal(half.initiator, t.direction);
	assert_int_equal(half.marks, FLOW_MIDSTREAM);
	assert_int_equal(half.cookie[t.direction], 0); /* it is not the initiator's */
	assert_int_equal(half.state, FLOW_ANSWERED);
	talk_tcp(&t, true, ACK, 0);
	assert_int_equal(talk_slot(&t, &cold).state, FLOW_ESTABLISHED);
	assert_int_equal(cold.marks, FLOW_MIDSTREAM);
	assert_int_equal(cold.initiator, t.direction);
}

static void test_reset_first(void **state)
{
	struct flow_half half;
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, false, 40000, 80, 6);
	talk_tcp(&t, false, RST, 0);
	half = talk_half(&t, true);
	assert_int_equal(half.initiator, t.direction);
	assert_true(half.marks & FLOW_MIDSTREAM);
	talk_tcp(&t, false, RST, 0);
	assert_false(talk_promoted(&t));
	EXPECT(&t, RECORD_STARTED);
}

static void test_midstream(void **state)
{
	struct flow_half half;
	struct flow_cold cold;
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, false, 40000, 80, 6);
	talk_tcp(&t, false, ACK | PSH, 10);
	half = talk_half(&t, true);
	assert_int_equal(half.initiator, t.direction); /* the higher port */
	assert_true(half.marks & FLOW_MIDSTREAM);
	assert_false(talk_promoted(&t)); /* an ACK flood stays here */
	talk_tcp(&t, false, ACK, 0);
	assert_int_equal(talk_slot(&t, &cold).packets[!t.direction], 2);
	assert_true(cold.marks & FLOW_MIDSTREAM);
}

static void test_fin_scan(void **state)
{
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, true, 40000, 80, 6);
	talk_tcp(&t, true, FIN, 0);
	talk_tcp(&t, false, RST | ACK, 0);
	assert_int_equal(talk_half(&t, true).state, FLOW_REJECTED);
	assert_int_equal(talk_half(&t, true).marks & FLOW_MIDSTREAM, 0);
	EXPECT(&t, RECORD_STARTED, RECORD_REJECTED);
}

static void test_udp_outbound(void **state)
{
	struct flow_cold cold;
	struct flow_slot slot;
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, false, 40000, 53, 17);
	talk_udp(&t, true, 30);
	talk_udp(&t, true, 30);
	assert_false(talk_promoted(&t));
	talk_udp(&t, false, 200);
	slot = talk_slot(&t, &cold);
	assert_int_equal(slot.bytes[t.direction], 2 * 58);
	assert_int_equal(slot.payload[!t.direction], 200);
	EXPECT(&t, RECORD_STARTED, RECORD_ESTABLISHED);
}

static void test_udp_inbound(void **state)
{
	struct rig *rig = *state;
	struct flow_cold cold;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, true, 40000, 53, 17);
	talk_udp(&t, true, 30);
	talk_udp(&t, false, 200);
	assert_int_equal(talk_half(&t, true).state, FLOW_ANSWERED);
	EXPECT(&t, RECORD_STARTED, RECORD_ESTABLISHED);
	assert_int_equal(rig->record[1].slot, RECORD_NO_SLOT);
	talk_udp(&t, false, 200);
	assert_false(talk_promoted(&t));
	talk_udp(&t, true, 30);
	assert_int_equal(talk_slot(&t, &cold).packets[!t.direction], 2);
	EXPECT(&t, RECORD_ESTABLISHED);
	assert_int_not_equal(rig->record[0].slot, RECORD_NO_SLOT);
	assert_true(cold.decided > cold.first);
}

static void test_ping(void **state)
{
	struct flow_cold cold;
	struct flow_half half;
	struct talk t;

	rig_need(*state);
	t = talk_new(*state, false, 500, 0, 1);
	talk_echo(&t, true);
	talk_echo(&t, false);
	assert_int_equal(talk_slot(&t, &cold).packets[0], 1);
	t = talk_new(*state, true, 501, 0, 1);
	talk_echo(&t, false); /* a reply to nothing */
	talk_echo(&t, false);
	half = talk_half(&t, false);
	assert_int_equal(half.initiator, t.direction);
	assert_true(half.marks & FLOW_MIDSTREAM);
	assert_int_equal(half.state, FLOW_NEW);
}

static void test_unreachable(void **state)
{
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, false, 40000, 161, 17);
	talk_udp(&t, true, 30);
	talk_unreachable(&t, 4); /* fragmentation needed refuses nothing */
	assert_int_equal(talk_half(&t, false).state, FLOW_NEW);
	talk_unreachable(&t, 3);
	assert_int_equal(talk_half(&t, false).state, FLOW_REJECTED);
	assert_true(talk_half(&t, false).decided > 0);
	assert_int_equal(rig_count_records(rig, RECORD_REJECTED), 1);
	assert_memory_equal(&rig->record[rig->records - 1].key, &t.key, sizeof(t.key));
	t = talk_new(rig, false, 40001, 161, 17);
	talk_udp(&t, true, 30);
	talk_udp(&t, false, 30);
	talk_unreachable(&t, 3); /* answered already */
	assert_true(talk_promoted(&t));
	assert_int_equal(rig_count_records(rig, RECORD_REJECTED), 1);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		EACH(test_outbound),
		EACH(test_inbound),
		EACH(test_inbound_xdp),
		EACH(test_data_and_close),
		EACH(test_reset_closes),
		EACH(test_reuse),
		EACH(test_generation),
		EACH(test_rejected),
		EACH(test_half_open_scan),
		EACH(test_initiator_gives_up),
		EACH(test_answer_first),
		EACH(test_reset_first),
		EACH(test_midstream),
		EACH(test_fin_scan),
		EACH(test_udp_outbound),
		EACH(test_udp_inbound),
		EACH(test_ping),
		EACH(test_unreachable),
		EACH(test_forged),
		EACH(test_forged_in_general),
		EACH(test_several_answers),
	};

	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
