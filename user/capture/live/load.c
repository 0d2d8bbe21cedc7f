/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "bpf/payload.h"
#include "bpf/record.h"
#include "bpf/settings.h"

#include "bpf/clock.skel.h"
#include "bpf/weir.skel.h"

/* Jiffies are counted for so long before the load: less, and 250 Hz looks like 300. */
#define HZ_BASELINE (110 * WEIR_MSEC)

/* Records wait in the ring until so many bytes are there, or the next poll. */
#define RING_WAKE_PART 16

/* So that what is told of a flood costs a sixth of a core at most, and each of its flows is still
 * remembered when the answer to it fails to come. */
#define FIRST_PACKETS_A_SECOND 8000u
#define FIRST_PACKETS_PARTS    8 /* one endpoint's part of them */

#define PAYLOAD_BYTES_A_SECOND (16u << 20)

/* ---- what libbpf says ---- */

/* The verifier's last word on a program that it refused: what stands above its own figures. */
static char refusal[160];

static void keep_refusal(const char *log)
{
	while (*log) {
		size_t length = strcspn(log, "\n");

		if (!strncmp(log, "processed ", 10))
			return;
		if (length && strncmp(log, "libbpf: ", 8) && strncmp(log, "-- ", 3))
			snprintf(refusal, sizeof(refusal), "%.*s", (int)length, log);
		log += length + (log[length] == '\n');
	}
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text = NULL;

	if (level != LIBBPF_WARN || vasprintf(&text, format, args) < 0)
		return 0;
	if (strstr(text, "PROG LOAD LOG"))
		keep_refusal(text);
	free(text);
	return 0;
}

static int load_error(struct error *error, int err)
{
	struct utsname name = {0};

	uname(&name);
	if (err == -EPERM || err == -EACCES)
		return error_set(error, EXIT_SYSTEM, -err,
				 "the kernel refuses to load programs (%s): run as root, or with "
				 "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON",
				 strerror(-err));
	if (err == -ENOMEM || err == -E2BIG)
		return error_set(error, EXIT_SYSTEM, -err,
				 "no memory for the flow tables, not even for %u flows: raise the "
				 "cgroup's or the memlock limit",
				 SLOTS_MIN);
	if (refusal[0])
		return error_set(error, EXIT_SYSTEM, -err,
				 "Linux %s refuses the programs (%s): please report this kernel",
				 name.release, refusal);
	return error_set(error, EXIT_SYSTEM, -err,
			 "Linux %s does not load the programs (%s): 5.10 or newer is needed, with "
			 "CONFIG_BPF_SYSCALL",
			 name.release, strerror(-err));
}

/* ---- clock ---- */

/* A sample in whose middle another process ran is taken again, so often. */
#define CLOCK_TRIES   3
#define CLOCK_AT_ONCE (50 * WEIR_USEC)

/* The kernel's boot time is read between two looks at the wall clock: CLOCK_BOOTTIME itself is
 * another one in a time namespace. */
static int sample_clock(const struct kernel *kernel, struct clock_sample *sample, weir_time *took)
{
	unsigned char frame[64] = {[12] = 0x08, [14] = 0x45};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1);
	weir_time wall = time_now(), monotonic = time_monotonic();
	int err = bpf_prog_test_run_opts(bpf_program__fd(kernel->clock->progs.weir_clock), &run);

	if (err)
		return err;
	*took = time_monotonic() - monotonic;
	sample->jiffies = kernel->clock->bss->now.jiffies;
	sample->boot = (weir_time)kernel->clock->bss->now.boot;
	sample->monotonic = monotonic + *took / 2;
	sample->wall = wall + *took / 2;
	return 0;
}

int kernel_clock(const struct kernel *kernel, struct clock_sample *sample)
{
	struct clock_sample again;
	weir_time best, took;
	int err = sample_clock(kernel, sample, &best);

	for (int i = 1; !err && i < CLOCK_TRIES && best > CLOCK_AT_ONCE; i++) {
		err = sample_clock(kernel, &again, &took);
		if (err || took >= best)
			continue;
		*sample = again;
		best = took;
	}
	return err;
}

static int load_clock(struct kernel *kernel, struct error *error)
{
	int err;

	kernel->clock = clock_bpf__open();
	if (!kernel->clock)
		return load_error(error, -errno);
	err = clock_bpf__load(kernel->clock);
	return err ? load_error(error, err) : 0;
}

static uint32_t measure_hz(const struct kernel *kernel)
{
	const struct timespec wait = {.tv_nsec = HZ_BASELINE};
	struct clock_sample a, b;

	if (kernel_clock(kernel, &a))
		return 0;
	nanosleep(&wait, NULL);
	if (kernel_clock(kernel, &b))
		return 0;
	return (uint32_t)(WEIR_SEC / clock_tick(b.jiffies - a.jiffies, b.monotonic - a.monotonic));
}

/* ---- programs and maps ---- */

static void set_settings(struct weir_bpf *weir, const struct kernel *kernel,
			 const struct live_options *options, uint32_t hz)
{
	struct settings *settings = (struct settings *)&weir->rodata->settings;

	settings->hz = hz;
	settings->first_all =
		options->first_packets ? options->first_packets : FIRST_PACKETS_A_SECOND;
	settings->first_each = settings->first_all / FIRST_PACKETS_PARTS;
	settings->ring_wake = (uint32_t)(kernel->ring_bytes / RING_WAKE_PART);
	settings->xdp_load_bytes = kernel->features.has[FEATURE_XDP_LOAD_BYTES];
	settings->cgroup_id = kernel->features.has[FEATURE_CGROUP_ID];
	if (getrandom(&settings->secret, sizeof(settings->secret), 0) < 0)
		log_warn("no random numbers: an outsider may guess which endpoints share a budget");
}

static void set_payload(struct settings *settings, const struct kernel *kernel,
			const struct live_payload *payload)
{
	settings->payload = payload->wanted;
	settings->payload_budget = payload->budget ? payload->budget : PAYLOAD_BYTES_A_SECOND;
	settings->payload_opening = payload->opening ? payload->opening : PAYLOAD_OPENING_BYTES;
	settings->payload_wake = kernel->payload_ring / RING_WAKE_PART;
}

static int set_sizes(struct weir_bpf *weir, const struct kernel *kernel)
{
	const struct {
		struct bpf_map *map;
		size_t entries;
	} sizes[] = {
		{weir->maps.flow_main, kernel->slots},
		{weir->maps.flow_hot, kernel->slots},
		{weir->maps.flow_cold, kernel->slots},
		{weir->maps.flow_free, kernel->slots},
		{weir->maps.flow_retired, kernel->slots},
		{weir->maps.half_in, kernel->half_open},
		{weir->maps.half_out, kernel->half_open},
		{weir->maps.records, kernel->ring_bytes},
		{weir->maps.payloads, kernel->payload_ring},
	};
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int err = bpf_map__set_max_entries(sizes[i].map, (__u32)sizes[i].entries);

		if (err)
			return err;
	}
	return 0;
}

/* Verifying a program takes the kernel up to half a second. */
static void leave_out_unused(struct weir_bpf *weir, const struct live_options *options)
{
	bool xdp = false;

	for (size_t i = 0; i < options->hooks_len; i++)
		xdp |= options->hooks[i].hook == HOOK_XDP;
	bpf_program__set_autoload(weir->progs.weir_xdp, xdp);
	bpf_program__set_autoload(weir->progs.weir_at_in_eth, options->visitor);
	bpf_program__set_autoload(weir->progs.weir_at_out_eth, options->visitor);
	bpf_program__set_autoload(weir->progs.weir_at_in_l3, options->visitor);
	bpf_program__set_autoload(weir->progs.weir_at_out_l3, options->visitor);
}

static int open_weir(struct kernel *kernel, const struct live_options *options, uint32_t hz)
{
	kernel->weir = weir_bpf__open();
	if (!kernel->weir)
		return -errno;
	/* Now: on another's maps libbpf takes the numbers of their types for ours. */
	kernel->layout = layout_of(kernel->weir->obj);
	set_settings(kernel->weir, kernel, options, hz);
	set_payload((struct settings *)&kernel->weir->rodata->settings, kernel, &options->payload);
	/* Frames in several pieces reach a program only if it asks for them. */
	if (kernel->weir->rodata->settings.xdp_load_bytes)
		bpf_program__set_flags(kernel->weir->progs.weir_xdp, BPF_F_XDP_HAS_FRAGS);
	leave_out_unused(kernel->weir, options);
	return 0;
}

static int destroy_weir(struct kernel *kernel, int err)
{
	if (kernel->weir)
		weir_bpf__destroy(kernel->weir);
	kernel->weir = NULL;
	return err;
}

static int try_load(struct kernel *kernel, const struct live_options *options, uint32_t hz)
{
	int err = open_weir(kernel, options, hz);

	err = err ? err : set_sizes(kernel->weir, kernel);
	err = err ? err : weir_bpf__load(kernel->weir);
	return err ? destroy_weir(kernel, err) : 0;
}

static void note_maps(struct kernel *kernel)
{
	struct weir_bpf *weir = kernel->weir;
	int cpus = libbpf_num_possible_cpus();

	kernel->main = bpf_map__fd(weir->maps.flow_main);
	kernel->hot = bpf_map__fd(weir->maps.flow_hot);
	kernel->cold = bpf_map__fd(weir->maps.flow_cold);
	kernel->free = bpf_map__fd(weir->maps.flow_free);
	kernel->retired = bpf_map__fd(weir->maps.flow_retired);
	kernel->half[0] = bpf_map__fd(weir->maps.half_in);
	kernel->half[1] = bpf_map__fd(weir->maps.half_out);
	kernel->attachments = bpf_map__fd(weir->maps.attachments);
	kernel->attachment_live = bpf_map__fd(weir->maps.attachment_live);
	kernel->traffic = bpf_map__fd(weir->maps.traffic);
	kernel->losses = bpf_map__fd(weir->maps.losses);
	kernel->half_counts = bpf_map__fd(weir->maps.half_counts);
	kernel->records = bpf_map__fd(weir->maps.records);
	kernel->payloads = bpf_map__fd(weir->maps.payloads);
	kernel->payload_counts = bpf_map__fd(weir->maps.payload_counts);
	kernel->traffic_len = bpf_map__max_entries(weir->maps.traffic);
	kernel->cpus = cpus > 0 ? (unsigned)cpus : 1;
}

/* The programs never read it: bound to each, it is found from what a killed weir leaves. */
static int set_identity(const struct kernel *kernel)
{
	struct identity identity = {.magic = WEIR_MAGIC, .version = TABLE_LAYOUT};
	int map = bpf_map__fd(kernel->weir->maps.identity), err;
	struct bpf_program *program;
	__u32 zero = 0;

	if (getrandom(&identity.instance, sizeof(identity.instance), 0) < 0)
		identity.instance = (__u64)getpid();
	err = bpf_map_update_elem(map, &zero, &identity, BPF_ANY);
	bpf_object__for_each_program(program, kernel->weir->obj)
	{
		if (!err && bpf_program__autoload(program))
			err = bpf_prog_bind_map(bpf_program__fd(program), map, NULL);
		if (err == -EEXIST)
			err = 0;
	}
	return err;
}

static bool for_want_of_memory(int err)
{
	return err == -ENOMEM || err == -E2BIG;
}

static int load_weir(struct kernel *kernel, struct sizes *sizes, const struct live_options *options,
		     struct error *error)
{
	uint32_t hz = measure_hz(kernel);
	int err;

	for (;;) {
		kernel->slots = sizes->slots;
		kernel->half_open = sizes->half_open;
		kernel->ring_bytes = sizes->ring_bytes;
		kernel->payload_ring = sizes->payload_ring;
		err = try_load(kernel, options, hz);
		/* EPERM: before 5.11 also "over the memlock limit". Then smaller may do. */
		if (!err || (!for_want_of_memory(err) && err != -EPERM) ||
		    sizes->slots / 2 < SLOTS_MIN)
			break;
		sizes->slots /= 2;
		sizes->half_open =
			sizes->half_open / 2 > SLOTS_MIN ? sizes->half_open / 2 : SLOTS_MIN;
		if (sizes->payload_ring / 2 >= RING_BYTES_MIN)
			sizes->payload_ring /= 2;
		kernel->halvings++;
	}
	return err ? load_error(error, err) : 0;
}

/* ---- on another weir's maps ---- */

static uint32_t entries_of(int map)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(map, &info, &size) ? 0 : info.max_entries;
}

static int stale(struct error *error, const char *why)
{
	return error_set(error, EXIT_SYSTEM, ESTALE, "%s", why);
}

/* Sizes that were reckoned are the other's now; one that is asked for is a reason for new maps. */
static int take_sizes(struct kernel *kernel, struct sizes *sizes,
		      const struct live_options *options, const struct weir_bpf *weir,
		      struct error *error)
{
	kernel->slots = entries_of(bpf_map__fd(weir->maps.flow_main));
	kernel->half_open = entries_of(bpf_map__fd(weir->maps.half_in));
	kernel->ring_bytes = entries_of(bpf_map__fd(weir->maps.records));
	kernel->payload_ring = entries_of(bpf_map__fd(weir->maps.payloads));
	if ((options->slots && kernel->slots != sizes->slots) ||
	    (options->half_open && kernel->half_open != sizes->half_open) ||
	    kernel->ring_bytes != sizes->ring_bytes ||
	    (options->payload.ring_bytes && kernel->payload_ring != sizes->payload_ring))
		return stale(error, "the configuration asks for tables of another size");
	if (entries_of(bpf_map__fd(weir->maps.flow_hot)) != kernel->slots ||
	    entries_of(bpf_map__fd(weir->maps.flow_cold)) != kernel->slots ||
	    entries_of(bpf_map__fd(weir->maps.half_out)) != kernel->half_open || !kernel->slots)
		return stale(error, "its tables do not fit each other");
	if (kernel->slots != sizes->slots)
		snprintf(sizes->why, sizeof(sizes->why), "handed over with what is in it");
	sizes->slots = kernel->slots;
	sizes->half_open = kernel->half_open;
	sizes->payload_ring = kernel->payload_ring;
	return 0;
}

static int load_on_maps(struct kernel *kernel, struct sizes *sizes,
			const struct live_options *options, const struct kernel_maps *from,
			struct error *error)
{
	int err;

	kernel->ring_bytes = sizes->ring_bytes;
	kernel->payload_ring = sizes->payload_ring;
	err = open_weir(kernel, options, measure_hz(kernel));
	if (err)
		return load_error(error, err);
	if (kernel->layout != from->layout || layout_reuse(kernel->weir->obj, from->map))
		return stale(error, "its tables are of another layout");
	err = take_sizes(kernel, sizes, options, kernel->weir, error);
	if (err)
		return err;
	set_payload((struct settings *)&kernel->weir->rodata->settings, kernel, &options->payload);
	err = weir_bpf__load(kernel->weir);
	return err ? load_error(error, err) : 0;
}

void kernel_maps(const struct kernel *kernel, struct kernel_maps *maps)
{
	maps->layout = kernel->layout;
	layout_maps(kernel->weir->obj, maps->map);
}

/* ---- all ---- */

static int complete(struct kernel *kernel, struct error *error)
{
	int err;

	note_maps(kernel);
	err = set_identity(kernel);
	return err ? load_error(error, err) : 0;
}

int kernel_load(struct kernel *kernel, struct sizes *sizes, const struct live_options *options,
		const struct kernel_maps *from, struct error *error)
{
	int err;

	*kernel = (struct kernel){0};
	libbpf_set_print(quiet);
	features_probe(&kernel->features);
	err = load_clock(kernel, error);
	if (!err && from)
		err = load_on_maps(kernel, sizes, options, from, error);
	else if (!err)
		err = load_weir(kernel, sizes, options, error);
	if (!err)
		err = complete(kernel, error);
	if (err)
		kernel_unload(kernel);
	return err;
}

void kernel_unload(struct kernel *kernel)
{
	if (kernel->weir)
		weir_bpf__destroy(kernel->weir);
	if (kernel->clock)
		clock_bpf__destroy(kernel->clock);
	kernel->weir = NULL;
	kernel->clock = NULL;
}

const struct settings *kernel_settings(const struct kernel *kernel)
{
	return (const struct settings *)&kernel->weir->rodata->settings;
}

/* -errno: of a kind that no program reads, or not loaded. */
static int descriptor_of(const struct bpf_program *const by_kind[2], enum device_kind kind)
{
	switch (kind) {
	case DEVICE_ETHERNET:
		return bpf_program__fd(by_kind[0]);
	case DEVICE_L3:
		return bpf_program__fd(by_kind[1]);
	case DEVICE_OTHER:
		break;
	}
	return -EOPNOTSUPP;
}

int kernel_program(const struct kernel *kernel, enum device_kind kind, bool ingress)
{
	const struct bpf_program *const in[] = {kernel->weir->progs.weir_tc_in_eth,
						kernel->weir->progs.weir_tc_in_l3};
	const struct bpf_program *const out[] = {kernel->weir->progs.weir_tc_out_eth,
						 kernel->weir->progs.weir_tc_out_l3};

	return descriptor_of(ingress ? in : out, kind);
}

int kernel_program_elsewhere(const struct kernel *kernel, enum device_kind kind, bool ingress)
{
	const struct bpf_program *const in[] = {kernel->weir->progs.weir_at_in_eth,
						kernel->weir->progs.weir_at_in_l3};
	const struct bpf_program *const out[] = {kernel->weir->progs.weir_at_out_eth,
						 kernel->weir->progs.weir_at_out_l3};

	return descriptor_of(ingress ? in : out, kind);
}

int kernel_xdp_program(const struct kernel *kernel)
{
	return bpf_program__fd(kernel->weir->progs.weir_xdp);
}

void kernel_programs(const struct kernel *kernel, int programs[KERNEL_PROGRAMS])
{
	static const enum device_kind kinds[] = {DEVICE_ETHERNET, DEVICE_L3};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (unsigned in = 0; in < 2; in++) {
			programs[count++] = kernel_program(kernel, kinds[i], in);
			programs[count++] = kernel_program_elsewhere(kernel, kinds[i], in);
		}
	programs[count] = kernel_xdp_program(kernel);
}

/* ---- per-CPU values ---- */

static int sum_words(const struct kernel *kernel, int map, uint32_t index, uint64_t *sums,
		     size_t words)
{
	uint64_t *values = calloc(kernel->cpus * words, sizeof(*values));
	size_t i;
	int err;

	if (!values)
		return -ENOMEM;
	memset(sums, 0, words * sizeof(*sums));
	err = bpf_map_lookup_elem(map, &index, values);
	for (i = 0; !err && i < kernel->cpus * words; i++)
		sums[i % words] += values[i];
	free(values);
	return err;
}

int kernel_losses(const struct kernel *kernel, uint64_t losses[LOSS_COUNT])
{
	uint32_t i;
	int err = 0;

	for (i = 0; !err && i < LOSS_COUNT; i++)
		err = sum_words(kernel, kernel->losses, i, &losses[i], 1);
	return err;
}

int kernel_payload_counts(const struct kernel *kernel, uint64_t counts[PAYLOAD_COUNTS])
{
	uint32_t i;
	int err = 0;

	for (i = 0; !err && i < PAYLOAD_COUNTS; i++)
		err = sum_words(kernel, kernel->payload_counts, i, &counts[i], 1);
	return err;
}

int kernel_half_counts(const struct kernel *kernel, uint64_t counts[HALF_COUNTS])
{
	uint32_t i;
	int err = 0;

	for (i = 0; !err && i < HALF_COUNTS; i++)
		err = sum_words(kernel, kernel->half_counts, i, &counts[i], 1);
	return err;
}

_Static_assert(sizeof(struct traffic_counts) % sizeof(uint64_t) == 0, "summed as words");

int kernel_traffic(const struct kernel *kernel, uint32_t stats, struct traffic_counts *counts)
{
	return sum_words(kernel, kernel->traffic, stats, (uint64_t *)counts,
			 sizeof(*counts) / sizeof(uint64_t));
}

void kernel_traffic_clear(const struct kernel *kernel, uint32_t stats)
{
	void *zero = calloc(kernel->cpus, sizeof(struct traffic_counts));

	if (zero)
		bpf_map_update_elem(kernel->traffic, &stats, zero, BPF_ANY);
	free(zero);
}
