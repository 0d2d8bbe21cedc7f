/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_SETTINGS_H
#define WEIR_BPF_SETTINGS_H

#include "flow.h"

/*
 * Read-only data of the programs, set before load: skeleton->rodata->settings. The verifier knows
 * the values, so what is switched off is not even looked at by a kernel that lacks it. Include
 * this before the skeleton. Both *_wake are powers of two.
 */
struct settings {
	__u64 secret;	  /* random: where a local endpoint's budget cell is */
	__u32 hz;	  /* jiffies a second, from clock.bpf.c; 0 is taken as 250 */
	__u32 first_all;  /* RECORD_STARTED a second for all; 0: no limit */
	__u32 first_each; /* RECORD_STARTED a second by one endpoint; 0: no limit */
	__u32 ring_wake;  /* wake the agent each time so many bytes more wait; 0: at each record */
	__u8 xdp_load_bytes; /* bpf_xdp_load_bytes() exists (5.18) */
	__u8 cgroup_id;	     /* bpf_skb_cgroup_id() exists (a kernel with cgroup sockets) */
	__u8 payload;	     /* copy payload to `payloads`: somebody reads it */
	__u8 zero[5];
	__u64 payload_budget;  /* bytes a second into `payloads`; 0: no limit */
	__u64 payload_opening; /* bytes of each direction that are always wanted */
	__u64 payload_wake;    /* wake its reader each time so many bytes more wait; 0: at each */
};

#define SETTINGS_DEFAULT                                                                           \
	{                                                                                          \
		.secret = 0x9e3779b97f4a7c15ull, .hz = 250, .first_all = 20000,                    \
		.first_each = 2000, .payload_budget = 16 << 20, .payload_opening = 4096,           \
	}

/* What clock.bpf.c finds out at each run: one moment in both clocks (skeleton->bss->now). */
struct clock_pair {
	__u64 jiffies;
	__u64 boot; /* ns of CLOCK_BOOTTIME */
};

#endif
