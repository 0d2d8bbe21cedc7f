/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_LOAD_H
#define WEIR_LIVE_LOAD_H

#include "base/error.h"
#include "bpf/loss.h"
#include "bpf/table.h"
#include "capture/live/choose.h"
#include "capture/live/clock.h"
#include "capture/live/features.h"
#include "capture/live/layout.h"
#include "capture/live/sizes.h"

/* The programs and maps as they stand in the kernel. The only file that knows the skeletons. */
struct kernel {
	struct weir_bpf *weir;
	struct clock_bpf *clock;
	/* maps (bpf/table.h); half: by direction of the first packet, in and out */
	int main, hot, cold, free, retired, half[2];
	int attachments, attachment_live, traffic, losses, half_counts, records;
	int payloads, payload_counts;
	uint32_t slots, half_open, traffic_len;
	size_t ring_bytes, payload_ring;
	unsigned cpus;	   /* possible ones: values in a per-CPU map */
	uint64_t layout;   /* of the maps (layout.h) */
	unsigned halvings; /* how often the size had to be halved to load */
	struct features features;
};

/* The maps of another weir's programs. */
struct kernel_maps {
	uint64_t layout;
	int map[LAYOUT_MAPS];
};

/* Loads both objects; where memory does not suffice, at half the size, and so on: `sizes` then
 * says what it came to. With `from` (else NULL) on those maps, which stay the caller's: -ESTALE if
 * they are not what these programs need, or the options ask for others. 0, or -errno with `error`
 * said and nothing left loaded. */
int kernel_load(struct kernel *kernel, struct sizes *sizes, const struct live_options *options,
		const struct kernel_maps *from, struct error *error);
/* Its own, for the next weir's programs. */
void kernel_maps(const struct kernel *kernel, struct kernel_maps *maps);
void kernel_unload(struct kernel *kernel);

/* What the programs were loaded with (bpf/settings.h). */
const struct settings *kernel_settings(const struct kernel *kernel);

/* The program for one side of a kind of device. */
int kernel_program(const struct kernel *kernel, enum device_kind kind, bool ingress);
/* The same for devices of other network namespaces: -EBADF or so unless
 * live_options.visitor was set. */
int kernel_program_elsewhere(const struct kernel *kernel, enum device_kind kind, bool ingress);
int kernel_xdp_program(const struct kernel *kernel);
/* All of them; -errno: not loaded. */
#define KERNEL_PROGRAMS 9
void kernel_programs(const struct kernel *kernel, int programs[KERNEL_PROGRAMS]);

/* Reads the clocks. 0, or -errno. */
int kernel_clock(const struct kernel *kernel, struct clock_sample *sample);

/* Sums of per-CPU values. -errno if the map refuses. */
int kernel_losses(const struct kernel *kernel, uint64_t losses[LOSS_COUNT]);
int kernel_half_counts(const struct kernel *kernel, uint64_t counts[HALF_COUNTS]);
int kernel_payload_counts(const struct kernel *kernel, uint64_t counts[PAYLOAD_COUNTS]);
int kernel_traffic(const struct kernel *kernel, uint32_t stats, struct traffic_counts *counts);
/* Sets them to zero, for the next interface that gets the number. */
void kernel_traffic_clear(const struct kernel *kernel, uint32_t stats);

#endif
