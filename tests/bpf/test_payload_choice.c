/* SPDX-License-Identifier: Apache-2.0 */

/* Which payload is chosen behind the opening, by port and by content, and ARP; and that the agent
 * chooses the same of a capture. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "crafted.h"
#include "flow/chosen.h"
#include "stream.h"

static int open_rig(void **state)
{
	*state = rig_open(&(struct rig_options){.payload = true});
	return 0;
}

static int close_rig(void **state)
{
	rig_close(*state);
	return 0;
}

static int begin(void **state)
{
	if (*state)
		rig_reset(*state);
	return 0;
}

/* ---- by port and by content ---- */

static void messages(struct rig *rig, unsigned port, enum payload_watch first)
{
	uint8_t query[1200] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
	struct talk t = talk_new(rig, false, 40000, port, 17);

	for (size_t i = 12; i < sizeof(query); i++)
		query[i] = (uint8_t)i;
	for (size_t i = 0; i < 12; i++) {
		query[2] = i % 2 ? 0x81 : 1; /* answers do not say by themselves what they are */
		datagram(&t, i % 2 == 0, query, sizeof(query));
		assert_int_equal(record(rig, i)->length, sizeof(query));
		assert_int_equal(record(rig, i)->wire, sizeof(query));
		assert_int_equal(record(rig, i)->watch, PAYLOAD_MESSAGES);
		assert_int_equal(record(rig, i)->seen, i / 2 * sizeof(query));
		assert_memory_equal(record(rig, i)->bytes, query, sizeof(query));
	}
	assert_int_equal(payload_watch_of(17, bpf_htons(40000), bpf_htons(port)), first);
}

static void test_messages(void **state)
{
	rig_need(*state);
	messages(*state, 53, PAYLOAD_MESSAGES);
	rig_reset(*state);
	messages(*state, 5300, PAYLOAD_OPENING); /* told by content, and kept at promotion */
}

/* The first packet says what the rest is worth; the rest is longer than the opening. */
static struct talk beyond(struct rig *rig, unsigned port, const char *text, size_t text_len,
			  enum payload_watch watch)
{
	struct talk t = talk_new(rig, true, 40000, port, 6);

	handshake(&t);
	segment_text(&t, true, 0, 2500, text, text_len);
	assert_int_equal(record(rig, 0)->watch, watch);
	segment(&t, true, ACK | PSH, 2500, 2500);
	assert_int_equal(record(rig, 1)->length, OPENING - 2500);
	rig_forget_payload(rig);
	segment(&t, true, ACK | PSH, 5000, 900);
	return t;
}

static void test_http(void **state)
{
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	t = beyond(rig, 8081, "POST /a HTTP/1.1\r\n", 18, PAYLOAD_HTTP);
	none(rig);
	segment_text(&t, true, 5900, 3000, "GET /b HTTP/1.1\r\n", 17);
	assert_int_equal(record(rig, 0)->length, PAYLOAD_HTTP_BYTES);
	assert_int_equal(record(rig, 0)->wire, 3000);
	assert_int_equal(record(rig, 0)->seen, 5900);
	assert_memory_equal(record(rig, 0)->bytes, "GET /b", 6);
	segment_text(&t, true, 8900, 3, "GET", 3); /* too short to tell */
	assert_int_equal(rig->payloads, 1);
}

static void test_smb(void **state)
{
	static const char head[] = {0, 0, 0, 100, (char)0xfe, 'S', 'M', 'B'};
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	t = beyond(rig, 445, head, sizeof(head), PAYLOAD_SMB);
	none(rig);
	segment_text(&t, true, 5900, 3000, head, sizeof(head));
	assert_int_equal(record(rig, 0)->length, PAYLOAD_SMB_BYTES);
	assert_memory_equal(record(rig, 0)->bytes, head, sizeof(head));
}

static void test_lines(void **state)
{
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	t = beyond(rig, 21, "220 hello\r\n", 11, PAYLOAD_LINES);
	segment(&t, false, ACK | PSH, 0, 3);
	assert_int_equal(record(rig, 0)->length, PAYLOAD_LINE_BYTES);
	assert_int_equal(record(rig, 1)->length, 3);
}

/* SSH on the port of HTTPS: behind the opening only sizes are told, until it is a bulk transfer. */
static void test_shape(void **state)
{
	struct rig *rig = *state;
	uint64_t seen = 5900;
	struct talk t;

	rig_need(rig);
	t = beyond(rig, 443, "SSH-2.0-OpenSSH_9.2\r\n", 21, PAYLOAD_SHAPE);
	assert_int_equal(record(rig, 0)->length, 0);
	assert_int_equal(record(rig, 0)->wire, 900);
	assert_int_equal(record(rig, 0)->last, 1);
	assert_int_equal(record(rig, 0)->seen, 5000);
	for (; seen < 2 * PAYLOAD_SHAPE_UNTIL; seen += 3000)
		segment(&t, true, ACK | PSH, seen, 3000);
	rig_drain_payload(rig);
	assert_int_equal(rig->payloads, 1 + (PAYLOAD_SHAPE_UNTIL - 5900 + 2999) / 3000);
}

static void test_echo(void **state)
{
	struct rig *rig = *state;
	struct talk t;

	rig_need(rig);
	t = talk_new(rig, false, 77, 0, 1);
	for (size_t i = 0; i < 100; i++)
		talk_echo(&t, i % 2 == 0);
	assert_int_equal(record(rig, 99)->length, 56);
	assert_int_equal(record(rig, 99)->icmp_type, 0);
	assert_int_equal(record(rig, 98)->icmp_type, 8);
	assert_int_equal(rig->payloads, 100);
}

/* ---- ARP ---- */

static void arp(struct rig *rig, enum rig_program program, unsigned tags, bool told)
{
	struct frame f;
	uint8_t *at;

	frame_link(&f);
	for (unsigned i = 0; i < tags; i++)
		frame_tag(&f, 0x8100, 5);
	frame_type(&f, 0x0806);
	at = frame_put(&f, 28);
	for (uint8_t i = 0; i < 28; i++)
		at[i] = 0x40 + i;
	frame_put(&f, 18); /* padding to 60 */
	assert_true(rig_run(rig, program, &f));
	if (!told) {
		none(rig);
		return;
	}
	assert_int_equal(record(rig, 0)->kind, PAYLOAD_ARP);
	assert_int_equal(record(rig, 0)->length, 28);
	assert_int_equal(record(rig, 0)->wire, 28);
	assert_int_equal(record(rig, 0)->last, 1);
	assert_true(record(rig, 0)->at > 0);
	assert_memory_equal(record(rig, 0)->bytes, at, 28);
	assert_memory_equal(&record(rig, 0)->key, &(struct flow_key){0}, sizeof(struct flow_key));
	assert_int_equal(rig->payloads, 1);
	rig_forget_payload(rig);
}

static void test_arp(void **state)
{
	struct rig *rig = *state;
	struct frame f;

	rig_need(rig);
	arp(rig, RIG_TC_IN, 0, true);
	arp(rig, RIG_TC_OUT, 0, true);
	arp(rig, RIG_TC_IN, 1, true);
	assert_int_equal(rig_loss(rig, LOSS_NOT_IP), 3);
	frame_link(&f);
	frame_type(&f, 0x88cc); /* LLDP */
	frame_put(&f, 46);
	assert_true(rig_run(rig, RIG_TC_IN, &f));
	none(rig);
	frame_link(&f);
	frame_type(&f, 0x0806); /* cut short */
	frame_put(&f, 27);
	assert_true(rig_run(rig, RIG_TC_IN, &f));
	none(rig);
	assert_int_equal(rig_loss(rig, LOSS_PAYLOAD_UNREADABLE), 1);
	behind_xdp(rig);
	arp(rig, RIG_XDP, 0, false);
	arp(rig, RIG_TC_IN, 0, true);
	assert_int_equal(rig_loss(rig, LOSS_NOT_IP), 6); /* once more, by XDP */
}

/* ---- the agent's choice ---- */

struct agreement {
	struct rig *rig;
	size_t told;
};

/* What the agent would tell of a capture's packet: the next record of the ring is the same. */
static void agrees(void *context, const struct payload_record *r, const uint8_t *bytes,
		   weir_time at)
{
	struct agreement *a = context;
	const struct payload_record *k = record(a->rig, a->told++);

	(void)at;
	assert_int_equal(k->kind, r->kind);
	assert_memory_equal(&k->key, &r->key, sizeof(k->key));
	assert_int_equal(k->seq, r->seq);
	assert_int_equal(k->seen, r->seen);
	assert_int_equal(k->start, r->start);
	assert_int_equal(k->started, r->started);
	assert_int_equal(k->wire, r->wire);
	assert_int_equal(k->length, r->length);
	assert_int_equal(k->watch, r->watch);
	assert_int_equal(k->direction, r->direction);
	assert_int_equal(k->tcp_flags, r->tcp_flags);
	assert_int_equal(k->icmp_type, r->icmp_type);
	assert_int_equal(k->icmp_code, r->icmp_code);
	assert_int_equal(k->last, r->last);
	assert_memory_equal(k->bytes, bytes, k->length);
}

static void forget(struct rig *rig, const struct flow_key *key)
{
	int fragments = bpf_map__fd(rig->skeleton->maps.fragments);
	struct fragment_key fragment;

	bpf_map_delete_elem(bpf_map__fd(rig->skeleton->maps.half_in), key);
	if (!bpf_map_get_next_key(fragments, NULL, &fragment))
		bpf_map_delete_elem(fragments, &fragment);
}

/* One packet through both, as the first of its flow. */
static size_t agree_on(struct rig *rig, const struct frame *f)
{
	struct agreement a = {.rig = rig};
	const struct chosen chosen = {agrees, &a, PAYLOAD_OPENING_BYTES};
	struct packet_facts facts;
	struct flow flow = {0};
	int fate = rig_facts(f, PACKET_ETHERNET, &facts);

	if (!rig_run(rig, RIG_TC_IN, f))
		return 0;
	if (fate == PACKET_OK) {
		flow.key = facts.key;
		chosen_begin(&flow);
		chosen_start(&flow, &facts);
		chosen_packet(&chosen, &flow, &facts, f->byte, (uint32_t)f->len, 0);
		forget(rig, &facts.key);
	} else if (fate == LOSS_NOT_IP) {
		chosen_other(&chosen, f->byte, (uint32_t)f->len, 0);
	}
	rig_drain_payload(rig);
	assert_int_equal(rig->payloads, a.told);
	rig_forget_payload(rig);
	rig_drain(rig);
	rig->records = 0;
	return a.told;
}

static const char *const beginnings[] = {
	"GET / HTTP/1.1\r\n",		"SSH-2.0-x", "\0\0\0\x40\xfeSMB\0\0\0\0", "\3\0\0\x13",
	"\x12\x34\1\0\0\1\0\0\0\0\0\0",
};

static void test_agreement(void **state)
{
	const unsigned mutated = getenv("WEIR_SLOW") ? 500 : 10000;
	uint64_t random = 0x5eed;
	struct rig *rig = *state;
	size_t told = 0;
	struct frame f;

	rig_need(rig);
	for (unsigned i = 0; i < CRAFTED + mutated; i++) {
		craft(&f, i % CRAFTED);
		if (i >= CRAFTED && f.len > 12 && i % 3 == 0)
			memcpy(f.byte + f.len - 12, beginnings[i % 5],
			       i % 5 == 1 ? 9 : 4 + i % 5 * 2);
		if (i >= CRAFTED)
			craft_mutate(&f, &random);
		told += agree_on(rig, &f);
	}
	assert_true(told > mutated / 4);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup(test, begin)
	const struct CMUnitTest tests[] = {
		EACH(test_messages), EACH(test_http), EACH(test_smb), EACH(test_lines),
		EACH(test_shape),    EACH(test_echo), EACH(test_arp), EACH(test_agreement),
	};

	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
