/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/flow/packets.h"

/* The tracker: packets to events, by what happens on the wire. */

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static void tcp(struct bench *b, bool answer, uint8_t flags, uint16_t payload)
{
	give(b, answer ? frame_tcp(2, 22, 1, 40000, flags, payload)
		       : frame_tcp(1, 40000, 2, 22, flags, payload));
}

static void handshake(struct bench *b)
{
	tcp(b, false, SYN, 0);
	tcp(b, true, SYN | ACK, 0);
	tcp(b, false, ACK, 0);
}

static void test_handshake(void **state)
{
	struct bench *b = *state;
	const struct event *e;

	tcp(b, false, SYN, 0);
	tcp(b, true, SYN | ACK, 0);
	assert_int_equal(count(b, SERVICE_CONNECTION), 0);
	tcp(b, false, ACK, 0);
	e = got(b, SERVICE_CONNECTION, 0);
	assert_int_equal(e->time, T0 + 20 * WEIR_MSEC);
	assert_int_equal(e->network_state, STATE_ESTABLISHED);
	assert_false(e->tcp_half_open);
	assert_int_equal(e->destination_port, 22);
	tcp(b, false, PSH | ACK, 100);
	tcp(b, true, PSH | ACK, 200);
	tcp(b, true, PSH | ACK, 200); /* a retransmission is counted: bytes are those on the wire */
	tcp(b, false, FIN | ACK, 0);
	tcp(b, true, FIN | ACK, 0);
	tcp(b, false, ACK, 0);
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 1);
	assert_int_equal(count(b, SERVICE_CONNECTION), 1);
	assert_int_equal(count(b, SERVICE_FLOW), 1);
	e = got(b, SERVICE_FLOW, 0);
	assert_int_equal(e->source_bytes, 5 * 40 + 100);
	assert_int_equal(e->source_payload_bytes, 100);
	assert_int_equal(e->destination_bytes, 4 * 40 + 400);
	assert_int_equal(e->destination_payload_bytes, 400);
	assert_int_equal(e->source_packets, 5);
	assert_int_equal(e->destination_packets, 4);
	assert_true(e->flow_ended);
}

static void test_reset(void **state)
{
	struct bench *b = *state;

	tcp(b, false, SYN, 0);
	tcp(b, true, RST | ACK, 0);
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->network_state, STATE_REJECTED);
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->time, T0 + 10 * WEIR_MSEC);
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->event_duration, 10 * WEIR_MSEC);
	finish(b);
	assert_int_equal(got(b, SERVICE_FLOW, 0)->network_state, STATE_REJECTED);
}

static void test_unanswered_with_retransmissions(void **state)
{
	struct bench *b = *state;

	tcp(b, false, SYN, 0);
	b->at = T0 + WEIR_SEC;
	tcp(b, false, SYN, 0);
	b->at = T0 + 3 * WEIR_SEC;
	tcp(b, false, SYN, 0);
	b->at = T0 + 7 * WEIR_SEC;
	tcp(b, false, SYN, 0);
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 1);
	assert_int_equal(count(b, SERVICE_CONNECTION), 1);
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->network_state, STATE_UNANSWERED);
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->time, T0 + 5 * WEIR_SEC);
	assert_int_equal(count(b, SERVICE_FLOW), 4);
}

static void test_half_open_scan(void **state)
{
	struct bench *b = *state;

	tcp(b, false, SYN, 0);
	tcp(b, true, SYN | ACK, 0);
	tcp(b, false, RST, 0);
	finish(b);
	assert_int_equal(count(b, SERVICE_CONNECTION), 1);
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->network_state, STATE_ESTABLISHED);
	assert_true(got(b, SERVICE_CONNECTION, 0)->tcp_half_open);
	assert_true(got(b, SERVICE_FLOW, 0)->tcp_half_open);
}

static struct frame with_ack(struct frame f, uint32_t ack)
{
	ack = htonl(ack);
	memcpy(f.bytes + f.ip + 28, &ack, sizeof(ack));
	return f;
}

/* Nobody goes on from an answer that went elsewhere. */
static void test_forged(void **state)
{
	struct bench *b = *state;

	tcp(b, false, SYN, 0);
	tcp(b, true, SYN | ACK, 0);
	give(b, with_ack(frame_tcp(1, 40000, 2, 22, ACK, 0), 1));
	give(b, with_ack(frame_tcp(1, 40000, 2, 22, PSH | ACK, 10), 4));
	assert_int_equal(count(b, SERVICE_CONNECTION), 0);
	give(b, with_ack(frame_tcp(1, 40000, 2, 22, ACK, 0), 2));
	assert_int_equal(count(b, SERVICE_CONNECTION), 1);
	assert_false(got(b, SERVICE_CONNECTION, 0)->tcp_half_open);
	finish(b);
}

static void test_stray_answers(void **state)
{
	struct bench *b = *state;

	give(b, frame_tcp(2, 22, 1, 40000, SYN | ACK, 0));
	give(b, frame_tcp(2, 40001, 1, 50000, RST, 0));
	give(b, frame_icmp(2, 1, 0, 0, 7));
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 0);
	assert_int_equal(count(b, SERVICE_CONNECTION), 0);
	assert_int_equal(count(b, SERVICE_FLOW), 3);
	for (size_t i = 0; i < 3; i++) { /* 10.0.0.1 asked, whatever the ports say */
		assert_int_equal(got(b, SERVICE_FLOW, i)->source_ip.byte[15], 1);
		assert_true(got(b, SERVICE_FLOW, i)->weir_midstream);
	}
}

static void test_midstream(void **state)
{
	struct bench *b = *state;

	give(b, frame_tcp(1, 3389, 2, 1025, ACK, 10)); /* 3389 serves, though 1025 is lower */
	give(b, frame_tcp(2, 1025, 1, 3389, ACK, 10));
	give(b, frame_tcp(1, 50000, 2, 40000, ACK, 10)); /* neither: the lower */
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 0);
	assert_int_equal(count(b, SERVICE_CONNECTION), 0);
	for (size_t i = 0; i < 2; i++) {
		const struct event *e = got(b, SERVICE_FLOW, i);

		assert_true(e->weir_midstream);
		assert_int_equal(e->destination_port, e->source_port == 50000 ? 40000 : 3389);
	}
}

static void test_scan_without_syn(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < 3; i++) {
		give(b, frame_tcp(1, 40000, 2, 20 + i, i ? FIN : 0, 0));
		give(b, frame_tcp(2, 20 + i, 1, 40000, RST | ACK, 0));
	}
	give(b, frame_tcp(1, 40000, 2, 30, FIN, 0)); /* an open port says nothing */
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 4);
	assert_int_equal(count(b, SERVICE_CONNECTION), 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(got(b, SERVICE_CONNECTION, i)->network_state,
				 i < 3 ? STATE_REJECTED : STATE_UNANSWERED);
}

static void test_tuple_used_again(void **state)
{
	struct bench *b = *state;

	handshake(b);
	tcp(b, false, FIN | ACK, 0);
	tcp(b, true, FIN | ACK, 0);
	tcp(b, false, ACK, 0);
	handshake(b);
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 2);
	assert_int_equal(count(b, SERVICE_CONNECTION), 2);
	assert_int_equal(count(b, SERVICE_FLOW), 2);
	assert_int_equal(got(b, SERVICE_FLOW, 0)->flow_total_source_packets, 4);
	assert_int_equal(got(b, SERVICE_FLOW, 1)->flow_total_source_packets, 2);
}

static void test_udp(void **state)
{
	struct bench *b = *state;

	give(b, frame_udp(1, 5000, 2, 53, 30));
	give(b, frame_udp(2, 53, 1, 5000, 300));
	give(b, frame_udp(1, 5001, 2, 53, 30));
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 2);
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->network_state, STATE_ESTABLISHED);
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->time, T0 + 10 * WEIR_MSEC);
	assert_int_equal(got(b, SERVICE_CONNECTION, 1)->network_state, STATE_UNANSWERED);
	assert_true(got(b, SERVICE_CONNECTION, 1)->destination_answered);
	assert_false(event_has(got(b, SERVICE_CONNECTION, 0), FIELD_TCP_HALF_OPEN));
}

static void test_echo(void **state)
{
	struct bench *b = *state;
	const struct event *e;

	give(b, frame_icmp(1, 2, 8, 0, 77));
	give(b, frame_icmp(2, 1, 0, 0, 77));
	give(b, frame_icmp(1, 3, 8, 0, 78));
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 2);
	e = got(b, SERVICE_ATTEMPT, 0);
	assert_int_equal(e->icmp_type, 8);
	assert_int_equal(e->icmp_code, 0);
	assert_false(event_has(e, FIELD_SOURCE_PORT));
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->network_state, STATE_ESTABLISHED);
	assert_int_equal(got(b, SERVICE_CONNECTION, 1)->network_state, STATE_UNANSWERED);
}

/* A message that nobody answers under its own key has no outcome. */
static void test_other_icmp(void **state)
{
	struct bench *b = *state;

	give(b, frame_icmp(1, 2, 13, 0, 0));
	finish(b);
	assert_int_equal(got(b, SERVICE_ATTEMPT, 0)->icmp_type, 13);
	assert_int_equal(count(b, SERVICE_CONNECTION), 0);
}

static void test_unreachable(void **state)
{
	struct bench *b = *state;
	struct frame udp = frame_udp(1, 5000, 2, 161, 10), syn = frame_tcp(1, 9, 2, 10, SYN, 0);
	struct frame ping = frame_icmp(1, 2, 8, 0, 5);

	give(b, udp);
	give(b, frame_error(2, 1, 3, 3, &udp));
	give(b, syn);
	give(b, frame_error(9, 1, 3, 13, &syn)); /* from a router */
	give(b, ping);
	give(b, frame_error(9, 1, 3, 1, &ping));
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 3);
	assert_int_equal(count(b, SERVICE_CONNECTION), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(got(b, SERVICE_CONNECTION, i)->network_state, STATE_REJECTED);
		assert_int_equal(got(b, SERVICE_CONNECTION, i)->time,
				 T0 + (weir_time)(2 * i + 1) * 10 * WEIR_MSEC);
	}
	assert_int_equal(count(b, SERVICE_FLOW), 6); /* errors are flows of their own */
}

/* Time exceeded is no rejection, nor is an error about an answer or about what is established. */
static void test_errors_that_reject_nothing(void **state)
{
	struct bench *b = *state;
	struct frame syn = frame_tcp(1, 40000, 2, 22, SYN, 0);
	struct frame answer = frame_tcp(2, 22, 1, 40000, SYN | ACK, 0);

	give(b, syn);
	give(b, frame_error(9, 1, 11, 0, &syn));
	give(b, frame_error(9, 2, 3, 1, &answer));
	assert_int_equal(count(b, SERVICE_CONNECTION), 0);
	give(b, answer);
	tcp(b, false, ACK, 0);
	give(b, frame_error(9, 1, 3, 1, &syn));
	finish(b);
	assert_int_equal(count(b, SERVICE_CONNECTION), 1);
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->network_state, STATE_ESTABLISHED);
}

static struct frame fragment(uint16_t id, uint16_t offset, bool more, bool ports)
{
	struct frame f = {.length = 0};

	frame_v4(&f, 1, 2, 17, 80, id, (uint16_t)((more ? 0x2000 : 0) | offset / 8));
	if (ports) {
		frame_put16(&f, 7000);
		frame_put16(&f, 8000);
		frame_put16(&f, 8 + 152);
		frame_put16(&f, 0);
	}
	frame_zeros(&f, ports ? 72 : 80);
	return f;
}

static void test_fragments(void **state)
{
	struct bench *b = *state;
	struct track_stats stats;

	give(b, fragment(5, 0, true, true));
	give(b, fragment(5, 80, false, false));
	give(b, fragment(6, 80, false, false)); /* its first was not seen */
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 2);
	assert_int_equal(got(b, SERVICE_FLOW, 0)->source_port, 7000);
	assert_int_equal(got(b, SERVICE_FLOW, 0)->source_bytes, 200);
	assert_int_equal(got(b, SERVICE_FLOW, 1)->source_port, 0);
	track_stats(b->track, &stats);
	assert_int_equal(stats.lost[LOSS_FRAGMENT_EARLY], 1);
}

static void test_fragments_are_forgotten(void **state)
{
	struct bench *b = *state;
	struct track_stats stats;

	give(b, fragment(5, 0, true, true));
	b->at = T0 + 31 * WEIR_SEC;
	give(b, fragment(5, 80, false, false));
	for (unsigned i = 0; i < 10000; i++) /* more than are remembered */
		give(b, fragment((uint16_t)(100 + i), 0, true, true));
	give(b, fragment(100, 80, false, false));
	give(b, fragment(10099, 80, false, false));
	finish(b);
	track_stats(b->track, &stats);
	assert_int_equal(stats.lost[LOSS_FRAGMENT_EARLY], 2);
}

/* One packet with a wrong time must not end every connection. */
static void test_wild_time(void **state)
{
	struct bench *b = *state;
	struct track_stats stats;
	weir_time back;

	handshake(b);
	back = b->at;
	b->at = T0 + 3650 * WEIR_DAY;
	tcp(b, false, PSH | ACK, 10);
	b->at = back;
	tcp(b, true, ACK, 0);
	assert_int_equal(track_clock(b->track), back);
	finish(b);
	track_stats(b->track, &stats);
	assert_int_equal(stats.wild, 1);
	assert_int_equal(count(b, SERVICE_FLOW), 1);
	assert_int_equal(got(b, SERVICE_FLOW, 0)->source_packets, 3);
	assert_int_equal(got(b, SERVICE_FLOW, 0)->time, T0 + WEIR_SEC);
}

static void test_gap_that_two_agree_on(void **state)
{
	struct bench *b = *state;
	weir_time later = T0 + 3650 * WEIR_DAY;

	give(b, frame_udp(1, 5000, 2, 53, 30));
	b->at = later;
	give(b, frame_udp(1, 5000, 2, 53, 30));
	assert_int_equal(track_clock(b->track), T0);
	give(b, frame_udp(1, 5001, 2, 53, 30));
	assert_int_equal(track_clock(b->track), later + 10 * WEIR_MSEC);
	finish(b);
	assert_int_equal(count(b, SERVICE_ATTEMPT), 3);
	assert_int_equal(got(b, SERVICE_ATTEMPT, 1)->time, later);
	assert_int_equal(got(b, SERVICE_CONNECTION, 0)->time, T0 + 5 * WEIR_SEC);
}

static void test_last_packet_far_ahead(void **state)
{
	struct bench *b = *state;

	give(b, frame_udp(1, 5000, 2, 53, 30));
	b->at = T0 + WEIR_DAY;
	give(b, frame_udp(1, 5001, 2, 53, 30));
	finish(b);
	assert_int_equal(got(b, SERVICE_ATTEMPT, 1)->time, T0 + WEIR_DAY);
}

static void test_out_of_order(void **state)
{
	struct bench *b = *state;

	b->at = T0 + WEIR_SEC;
	give(b, frame_udp(1, 5000, 2, 53, 30));
	b->at = T0 + 900 * WEIR_MSEC;
	give(b, frame_udp(1, 5001, 2, 53, 30));
	b->at = T0 - WEIR_DAY;
	give(b, frame_udp(1, 5002, 2, 53, 30));
	finish(b);
	assert_int_equal(got(b, SERVICE_ATTEMPT, 1)->time, T0 + 900 * WEIR_MSEC);
	assert_int_equal(count(b, SERVICE_CONNECTION), 3);
	assert_int_equal(count(b, SERVICE_FLOW), 3);
}

/* A bridge and its port: the second sighting of each packet counts nothing. */
static void test_counted_once(void **state)
{
	struct bench *b = *state;
	struct track_stats stats;

	b->several = true;
	for (unsigned i = 0; i < 8; i++) { /* the same bytes in the same place are another packet */
		struct frame f = frame_udp(1, 5000, 2, 53, 72);

		b->interface = i & 1;
		f.bytes[8] = (uint8_t)(64 - b->interface); /* a hop farther on */
		f.bytes[26] = (uint8_t)b->interface;	   /* a checksum that was filled in later */
		give(b, f);
	}
	b->interface = 1; /* the way back passes the other interface first */
	give(b, frame_udp(2, 53, 1, 5000, 72));
	b->interface = 0;
	give(b, frame_udp(2, 53, 1, 5000, 72));
	b->at += WEIR_SEC;
	b->interface = 1; /* sent again, another way */
	give(b, frame_udp(1, 5000, 2, 53, 72));
	finish(b);
	track_stats(b->track, &stats);
	assert_int_equal(stats.lost[LOSS_DUPLICATE], 5);
	assert_int_equal(stats.ip_bytes, 6 * 100);
}

/* One connection whose packets take turns between interfaces: none is a repetition. */
static void test_several_ways(void **state)
{
	struct bench *b = *state;
	struct track_stats stats;

	b->several = true;
	for (unsigned i = 0; i < 100; i++) {
		struct frame f = frame_tcp(1, 40000, 2, 22, ACK, 10);

		b->interface = i % 3;
		f.bytes[27] = (uint8_t)i; /* sequence number */
		give(b, f);
	}
	finish(b);
	track_stats(b->track, &stats);
	assert_int_equal(stats.lost[LOSS_DUPLICATE], 0);
	assert_int_equal(stats.ip_bytes, 100 * 50);
}

static void test_what_is_not_counted(void **state)
{
	struct bench *b = *state;
	struct track_stats stats;
	struct frame f = frame_tcp(1, 2, 3, 4, SYN, 0);

	f.length = 30;
	give(b, f);
	f.length = 10;
	give(b, f);
	f.length = 0;
	give(b, f);
	f.length = 40;
	f.bytes[0] = 0x55;
	give(b, f);
	finish(b);
	track_stats(b->track, &stats);
	assert_int_equal(stats.packets, 4);
	assert_int_equal(stats.lost[LOSS_TRUNCATED_TRANSPORT], 1);
	assert_int_equal(stats.lost[LOSS_TRUNCATED_IP], 2);
	assert_int_equal(stats.lost[LOSS_BAD_IP_VERSION], 1);
	assert_int_equal(b->got.events.len, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_handshake),
		TEST(test_reset),
		TEST(test_unanswered_with_retransmissions),
		TEST(test_half_open_scan),
		TEST(test_forged),
		TEST(test_stray_answers),
		TEST(test_midstream),
		TEST(test_scan_without_syn),
		TEST(test_tuple_used_again),
		TEST(test_udp),
		TEST(test_echo),
		TEST(test_other_icmp),
		TEST(test_unreachable),
		TEST(test_errors_that_reject_nothing),
		TEST(test_fragments),
		TEST(test_fragments_are_forgotten),
		TEST(test_wild_time),
		TEST(test_gap_that_two_agree_on),
		TEST(test_last_packet_far_ahead),
		TEST(test_out_of_order),
		TEST(test_counted_once),
		TEST(test_several_ways),
		TEST(test_what_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
