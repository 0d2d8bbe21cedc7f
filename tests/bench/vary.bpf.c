/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/*
 * BPF_PROG_TEST_RUN repeats one packet. These programs make it another each time, an IPv4 TCP
 * segment without options, and pass it on to the program that is measured: what they cost
 * themselves shows with an empty one there.
 */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum next { NEXT_IN, NEXT_OUT };

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

#define FLAG_SYN 0x02
#define FLAG_ACK 0x10

#define HEADERS 54

__u64 number; /* packets so far */

/* From client `which` to the one server, or back. */
static inline __attribute__((always_inline)) int rewrite(struct __sk_buff *skb, __u32 which,
							 __u8 flags, int back)
{
	__u8 *data = (__u8 *)(long)skb->data, *end = (__u8 *)(long)skb->data_end;
	__u32 client = bpf_htonl(0x0b000000 + which), server = bpf_htonl(0x0a570001);
	__u16 port = bpf_htons(30000), service = bpf_htons(80);

	if (data + HEADERS > end)
		return 0;
	*(__u32 *)(data + 26) = back ? server : client;
	*(__u32 *)(data + 30) = back ? client : server;
	*(__u16 *)(data + 34) = back ? service : port;
	*(__u16 *)(data + 36) = back ? port : service;
	data[47] = flags;
	*(__u32 *)(data + 38) = 0; /* number */
	*(__u32 *)(data + 42) = flags & FLAG_ACK ? bpf_htonl(1) : 0;
	return 1;
}

/* SYNs, each from another source. */
SEC("tc")
int vary_flood(struct __sk_buff *skb)
{
	if (rewrite(skb, number++, FLAG_SYN, 0))
		bpf_tail_call(skb, &next, NEXT_IN);
	return 0;
}

/* Handshakes, one after another: SYN, SYN-ACK, ACK. */
SEC("tc")
int vary_talk(struct __sk_buff *skb)
{
	__u32 flow = number / 3, step = number % 3;

	number++;
	if (step == 1) {
		if (rewrite(skb, flow, FLAG_SYN | FLAG_ACK, 1))
			bpf_tail_call(skb, &next, NEXT_OUT);
		return 0;
	}
	if (rewrite(skb, flow, step ? FLAG_ACK : FLAG_SYN, 0))
		bpf_tail_call(skb, &next, NEXT_IN);
	return 0;
}
