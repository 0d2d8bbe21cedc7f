/* SPDX-License-Identifier: Apache-2.0 */

/* The openings of connections leave the kernel byte for byte, whoever counts their packets. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "stream.h"

static int open_rig(void **state)
{
	*state = rig_open(&(struct rig_options){.payload = true});
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

/* ---- openings ---- */

static void opening_of(struct rig *rig, bool inbound, bool from_client)
{
	struct talk t = talk_new(rig, inbound, 40000, 5555, 6);
	size_t sent = 0, told = 0;

	handshake(&t);
	none(rig);
	for (; sent < 3 * OPENING; sent += 700)
		segment(&t, from_client, ACK | PSH, sent, 700);
	rig_drain_payload(rig);
	for (size_t i = 0; i < rig->payloads; i++) {
		const struct payload_record *r = rig->payload[i];

		assert_int_equal(r->seen, told);
		assert_int_equal(r->wire, 700);
		assert_int_equal(r->last, 1);
		check_stretch(&t, r, from_client, told,
			      told + 700 < OPENING ? 700 : OPENING - told);
		told += r->length;
	}
	assert_int_equal(told, OPENING);
	assert_int_equal(rig_payload_count(rig, PAYLOAD_RECORDS), 6);
	assert_int_equal(rig_payload_count(rig, PAYLOAD_BYTES), OPENING);
	rig_forget_payload(rig);
	segment(&t, !from_client, ACK | PSH, 0, 100); /* each direction has its own */
	check_stretch(&t, record(rig, 0), !from_client, 0, 100);
}

static void test_opening(void **state)
{
	rig_need(*state);
	for (int way = 0; way < 4; way++) {
		rig_reset(*state);
		opening_of(*state, way & 1, way & 2);
	}
}

/* An offloaded buffer is one record; its end is cut at the opening's. */
static void test_offloaded(void **state)
{
	struct rig *rig = *state;
	struct frame f;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, false, 40000, 5555, 6);
	handshake(&t);
	segment_frame(&t, true, ACK | PSH, 0, 3000, "", 0, &f);
	assert_true(rig_run_skb(rig, RIG_TC_OUT, &f, 0, 3, 1000));
	segment_frame(&t, true, ACK | PSH, 3000, 3000, "", 0, &f);
	assert_true(rig_run_skb(rig, RIG_TC_OUT, &f, 0, 0, 1000));
	check_stretch(&t, record(rig, 0), true, 0, 3000);
	assert_int_equal(record(rig, 0)->wire, 3000);
	check_stretch(&t, record(rig, 1), true, 3000, OPENING - 3000);
	assert_int_equal(record(rig, 1)->wire, 3000);
	assert_int_equal(rig->payloads, 2);
}

/* What comes late, or twice, bears its own number, and how much was seen before it. */
static void test_out_of_order(void **state)
{
	static const uint64_t order[] = {1000, 0, 1000, 2000};
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, true, 40000, 5555, 6);
	handshake(&t);
	for (size_t i = 0; i < 4; i++)
		segment(&t, true, ACK | PSH, order[i], 1000);
	for (size_t i = 0; i < 4; i++) {
		check_stretch(&t, record(rig, i), true, order[i], 1000);
		assert_int_equal(record(rig, i)->seen, i * 1000);
	}
}

/* Data on the SYN and before the handshake is over: the flow is half open, then moves. */
static void test_promotion(void **state)
{
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, true, 40000, 5555, 6);
	segment(&t, true, SYN, 0, 300);
	assert_false(talk_promoted(&t));
	segment(&t, false, SYN_ACK, 0, 0);
	segment(&t, true, ACK | PSH, 300, 300);
	assert_true(talk_promoted(&t));
	segment(&t, true, ACK | PSH, 600, 300);
	for (size_t i = 0; i < 3; i++) {
		check_stretch(&t, record(rig, i), true, 300 * i, 300);
		assert_int_equal(record(rig, i)->seen, 300 * i);
	}
	assert_int_equal(record(rig, 0)->tcp_flags, SYN);
}

/* A SYN that is sent again before it is answered may have another number: the last is answered. */
static void test_syn_anew(void **state)
{
	struct rig *rig = *state;
	struct frame f;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, true, 40000, 5555, 6);
	segment_frame(&t, true, SYN, 0, 0, "", 0, &f);
	frame_put16(f.byte + f.ip + 24, 7);
	assert_true(rig_run(rig, RIG_TC_IN, &f));
	handshake(&t);
	segment(&t, true, ACK | PSH, 0, 10);
	check_stretch(&t, record(rig, 0), true, 0, 10);
	/* One in an established connection is not believed. */
	assert_true(rig_run(rig, RIG_TC_IN, &f));
	segment(&t, true, ACK | PSH, 10, 10);
	check_stretch(&t, record(rig, 1), true, 10, 10);
}

/* First seen in the middle: no start is known. */
static void test_midstream(void **state)
{
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, true, 40000, 5555, 6);
	segment(&t, true, ACK | PSH, 5000, 10);
	segment(&t, false, ACK | PSH, 5000, 10);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(record(rig, i)->started, 0);
		assert_int_equal(record(rig, i)->start, 0);
		assert_true(record(rig, i)->marks & FLOW_MIDSTREAM);
		assert_int_equal(record(rig, i)->seq, isn(i == 0) + 5001);
	}
}

/* A second connection on the same ports has an opening of its own. */
static void test_reused(void **state)
{
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, true, 40000, 5555, 6);
	handshake(&t);
	segment(&t, true, ACK | PSH, 0, 2000);
	segment(&t, true, ACK | PSH, 2000, 2500);
	segment(&t, true, RST, 4500, 0);
	record(rig, 1);
	rig_forget_payload(rig);
	segment(&t, true, SYN, 0, 200);
	segment(&t, false, SYN_ACK, 0, 0);
	segment(&t, true, ACK | PSH, 200, 100);
	check_stretch(&t, record(rig, 0), true, 0, 200);
	check_stretch(&t, record(rig, 1), true, 200, 100);
	assert_int_equal(record(rig, 1)->seen, 200);
}

/* ---- who copies ---- */

/* XDP counts, the TC program behind it copies: the same bytes as without it. */
static void test_behind_xdp(void **state)
{
	struct rig *rig = *state;
	size_t told = 0;
	struct frame f;
	struct talk t;

	rig_need(rig);
	behind_xdp(rig);
	t = talk_new(rig, true, 40000, 5555, 6);
	t.xdp = true;
	for (unsigned i = 0; i < 3; i++)
		segment(&t, i != 1, i == 0 ? SYN : i == 1 ? SYN_ACK : ACK, 0, 0);
	/* The stack merges two frames, and XDP is ahead by two more. */
	for (size_t sent = 0; sent < 1400; sent += 700)
		segment(&t, true, ACK | PSH, sent, 700);
	for (size_t sent = 0; sent < 2 * OPENING; sent += 1400) {
		segment(&t, true, ACK | PSH, sent + 1400, 700);
		segment(&t, true, ACK | PSH, sent + 2100, 700);
		segment_frame(&t, true, ACK | PSH, sent, 1400, "", 0, &f);
		assert_true(rig_run_skb(rig, RIG_TC_IN, &f, 0, 2, 700));
	}
	rig_drain_payload(rig);
	for (size_t i = 0; i < rig->payloads; i++) {
		assert_int_equal(rig->payload[i]->seen, told);
		check_stretch(&t, rig->payload[i], true, told,
			      told + 1400 < OPENING ? 1400 : OPENING - told);
		told += rig->payload[i]->length;
	}
	assert_int_equal(told, OPENING);
	rig_forget_payload(rig);
	segment(&t, false, ACK | PSH, 0, 50);
	check_stretch(&t, record(rig, 0), false, 0, 50);
}

/* A flow whose every packet XDP counts while it is half open: DNS that comes in. */
static void test_half_behind_xdp(void **state)
{
	static const uint8_t query[40] = {0x12, 0x34, 1, 0, 0, 1};
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	behind_xdp(rig);
	t = talk_new(rig, true, 40000, 53, 17);
	for (size_t i = 0; i < 2; i++) {
		t.xdp = true;
		datagram(&t, true, query, sizeof(query));
		t.xdp = false;
		datagram(&t, true, query, sizeof(query));
		assert_int_equal(record(rig, i)->length, sizeof(query));
		assert_int_equal(record(rig, i)->seen, i * sizeof(query));
	}
	assert_int_equal(rig->payloads, 2);
	assert_true(record(rig, 1)->marks & FLOW_XDP);
}

/* XDP found that another interface counts the flow: TC behind it copies nothing. */
static void test_duplicate_behind_xdp(void **state)
{
	const struct attachment a = {.ifindex = 1,
				     .netns = RIG_NETNS,
				     .id_in = 33,
				     .id_out = 34,
				     .stats_out = 1,
				     .flags = ATTACHMENT_XDP};
	struct rig *rig = *state;
	struct talk half, t;

	rig_need(rig);
	half = talk_new(rig, true, 40001, 5555, 6);
	segment(&half, true, SYN, 0, 10);
	t = talk_new(rig, true, 40000, 5555, 6);
	handshake(&t);
	record(rig, 0);
	rig_forget_payload(rig);
	rig_attach(rig, &a);
	for (int i = 0; i < 2; i++) {
		t.xdp = half.xdp = !i;
		segment(&half, true, SYN, 0, 10);
		segment(&t, true, ACK | PSH, 0, 100);
	}
	assert_int_equal(rig_loss(rig, LOSS_DUPLICATE), 2);
	none(rig);
}

/* The same packet on an interface that does not count it is not copied again. */
static void test_duplicate(void **state)
{
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, true, 40000, 5555, 6);
	handshake(&t);
	segment(&t, true, ACK | PSH, 0, 100);
	t.inbound = false; /* forwarded: goes out again */
	segment(&t, true, ACK | PSH, 0, 100);
	assert_int_equal(rig_loss(rig, LOSS_DUPLICATE), 1);
	record(rig, 0);
	assert_int_equal(rig->payloads, 1);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup(test, begin)
	const struct CMUnitTest tests[] = {
		EACH(test_opening),
		EACH(test_offloaded),
		EACH(test_out_of_order),
		EACH(test_promotion),
		EACH(test_syn_anew),
		EACH(test_midstream),
		EACH(test_reused),
		EACH(test_behind_xdp),
		EACH(test_half_behind_xdp),
		EACH(test_duplicate),
		EACH(test_duplicate_behind_xdp),
	};

	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
