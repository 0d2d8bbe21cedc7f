/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a packet of an established flow costs: an IPv4 UDP packet of 64 bytes through
 * BPF_PROG_TEST_RUN. The empty program, the floor and weir's are run in turn, many short rounds, so
 * that what else the machine does meets all alike; of each the median round counts. Then weir's
 * program with payload copied against the same without, for a flow that is past its opening.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bpf/key.h"
#include "bpf/payload.h"
#include "bpf/settings.h"
#include "bpf/table.h"
#include "bpf/weir.skel.h"
#include "floor.skel.h"

#define ROUNDS 41
#define REPEAT 200000
#define SLOT   7

/* Of the last: where code and maps come to lie decides some per cent, so both are loaded anew. */
#define LOADS	    7
#define LOAD_ROUNDS 31
#define LOAD_REPEAT 50000

static const __u8 packet[64] = {
	0x02, 0, 0, 0,	0,    2,    0x02, 0,  0,  0,  0, 1, 0x08, 0x00,	      /* Ethernet */
	0x45, 0, 0, 50, 0,    1,    0x40, 0,  64, 17, 0, 0, 10,	  0,	0, 1, /* IPv4 … */
	10,   0, 0, 2,	0x30, 0x39, 0,	  53, 0,  30, 0, 0, /* … UDP 12345 → 53 */
};

static void packet_key_of(struct flow_key *key)
{
	memset(key, 0, sizeof(*key));
	flow_key_v4(key, word32(packet + 26), word32(packet + 30), word16(packet + 34),
		    word16(packet + 36), 17);
}

static int compare(const void *a, const void *b)
{
	const __u32 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct contestant {
	const char *name;
	int fd;
	__u32 ns[ROUNDS];
};

static int round_of(struct contestant *c, int number)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = REPEAT);
	int err = bpf_prog_test_run_opts(c->fd, &opts);

	c->ns[number] = opts.duration;
	return err;
}

static double median(struct contestant *c)
{
	qsort(c->ns, ROUNDS, sizeof(c->ns[0]), compare);
	return c->ns[ROUNDS / 2];
}

static void print(const char *hook, const char *name, double value, const char *unit,
		  const char *against)
{
	printf("{\"name\": \"packet.%s.%s\", \"value\": %.3f, \"unit\": \"%s\", \"against\": "
	       "\"%s\"}\n",
	       hook, name, value, unit, against);
}

/* Runs the three in turn and prints what came out. */
static int contest(const char *hook, int empty, int least, int weir)
{
	struct contestant all[] = {{.name = "empty", .fd = empty},
				   {.name = "floor", .fd = least},
				   {.name = "weir", .fd = weir}};
	double ns[3];

	for (int r = -1; r < ROUNDS; r++) { /* the first warms up */
		for (int i = 0; i < 3; i++) {
			int err = round_of(&all[i], r < 0 ? 0 : r);

			if (err) {
				fprintf(stderr, "bench_packet: cannot run %s on %s: %s\n",
					all[i].name, hook, strerror(-err));
				return 1;
			}
		}
	}
	for (int i = 0; i < 3; i++)
		ns[i] = median(&all[i]);
	print(hook, "empty.ns", ns[0], "ns", "an empty program: what running any costs");
	print(hook, "floor.ns", ns[1], "ns", "minimal parse, look-up and count");
	print(hook, "established.ns", ns[2], "ns", "64-byte IPv4 UDP of an established flow");
	print(hook, "established.ratio", (ns[2] - ns[0]) / (ns[1] - ns[0]), "ratio",
	      "minimal parse, look-up and count in the same run");
	return 0;
}

static void set(struct bpf_map *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY)) {
		perror("bench_packet: cannot fill a map");
		exit(3);
	}
}

static void fill_floor(struct floor_bpf *skeleton)
{
	struct flow_ref ref = {.slot = SLOT, .generation = 1};
	struct flow_key key;

	packet_key_of(&key);
	set(skeleton->maps.floor_main, &key, &ref);
}

/* The flow as it is once promoted, and the attachment that owns its direction. */
static void fill_weir(struct weir_bpf *skeleton)
{
	struct attachment a = {.ifindex = 1, .id_in = 1, .id_out = 2, .stats_out = 1};
	struct flow_slot slot = {.owner = {1, 1},
				 .payload = {1 << 20, 1 << 20},
				 .state = FLOW_ESTABLISHED,
				 .generation = 1};
	struct flow_ref ref = {.slot = SLOT, .generation = 1};
	__u32 number = SLOT;
	struct flow_key key;
	__u8 yes = 1;

	packet_key_of(&key);
	set(skeleton->maps.attachments, &a.ifindex, &a);
	set(skeleton->maps.attachment_live, &a.id_in, &yes);
	set(skeleton->maps.attachment_live, &a.id_out, &yes);
	set(skeleton->maps.flow_hot, &number, &slot);
	set(skeleton->maps.flow_main, &key, &ref);
}

/* True if weir's program counted each packet of the contest into the flow's slot. */
static int counted_all(struct weir_bpf *skeleton, __u64 packets)
{
	struct flow_slot slot;
	__u32 number = SLOT;

	if (bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.flow_hot), &number, &slot))
		return 0;
	return slot.packets[0] + slot.packets[1] == (__u32)packets &&
	       slot.bytes[0] + slot.bytes[1] == packets * 50;
}

/* ---- with payload and without ---- */

static struct weir_bpf *load(int payload)
{
	struct weir_bpf *weir = weir_bpf__open();

	if (!weir)
		return NULL;
	weir->rodata->settings.payload = payload;
	weir->rodata->settings.xdp_load_bytes =
		libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, NULL) == 1;
	if (!weir_bpf__load(weir))
		return weir;
	weir_bpf__destroy(weir);
	return NULL;
}

static double seconds(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

/* By our own clock: the kernel's result is in whole nanoseconds, one of which is 2 %. */
static double ns_of(int fd, int repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = repeat);
	double begun = seconds();

	if (bpf_prog_test_run_opts(fd, &opts))
		return 0;
	return (seconds() - begun) * 1e9 / repeat;
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* One pair of loads: the median of what the rounds say of it, without what running any costs. */
static double ratio_of(int empty, int off, int on)
{
	double ratio[LOAD_ROUNDS];

	for (int r = -1; r < LOAD_ROUNDS; r++) {
		double least = ns_of(empty, LOAD_REPEAT);
		double without = ns_of(off, LOAD_REPEAT), with = ns_of(on, LOAD_REPEAT);

		if (r >= 0)
			ratio[r] = (with - least) / (without - least);
	}
	qsort(ratio, LOAD_ROUNDS, sizeof(ratio[0]), compare_doubles);
	return ratio[LOAD_ROUNDS / 2];
}

static int contest_payload(int empty)
{
	double ratio[LOADS];

	for (int i = 0; i < LOADS; i++) {
		struct weir_bpf *off = load(0), *on = load(1);

		if (!off || !on)
			return 1;
		fill_weir(off);
		fill_weir(on);
		ratio[i] = ratio_of(empty, bpf_program__fd(off->progs.weir_tc_in_eth),
				    bpf_program__fd(on->progs.weir_tc_in_eth));
		weir_bpf__destroy(off);
		weir_bpf__destroy(on);
	}
	qsort(ratio, LOADS, sizeof(ratio[0]), compare_doubles);
	print("tc", "attributed.ratio", ratio[LOADS / 2], "ratio",
	      "the same without payload; at most 1.05");
	return 0;
}

/* ---- copied ---- */

#define COPIED_ROUNDS 31
#define COPIED_REPEAT 10000

static int drop(void *context, void *data, size_t size)
{
	(void)context, (void)data, (void)size;
	return 0;
}

/* A message of 22 bytes that goes into the ring each time; the ring is emptied between rounds. */
static int contest_copied(int empty)
{
	struct weir_bpf *weir = weir_bpf__open();
	struct flow_slot slot = {.owner = {1, 1},
				 .watch = PAYLOAD_MESSAGES,
				 .state = FLOW_ESTABLISHED,
				 .generation = 1};
	double ns[COPIED_ROUNDS];
	struct ring_buffer *ring;
	__u32 number = SLOT;

	if (!weir)
		return 1;
	weir->rodata->settings.payload = 1;
	weir->rodata->settings.payload_budget = 0;
	weir->rodata->settings.payload_wake = 1 << 18;
	if (weir_bpf__load(weir))
		return 1;
	ring = ring_buffer__new(bpf_map__fd(weir->maps.payloads), drop, NULL, NULL);
	if (!ring)
		return 1;
	fill_weir(weir);
	set(weir->maps.flow_hot, &number, &slot);
	for (int r = 0; r < COPIED_ROUNDS; r++) {
		double least = ns_of(empty, COPIED_REPEAT);

		ns[r] = ns_of(bpf_program__fd(weir->progs.weir_tc_in_eth), COPIED_REPEAT) - least;
		if (ring_buffer__consume(ring) != COPIED_REPEAT)
			return 1;
	}
	qsort(ns, COPIED_ROUNDS, sizeof(ns[0]), compare_doubles);
	print("tc", "copied.ns", ns[COPIED_ROUNDS / 2], "ns",
	      "an established packet whose payload is copied for the decoders, in all");
	ring_buffer__free(ring);
	weir_bpf__destroy(weir);
	return 0;
}

int main(void)
{
	struct floor_bpf *least = floor_bpf__open_and_load();
	struct weir_bpf *weir = load(0);
	const __u64 each = (__u64)(ROUNDS + 1) * REPEAT;
	int failed;

	if (!least || !weir) {
		fprintf(stderr,
			"bench_packet: cannot load the programs: run it as root on a kernel "
			"with BPF\n");
		return 3;
	}
	fill_floor(least);
	fill_weir(weir);
	failed = contest("tc", bpf_program__fd(least->progs.empty_tc),
			 bpf_program__fd(least->progs.floor_tc),
			 bpf_program__fd(weir->progs.weir_tc_in_eth));
	failed |= contest("xdp", bpf_program__fd(least->progs.empty_xdp),
			  bpf_program__fd(least->progs.floor_xdp),
			  bpf_program__fd(weir->progs.weir_xdp));
	if (!failed && !counted_all(weir, 2 * each)) {
		fprintf(stderr, "bench_packet: the packets were not all counted as established\n");
		failed = 1;
	}
	failed |= contest_payload(bpf_program__fd(least->progs.empty_tc));
	failed |= contest_copied(bpf_program__fd(least->progs.empty_tc));
	weir_bpf__destroy(weir);
	floor_bpf__destroy(least);
	return failed;
}
