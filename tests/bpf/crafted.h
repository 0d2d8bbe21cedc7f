/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_CRAFTED_H
#define WEIR_TESTS_CRAFTED_H

/* One packet of each shape that the parser knows, for the tests of both its builds. */

#include "frame.h"

struct crafted {
	const char *name;
	void (*make)(struct frame *f);
};

static inline void craft_tcp4(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 1, 2, 6, 0);
	frame_tcp(f, 40000, 80, 0x02, 20);
	frame_payload(f, 5);
}

static inline void craft_udp4(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 1, 2, 17, 0);
	frame_udp(f, 40000, 53);
	frame_payload(f, 30);
}

static inline void craft_udp4_back(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 2, 1, 17, 0);
	frame_udp(f, 53, 40000);
	frame_payload(f, 31);
}

static inline void craft_options4(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 1, 2, 17, 40);
	frame_udp(f, 40001, 53);
	frame_payload(f, 3);
}

static inline void craft_options4_tcp(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 1, 2, 6, 24);
	frame_tcp(f, 40002, 443, 0x12, 40);
	frame_payload(f, 9);
}

static inline void craft_sctp4(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 1, 2, 132, 0);
	frame_sctp(f, 40003, 3868);
	frame_payload(f, 20);
}

static inline void craft_echo4(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 1, 2, 1, 0);
	frame_icmp(f, 8, 0, 77);
	frame_payload(f, 56);
}

static inline void craft_echo4_reply(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 2, 1, 1, 0);
	frame_icmp(f, 0, 0, 78);
	frame_payload(f, 56);
}

static inline void craft_unreachable4(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 2, 1, 1, 0);
	frame_icmp(f, 3, 3, 0);
	frame_v4(f, 1, 2, 17, 8);
	frame_udp(f, 40004, 161);
	f->udp = 0;
}

static inline void craft_frag_needed4(struct frame *f)
{
	craft_unreachable4(f);
	f->byte[f->ip + 21] = 4;
}

static inline void craft_gre4(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 1, 2, 47, 0);
	frame_payload(f, 33);
}

static inline void craft_fragment4_first(struct frame *f)
{
	craft_udp4(f);
	frame_fragment4(f, 0, 1, 4711);
}

static inline void craft_fragment4_later(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 1, 2, 17, 0);
	frame_payload(f, 30);
	frame_fragment4(f, 1480, 0, 4712);
}

static inline void craft_padded4(struct frame *f)
{
	frame_link(f);
	frame_v4(f, 1, 2, 6, 0);
	frame_tcp(f, 40005, 22, 0x10, 0);
	frame_end(f);
	frame_payload(f, 6);
}

static inline void craft_tag4(struct frame *f)
{
	frame_link(f);
	frame_tag(f, 0x8100, 0x6123);
	frame_v4(f, 1, 2, 17, 0);
	frame_udp(f, 40006, 53);
	frame_payload(f, 18);
}

static inline void craft_qinq4(struct frame *f)
{
	frame_link(f);
	frame_tag(f, 0x88a8, 100);
	frame_tag(f, 0x8100, 200);
	frame_v4(f, 1, 2, 6, 4);
	frame_tcp(f, 40007, 80, 0x18, 12);
	frame_payload(f, 44);
}

static inline void craft_three_tags(struct frame *f)
{
	frame_link(f);
	frame_tag(f, 0x9100, 1);
	frame_tag(f, 0x88a8, 2);
	frame_tag(f, 0x8100, 3);
	frame_type(f, 0x0800);
	frame_payload(f, 60);
}

static inline void craft_arp(struct frame *f)
{
	frame_link(f);
	memset(f->byte, 0xff, 6);
	frame_type(f, 0x0806);
	frame_payload(f, 46);
}

static inline void craft_multicast4(struct frame *f)
{
	craft_udp4(f);
	f->byte[0] = 1;
}

static inline void craft_tcp6(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 1, 2, 6);
	frame_tcp(f, 40010, 80, 0x02, 20);
}

static inline void craft_udp6_back(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 9, 3, 17);
	frame_udp(f, 53, 40011);
	frame_payload(f, 100);
}

static inline void craft_echo6(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 1, 2, 58);
	frame_icmp(f, 128, 0, 9);
	frame_payload(f, 8);
}

static inline void craft_neighbour6(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 1, 2, 58);
	frame_icmp(f, 135, 0, 0);
	frame_payload(f, 24);
}

static inline void craft_unreachable6(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 2, 1, 58);
	frame_icmp(f, 1, 4, 0);
	frame_v6(f, 1, 2, 60);
	frame_extension(f, 60, 17, 1);
	frame_udp(f, 40012, 161);
	f->udp = 0;
}

static inline void craft_no_next6(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 1, 2, 59);
	frame_end(f);
	frame_payload(f, 6);
}

static inline void craft_sctp6(struct frame *f)
{
	frame_link(f);
	frame_tag(f, 0x8100, 7);
	frame_v6(f, 1, 2, 132);
	frame_sctp(f, 40013, 3868);
	frame_payload(f, 16);
}

/* Each kind of extension header in front of TCP. */
static inline void craft_extension6(struct frame *f, unsigned kind)
{
	frame_link(f);
	frame_v6(f, 1, 2, kind);
	frame_extension(f, kind, 6, kind == 51 ? 4 : 1);
	frame_tcp(f, 40020 + kind, 80, 0x02, 0);
	frame_payload(f, 10);
}

static inline void craft_hop6(struct frame *f)
{
	craft_extension6(f, 0);
}

static inline void craft_routing6(struct frame *f)
{
	craft_extension6(f, 43);
}

static inline void craft_options6(struct frame *f)
{
	craft_extension6(f, 60);
}

static inline void craft_ah6(struct frame *f)
{
	craft_extension6(f, 51);
}

static inline void craft_mobility6(struct frame *f)
{
	craft_extension6(f, 135);
}

static inline void craft_hip6(struct frame *f)
{
	craft_extension6(f, 139);
}

static inline void craft_shim6(struct frame *f)
{
	craft_extension6(f, 140);
}

static inline void craft_esp6(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 1, 2, 0);
	frame_extension(f, 0, 50, 0);
	frame_payload(f, 40);
}

static inline void craft_chain6(struct frame *f)
{
	frame_link(f);
	frame_tag(f, 0x88a8, 5);
	frame_tag(f, 0x8100, 6);
	frame_v6(f, 1, 2, 0);
	frame_extension(f, 0, 60, 0);
	frame_extension(f, 60, 43, 2);
	frame_extension(f, 43, 51, 1);
	frame_extension(f, 51, 60, 4);
	frame_extension(f, 60, 17, 0);
	frame_udp(f, 40014, 53);
	frame_payload(f, 12);
}

static inline void craft_long_chain6(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 1, 2, 60);
	for (int i = 0; i < 8; i++)
		frame_extension(f, 60, 60, 0);
	frame_extension(f, 60, 17, 0);
	frame_udp(f, 40015, 53);
}

static inline void craft_fragment6_first(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 1, 2, 44);
	frame_fragment6(f, 17, 0, 1, 99);
	frame_udp(f, 40016, 53);
	f->udp = 0;
	frame_payload(f, 24);
}

static inline void craft_fragment6_later(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 1, 2, 60);
	frame_extension(f, 60, 44, 0);
	frame_fragment6(f, 17, 1448, 0, 98);
	frame_payload(f, 24);
}

static inline void craft_fragment6_atomic(struct frame *f)
{
	frame_link(f);
	frame_v6(f, 1, 2, 44);
	frame_fragment6(f, 17, 0, 0, 97);
	frame_udp(f, 40017, 53);
	f->udp = 0;
}

static const struct crafted crafted[] = {
	{"TCP", craft_tcp4},
	{"UDP", craft_udp4},
	{"UDP back", craft_udp4_back},
	{"IPv4 options", craft_options4},
	{"IPv4 and TCP options", craft_options4_tcp},
	{"SCTP", craft_sctp4},
	{"echo", craft_echo4},
	{"echo reply", craft_echo4_reply},
	{"unreachable", craft_unreachable4},
	{"fragmentation needed", craft_frag_needed4},
	{"GRE", craft_gre4},
	{"first fragment", craft_fragment4_first},
	{"later fragment", craft_fragment4_later},
	{"padded", craft_padded4},
	{"802.1Q", craft_tag4},
	{"QinQ", craft_qinq4},
	{"three tags", craft_three_tags},
	{"ARP", craft_arp},
	{"multicast", craft_multicast4},
	{"TCP over IPv6", craft_tcp6},
	{"UDP over IPv6 back", craft_udp6_back},
	{"ICMPv6 echo", craft_echo6},
	{"neighbour solicitation", craft_neighbour6},
	{"ICMPv6 unreachable", craft_unreachable6},
	{"no next header", craft_no_next6},
	{"SCTP over IPv6", craft_sctp6},
	{"hop-by-hop", craft_hop6},
	{"routing", craft_routing6},
	{"destination options", craft_options6},
	{"AH", craft_ah6},
	{"mobility", craft_mobility6},
	{"HIP", craft_hip6},
	{"shim6", craft_shim6},
	{"ESP", craft_esp6},
	{"chain", craft_chain6},
	{"too long a chain", craft_long_chain6},
	{"first fragment over IPv6", craft_fragment6_first},
	{"later fragment over IPv6", craft_fragment6_later},
	{"atomic fragment", craft_fragment6_atomic},
};
#define CRAFTED (sizeof(crafted) / sizeof(crafted[0]))

/* `padded` and its like have set their lengths before what does not belong to them. */
static inline void craft(struct frame *f, size_t i)
{
	crafted[i].make(f);
	if (f->ip && !(f->byte[f->ip + (f->six ? 4 : 2)] | f->byte[f->ip + (f->six ? 5 : 3)]) &&
	    crafted[i].make != craft_no_next6)
		frame_end(f);
}

/* A small generator, the same everywhere. */
static inline uint32_t craft_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 16;
}

/* Changes some bytes, the sooner the likelier, and sometimes the length. */
static inline void craft_mutate(struct frame *f, uint64_t *state)
{
	int times = 1 + craft_random(state) % 4;

	while (times--) {
		size_t reach = craft_random(state) % 2 ? 64 : f->len;
		size_t at = craft_random(state) % (reach < f->len ? reach : f->len);

		if (craft_random(state) % 2)
			f->byte[at] ^= 1u << craft_random(state) % 8;
		else
			f->byte[at] = craft_random(state);
	}
	if (craft_random(state) % 4 == 0)
		f->len = 1 + craft_random(state) % f->len;
}

#endif
