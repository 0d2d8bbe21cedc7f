/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a packet costs by its kind, on TC, as ratio to the floor of bench_packet: (kind - empty) /
 * (floor - empty), all in turn in each round, the median round of each. Established flows in IPv4,
 * IPv6, behind a VLAN tag, as a later fragment; then packets of flows that weir did not know: a
 * flood of SYNs, and whole handshakes, which end in the main table. Those go through vary.bpf.c,
 * whose own cost is taken off.
 */

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/key.h"
#include "bpf/settings.h"
#include "bpf/table.h"
#include "bpf/weir.skel.h"
#include "floor.skel.h"
#include "vary.skel.h"

#define ROUNDS 21
#define REPEAT 50000
#define NEW    15000 /* flows a round */
#define SLOTS  (NEW * (ROUNDS + 1) + 16)
#define FIRST  16 /* slots below it are the established flows' */

struct kind {
	const char *name;
	const char *against;
	__u8 frame[96];
	size_t length;
	int first; /* a frame of this kind's that goes before, once a round; -1: none */
};

#define MACS 0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1
#define IPV4(length, id, offset)                                                                   \
	0x45, 0, 0, length, 0, id, (offset) >> 8, (offset)&0xff, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, \
		0, 2
#define PORTS 0x30, 0x39, 0, 53, 0, 30, 0, 0

static const struct kind kinds[] = {
	{"ipv4", "64 bytes, UDP, established", {MACS, 8, 0, IPV4(50, 1, 0x4000), PORTS}, 64, -1},
	{"ipv6",
	 "84 bytes, UDP, established",
	 {MACS, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 30, 17, 64, 0x20, 1,    0xd,  0xb8,
	  0,	0,    0,    0,	  0, 0, 0, 0, 0,  0,  0,  1,	0x20, 1,    0xd,
	  0xb8, 0,    0,    0,	  0, 0, 0, 0, 0,  0,  0,  0,	2,    PORTS},
	 84,
	 -1},
	{"vlan",
	 "as ipv4, with its tag in the frame",
	 {MACS, 0x81, 0, 0, 7, 8, 0, IPV4(50, 1, 0x4000), PORTS},
	 68,
	 -1},
	{"unanswered",
	 "as ipv4, to a port that says nothing: a flow that stays half open",
	 {MACS, 8, 0, IPV4(50, 1, 0x4000), 0x30, 0x39, 0, 54, 0, 30, 0, 0},
	 64,
	 -1},
	{"fragment_first", NULL, {MACS, 8, 0, IPV4(44, 9, 0x2000), PORTS}, 58, -1},
	{"fragment",
	 "a later fragment, whose ports are looked up",
	 {MACS, 8, 0, IPV4(44, 9, 0x2003)},
	 58,
	 4},
};

#define KINDS (int)(sizeof(kinds) / sizeof(kinds[0]))

static void die(const char *what)
{
	fprintf(stderr, "bench_kinds: %s: run it as root on a kernel with BPF\n", what);
	exit(3);
}

static void set(struct bpf_map *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		die("cannot fill a map");
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(values[0]), compare);
	return values[ROUNDS / 2];
}

static void print(const char *name, const char *what, double value, const char *unit,
		  const char *against)
{
	printf("{\"name\": \"packet.%s.%s\", \"value\": %.3f, \"unit\": \"%s\", \"against\": "
	       "\"%s\"}\n",
	       name, what, value, unit, against);
}

static double run(int fd, const __u8 *frame, size_t length, int repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = length,
		    .repeat = repeat);

	if (bpf_prog_test_run_opts(fd, &opts))
		die("cannot run a program");
	return opts.duration;
}

static struct flow_key key_of(int six)
{
	struct flow_key key;

	memset(&key, 0, sizeof(key));
	if (six)
		flow_key_canonical(&key, kinds[1].frame + 22, kinds[1].frame + 38, htons(12345),
				   htons(53), 17);
	else
		flow_key_v4(&key, htonl(0x0a000001), htonl(0x0a000002), htons(12345), htons(53),
			    17);
	return key;
}

static struct weir_bpf *weir_load(void)
{
	struct attachment a = {.ifindex = 1, .id_in = 1, .id_out = 2, .stats_out = 1};
	struct weir_bpf *weir = weir_bpf__open();
	__u8 yes = 1;

	if (!weir)
		die("cannot open the programs");
	weir->rodata->settings.payload = 1;
	weir->rodata->settings.ring_wake = 1 << 18;
	bpf_map__set_max_entries(weir->maps.flow_main, SLOTS);
	bpf_map__set_max_entries(weir->maps.flow_hot, SLOTS);
	bpf_map__set_max_entries(weir->maps.flow_cold, SLOTS);
	bpf_map__set_max_entries(weir->maps.flow_free, SLOTS);
	if (weir_bpf__load(weir))
		die("cannot load the programs");
	set(weir->maps.attachments, &a.ifindex, &a);
	set(weir->maps.attachment_live, &a.id_in, &yes);
	set(weir->maps.attachment_live, &a.id_out, &yes);
	for (__u32 six = 0; six < 2; six++) {
		struct flow_slot slot = {.owner = {1, 1},
					 .payload = {1 << 20, 1 << 20},
					 .state = FLOW_ESTABLISHED,
					 .generation = 1};
		struct flow_ref ref = {.slot = six, .generation = 1};
		struct flow_key key = key_of(six);

		set(weir->maps.flow_hot, &six, &slot);
		set(weir->maps.flow_main, &key, &ref);
	}
	for (__u32 slot = FIRST; slot < SLOTS; slot++)
		set(weir->maps.flow_free, NULL, &slot);
	return weir;
}

/* The ring is emptied between rounds, as by an agent that keeps up. */
static int drop(void *context, void *data, size_t size)
{
	(void)context, (void)data, (void)size;
	return 0;
}

static void kinds_contest(struct weir_bpf *weir, struct floor_bpf *least, double unit[ROUNDS],
			  double ns[KINDS][ROUNDS])
{
	int empty = bpf_program__fd(least->progs.empty_tc);
	int minimal = bpf_program__fd(least->progs.floor_tc);
	int fd = bpf_program__fd(weir->progs.weir_tc_in_eth);

	for (int r = -1; r < ROUNDS; r++) { /* the first warms up */
		double nothing = run(empty, kinds[0].frame, kinds[0].length, REPEAT);
		int at = r < 0 ? 0 : r;

		unit[at] = run(minimal, kinds[0].frame, kinds[0].length, REPEAT) - nothing;
		for (int k = 0; k < KINDS; k++) {
			const struct kind *kind = &kinds[k];

			if (kind->first >= 0)
				run(fd, kinds[kind->first].frame, kinds[kind->first].length, 1);
			nothing = run(empty, kind->frame, kind->length, REPEAT);
			ns[k][at] = run(fd, kind->frame, kind->length, REPEAT) - nothing;
		}
	}
}

/* Makes `in` and `out` what is run behind the varying programs. */
static void behind(struct vary_bpf *vary, int in, int out)
{
	__u32 zero = 0, one = 1;

	set(vary->maps.next, &zero, &in);
	set(vary->maps.next, &one, &out);
}

/* A segment for them to rewrite. */
static const __u8 segment[64] = {
	MACS, 8, 0, 0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, [46] = 0x50, [48] = 1,
};

struct fresh {
	double weir, least; /* ns a packet */
};

/* Packets of new flows, `each` packets a flow. */
static struct fresh fresh(struct weir_bpf *weir, struct floor_bpf *least, struct vary_bpf *vary,
			  int program, int each)
{
	int in = bpf_program__fd(weir->progs.weir_tc_in_eth);
	int out = bpf_program__fd(weir->progs.weir_tc_out_eth);
	int minimal = bpf_program__fd(least->progs.floor_new_tc);
	int empty = bpf_program__fd(least->progs.empty_tc);
	struct ring_buffer *ring =
		ring_buffer__new(bpf_map__fd(weir->maps.records), drop, NULL, NULL);
	double ns[ROUNDS], floor[ROUNDS];

	if (!ring || ring_buffer__add(ring, bpf_map__fd(least->maps.floor_records), drop, NULL))
		die("cannot read the rings");
	for (int r = 0; r < ROUNDS; r++) {
		double nothing;

		behind(vary, empty, empty);
		nothing = run(program, segment, sizeof(segment), NEW * each);
		behind(vary, minimal, minimal);
		floor[r] = run(program, segment, sizeof(segment), NEW * each) - nothing;
		behind(vary, in, out);
		ns[r] = run(program, segment, sizeof(segment), NEW * each) - nothing;
		ring_buffer__consume(ring);
	}
	ring_buffer__free(ring);
	return (struct fresh){median(ns), median(floor)};
}

static __u64 entries(const struct bpf_map *map)
{
	struct flow_key key, *at = NULL;
	__u64 n = 0;

	while (!bpf_map_get_next_key(bpf_map__fd(map), at, &key)) {
		at = &key;
		n++;
	}
	return n;
}

static void print_fresh(const char *name, const struct fresh *f, double unit, const char *what,
			const char *bound)
{
	print(name, "ratio", f->weir / unit, "ratio", what);
	print(name, "ns", f->weir, "ns", bound);
	print(name, "floor.ns", f->least, "ns", "the kernel's own maps alone: floor.bpf.c");
	print(name, "floor.ratio", f->weir / f->least, "ratio", "the kernel's own maps alone");
}

static struct floor_bpf *floor_load(void)
{
	struct floor_bpf *least = floor_bpf__open();
	struct flow_ref ref = {.generation = 1};
	struct flow_key key = key_of(0);

	if (!least)
		die("cannot open the floor");
	bpf_map__set_max_entries(least->maps.floor_main, SLOTS);
	bpf_map__set_max_entries(least->maps.floor_hot, SLOTS);
	bpf_map__set_max_entries(least->maps.floor_cold, SLOTS);
	bpf_map__set_max_entries(least->maps.floor_free, SLOTS);
	if (floor_bpf__load(least))
		die("cannot load the floor");
	set(least->maps.floor_main, &key, &ref);
	for (__u32 slot = FIRST; slot < SLOTS; slot++)
		set(least->maps.floor_free, NULL, &slot);
	return least;
}

int main(void)
{
	struct floor_bpf *least = floor_load();
	struct vary_bpf *vary = vary_bpf__open_and_load();
	struct weir_bpf *weir = weir_load();
	double least_ns[ROUNDS], ns[KINDS][ROUNDS], unit;
	struct fresh flood, talk;

	if (!vary)
		die("cannot load the programs");
	kinds_contest(weir, least, least_ns, ns);
	unit = median(least_ns);
	for (int k = 0; k < KINDS; k++) {
		if (kinds[k].against)
			print(kinds[k].name, "ratio", median(ns[k]) / unit, "ratio",
			      kinds[k].against);
	}
	flood = fresh(weir, least, vary, bpf_program__fd(vary->progs.vary_flood), 1);
	talk = fresh(weir, least, vary, bpf_program__fd(vary->progs.vary_talk), 3);
	print_fresh("flood", &flood, unit, "SYNs, each from another source", "the same");
	print_fresh("new", &talk, unit, "SYN, SYN-ACK and ACK of new flows, each",
		    "the same; at most 300 for a new flow's packet");
	if (entries(weir->maps.flow_main) < (__u64)NEW * ROUNDS ||
	    entries(least->maps.floor_main) < (__u64)NEW * ROUNDS) {
		fprintf(stderr, "bench_kinds: not all handshakes were promoted\n");
		return 1;
	}
	weir_bpf__destroy(weir);
	vary_bpf__destroy(vary);
	floor_bpf__destroy(least);
	return 0;
}
