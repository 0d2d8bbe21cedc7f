/* SPDX-License-Identifier: Apache-2.0 */

/* What one packet does to a connection, and what no sequence of packets can do. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/crafted.h"
#include "bpf/state.h"

enum {
	SYN = TCP_FLAG_SYN,
	ACK = TCP_FLAG_ACK,
	RST = TCP_FLAG_RST,
	FIN = TCP_FLAG_FIN,
};

/* A connection as a table without rooms keeps it. */
struct machine {
	struct flow_view v;
	uint8_t proto, inbound;
	int begun, starts;
	int promote;
	unsigned told; /* of the last packet */
};

static void packet(struct machine *m, unsigned direction, unsigned flags, int reply)
{
	struct flow_packet p = {
		.proto = m->proto,
		.direction = direction,
		.flags = flags,
		.reply = reply,
		.inbound = m->inbound,
		.acks = !!(flags & ACK),
		.port = {bpf_htons(direction ? 80 : 40000), bpf_htons(direction ? 40000 : 80)}};
	struct flow_step s = {.restart = 1};

	if (m->begun)
		s = flow_next(&m->v, &p);
	if (s.restart) {
		s = flow_first(&p);
		memset(&m->v, 0, sizeof(m->v));
		m->begun = 1;
		m->starts++;
	}
	m->v.state = s.state;
	m->v.marks = s.marks;
	m->v.initiator = s.initiator;
	m->v.flags[direction] |= flags;
	m->v.sent[direction] = 1;
	m->promote = s.promote;
	m->told = s.tell;
}

#define expect(m, the_state, the_tell)                                                             \
	do {                                                                                       \
		assert_int_equal((m).v.state, the_state);                                          \
		assert_int_equal((m).told, the_tell);                                              \
	} while (0)

static void test_tcp(void **state)
{
	struct machine m = {.proto = 6};

	(void)state;
	packet(&m, 0, SYN, 0);
	expect(m, FLOW_NEW, TELL_STARTED);
	packet(&m, 1, SYN | ACK, 0);
	expect(m, FLOW_ANSWERED, 0);
	assert_false(m.promote);
	packet(&m, 1, SYN | ACK, 0);
	packet(&m, 0, SYN, 0);
	expect(m, FLOW_ANSWERED, 0);
	packet(&m, 0, ACK, 0);
	expect(m, FLOW_ESTABLISHED, TELL_ESTABLISHED);
	assert_true(m.promote);
	packet(&m, 0, SYN, 0); /* no new connection while this one lives */
	packet(&m, 0, FIN | ACK, 0);
	packet(&m, 0, FIN | ACK, 0);
	expect(m, FLOW_ESTABLISHED, 0);
	packet(&m, 1, FIN | ACK, 0);
	expect(m, FLOW_CLOSED, TELL_CLOSED);
	packet(&m, 0, ACK, 0);
	packet(&m, 1, RST, 0);
	expect(m, FLOW_CLOSED, 0);
	assert_int_equal(m.starts, 1);
	packet(&m, 0, SYN, 0);
	expect(m, FLOW_NEW, TELL_STARTED);
	assert_int_equal(m.starts, 2);
}

static void test_forged(void **state)
{
	struct flow_view v = {.state = FLOW_ANSWERED};
	struct flow_packet p = {.proto = 6, .flags = ACK};

	(void)state;
	assert_false(flow_next(&v, &p).promote);
	assert_int_equal(flow_next(&v, &p).state, FLOW_ANSWERED);
	p.acks = 1;
	assert_true(flow_next(&v, &p).promote);
	assert_true(flow_acks(101, 101, 0));
	assert_true(flow_acks(102, 101, 0)); /* and a FIN */
	assert_false(flow_acks(103, 101, 0));
	assert_false(flow_acks(100, 101, 0));
	assert_true(flow_acks(4, 0xfffffff0, 20));
	assert_false(flow_acks(6, 0xfffffff0, 20));
}

static void test_close_at_once(void **state)
{
	struct machine m = {.proto = 6};

	(void)state;
	packet(&m, 0, SYN, 0);
	packet(&m, 1, SYN | ACK, 0);
	packet(&m, 1, FIN | ACK, 0);
	packet(&m, 0, FIN | ACK, 0);
	expect(m, FLOW_CLOSED, TELL_ESTABLISHED | TELL_CLOSED);
	assert_true(m.promote);
}

static void test_rejected(void **state)
{
	struct machine m = {.proto = 6, .inbound = 1};

	(void)state;
	packet(&m, 0, SYN, 0);
	packet(&m, 1, RST | ACK, 0);
	expect(m, FLOW_REJECTED, TELL_REJECTED);
	packet(&m, 0, ACK, 0);
	expect(m, FLOW_REJECTED, 0);
	packet(&m, 0, SYN, 0);
	expect(m, FLOW_NEW, TELL_STARTED);
	packet(&m, 1, SYN | ACK, 0);
	packet(&m, 1, RST, 0); /* the responder took it back */
	expect(m, FLOW_REJECTED, TELL_REJECTED);
}

static void test_half_open(void **state)
{
	struct machine m = {.proto = 6, .inbound = 1};

	(void)state;
	packet(&m, 0, SYN, 0);
	packet(&m, 1, SYN | ACK, 0);
	packet(&m, 0, RST, 0);
	expect(m, FLOW_CLOSED, TELL_ESTABLISHED | TELL_CLOSED);
	assert_true(m.v.marks & FLOW_HALF_OPEN);
	assert_false(m.promote);
}

static void test_unanswered(void **state)
{
	struct machine m = {.proto = 6};

	(void)state;
	packet(&m, 0, SYN, 0);
	packet(&m, 0, ACK, 0); /* nobody answered: SYN and ACK alone fill no table */
	packet(&m, 0, RST, 0);
	packet(&m, 1, ACK, 0);
	expect(m, FLOW_NEW, 0);
	assert_int_equal(m.starts, 1);
}

static void test_answers_first(void **state)
{
	struct machine m = {.proto = 6}, reset = {.proto = 6}, echo = {.proto = 1};

	(void)state;
	packet(&m, 1, SYN | ACK, 0);
	assert_int_equal(m.v.initiator, 0);
	assert_true(m.v.marks & FLOW_MIDSTREAM);
	packet(&m, 0, RST, 0); /* backscatter */
	expect(m, FLOW_REJECTED, 0);
	packet(&reset, 0, RST, 0);
	assert_int_equal(reset.v.initiator, 1);
	packet(&reset, 0, RST, 0);
	packet(&reset, 1, ACK, 0);
	assert_false(reset.promote);
	packet(&echo, 0, 0, 1);
	assert_int_equal(echo.v.initiator, 1);
	packet(&echo, 0, 0, 1);
	expect(echo, FLOW_NEW, 0);
}

static void test_midstream(void **state)
{
	struct machine m = {.proto = 6};

	(void)state;
	packet(&m, 1, ACK, 0);
	expect(m, FLOW_NEW, TELL_STARTED);
	assert_int_equal(m.v.initiator, 0); /* the lower port answers */
	assert_false(m.promote);
	packet(&m, 1, ACK, 0);
	expect(m, FLOW_ESTABLISHED, TELL_ESTABLISHED);
	assert_true(m.promote && m.v.marks & FLOW_MIDSTREAM);
	m = (struct machine){.proto = 6};
	packet(&m, 0, ACK, 0);
	packet(&m, 0, SYN, 0); /* the last ACK of one was taken for a connection */
	expect(m, FLOW_NEW, TELL_STARTED);
	assert_int_equal(m.v.marks, 0);
}

/* FIN, NULL and Xmas scans: whoever sends what no connection sends has begun. */
static void test_probes(void **state)
{
	static const unsigned flags[] = {FIN, 0, FIN | TCP_FLAG_PSH | TCP_FLAG_URG};
	struct flow_packet later = {.proto = 6, .later = 1};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct machine m = {.proto = 6};

		packet(&m, 1, flags[i], 0); /* from the lower port */
		expect(m, FLOW_NEW, TELL_STARTED);
		assert_int_equal(m.v.initiator, 1);
		assert_int_equal(m.v.marks & FLOW_MIDSTREAM, 0);
		packet(&m, 1, flags[i], 0);
		expect(m, FLOW_NEW, 0);
		packet(&m, 0, RST | ACK, 0);
		expect(m, FLOW_REJECTED, TELL_REJECTED);
		assert_false(m.promote);
	}
	assert_true(flow_first(&later).marks & FLOW_MIDSTREAM);
}

static void test_udp(void **state)
{
	struct machine out = {.proto = 17}, in = {.proto = 17, .inbound = 1};

	(void)state;
	packet(&out, 0, 0, 0);
	packet(&out, 0, 0, 0);
	expect(out, FLOW_NEW, 0);
	packet(&out, 1, 0, 0);
	expect(out, FLOW_ESTABLISHED, TELL_ESTABLISHED);
	assert_true(out.promote);
	packet(&in, 1, 0, 0);
	packet(&in, 0, 0, 0);
	expect(in, FLOW_ANSWERED, TELL_ESTABLISHED);
	assert_false(in.promote);
	packet(&in, 0, 0, 0);
	expect(in, FLOW_ANSWERED, 0);
	packet(&in, 1, 0, 0);
	expect(in, FLOW_ESTABLISHED, TELL_ESTABLISHED);
	assert_true(in.promote);
}

static void test_refused(void **state)
{
	struct flow_view v = {.initiator = 1};

	(void)state;
	assert_true(flow_refused(&v, 1));
	assert_false(flow_refused(&v, 0)); /* an error about the answer */
	v.state = FLOW_ANSWERED;
	assert_false(flow_refused(&v, 1));
	v = (struct flow_view){.initiator = 1, .marks = FLOW_MIDSTREAM};
	assert_false(flow_refused(&v, 1));
}

/* Whatever is sent: states only go up, and each outcome is told once a connection. */
static void test_any_sequence(void **state)
{
	static const uint8_t protos[] = {6, 6, 6, 17, 1, 132};
	uint64_t random = 99;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct machine m = {.proto = protos[i % 6], .inbound = i & 1};
		int established = 0, over = 0, answered = 0;

		for (int n = 0; n < 12; n++) {
			unsigned flags = m.proto == 6 ? craft_random(&random) & 0x17 : 0;
			int starts = m.starts, before = m.v.state;

			packet(&m, craft_random(&random) & 1, flags,
			       m.proto == 1 && craft_random(&random) % 2);
			if (m.starts != starts)
				established = over = answered = before = 0;
			assert_true(m.v.state >= before);
			answered += m.proto != 6 && m.v.state == FLOW_ANSWERED && m.told;
			established += !!(m.told & TELL_ESTABLISHED);
			over += !!(m.told & (TELL_REJECTED | TELL_CLOSED));
			assert_true(established <= 1 + (answered > 0));
			assert_true(over <= 1);
			assert_true(!(m.told & TELL_CLOSED) || established);
			assert_true(!m.promote || m.v.state >= FLOW_ESTABLISHED);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),	     cmocka_unit_test(test_close_at_once),
		cmocka_unit_test(test_rejected),     cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_unanswered),   cmocka_unit_test(test_answers_first),
		cmocka_unit_test(test_midstream),    cmocka_unit_test(test_probes),
		cmocka_unit_test(test_udp),	     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_any_sequence), cmocka_unit_test(test_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
