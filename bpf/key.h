/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_KEY_H
#define WEIR_BPF_KEY_H

#include <bpf/bpf_endian.h>

#include "flow.h"

/* From two ends of a packet or of a translation to the one key of both directions. */

#define WEIR_INLINE static inline __attribute__((always_inline, unused))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/*
 * Unaligned words in the machine's order. Clang reads a packed field for BPF byte by byte, while
 * the verifier takes the unaligned word: so the programs cast, and user space copies.
 */
#ifdef __bpf__
#define word16(p)	 (*(const __u16 *)(p))
#define word32(p)	 (*(const __u32 *)(p))
#define word64(p)	 (*(const __u64 *)(p))
#define set_word32(p, v) (*(__u32 *)(p) = (v))
#define set_word64(p, v) (*(__u64 *)(p) = (v))
#else
WEIR_INLINE __u16 word16(const void *p)
{
	__u16 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

WEIR_INLINE __u32 word32(const void *p)
{
	__u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

WEIR_INLINE __u64 word64(const void *p)
{
	__u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

WEIR_INLINE void set_word32(void *p, __u32 v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

WEIR_INLINE void set_word64(void *p, __u64 v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}
#endif

/* The last 8 bytes of ::ffff:a.b.c.d as a word of this machine; `v4` as it stands in a packet. */
WEIR_INLINE __u64 key_v4_low(__u64 v4)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return v4 << 32 | 0xffff0000u;
#else
	return 0xffffull << 32 | v4;
#endif
}

/* The protocol and the zeroes behind it as one word: the key is hashed by words at once. */
WEIR_INLINE __u32 key_proto_word(__u32 proto)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return proto;
#else
	return proto << 24;
#endif
}

/*
 * The order of ends: by the address's last 8 bytes, its first 8, the port, each as a number of this
 * machine. IPv4 addresses come out in the order of (address << 16 | port), so that one comparison
 * decides; both forms agree. True if the source is the second end: its direction is 1.
 */
WEIR_INLINE __u64 key_swapped_v4(__u64 source, __u64 destination, __u64 sport, __u64 dport)
{
	return (source << 16 | sport) > (destination << 16 | dport);
}

/* Writes both ends and the protocol; netns is left to the caller. Returns the source's direction.
 */
WEIR_INLINE __u8 flow_key_v4(struct flow_key *key, __u64 source, __u64 destination, __u64 sport,
			     __u64 dport, __u8 proto)
{
	__u64 swap = key_swapped_v4(source, destination, sport, dport);
	__u64 mask = -swap, addr, port;

#ifdef __bpf__
	asm volatile("" : "+r"(mask)); /* else clang makes a branch of each use */
#endif
	addr = (source ^ destination) & mask;
	port = (sport ^ dport) & mask;
	set_word64(key->addr[0], 0);
	set_word64(key->addr[0] + 8, key_v4_low(source ^ addr));
	set_word64(key->addr[1], 0);
	set_word64(key->addr[1] + 8, key_v4_low(destination ^ addr));
	key->port[0] = sport ^ port;
	key->port[1] = dport ^ port;
	set_word32(&key->proto, key_proto_word(proto));
	return swap;
}

/* The same for addresses of 16 bytes, each as its two words. */
WEIR_INLINE __u8 flow_key_v6(struct flow_key *key, const __u64 source[2],
			     const __u64 destination[2], __u64 sport, __u64 dport, __u8 proto)
{
	__u64 s0 = source[0], s1 = source[1], d0 = destination[0], d1 = destination[1];
	__u64 swap = s1 != d1 ? s1 > d1 : s0 != d0 ? s0 > d0 : sport > dport;
	__u64 mask = -swap;
	__u64 x0 = (s0 ^ d0) & mask, x1 = (s1 ^ d1) & mask;
	__u64 port = (sport ^ dport) & mask;

	set_word64(key->addr[0], s0 ^ x0);
	set_word64(key->addr[0] + 8, s1 ^ x1);
	set_word64(key->addr[1], d0 ^ x0);
	set_word64(key->addr[1] + 8, d1 ^ x1);
	key->port[0] = sport ^ port;
	key->port[1] = dport ^ port;
	set_word32(&key->proto, key_proto_word(proto));
	return swap;
}

/* The same from bytes in network order (IPv4 as ::ffff:a.b.c.d). */
WEIR_INLINE __u8 flow_key_canonical(struct flow_key *key, const __u8 source[16],
				    const __u8 destination[16], __u16 sport, __u16 dport,
				    __u8 proto)
{
	const __u64 s[2] = {word64(source), word64(source + 8)};
	const __u64 d[2] = {word64(destination), word64(destination + 8)};

	return flow_key_v6(key, s, d, sport, dport, proto);
}

#endif
