/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two processors at one flow, from its first packet through its promotion: whatever they meet,
 * each packet is in a flow or counted as lost to the race, and none is in two.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "talk.h"

#define ROUNDS	    4000
#define ROUNDS_SLOW 200
#define REPEAT	    25

struct side {
	struct rig *rig;
	pthread_barrier_t *gate;
	unsigned rounds, cpu;
	bool client;
	unsigned failed;
};

static void *send_rounds(void *context)
{
	struct side *side = context;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(side->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	for (unsigned i = 0; i < side->rounds; i++) {
		struct frame f;

		frame_link(&f);
		frame_v4(&f, side->client ? 1 : 2, side->client ? 2 : 1, 17, 0);
		frame_udp(&f, side->client ? 10000 + i : 53, side->client ? 53 : 10000 + i);
		frame_payload(&f, 10);
		frame_end(&f);
		pthread_barrier_wait(side->gate);
		side->failed +=
			!rig_run_many(side->rig, side->client ? RIG_TC_OUT : RIG_TC_IN, &f, REPEAT);
	}
	return NULL;
}

/* Packets and bytes of all slots and half-open entries. */
struct sums {
	uint64_t packets, bytes;
};

static void add_halves(const struct bpf_map *map, struct sums *sums)
{
	struct flow_key key, *previous = NULL;
	struct flow_half half;
	int fd = bpf_map__fd(map);

	while (!bpf_map_get_next_key(fd, previous, &key)) {
		previous = &key;
		if (bpf_map_lookup_elem(fd, &key, &half))
			continue;
		sums->packets += half.packets[0] + half.packets[1];
		sums->bytes += half.bytes[0] + half.bytes[1];
	}
}

static void add_slots(const struct rig *rig, struct sums *sums)
{
	struct flow_slot slot;

	for (uint32_t i = 0; i < rig->slots; i++) {
		assert_int_equal(
			bpf_map_lookup_elem(bpf_map__fd(rig->skeleton->maps.flow_hot), &i, &slot),
			0);
		sums->packets += slot.packets[0] + slot.packets[1];
		sums->bytes += slot.bytes[0] + slot.bytes[1];
	}
}

static void test_every_packet_once(void **state)
{
	const unsigned rounds = getenv("WEIR_SLOW") ? ROUNDS_SLOW : ROUNDS;
	const uint64_t sent = 2ull * rounds * REPEAT;
	struct rig *rig = rig_open(
		&(struct rig_options){.slots = 8192, .half_open = 65536, .ring_bytes = 4 << 20});
	pthread_barrier_t gate;
	struct side sides[2] = {{.rig = rig, .gate = &gate, .rounds = rounds, .client = true},
				{.rig = rig, .gate = &gate, .rounds = rounds, .cpu = 1}};
	struct sums sums = {0};
	pthread_t thread[2];
	uint64_t raced;

	(void)state;
	rig_need(rig);
	pthread_barrier_init(&gate, NULL, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, send_rounds, &sides[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&gate);
	assert_int_equal(sides[0].failed + sides[1].failed, 0);
	add_slots(rig, &sums);
	add_halves(rig->skeleton->maps.half_in, &sums);
	add_halves(rig->skeleton->maps.half_out, &sums);
	raced = rig_loss(rig, LOSS_RACE);
	print_message("%llu packets, %llu lost to races\n", (unsigned long long)sent,
		      (unsigned long long)raced);
	rig_check_sums(rig);
	assert_int_equal(rig_traffic(rig, 0).buffers + rig_traffic(rig, 1).buffers, sent);
	assert_true(sums.packets <= sent);
	assert_true(sums.packets + raced >= sent);
	/* 1 to 4 in 2,000 have been seen, by what else the machine does between two packets. */
	assert_true(raced < sent / 200);
	/* A packet of the race may be in a flow with its bytes and without itself, or the reverse.
	 */
	assert_true(sums.bytes <= (sums.packets + raced) * 38);
	assert_true(sums.bytes + raced * 38 >= sums.packets * 38);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_packet_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
