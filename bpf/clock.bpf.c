/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "settings.h"

/*
 * Never attached: the agent runs it by BPF_PROG_TEST_RUN to learn HZ before the others are loaded,
 * and at each poll to translate jiffies.
 */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct clock_pair now;

SEC("tc")
int weir_clock(struct __sk_buff *skb)
{
	(void)skb;
	now.jiffies = bpf_jiffies64();
	now.boot = bpf_ktime_get_boot_ns();
	return 0;
}
