/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/live/payloads.h"
#include "harness.h"

static char why[512] = "the programs were not loaded";

const char *rig_why(void)
{
	return why;
}

static int keep_warning(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN && !strstr(format, "BEGIN PROG LOAD LOG"))
		vsnprintf(why, sizeof(why), format, args);
	return 0;
}

static int map_of(const struct bpf_map *map)
{
	return bpf_map__fd(map);
}

static void size_maps(struct weir_bpf *s, const struct rig_options *o)
{
	unsigned slots = o->slots ? o->slots : 64, half = o->half_open ? o->half_open : 1024;

	bpf_map__set_max_entries(s->maps.flow_main, slots);
	bpf_map__set_max_entries(s->maps.flow_hot, slots);
	bpf_map__set_max_entries(s->maps.flow_cold, slots);
	bpf_map__set_max_entries(s->maps.flow_free, slots);
	bpf_map__set_max_entries(s->maps.flow_retired, slots);
	bpf_map__set_max_entries(s->maps.half_in, half);
	bpf_map__set_max_entries(s->maps.half_out, half);
	bpf_map__set_max_entries(s->maps.traffic, 64);
	bpf_map__set_max_entries(s->maps.records, o->ring_bytes ? o->ring_bytes : 1 << 20);
	bpf_map__set_max_entries(s->maps.payloads, o->payload_ring ? o->payload_ring : 1 << 20);
}

static void set_up(struct weir_bpf *s, const struct rig_options *o)
{
	int has = libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, NULL);

	s->rodata->settings.hz = o->ticks_a_second ? o->ticks_a_second : 250;
	s->rodata->settings.first_all = o->first_all;
	s->rodata->settings.first_each = o->first_each;
	s->rodata->settings.xdp_load_bytes = has == 1;
	s->rodata->settings.payload = o->payload;
	s->rodata->settings.payload_budget = o->payload_budget;
	s->rodata->settings.payload_wake = o->payload_wake;
	if (o->opening)
		s->rodata->settings.payload_opening = o->opening;
	if (o->xdp_frags && has == 1)
		bpf_program__set_flags(s->progs.weir_xdp, BPF_F_XDP_HAS_FRAGS);
}

static int take_record(void *context, void *data, size_t size)
{
	struct rig *rig = context;

	assert_int_equal(size, sizeof(struct flow_record));
	assert_true(rig->records < RIG_RECORDS_MAX);
	memcpy(&rig->record[rig->records++], data, size);
	return 0;
}

static void take_payload(void *context, const struct payload_record *record)
{
	size_t size = sizeof(*record) + record->length;
	struct rig *rig = context;

	assert_true(rig->payloads < RIG_RECORDS_MAX);
	rig->payload[rig->payloads] = malloc(size);
	assert_non_null(rig->payload[rig->payloads]);
	memcpy(rig->payload[rig->payloads++], record, size);
}

void rig_drain_payload(struct rig *rig)
{
	assert_true(payload_ring_consume(rig->payload_ring) >= 0);
	assert_int_equal(payload_ring_malformed(rig->payload_ring), 0);
}

void rig_forget_payload(struct rig *rig)
{
	while (rig->payloads)
		free(rig->payload[--rig->payloads]);
}

static void fill(struct rig *rig)
{
	struct attachment a = {
		.ifindex = 1,
		.netns = RIG_NETNS,
		.id_in = RIG_IN,
		.id_out = RIG_OUT,
		.stats_in = 0,
		.stats_out = 1,
	};

	for (uint32_t slot = rig->free; slot-- > 0;)
		assert_int_equal(
			bpf_map_update_elem(map_of(rig->skeleton->maps.flow_free), NULL, &slot, 0),
			0);
	rig_attach(rig, &a);
}

struct rig *rig_open(const struct rig_options *options)
{
	static const struct rig_options defaults;
	const struct rig_options *o = options ? options : &defaults;
	struct rig *rig = calloc(1, sizeof(*rig));
	int err;

	assert_non_null(rig);
	libbpf_set_print(keep_warning);
	rig->skeleton = weir_bpf__open();
	if (!rig->skeleton)
		goto failed;
	size_maps(rig->skeleton, o);
	set_up(rig->skeleton, o);
	err = weir_bpf__load(rig->skeleton);
	if (err) {
		fprintf(stderr, "cannot load the programs: %s: %s\n", strerror(-err), why);
		goto failed;
	}
	rig->ring = ring_buffer__new(map_of(rig->skeleton->maps.records), take_record, rig, NULL);
	if (!rig->ring ||
	    payload_ring_open(&rig->payload_ring, map_of(rig->skeleton->maps.payloads),
			      take_payload, rig))
		goto failed;
	rig->slots = o->slots ? o->slots : 64;
	rig->free = o->free ? o->free : rig->slots;
	fill(rig);
	return rig;
failed:
	rig_close(rig);
	return NULL;
}

void rig_close(struct rig *rig)
{
	if (!rig)
		return;
	rig_forget_payload(rig);
	payload_ring_close(rig->payload_ring);
	ring_buffer__free(rig->ring);
	weir_bpf__destroy(rig->skeleton);
	free(rig);
}

static void empty_hash(const struct bpf_map *map)
{
	uint8_t key[64];

	while (!bpf_map_get_next_key(map_of(map), NULL, key))
		assert_int_equal(bpf_map_delete_elem(map_of(map), key), 0);
}

static void zero_array(const struct bpf_map *map, unsigned entries)
{
	void *zeroes = calloc((size_t)libbpf_num_possible_cpus(), 128);

	assert_non_null(zeroes);
	for (uint32_t i = 0; i < entries; i++)
		assert_int_equal(bpf_map_update_elem(map_of(map), &i, zeroes, 0), 0);
	free(zeroes);
}

void rig_reset(struct rig *rig)
{
	struct weir_bpf *s = rig->skeleton;
	struct flow_ref ref;

	empty_hash(s->maps.flow_main);
	empty_hash(s->maps.half_in);
	empty_hash(s->maps.half_out);
	empty_hash(s->maps.fragments);
	empty_hash(s->maps.attachments);
	empty_hash(s->maps.attachment_live);
	zero_array(s->maps.flow_hot, rig->slots);
	zero_array(s->maps.flow_cold, rig->slots);
	zero_array(s->maps.traffic, 64);
	zero_array(s->maps.losses, LOSS_COUNT);
	zero_array(s->maps.half_counts, HALF_COUNTS);
	zero_array(s->maps.payload_counts, PAYLOAD_COUNTS);
	rig_free_slots(rig);
	while (!bpf_map_lookup_and_delete_elem(map_of(s->maps.flow_retired), NULL, &ref))
		;
	rig_drain(rig);
	rig->records = 0;
	rig_drain_payload(rig);
	rig_forget_payload(rig);
	fill(rig);
}

/* The programs remember an attachment until the next tick; HZ is at least 100. */
static void next_tick(void)
{
	usleep(25000);
}

void rig_attach(struct rig *rig, const struct attachment *attachment)
{
	struct weir_bpf *s = rig->skeleton;
	uint8_t yes = 1;

	assert_int_equal(bpf_map_update_elem(map_of(s->maps.attachments), &attachment->ifindex,
					     attachment, 0),
			 0);
	assert_int_equal(
		bpf_map_update_elem(map_of(s->maps.attachment_live), &attachment->id_in, &yes, 0),
		0);
	assert_int_equal(
		bpf_map_update_elem(map_of(s->maps.attachment_live), &attachment->id_out, &yes, 0),
		0);
	next_tick();
}

void rig_detach_id(struct rig *rig, uint32_t id)
{
	assert_int_equal(bpf_map_delete_elem(map_of(rig->skeleton->maps.attachment_live), &id), 0);
}

static int program_of(const struct rig *rig, enum rig_program program)
{
	struct weir_bpf *s = rig->skeleton;
	const struct bpf_program *const all[] = {
		[RIG_TC_IN] = s->progs.weir_tc_in_eth, [RIG_TC_OUT] = s->progs.weir_tc_out_eth,
		[RIG_L3_IN] = s->progs.weir_tc_in_l3,  [RIG_L3_OUT] = s->progs.weir_tc_out_l3,
		[RIG_XDP] = s->progs.weir_xdp,
	};

	return bpf_program__fd(all[program]);
}

static bool run(struct rig *rig, enum rig_program program, const struct frame *frame,
		struct bpf_test_run_opts *opts)
{
	opts->data_in = frame->byte;
	opts->data_size_in = frame->len;
	opts->repeat = 1;
	if (bpf_prog_test_run_opts(program_of(rig, program), opts))
		return false;
	if (program == RIG_XDP)
		assert_int_equal(opts->retval, 2); /* XDP_PASS */
	else
		assert_int_equal((int)opts->retval, -1); /* TC_ACT_UNSPEC, TCX_NEXT */
	return true;
}

bool rig_run(struct rig *rig, enum rig_program program, const struct frame *frame)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return run(rig, program, frame, &opts);
}

bool rig_run_many(struct rig *rig, enum rig_program program, const struct frame *frame,
		  unsigned times)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->byte, .data_size_in = frame->len,
		    .repeat = times);

	return !bpf_prog_test_run_opts(program_of(rig, program), &opts);
}

bool rig_run_skb(struct rig *rig, enum rig_program program, const struct frame *frame,
		 uint32_t ifindex, uint32_t gso_segs, uint32_t gso_size)
{
	struct __sk_buff skb = {.ifindex = ifindex, .gso_segs = gso_segs, .gso_size = gso_size};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &skb, .ctx_size_in = sizeof(skb));

	return run(rig, program, frame, &opts);
}

bool rig_run_pieces(struct rig *rig, const struct frame *frame, size_t linear)
{
	struct xdp_md xdp = {.data_end = linear};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &xdp, .ctx_size_in = sizeof(xdp));

	return run(rig, RIG_XDP, frame, &opts);
}

/* One element of a per-CPU array, summed word by word. */
static void sum_cpus(const struct bpf_map *map, uint32_t index, uint64_t *sums, size_t words)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *all = calloc((size_t)cpus * words, sizeof(*all));

	assert_non_null(all);
	assert_int_equal(bpf_map_lookup_elem(map_of(map), &index, all), 0);
	memset(sums, 0, words * sizeof(*sums));
	for (size_t i = 0; i < (size_t)cpus * words; i++)
		sums[i % words] += all[i];
	free(all);
}

uint64_t rig_loss(const struct rig *rig, enum loss reason)
{
	uint64_t sum;

	sum_cpus(rig->skeleton->maps.losses, reason, &sum, 1);
	return sum;
}

uint64_t rig_half_count(const struct rig *rig, enum half_count what)
{
	uint64_t sum;

	sum_cpus(rig->skeleton->maps.half_counts, what, &sum, 1);
	return sum;
}

uint64_t rig_payload_count(const struct rig *rig, enum payload_count what)
{
	uint64_t sum;

	sum_cpus(rig->skeleton->maps.payload_counts, what, &sum, 1);
	return sum;
}

struct traffic_counts rig_traffic(const struct rig *rig, uint32_t index)
{
	struct traffic_counts t;

	sum_cpus(rig->skeleton->maps.traffic, index, (uint64_t *)&t, sizeof(t) / 8);
	return t;
}

bool rig_half(const struct rig *rig, bool inbound, const struct flow_key *key,
	      struct flow_half *half)
{
	struct weir_bpf *s = rig->skeleton;

	return !bpf_map_lookup_elem(map_of(inbound ? s->maps.half_in : s->maps.half_out), key,
				    half);
}

bool rig_slot(const struct rig *rig, const struct flow_key *key, struct flow_slot *slot,
	      struct flow_cold *cold)
{
	struct weir_bpf *s = rig->skeleton;
	struct flow_ref ref;

	if (bpf_map_lookup_elem(map_of(s->maps.flow_main), key, &ref))
		return false;
	assert_int_equal(bpf_map_lookup_elem(map_of(s->maps.flow_hot), &ref.slot, slot), 0);
	assert_int_equal(bpf_map_lookup_elem(map_of(s->maps.flow_cold), &ref.slot, cold), 0);
	assert_int_equal(slot->generation, ref.generation);
	assert_int_equal(cold->generation, ref.generation);
	assert_memory_equal(&cold->key, key, sizeof(*key));
	return true;
}

unsigned rig_free_slots(const struct rig *rig)
{
	unsigned count = 0;
	uint32_t slot;

	while (!bpf_map_lookup_and_delete_elem(map_of(rig->skeleton->maps.flow_free), NULL, &slot))
		count++;
	return count;
}

void rig_drain(struct rig *rig)
{
	ring_buffer__consume(rig->ring);
}

unsigned rig_count_records(struct rig *rig, enum record_kind kind)
{
	unsigned count = 0;

	rig_drain(rig);
	for (size_t i = 0; i < rig->records; i++)
		count += rig->record[i].kind == kind;
	return count;
}

int rig_facts(const struct frame *frame, enum packet_start start, struct packet_facts *facts)
{
	int fate = packet_parse(frame->byte, frame->len, frame->len, start, facts);

	facts->key.netns = RIG_NETNS;
	return fate;
}

void rig_check_sums(struct rig *rig)
{
	struct traffic_counts in = rig_traffic(rig, 0), out = rig_traffic(rig, 1);
	uint64_t fates = 0;

	for (int reason = 0; reason < LOSS_COUNT; reason++)
		if (loss_is_fate(reason) && reason != LOSS_NO_ATTACHMENT)
			fates += rig_loss(rig, reason);
	assert_int_equal(in.unparsed + out.unparsed, fates);
	assert_true(in.unparsed <= in.buffers && out.unparsed <= out.buffers);
}
