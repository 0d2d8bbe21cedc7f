/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/flow.h"
#include "bpf/record.h"

/*
 * What counting a flow costs at the least: parse Ethernet, IPv4 and UDP into the same key, look the
 * slot up, count there. What a new one costs the kernel's own maps, and nothing else:
 * floor_new_tc(). And an empty program, for what running any costs.
 */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow_key);
	__type(value, struct flow_ref);
} floor_main SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct flow_slot);
} floor_hot SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, struct flow_half);
} floor_half SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 16384);
	__uint(value_size, sizeof(__u32));
} floor_free SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct flow_cold);
} floor_cold SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} floor_records SEC(".maps");

struct floor_room {
	struct flow_key key;
	__u32 pad;
	struct flow_half half;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct floor_room);
} floor_now SEC(".maps");

#define ETHERNET 14
#define IPV4	 20
#define UDP	 8

static inline __attribute__((always_inline)) void count(const __u8 *data, const __u8 *end)
{
	const __u8 *ip = data + ETHERNET, *udp = ip + IPV4;
	struct flow_key key __attribute__((aligned(8))) = {};
	struct flow_slot *slot;
	struct flow_ref *ref;
	__u32 number, swap;
	__u64 a, b;

	if (udp + UDP > end || *(__u16 *)(data + 12) != bpf_htons(0x0800))
		return;
	if (ip[0] != 0x45 || ip[9] != 17 || *(__u16 *)(ip + 6) & bpf_htons(0x3fff))
		return;
	a = (__u64) * (__u32 *)(ip + 12) << 16 | *(__u16 *)udp;
	b = (__u64) * (__u32 *)(ip + 16) << 16 | *(__u16 *)(udp + 2);
	swap = a > b;
	*(__u64 *)(key.addr[0] + 8) = (swap ? b : a) >> 16 << 32 | 0xffff0000u;
	*(__u64 *)(key.addr[1] + 8) = (swap ? a : b) >> 16 << 32 | 0xffff0000u;
	key.port[0] = swap ? b : a;
	key.port[1] = swap ? a : b;
	key.proto = 17;
	ref = bpf_map_lookup_elem(&floor_main, &key);
	if (!ref)
		return;
	number = ref->slot;
	slot = bpf_map_lookup_elem(&floor_hot, &number);
	if (!slot)
		return;
	__sync_fetch_and_add(&slot->bytes[swap], bpf_ntohs(*(__u16 *)(ip + 2)));
	__sync_fetch_and_add(&slot->packets[swap], 1);
	slot->last[swap] = bpf_jiffies64();
}

SEC("tc")
int floor_tc(struct __sk_buff *skb)
{
	count((const __u8 *)(long)skb->data, (const __u8 *)(long)skb->data_end);
	return -1;
}

static inline __attribute__((always_inline)) void tell(void)
{
	struct flow_record *r = bpf_ringbuf_reserve(&floor_records, sizeof(*r), 0);

	if (!r)
		return;
	__builtin_memset(r, 0, sizeof(*r));
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* Out of the one table, into the other. */
static inline __attribute__((always_inline)) void move(struct floor_room *now)
{
	struct flow_half *half = bpf_map_lookup_elem(&floor_half, &now->key);
	struct flow_ref ref = {.generation = 1};
	struct flow_slot *slot;
	struct flow_cold *cold;

	if (!half || bpf_map_pop_elem(&floor_free, &ref.slot))
		return;
	slot = bpf_map_lookup_elem(&floor_hot, &ref.slot);
	cold = bpf_map_lookup_elem(&floor_cold, &ref.slot);
	if (!slot || !cold)
		return;
	slot->packets[0] = half->packets[0];
	slot->generation = 1;
	cold->key = now->key;
	cold->first = half->first;
	if (bpf_map_update_elem(&floor_main, &now->key, &ref, BPF_NOEXIST))
		return;
	bpf_map_delete_elem(&floor_half, &now->key);
	tell();
}

/*
 * Whatever its packet is (SYN, SYN-ACK, ACK of TCP in IPv4): each is looked up, the first is put
 * in, the third is moved and told. No state, no decision, no time, no budget, no other table to
 * look into.
 */
static inline __attribute__((always_inline)) void grow(const __u8 *data, const __u8 *end)
{
	const __u8 *ip = data + ETHERNET, *tcp = ip + IPV4;
	struct floor_room *now;
	__u32 zero = 0, swap;
	struct flow_half *half;
	__u64 a, b;

	now = bpf_map_lookup_elem(&floor_now, &zero);
	if (!now || tcp + 20 > end)
		return;
	a = (__u64) * (__u32 *)(ip + 12) << 16 | *(__u16 *)tcp;
	b = (__u64) * (__u32 *)(ip + 16) << 16 | *(__u16 *)(tcp + 2);
	swap = a > b;
	*(__u64 *)(now->key.addr[0] + 8) = (swap ? b : a) >> 16 << 32 | 0xffff0000u;
	*(__u64 *)(now->key.addr[1] + 8) = (swap ? a : b) >> 16 << 32 | 0xffff0000u;
	now->key.port[0] = swap ? b : a;
	now->key.port[1] = swap ? a : b;
	now->key.proto = 6;
	if (bpf_map_lookup_elem(&floor_main, &now->key))
		return;
	if (tcp[13] == 0x02) {
		bpf_map_update_elem(&floor_half, &now->key, &now->half, BPF_NOEXIST);
	} else if (tcp[13] == 0x12) {
		half = bpf_map_lookup_elem(&floor_half, &now->key);
		if (half)
			half->packets[1] = 1;
	} else {
		move(now);
	}
}

SEC("tc")
int floor_new_tc(struct __sk_buff *skb)
{
	grow((const __u8 *)(long)skb->data, (const __u8 *)(long)skb->data_end);
	return -1;
}

SEC("tc")
int empty_tc(struct __sk_buff *skb)
{
	(void)skb;
	return -1;
}

SEC("xdp")
int floor_xdp(struct xdp_md *xdp)
{
	count((const __u8 *)(long)xdp->data, (const __u8 *)(long)xdp->data_end);
	return XDP_PASS;
}

SEC("xdp")
int empty_xdp(struct xdp_md *xdp)
{
	(void)xdp;
	return XDP_PASS;
}
