/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The agent's build of the parser: what each packet means, and that no truncation or mutation makes
 * it read what is not there (each input stands alone in memory of its exact size).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bpf/crafted.h"
#include "bpf/embedded.h"

/* Parses a copy in a block of exactly its size. */
static int parse(const struct frame *f, size_t captured, size_t wire, enum packet_start start,
		 struct packet_facts *facts, struct packet_embedded *embedded)
{
	uint8_t *copy = malloc(captured ? captured : 1);
	struct packet_embedded room;
	int fate;

	assert_non_null(copy);
	memcpy(copy, f->byte, captured);
	fate = packet_parse(copy, captured, wire, start, facts);
	if (fate == PACKET_OK)
		packet_embedded(copy, captured, facts, embedded ? embedded : &room);
	free(copy);
	return fate;
}

static struct packet_facts parsed(void (*make)(struct frame *f))
{
	struct packet_facts facts;
	struct frame f;

	make(&f);
	if (make != craft_no_next6 && make != craft_padded4) /* have theirs, short of the end */
		frame_end(&f);
	assert_int_equal(parse(&f, f.len, f.len, PACKET_ETHERNET, &facts, NULL), PACKET_OK);
	return facts;
}

static int fate_of(void (*make)(struct frame *f))
{
	struct packet_facts facts;
	struct frame f;

	make(&f);
	frame_end(&f);
	return parse(&f, f.len, f.len, PACKET_ETHERNET, &facts, NULL);
}

static unsigned from(const struct packet_facts *f)
{
	return f->key.addr[f->direction][15];
}

static void check_ends(const struct packet_facts *f, unsigned source, unsigned sport,
		       unsigned destination, unsigned dport)
{
	assert_int_equal(from(f), source);
	assert_int_equal(f->key.addr[!f->direction][15], destination);
	assert_int_equal(bpf_ntohs(f->key.port[f->direction]), sport);
	assert_int_equal(bpf_ntohs(f->key.port[!f->direction]), dport);
	assert_int_equal(bpf_ntohs(f->port[0]), sport);
	assert_int_equal(bpf_ntohs(f->port[1]), dport);
}

static void test_tcp(void **state)
{
	struct packet_facts f = parsed(craft_tcp4);
	static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 10, 0, 0, 1};

	(void)state;
	check_ends(&f, 1, 40000, 2, 80);
	assert_memory_equal(f.key.addr[f.direction], mapped, 16);
	assert_int_equal(f.key.proto, 6);
	assert_int_equal(f.tcp_flags, TCP_FLAG_SYN);
	assert_int_equal(f.l4_length, 40);
	assert_int_equal(f.ip_bytes, 65);
	assert_int_equal(f.payload, 5);
	assert_int_equal(f.segments, 1);
	f = parsed(craft_options4_tcp);
	check_ends(&f, 1, 40002, 2, 443);
	assert_int_equal(f.l3_length, 44);
	assert_int_equal(f.payload, 9);
	f = parsed(craft_padded4); /* Ethernet's padding is not IP */
	assert_int_equal(f.ip_bytes, 40);
	assert_int_equal(f.payload, 0);
}

static void test_both_directions(void **state)
{
	struct packet_facts there = parsed(craft_udp4), back = parsed(craft_udp4_back);

	(void)state;
	assert_memory_equal(&there.key, &back.key, sizeof(there.key));
	assert_int_not_equal(there.direction, back.direction);
	check_ends(&there, 1, 40000, 2, 53);
	check_ends(&back, 2, 53, 1, 40000);
}

/* Both forms of a key, and either order of the ends, give the same. */
static void test_key_forms(void **state)
{
	uint64_t random = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint32_t a = craft_random(&random), b = i % 5 ? craft_random(&random) : a;
		uint16_t p = craft_random(&random), q = i % 3 ? craft_random(&random) : p;
		uint8_t s[16] = {[10] = 0xff, 0xff}, d[16] = {[10] = 0xff, 0xff};
		struct flow_key x = {0}, y = {0}, z = {0};
		uint8_t dx, dy, dz;

		memcpy(s + 12, &a, 4);
		memcpy(d + 12, &b, 4);
		dx = flow_key_v4(&x, a, b, p, q, 17);
		dy = flow_key_canonical(&y, s, d, p, q, 17);
		dz = flow_key_canonical(&z, d, s, q, p, 17);
		assert_memory_equal(&x, &y, sizeof(x));
		assert_memory_equal(&x, &z, sizeof(x));
		assert_int_equal(dx, dy);
		assert_true((a == b && p == q) || dx != dz);
		assert_memory_equal(x.addr[dx], s, 16);
		assert_int_equal(x.port[dx], p);
	}
}

static void test_icmp(void **state)
{
	struct packet_facts f = parsed(craft_echo4);

	(void)state;
	assert_int_equal(bpf_ntohs(f.key.port[0]), 77);
	assert_int_equal(bpf_ntohs(f.key.port[1]), 77);
	assert_int_equal(f.payload, 56);
	assert_false(f.icmp_error || f.icmp_reply);
	f = parsed(craft_echo4_reply);
	assert_true(f.icmp_reply);
	assert_int_equal(from(&f), 2);
	f = parsed(craft_neighbour6);
	assert_int_equal(bpf_ntohs(f.key.port[0]), 135); /* type and code, whatever the direction */
	assert_int_equal(f.key.port[1], 0);
	assert_false(f.icmp_error);
	f = parsed(craft_frag_needed4);
	assert_true(f.icmp_error);
	assert_false(f.unreachable);
}

static void test_ping_oneself(void **state)
{
	struct packet_facts asked, replied;
	struct frame f;

	(void)state;
	for (int reply = 0; reply < 2; reply++) {
		frame_bare(&f);
		frame_v4(&f, 1, 1, 1, 0);
		frame_icmp(&f, reply ? 0 : 8, 0, 3);
		frame_end(&f);
		assert_int_equal(
			parse(&f, f.len, f.len, PACKET_IP, reply ? &replied : &asked, NULL),
			PACKET_OK);
	}
	assert_memory_equal(&asked.key, &replied.key, sizeof(asked.key));
	assert_int_not_equal(asked.direction, replied.direction);
}

static void check_embedded(void (*make)(struct frame *f), unsigned sport)
{
	struct packet_embedded e;
	struct packet_facts facts;
	struct frame f;
	size_t need;

	make(&f);
	frame_end(&f);
	assert_int_equal(parse(&f, f.len, f.len, PACKET_ETHERNET, &facts, &e), PACKET_OK);
	assert_true(facts.icmp_error && facts.unreachable);
	assert_int_equal(e.key.addr[e.direction][15], 1);
	assert_int_equal(e.key.addr[!e.direction][15], 2);
	assert_int_equal(e.key.proto, 17);
	assert_int_equal(bpf_ntohs(e.key.port[e.direction]), sport);
	assert_int_equal(bpf_ntohs(e.key.port[!e.direction]), 161);
	need = f.len;
	assert_true(packet_embedded(f.byte, need, &facts, &e));
	assert_false(packet_embedded(f.byte, need - 1, &facts, &e));
}

static void test_embedded(void **state)
{
	(void)state;
	check_embedded(craft_unreachable4, 40004);
	check_embedded(craft_unreachable6, 40012);
}

static void test_tags(void **state)
{
	struct packet_facts f = parsed(craft_tag4);

	(void)state;
	assert_int_equal(f.vlan, 0x123);
	assert_int_equal(f.l3_offset, 18);
	check_ends(&f, 1, 40006, 2, 53);
	f = parsed(craft_qinq4);
	assert_int_equal(f.vlan, 100); /* the outer one */
	assert_int_equal(f.l3_offset, 22);
	assert_int_equal(f.payload, 44);
	assert_int_equal(fate_of(craft_three_tags), LOSS_TOO_MANY_TAGS);
}

/* A tag that the device took off is the outer one, and counts as one of two. */
static void test_tag_beside(void **state)
{
	static const struct packet_offload whole;
	struct packet_facts facts;
	struct cursor c = {.kind = CURSOR_MEMORY};
	struct frame f;

	(void)state;
	craft_tag4(&f);
	frame_end(&f);
	c.data = f.byte;
	c.end = f.byte + f.len;
	c.length = f.len;
	assert_int_equal(
		packet_parse_cursor(&c, PACKET_ETHERNET, PACKET_TAGGED | 77, &whole, &facts),
		PACKET_OK);
	assert_int_equal(facts.vlan, 77);
	assert_int_equal(facts.l3_offset, 18);
	craft_qinq4(&f);
	frame_end(&f);
	c.end = f.byte + f.len;
	c.length = f.len;
	assert_int_equal(
		packet_parse_cursor(&c, PACKET_ETHERNET, PACKET_TAGGED | 77, &whole, &facts),
		LOSS_TOO_MANY_TAGS);
}

static void test_segments(void **state)
{
	const struct packet_offload both = {.segments = 3}, size = {.size = 1000};
	struct packet_facts facts;
	struct cursor c = {.kind = CURSOR_MEMORY};
	struct frame f;

	(void)state;
	frame_link(&f);
	frame_v4(&f, 1, 2, 6, 4);
	frame_tcp(&f, 1, 2, 0x10, 12);
	frame_payload(&f, 2001);
	frame_end(&f);
	c.data = f.byte;
	c.end = f.byte + f.len;
	c.length = f.len;
	assert_int_equal(packet_parse_cursor(&c, PACKET_ETHERNET, 0, &both, &facts), PACKET_OK);
	assert_int_equal(facts.segments, 3);
	assert_int_equal(facts.ip_bytes, 2001 + 3 * 56);
	assert_int_equal(packet_parse_cursor(&c, PACKET_ETHERNET, 0, &size, &facts), PACKET_OK);
	assert_int_equal(facts.segments, 3);
	assert_int_equal(facts.payload, 2001);
	f.byte[f.ip + 2] = f.byte[f.ip + 3] = 0; /* too long for the field */
	assert_int_equal(packet_parse_cursor(&c, PACKET_ETHERNET, 0, &size, &facts), PACKET_OK);
	assert_int_equal(facts.ip_bytes, 2001 + 3 * 56);
}

static void test_v6_extensions(void **state)
{
	static void (*const each[])(struct frame *) = {craft_hop6, craft_routing6,  craft_options6,
						       craft_ah6,  craft_mobility6, craft_hip6,
						       craft_shim6};
	static const unsigned kind[] = {0, 43, 60, 51, 135, 139, 140};
	struct packet_facts f;

	(void)state;
	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		f = parsed(each[i]);
		assert_int_equal(f.key.proto, 6);
		check_ends(&f, 1, 40020 + kind[i], 2, 80);
		assert_int_equal(f.l3_length, kind[i] == 51 ? 64 : 56);
		assert_int_equal(f.payload, 10);
	}
	f = parsed(craft_chain6);
	check_ends(&f, 1, 40014, 2, 53);
	assert_int_equal(f.payload, 12);
	assert_int_equal(f.vlan, 5);
	f = parsed(craft_esp6);
	assert_int_equal(f.key.proto, 50);
	check_ends(&f, 1, 0, 2, 0);
	assert_int_equal(f.payload, 40);
	f = parsed(craft_no_next6);
	assert_int_equal(f.ip_bytes, 40);
	assert_int_equal(fate_of(craft_long_chain6), LOSS_TOO_MANY_EXTENSIONS);
}

static void test_fragments(void **state)
{
	struct packet_facts f = parsed(craft_fragment4_first), later;

	(void)state;
	assert_int_equal(f.fragment, PACKET_FIRST);
	assert_int_equal(f.fragment_id, bpf_htons(4711));
	check_ends(&f, 1, 40000, 2, 53);
	later = parsed(craft_fragment4_later);
	assert_int_equal(later.fragment, PACKET_LATER);
	check_ends(&later, 1, 0, 2, 0);
	assert_int_equal(later.payload, 30);
	packet_set_ports(&later, bpf_htons(40000), bpf_htons(53));
	assert_memory_equal(&later.key, &f.key, sizeof(f.key));
	assert_int_equal(later.direction, f.direction);
	f = parsed(craft_fragment6_first);
	assert_int_equal(f.fragment, PACKET_FIRST);
	assert_int_equal(f.fragment_id, bpf_htonl(99));
	f = parsed(craft_fragment6_later);
	assert_int_equal(f.fragment, PACKET_LATER);
	assert_int_equal(f.l3_length, 56);
	f = parsed(craft_fragment6_atomic);
	assert_int_equal(f.fragment, PACKET_WHOLE);
	check_ends(&f, 1, 40017, 2, 53);
}

static int fate_with(size_t at, uint8_t value)
{
	struct packet_facts facts;
	struct frame f;

	craft_tcp4(&f);
	frame_end(&f);
	f.byte[at] = value;
	return parse(&f, f.len, f.len, PACKET_ETHERNET, &facts, NULL);
}

static void test_reasons(void **state)
{
	struct packet_facts facts;
	struct frame f;

	(void)state;
	assert_int_equal(fate_of(craft_arp), LOSS_NOT_IP);
	assert_int_equal(fate_with(14, 0x65), LOSS_BAD_IP_VERSION);
	assert_int_equal(fate_with(14, 0x44), LOSS_BAD_IP_HEADER);
	assert_int_equal(fate_with(17, 19), LOSS_BAD_IP_HEADER);
	assert_int_equal(fate_with(17, 39), LOSS_TRUNCATED_TRANSPORT);
	assert_int_equal(fate_with(46, 0x40), LOSS_BAD_TRANSPORT_HEADER);
	assert_int_equal(fate_with(46, 0xf0), LOSS_BAD_TRANSPORT_HEADER);
	craft_udp4(&f);
	frame_end(&f);
	f.byte[f.udp + 5] = 7;
	assert_int_equal(parse(&f, f.len, f.len, PACKET_ETHERNET, &facts, NULL),
			 LOSS_BAD_TRANSPORT_HEADER);
	f.byte[0] = 0x50;
	assert_int_equal(parse(&f, f.len, f.len, PACKET_IP, &facts, NULL), LOSS_BAD_IP_VERSION);
	assert_int_equal(parse(&f, 0, 0, PACKET_IP, &facts, NULL), LOSS_TRUNCATED_IP);
}

/* A capture that cut the packet off still tells its true length. */
static void test_snapped(void **state)
{
	struct packet_facts facts;
	struct frame f;

	(void)state;
	frame_link(&f);
	frame_v4(&f, 1, 2, 6, 0);
	frame_tcp(&f, 1, 2, 0x10, 0);
	frame_payload(&f, 1000);
	frame_end(&f);
	assert_int_equal(parse(&f, 54, f.len, PACKET_ETHERNET, &facts, NULL), PACKET_OK);
	assert_int_equal(facts.ip_bytes, 1040);
	assert_int_equal(parse(&f, 53, f.len, PACKET_ETHERNET, &facts, NULL),
			 LOSS_TRUNCATED_TRANSPORT);
	/* A header that promises more than was on the wire is not believed. */
	assert_int_equal(parse(&f, 600, 600, PACKET_ETHERNET, &facts, NULL), PACKET_OK);
	assert_int_equal(facts.ip_bytes, 586);
}

static void test_truncated_everywhere(void **state)
{
	struct packet_facts facts;
	struct frame f;

	(void)state;
	for (size_t i = 0; i < CRAFTED; i++) {
		craft(&f, i);
		for (size_t n = 0; n <= f.len; n++) {
			parse(&f, n, f.len, PACKET_ETHERNET, &facts, NULL);
			parse(&f, n, n, PACKET_ETHERNET, &facts, NULL);
			if (f.ip && n > f.ip) {
				struct frame bare = f;

				memmove(bare.byte, f.byte + f.ip, f.len - f.ip);
				parse(&bare, n - f.ip, f.len - f.ip, PACKET_IP, &facts, NULL);
			}
		}
		assert_int_equal(parse(&f, 13, f.len, PACKET_ETHERNET, &facts, NULL),
				 LOSS_TRUNCATED_LINK);
	}
}

static void test_mutated(void **state)
{
	uint64_t random = 0x5eed;
	struct packet_facts facts;
	unsigned flows = 0;
	struct frame f;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		craft(&f, i % CRAFTED);
		craft_mutate(&f, &random);
		if (parse(&f, f.len, f.len + i % 7, PACKET_ETHERNET, &facts, NULL) != PACKET_OK)
			continue;
		flows++;
		assert_true(facts.payload <= facts.ip_bytes);
		assert_true(facts.direction <= 1);
		assert_true(facts.l3_offset + facts.ip_bytes <= f.len + i % 7);
	}
	assert_true(flows > 50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),	     cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_key_forms),    cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_ping_oneself), cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_tags),	     cmocka_unit_test(test_tag_beside),
		cmocka_unit_test(test_segments),     cmocka_unit_test(test_v6_extensions),
		cmocka_unit_test(test_fragments),    cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_snapped),	     cmocka_unit_test(test_truncated_everywhere),
		cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
