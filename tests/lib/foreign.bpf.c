/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Somebody else's programs on an interface that weir watches: they count packets in a map of their
 * own and let them go. Nothing of weir's is used.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define COUNTER(name)                                                                              \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, 1);                                                            \
		__type(key, __u32);                                                                \
		__type(value, __u64);                                                              \
	} name SEC(".maps")

COUNTER(tc_count);
COUNTER(tcx_count);
COUNTER(xdp_count);
COUNTER(cgroup_count);

static void count(void *counter)
{
	__u32 first = 0;
	__u64 *value = bpf_map_lookup_elem(counter, &first);

	if (value)
		__sync_fetch_and_add(value, 1);
}

SEC("tc")
int foreign_tc(struct __sk_buff *skb)
{
	(void)skb;
	count(&tc_count);
	return -1; /* TC_ACT_UNSPEC: the next one decides */
}

SEC("tc")
int foreign_tcx(struct __sk_buff *skb)
{
	(void)skb;
	count(&tcx_count);
	return -1; /* TCX_NEXT */
}

SEC("xdp")
int foreign_xdp(struct xdp_md *context)
{
	(void)context;
	count(&xdp_count);
	return XDP_PASS;
}

SEC("cgroup_skb/egress")
int foreign_cgroup(struct __sk_buff *skb)
{
	(void)skb;
	count(&cgroup_count);
	return 1; /* let it go */
}

char foreign_license[] SEC("license") = "GPL";
