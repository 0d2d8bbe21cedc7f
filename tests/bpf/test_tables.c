/* SPDX-License-Identifier: Apache-2.0 */

/* Bounds and what is lost at them: full tables, full ring, floods, budgets. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "talk.h"

/* Small everywhere: two slots, a ring for some twenty records. */
static int open_small(void **state)
{
	*state = rig_open(&(struct rig_options){
		.slots = 16, .free = 2, .half_open = 1024, .ring_bytes = 4096});
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

static void test_main_full(void **state)
{
	struct rig *rig = *state;
	struct flow_cold cold;
	struct talk t[3];
	uint32_t slot = 9;

	rig_need(rig);
	for (int i = 0; i < 3; i++) {
		t[i] = talk_new(rig, true, 40000 + i, 80, 6);
		talk_handshake(&t[i]);
	}
	assert_true(talk_promoted(&t[1]));
	assert_false(talk_promoted(&t[2]));
	assert_int_equal(rig_loss(rig, LOSS_TABLE_FULL), 1);
	assert_int_equal(talk_half(&t[2], true).state, FLOW_ESTABLISHED);
	rig_drain(rig);
	assert_int_equal(rig->record[rig->records - 1].kind, RECORD_ESTABLISHED);
	assert_int_equal(rig->record[rig->records - 1].slot, RECORD_NO_SLOT);
	talk_tcp(&t[2], false, PSH | ACK, 100); /* goes on being counted */
	assert_int_equal(talk_half(&t[2], true).payload[!t[2].direction], 100);
	assert_int_equal(rig_loss(rig, LOSS_TABLE_FULL), 2);
	/* Once there is room it moves, with all that was counted. */
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(rig->skeleton->maps.flow_free), NULL, &slot, 0), 0);
	talk_tcp(&t[2], true, ACK, 0);
	assert_int_equal(talk_slot(&t[2], &cold).payload[!t[2].direction], 100);
	assert_int_equal(talk_slot(&t[2], &cold).packets[t[2].direction], 3);
	rig_drain(rig);
	assert_int_equal(rig->record[rig->records - 1].slot, 9);
}

/* An inbound flood evicts neither established flows nor our own pending connects. */
static void test_flood(void **state)
{
	struct talk established, pending, t;
	struct rig *rig = *state;
	struct traffic_counts in;
	struct flow_cold cold;

	rig_need(rig);
	established = talk_new(rig, true, 39000, 80, 6);
	talk_handshake(&established);
	pending = talk_new(rig, false, 39001, 80, 6);
	talk_tcp(&pending, true, SYN, 0);
	for (unsigned i = 0; i < 8000; i++) {
		t = talk_new(rig, true, 40000 + i, 80, 6);
		talk_tcp(&t, true, SYN, 0);
	}
	assert_true(talk_promoted(&established));
	assert_int_equal(talk_half(&pending, false).packets[pending.direction], 1);
	talk_tcp(&established, true, PSH | ACK, 50);
	assert_int_equal(talk_slot(&established, &cold).payload[established.direction], 50);
	assert_int_equal(rig_half_count(rig, HALF_INSERTED), 8002);
	assert_int_equal(rig_loss(rig, LOSS_HALF_OPEN_FULL), 0);
	in = rig_traffic(rig, 0);
	assert_int_equal(in.buffers, 8003); /* the totals know every packet */
	assert_int_equal(in.ip_bytes, 8002 * 40 + 90);
	/* An answered one gets through in the midst of it. */
	t = talk_new(rig, true, 39002, 80, 6);
	talk_handshake(&t);
	assert_true(talk_promoted(&t));
}

static void test_ring_full(void **state)
{
	struct rig *rig = *state;
	struct talk t;
	unsigned told;

	rig_need(rig);
	for (unsigned i = 0; i < 100; i++) {
		t = talk_new(rig, true, 40000 + i, 80, 6);
		talk_tcp(&t, true, SYN, 0);
	}
	told = rig_count_records(rig, RECORD_STARTED);
	assert_true(told > 10 && told < 100);
	assert_int_equal(rig_loss(rig, LOSS_RING_FULL), 100 - told);
	assert_int_equal(talk_half(&t, true).told, 0); /* the walk finds it */
	talk_tcp(&t, false, RST, 0);
	assert_int_equal(rig_count_records(rig, RECORD_REJECTED), 0); /* of what was not told */
}

static unsigned knock(struct rig *rig, unsigned first, unsigned count, unsigned server_port)
{
	unsigned before = rig_count_records(rig, RECORD_STARTED);

	for (unsigned i = 0; i < count; i++) {
		struct talk t = talk_new(rig, true, first + i, server_port, 6);

		talk_tcp(&t, true, SYN, 0);
	}
	return rig_count_records(rig, RECORD_STARTED) - before;
}

static void test_budget(void **state)
{
	/* What the programs take for a second is an hour: none ends during the test. */
	struct rig *rig = rig_open(&(struct rig_options){
		.first_all = 100, .first_each = 60, .ticks_a_second = 250 * 3600});

	(void)state;
	rig_need(rig);
	/* A flood of one service is held to its own budget … */
	assert_int_equal(knock(rig, 20000, 200, 80), 60);
	assert_int_equal(rig_loss(rig, LOSS_BUDGET), 140);
	/* … of a second, by what is left of three quarters of all (10 more were told quietly) … */
	assert_int_equal(knock(rig, 21000, 200, 443), 35);
	/* … and a scan of others still shows: the last quarter is theirs. */
	assert_int_equal(knock(rig, 22000, 1, 1001), 1);
	assert_int_equal(knock(rig, 22000, 1, 1002), 1);
	assert_int_equal(knock(rig, 22000, 1, 1003), 1);
	assert_int_equal(knock(rig, 22000, 1, 1004), 1);
	assert_int_equal(knock(rig, 22000, 1, 1005), 1);
	assert_int_equal(knock(rig, 22000, 1, 1006), 0); /* 100 are 100 */
	rig_check_sums(rig);
	rig_close(rig);
}

static void test_unknown_interface(void **state)
{
	struct rig *rig = *state;
	uint32_t lo = 1;
	struct talk t;

	rig_need(rig);
	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(rig->skeleton->maps.attachments), &lo), 0);
	t = talk_new(rig, true, 40000, 80, 6);
	usleep(25000);
	talk_tcp(&t, true, SYN, 0);
	t.xdp = true;
	talk_tcp(&t, true, SYN, 0);
	assert_false(talk_has_half(&t));
	assert_int_equal(rig_loss(rig, LOSS_NO_ATTACHMENT), 2);
	assert_int_equal(rig_traffic(rig, 0).buffers, 0);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		EACH(test_main_full),	      EACH(test_flood),
		EACH(test_ring_full),	      EACH(test_budget),
		EACH(test_unknown_interface),
	};

	return cmocka_run_group_tests(tests, open_small, close_rig);
}
