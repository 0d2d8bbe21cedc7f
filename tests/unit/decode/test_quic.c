/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "decode/quic_crypto.h"
#include "decode/quic_packet.h"

#include "unit/decode/bench.h"

#include "quic_seal.h"
#include "quic_vectors.h"

/* ---- keys and headers against the published ones ---- */

static const struct quic_id published = {8, {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08}};

static void keys_agree_with_the_published_ones(void **state)
{
	static const struct quic_keys client = {
		{0x1f, 0x36, 0x96, 0x13, 0xdd, 0x76, 0xd5, 0x46, 0x77, 0x30, 0xef, 0xcb, 0xe3, 0xb1,
		 0xa2, 0x2d},
		{0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b, 0x46, 0xfb, 0x25, 0x5c},
		{0x9f, 0x50, 0x44, 0x9e, 0x04, 0xa0, 0xe8, 0x10, 0x28, 0x3a, 0x1e, 0x99, 0x33, 0xad,
		 0xed, 0xd2},
	};
	struct quic_keys keys[2];

	(void)state;
	assert_true(quic_keys(1, &published, keys));
	assert_memory_equal(&keys[0], &client, sizeof(client));
	assert_false(quic_keys(0x51303433, &published, keys));
}

static void opens(const uint8_t *packet, size_t length, int side, int expected, size_t padding)
{
	uint8_t plain[QUIC_PLAIN_MAX];
	struct quic_header header;
	struct quic_keys keys[2];

	assert_true(quic_header(packet, length, &header));
	assert_int_equal(header.type, QUIC_INITIAL);
	assert_int_equal(header.whole, length);
	assert_true(quic_keys(header.version, &published, keys));
	assert_int_equal(quic_open(&keys[side], &header, packet, plain), expected);
	for (size_t i = (size_t)expected - padding; i < (size_t)expected; i++)
		assert_int_equal(plain[i], 0);
	assert_int_equal(quic_open(&keys[!side], &header, packet, plain), -1);
}

static void published_packets_open(void **state)
{
	(void)state;
	opens(client_1, sizeof(client_1), 0, 1162, 917);
	opens(client_2, sizeof(client_2), 0, 1162, 917);
	opens(server_1, sizeof(server_1), 1, 99, 0);
	opens(server_2, sizeof(server_2), 1, 99, 0);
}

/* A packet in which one bit is another, anywhere: also in what is in the clear. */
static void nothing_that_was_changed_opens(void **state)
{
	uint8_t packet[sizeof(server_1)], plain[QUIC_PLAIN_MAX];
	struct quic_header header;
	struct quic_keys keys[2];

	(void)state;
	assert_true(quic_keys(1, &published, keys));
	for (size_t i = 5; i < sizeof(packet); i++) {
		memcpy(packet, server_1, sizeof(packet));
		packet[i] ^= 0x10;
		if (quic_header(packet, sizeof(packet), &header) && header.whole <= sizeof(packet))
			assert_int_equal(quic_open(&keys[1], &header, packet, plain), -1);
	}
}

/* ---- pieces of a handshake ---- */

static void pieces_come_in_any_order(void **state)
{
	static const uint8_t bytes[] = "0123456789";
	struct quic_crypto c = {0};

	(void)state;
	assert_int_equal(quic_crypto_add(&c, 6, bytes + 6, 4), QUIC_ADDED);
	assert_int_equal(quic_crypto_there(&c), 0);
	assert_int_equal(quic_crypto_add(&c, 2, bytes + 2, 2), QUIC_ADDED);
	assert_int_equal(quic_crypto_add(&c, 0, bytes, 3), QUIC_ADDED);
	assert_int_equal(quic_crypto_there(&c), 4);
	assert_int_equal(quic_crypto_add(&c, 3, bytes + 3, 4), QUIC_ADDED);
	assert_int_equal(quic_crypto_there(&c), 10);
	assert_int_equal(c.pieces, 1);
	assert_memory_equal(c.bytes, bytes, 10);
	quic_crypto_free(&c);
}

static void pieces_are_bounded(void **state)
{
	static const uint8_t bytes[QUIC_CRYPTO_MAX];
	struct quic_crypto c = {0};

	(void)state;
	assert_int_equal(quic_crypto_add(&c, UINT64_MAX - 1, bytes, 4), QUIC_TOO_LONG);
	assert_int_equal(quic_crypto_add(&c, 1, bytes, QUIC_CRYPTO_MAX), QUIC_TOO_LONG);
	for (unsigned i = 0; i < QUIC_PIECES_MAX; i++)
		assert_int_equal(quic_crypto_add(&c, 2 * i, bytes, 1), QUIC_ADDED);
	assert_int_equal(quic_crypto_add(&c, 2 * QUIC_PIECES_MAX, bytes, 1), QUIC_TOO_SCATTERED);
	assert_int_equal(quic_crypto_add(&c, 0, bytes, QUIC_CRYPTO_MAX), QUIC_ADDED);
	assert_int_equal(c.pieces, 1);
	quic_crypto_free(&c);
}

/* ---- through the stage ---- */

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	static const enum field shown[] = {
		FIELD_NETWORK_PROTOCOL, FIELD_TLS_SERVER_NAME, FIELD_TLS_ALPN, FIELD_TLS_JA4,
		FIELD_TLS_VERSION,	FIELD_TLS_CIPHER,      FIELD_ANOMALY};
	struct bench *b = context;

	(void)origin;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		bench_put(b, e, shown[i], " ");
	bench_tell(b, "|");
}

/* All names, so that a second one is seen. */
static void on_protocol(void *context, const struct decode_origin *origin, const char *name)
{
	struct bench *b = context;

	(void)origin;
	strcat(b->protocol, name);
}

static int set_up(void **state)
{
	const struct bench b = {
		.ops = {.event = on_event, .protocol = on_protocol}, .proto = 17, .port = 443};

	return bench_set_up(state, &b);
}

#define CLIENT_SAID " quic example.com alpn q13d0211an_62ed6f6ca7ad_4d634acda6c0"
#define BOTH_SAID   CLIENT_SAID " 1.3 TLS_AES_128_GCM_SHA256|"

static void a_conversation_is_one_event(void **state)
{
	struct bench *b = *state;

	bench_give(b, 0, client_1, sizeof(client_1));
	assert_string_equal(b->told, "");
	bench_give(b, 1, server_1, sizeof(server_1));
	assert_string_equal(b->told, BOTH_SAID);
	assert_string_equal(b->protocol, "quic");
}

static void version_2_is_read(void **state)
{
	struct bench *b = *state;

	bench_give(b, 0, client_2, sizeof(client_2));
	bench_give(b, 1, server_2, sizeof(server_2));
	assert_string_equal(b->told, BOTH_SAID);
}

/* RFC 9368: the client asks in version 1, the server answers in 2. */
static void a_version_may_change(void **state)
{
	struct bench *b = *state;

	bench_give(b, 0, client_1, sizeof(client_1));
	bench_give(b, 1, server_2, sizeof(server_2));
	assert_string_equal(b->told, BOTH_SAID);
	assert_int_equal(bench_malformed(b, "quic", "undecryptable"), 0);
}

static void packets_may_share_a_datagram(void **state)
{
	static const uint8_t retry[] = {0xf0, 0, 0, 0, 1, 0, 0, 1, 2, 3};
	static const uint8_t handshake[] = {0xe0, 0, 0, 0, 1, 0, 0, 4, 1, 2, 3, 4};
	uint8_t both[sizeof(handshake) + sizeof(server_1) + 40] = {0};
	struct bench *b = *state;

	memcpy(both, handshake, sizeof(handshake));
	memcpy(both + sizeof(handshake), server_1, sizeof(server_1));
	bench_give(b, 1, retry, sizeof(retry));
	bench_give(b, 0, client_1, sizeof(client_1));
	bench_give(b, 1, both, sizeof(both));
	assert_string_equal(b->told, BOTH_SAID);
}

static size_t seal(const struct quic_id *from, const struct quic_id *to, uint8_t number,
		   const uint8_t *frames, size_t length, uint8_t *out)
{
	return quic_seal(from, 0, to, number, frames, length, out);
}

/* The published hello's frames, without padding. */
static const uint8_t *hello(void)
{
	static uint8_t plain[QUIC_PLAIN_MAX];
	struct quic_header header;
	struct quic_keys keys[2];

	assert_true(quic_header(client_1, sizeof(client_1), &header));
	assert_true(quic_keys(1, &published, keys));
	assert_int_equal(quic_open(&keys[0], &header, client_1, plain), 1162);
	return plain + 4; /* behind the frame's type, offset and length */
}

#define HELLO_LENGTH 241

static size_t crypto_frame(uint8_t *out, unsigned from, unsigned to)
{
	out[0] = 6;
	out[1] = (uint8_t)(0x40 | from >> 8);
	out[2] = (uint8_t)from;
	out[3] = (uint8_t)(0x40 | (to - from) >> 8);
	out[4] = (uint8_t)(to - from);
	memcpy(out + 5, hello() + from, to - from);
	return 5 + to - from;
}

static void a_hello_in_shuffled_pieces_over_datagrams_is_read(void **state)
{
	static const unsigned cuts[] = {0, 1, 40, 60, 61, 180, 200, HELLO_LENGTH};
	static const unsigned order[2][4] = {{4, 0, 6, 2}, {3, 5, 1, 99}};
	struct bench *b = *state;

	for (unsigned d = 0; d < 2; d++) {
		uint8_t frames[1100] = {0}, packet[1400];
		size_t used = 3; /* padding between, and pings */

		for (unsigned i = 0; i < 4 && order[d][i] < 7; i++) {
			used += crypto_frame(frames + used, cuts[order[d][i]],
					     cuts[order[d][i] + 1]);
			frames[used++] = 1;
			used += 2;
		}
		bench_give(
			b, 0, packet,
			seal(&published, &published, (uint8_t)d, frames, sizeof(frames), packet));
	}
	decode_finish(b->decode);
	assert_string_equal(b->told, CLIENT_SAID "|");
}

/* Behind a Retry the keys come from the identifier that the server chose. */
static void keys_change_after_a_retry(void **state)
{
	static const uint8_t retry[] = {0xf0, 0, 0, 0, 1, 0, 4, 9, 9, 9, 9, 't', 'o', 'k', 'e', 'n',
					0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,	 0,   0,   0,	0};
	static const struct quic_id chosen = {4, {9, 9, 9, 9}};
	uint8_t frames[1100] = {0}, packet[1400];
	struct bench *b = *state;

	crypto_frame(frames, 0, 100);
	bench_give(b, 0, packet, seal(&published, &published, 0, frames, sizeof(frames), packet));
	bench_give(b, 1, retry, sizeof(retry));
	crypto_frame(frames, 0, HELLO_LENGTH);
	bench_give(b, 0, packet, seal(&chosen, &chosen, 1, frames, sizeof(frames), packet));
	decode_finish(b->decode);
	assert_string_equal(b->told, CLIENT_SAID "|");
	assert_int_equal(bench_malformed(b, "quic", "undecryptable"), 0);
}

/* A client goes on with the identifier that the server gave it, and its first keys. */
static void keys_stay_when_the_identifier_changes(void **state)
{
	static const struct quic_id given = {4, {7, 7, 7, 7}};
	uint8_t frames[1100] = {0}, packet[1400];
	struct bench *b = *state;

	crypto_frame(frames, 0, 100);
	bench_give(b, 0, packet, seal(&published, &published, 0, frames, sizeof(frames), packet));
	crypto_frame(frames, 100, HELLO_LENGTH);
	bench_give(b, 0, packet, seal(&published, &given, 1, frames, sizeof(frames), packet));
	decode_finish(b->decode);
	assert_string_equal(b->told, CLIENT_SAID "|");
}

static void what_no_key_opens_is_counted(void **state)
{
	uint8_t packet[sizeof(client_1)];
	struct bench *b = *state;

	memcpy(packet, client_1, sizeof(packet));
	packet[600] ^= 1;
	bench_give(b, 0, packet, sizeof(packet));
	bench_give(b, 1, server_1, sizeof(server_1)); /* whose client was not seen */
	decode_finish(b->decode);
	assert_string_equal(b->told, "");
	assert_string_equal(b->protocol, "quic");
	assert_int_equal(bench_malformed(b, "quic", "undecryptable"), 2);
	for (int i = 0; i < 20; i++)
		bench_give(b, 0, packet, sizeof(packet));
	assert_int_equal(bench_malformed(b, "quic", "undecryptable"), 8);
}

static void what_is_cut_is_counted(void **state)
{
	struct bench *b = *state;

	bench_give_cut(b, 0, client_1, 1000, sizeof(client_1));
	assert_int_equal(bench_malformed(b, "quic", "a packet cut"), 1);
	bench_give(b, 0, client_1, 1000);
	assert_int_equal(bench_malformed(b, "quic", "lengths of a packet that lie"), 1);
}

static void strange_frames_are_counted(void **state)
{
	static const uint8_t beyond[] = {6, 0x7f, 0xff, 4, 1, 2, 3, 4};
	uint8_t frames[1100] = {0x1e}, packet[1400];
	struct bench *b = *state;

	bench_give(b, 0, packet, seal(&published, &published, 0, frames, sizeof(frames), packet));
	assert_int_equal(bench_malformed(b, "quic", "a frame that does not belong"), 1);
	memcpy(frames, beyond, sizeof(beyond));
	bench_give(b, 0, packet, seal(&published, &published, 0, frames, sizeof(frames), packet));
	assert_int_equal(bench_malformed(b, "quic", "a hello over 4 KiB"), 1);
}

static void other_versions_are_named_only_when_sure(void **state)
{
	uint8_t reserved[1200] = {0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0};
	uint8_t unknown[1200] = {0xc0, 0x12, 0x34, 0x56, 0x78, 8};
	static const uint8_t offer[] = {0x80, 0, 0, 0, 0, 0, 0, 0x0a, 0x1a, 0x2a, 0x3a, 0, 0, 0, 1};
	static const uint8_t google[] = {0x0d, 1, 2, 3, 4, 5, 6, 7, 8, 'Q', '0', '4', '3', 1};

	(void)state;
	assert_true(quic_certain(reserved, sizeof(reserved)));
	assert_false(quic_certain(reserved, 300));
	assert_false(quic_certain(unknown, sizeof(unknown)));
	assert_true(quic_certain(offer, sizeof(offer)));
	assert_false(quic_certain(offer, sizeof(offer) - 1));
	assert_true(quic_certain(google, sizeof(google)));
	assert_false(quic_certain((const uint8_t *)"\xc0", 1));
}

static void a_version_that_is_not_read_is_counted(void **state)
{
	uint8_t reserved[1200] = {0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0};
	struct bench *b = *state;

	bench_give(b, 0, reserved, sizeof(reserved));
	assert_int_equal(bench_malformed(b, "quic", "a version that is not read"), 1);
	bench_give(b, 0, client_1, sizeof(client_1)); /* what the server could do */
	bench_give(b, 1, server_1, sizeof(server_1));
	assert_string_equal(b->told, BOTH_SAID);
}

/* Short headers, heard from the middle: no name, and not "unidentified" either. */
static void what_goes_on_is_left_without_a_name(void **state)
{
	static const uint8_t packet[] = {0x5a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct bench *b = *state;

	for (int i = 0; i < 6; i++)
		bench_give(b, i & 1, packet, sizeof(packet));
	assert_string_equal(b->protocol, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, bench_tear_down)
		cmocka_unit_test(keys_agree_with_the_published_ones),
		cmocka_unit_test(published_packets_open),
		cmocka_unit_test(nothing_that_was_changed_opens),
		cmocka_unit_test(pieces_come_in_any_order),
		cmocka_unit_test(pieces_are_bounded),
		CASE(a_conversation_is_one_event),
		CASE(version_2_is_read),
		CASE(a_version_may_change),
		CASE(packets_may_share_a_datagram),
		CASE(a_hello_in_shuffled_pieces_over_datagrams_is_read),
		CASE(keys_change_after_a_retry),
		CASE(keys_stay_when_the_identifier_changes),
		CASE(what_no_key_opens_is_counted),
		CASE(what_is_cut_is_counted),
		CASE(strange_frames_are_counted),
		CASE(other_versions_are_named_only_when_sure),
		CASE(a_version_that_is_not_read_is_counted),
		CASE(what_goes_on_is_left_without_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
