/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/features.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <unistd.h>

#include "base/compat.h"

const struct feature_words feature_words[FEATURES] = {
	[FEATURE_TCX] = {"tcx", "TCX", "tc hooks are links, which go when weir goes",
			 "tc hooks are filters of a clsact qdisc (before 6.6): what a killed weir "
			 "leaves, the next one removes"},
	[FEATURE_BATCH] = {"batch_lookup", "batch look-ups", "tables are read in batches",
			   "tables are read entry by entry (before 5.6)"},
	[FEATURE_XDP_LOAD_BYTES] = {"xdp_load_bytes", "XDP fragments",
				    "XDP reads frames of several pieces",
				    "XDP reads the first piece of a frame only (before 5.18)"},
	[FEATURE_CGROUP_ID] = {"cgroup_id", "cgroup ids",
			       "first packets have a budget for each cgroup",
			       "first packets of all cgroups share a budget "
			       "(CONFIG_SOCK_CGROUP_DATA)"},
	[FEATURE_RING_BUFFER] = {"ring_buffer", "ring buffer", "records go through ring buffers",
				 "no ring buffer (before 5.8): weir cannot run"},
	[FEATURE_BTF] = {"btf", "BTF", "/sys/kernel/btf/vmlinux",
			 "none: connections are counted, their processes will not be known "
			 "(kernels built with CONFIG_DEBUG_INFO_BTF have it)"},
	[FEATURE_OWNERS] = {"owner_hooks", "owner hooks",
			    "programs at cgroups and tracepoints tell whose a socket is",
			    "no programs at cgroups or raw tracepoints (CONFIG_CGROUP_BPF, "
			    "CONFIG_BPF_EVENTS): processes will not be known"},
};

/* Before 6.6 there is no such place, and asking for it is wrong. */
static bool has_tcx(void)
{
	LIBBPF_OPTS(bpf_prog_query_opts, query);
	unsigned loopback = if_nametoindex("lo");

	return loopback &&
	       !bpf_prog_query_opts((int)loopback, (enum bpf_attach_type)COMPAT_BPF_TCX_INGRESS,
				    &query);
}

static bool may_ask(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_probe", 4, 4, 1, NULL);

	if (map < 0)
		return map != -EPERM;
	close(map);
	return true;
}

static bool has_batch(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "weir_probe", 4, 4, 4, NULL), err;
	uint32_t after, key, value, count = 1;

	if (map < 0)
		return false;
	err = bpf_map_lookup_batch(map, NULL, &after, &key, &value, &count, NULL);
	close(map);
	return !err || err == -ENOENT; /* it is empty */
}

static bool has_helper(enum bpf_prog_type type, enum bpf_func_id helper)
{
	return libbpf_probe_bpf_helper(type, helper, NULL) == 1;
}

static bool has_owners(void)
{
	return libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_CGROUP_SOCK, NULL) == 1 &&
	       libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, NULL) == 1 &&
	       libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL) == 1;
}

void features_probe(struct features *features)
{
	*features = (struct features){
		.has =
			{
				[FEATURE_TCX] = has_tcx(),
				[FEATURE_BATCH] = has_batch(),
				[FEATURE_XDP_LOAD_BYTES] =
					has_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes),
				[FEATURE_CGROUP_ID] =
					has_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_skb_cgroup_id),
				[FEATURE_RING_BUFFER] =
					libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1,
				[FEATURE_BTF] = !access("/sys/kernel/btf/vmlinux", R_OK),
				[FEATURE_OWNERS] = has_owners(),
			},
		.refused = !may_ask(),
	};
}
