// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "vmlinux.h"

#include "maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int weir_tc_in_eth(struct __sk_buff *skb)
{
	(void)skb;
	return -1;
}

SEC("tc")
int weir_tc_out_eth(struct __sk_buff *skb)
{
	(void)skb;
	return -1;
}

SEC("tc")
int weir_tc_in_l3(struct __sk_buff *skb)
{
	(void)skb;
	return -1;
}

SEC("tc")
int weir_tc_out_l3(struct __sk_buff *skb)
{
	(void)skb;
	return -1;
}

SEC("xdp")
int weir_xdp(struct xdp_md *xdp)
{
	(void)xdp;
	return XDP_PASS;
}
