/* SPDX-License-Identifier: Apache-2.0 */

/* What is chosen and does not leave the kernel is counted, and the flows are counted as ever. */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/live/payloads.h"
#include "stream.h"

/* What the programs take for a second: a real one at 100 Hz, less elsewhere. */
#define SECOND_TICKS 100
#define SECOND_US    1050000

/* A rig of its own for each: what is set before the load differs. */
static struct rig *rig_of(const struct rig_options *options)
{
	struct rig *rig = rig_open(options);

	rig_need(rig);
	return rig;
}

static uint32_t jiffies(void)
{
	FILE *file = fopen("/proc/timer_list", "re");
	unsigned long long now = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file) && sscanf(line, "jiffies: %llu", &now) != 1)
		;
	if (file)
		fclose(file);
	return (uint32_t)now;
}

/* Waits for the beginning of a second, as the programs count it. */
static void next_second(void)
{
	uint32_t second = jiffies() / SECOND_TICKS;

	if (!second)
		usleep(SECOND_US); /* no such file: most often that does */
	while (second && jiffies() / SECOND_TICKS == second)
		usleep(1000);
}

static void test_fragments(void **state)
{
	struct rig *rig = rig_of(&(struct rig_options){.payload = true});
	struct frame f;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		frame_link(&f);
		frame_v4(&f, 1, 2, 17, 0);
		if (!i)
			frame_udp(&f, 40000, 53);
		f.udp = 0;
		frame_payload(&f, 64);
		frame_fragment4(&f, i ? 72 : 0, !i, 9);
		frame_end(&f);
		if (!i)
			f.byte[f.ip + 25] = 200;
		assert_true(rig_run(rig, RIG_TC_IN, &f));
	}
	assert_int_equal(record(rig, 0)->length, 64);
	assert_true(record(rig, 0)->marks & FLOW_FRAGMENT);
	assert_int_equal(rig->payloads, 1);
	assert_int_equal(rig_loss(rig, LOSS_PAYLOAD_FRAGMENT), 1);
	assert_int_equal(rig_payload_count(rig, PAYLOAD_UNSENT_FRAGMENT), 64);
	rig_close(rig);
}

#define BUDGET 20000

static void test_budget(void **state)
{
	const size_t head = sizeof(struct payload_record), each = 1950;
	const size_t tries = 8, later = (BUDGET - BUDGET / 4) / (each + head);
	struct rig *rig = rig_of(&(struct rig_options){.payload = true,
						       .payload_budget = BUDGET,
						       .opening = 16384,
						       .ticks_a_second = SECOND_TICKS});
	struct talk t[32];

	(void)state;
	t[0] = talk_new(rig, true, 40000, 5555, 6);
	handshake(&t[0]);
	segment(&t[0], true, ACK | PSH, 0, 600); /* not quiet any more */
	next_second();
	rig_drain_payload(rig);
	rig_forget_payload(rig);
	/* A big talker has three quarters. */
	for (size_t i = 0; i < tries; i++)
		segment(&t[0], true, ACK | PSH, 600 + i * each, each);
	rig_drain_payload(rig);
	assert_int_equal(rig->payloads, later);
	assert_int_equal(rig_loss(rig, LOSS_PAYLOAD_BUDGET), tries - later);
	assert_int_equal(rig_payload_count(rig, PAYLOAD_UNSENT_BUDGET), (tries - later) * each);
	/* The last is for those who begin; then nobody has any. */
	for (unsigned i = 1; i < 32; i++) {
		t[i] = talk_new(rig, true, 40000 + i, 5555, 6);
		handshake(&t[i]);
		segment(&t[i], true, ACK | PSH, 0, 512);
	}
	rig_drain_payload(rig);
	assert_int_equal(rig->payloads - later, (BUDGET - later * (each + head)) / (512 + head));
	assert_true(rig_loss(rig, LOSS_PAYLOAD_BUDGET) > tries - later);
	assert_int_equal(talk_slot(&t[31], &(struct flow_cold){0}).payload[t[31].direction], 512);
	next_second();
	rig_forget_payload(rig);
	segment(&t[31], true, ACK | PSH, 512, 100);
	rig_drain_payload(rig);
	assert_int_equal(rig->payloads, 1);
	rig_check_sums(rig);
	rig_close(rig);
}

static void test_ring_full(void **state)
{
	struct rig *rig = rig_of(&(struct rig_options){.payload = true, .payload_ring = 4096});
	struct flow_cold cold;
	struct talk t;

	(void)state;
	t = talk_new(rig, true, 40000, 53, 6);
	handshake(&t);
	for (size_t i = 0; i < 10; i++)
		segment(&t, true, ACK | PSH, i * 1000, 1000);
	rig_drain_payload(rig);
	assert_int_equal(rig->payloads, 3); /* 88 and 8 of the ring's own beside each */
	assert_int_equal(rig_payload_count(rig, PAYLOAD_BYTES), 3000);
	assert_int_equal(rig_loss(rig, LOSS_PAYLOAD_RING), 7);
	assert_int_equal(rig_payload_count(rig, PAYLOAD_UNSENT_RING), 7000);
	assert_int_equal(talk_slot(&t, &cold).payload[t.direction], 10000);
	rig_forget_payload(rig);
	segment(&t, true, ACK | PSH, 10000, 1000); /* it was read: there is room again */
	check_stretch(&t, record(rig, 0), true, 10000, 1000);
	rig_check_sums(rig);
	rig_close(rig);
}

/* Records begin anywhere in the ring, so each of its places comes to be its end in one of them. */
static void test_over_the_end(void **state)
{
	struct rig *rig = rig_of(&(struct rig_options){.payload = true, .payload_ring = 4096});
	struct talk t;
	uint32_t at = 0;

	(void)state;
	t = talk_new(rig, true, 40000, 53, 6);
	handshake(&t);
	for (uint32_t length = 1400; length > 1100; length -= 3) {
		segment(&t, true, ACK | PSH, at, length);
		check_stretch(&t, record(rig, 0), true, at, length);
		rig_forget_payload(rig);
		at += length;
	}
	rig_check_sums(rig);
	rig_close(rig);
}

static bool woken(struct rig *rig)
{
	struct pollfd fd = {.fd = payload_ring_fd(rig->payload_ring), .events = POLLIN};

	usleep(20000); /* it comes from an interrupt */
	return poll(&fd, 1, 0) == 1;
}

/* The reader is woken when enough waits, not by each record. */
static void test_wake(void **state)
{
	struct rig *rig = rig_of(&(struct rig_options){.payload = true, .payload_wake = 4096});
	struct talk t;

	(void)state;
	t = talk_new(rig, true, 40000, 53, 6);
	handshake(&t);
	for (size_t i = 0; i < 8; i++) {
		segment(&t, true, ACK | PSH, i * 1000, 1000);
		assert_int_equal(woken(rig), i % 4 == 3);
		if (i % 4 == 3)
			record(rig, i);
		assert_false(i % 4 == 3 && woken(rig));
	}
	rig_close(rig);
}

/* Nobody reads: nothing is copied, and nothing is lost. */
static void test_off(void **state)
{
	struct rig *rig = rig_of(NULL);
	struct flow_cold cold;
	struct frame f;
	struct talk t;

	(void)state;
	t = talk_new(rig, true, 40000, 5555, 6);
	handshake(&t);
	segment(&t, true, ACK | PSH, 0, 1000);
	frame_link(&f);
	frame_type(&f, 0x0806);
	frame_put(&f, 46);
	assert_true(rig_run(rig, RIG_TC_IN, &f));
	none(rig);
	for (int reason = LOSS_PAYLOAD_BUDGET; reason < LOSS_COUNT; reason++)
		assert_int_equal(rig_loss(rig, reason), 0);
	assert_int_equal(talk_slot(&t, &cold).payload[t.direction], 1000);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fragments), cmocka_unit_test(test_budget),
		cmocka_unit_test(test_ring_full), cmocka_unit_test(test_over_the_end),
		cmocka_unit_test(test_wake),	  cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
