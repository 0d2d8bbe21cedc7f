/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "decode/ssh_kex.h"

#include "unit/decode/bench.h"

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	struct bench *b = context;

	(void)origin;
	assert_int_equal(e->service, SERVICE_LOGIN);
	bench_put(b, e, FIELD_EVENT_OUTCOME, " ");
	bench_put(b, e, FIELD_SSH_CLIENT, " ");
	bench_put(b, e, FIELD_SSH_SERVER, " ");
	if (event_has(e, FIELD_SSH_HASSH) && event_has(e, FIELD_SSH_HASSH_SERVER))
		bench_tell(b, " +hassh");
	bench_tell(b, "|");
}

static int set_up(void **state)
{
	const struct bench b = {.ops = {.event = on_event, .protocol = bench_protocol},
				.port = 443,
				.watch = PAYLOAD_SHAPE};

	return bench_set_up(state, &b);
}

enum { CLIENT, SERVER };

/* An encrypted packet that was sent before. */
static void again(struct bench *b, unsigned side, uint32_t length)
{
	struct payload_record r = bench_record(b, side, 0, length);

	r.seq -= length;
	bench_deliver(b, &r, NULL);
}

/* An encrypted packet, of which the size alone is known. */
static void sized(struct bench *b, unsigned side, uint32_t length)
{
	bench_give_cut(b, side, NULL, 0, length);
}

static size_t put_u32(uint8_t *at, uint32_t n)
{
	at[0] = (uint8_t)(n >> 24);
	at[1] = (uint8_t)(n >> 16);
	at[2] = (uint8_t)(n >> 8);
	at[3] = (uint8_t)n;
	return 4;
}

/* The packet of a key exchange's first message; returns its length. */
static size_t kexinit(uint8_t packet[1024], const char *cipher, const char *compression)
{
	const char *const lists[] = {
		"curve25519-sha256", "ssh-ed25519", cipher,	 cipher, "hmac-sha2-256",
		"hmac-sha2-256",     compression,   compression, "",	 ""};
	size_t used = 6;

	memset(packet, 0, 1024);
	packet[4] = 4;
	packet[5] = 20;
	used += 16;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		used += put_u32(packet + used, (uint32_t)strlen(lists[i]));
		memcpy(packet + used, lists[i], strlen(lists[i]));
		used += strlen(lists[i]);
	}
	used += 5 + 4;
	put_u32(packet, (uint32_t)used - 4);
	return used;
}

static const uint8_t new_keys[16] = {0, 0, 0, 12, 10, 21};

#define CHACHA "chacha20-poly1305@openssh.com"

/* Up to the new keys; the server's come in one packet with what is encrypted already. */
static void begin(struct bench *b, const char *compression)
{
	uint8_t packet[1024], reply[600] = {0};
	size_t length = kexinit(packet, CHACHA, compression);

	bench_say(b, SERVER, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
	bench_say(b, CLIENT, "SSH-2.0-libssh_0.10.6\r\n");
	bench_give(b, CLIENT, packet, length);
	bench_give(b, SERVER, packet, length);
	sized(b, CLIENT, 0);
	put_u32(reply, 296);
	reply[4] = 8;
	reply[5] = 31;
	memcpy(reply + 300, new_keys, sizeof(new_keys));
	memset(reply + 316, 0xe7, sizeof(reply) - 316);
	bench_give(b, SERVER, reply, sizeof(reply));
	bench_give(b, CLIENT, new_keys, sizeof(new_keys));
}

#define BEGUN " unknown libssh_0.10.6 OpenSSH_9.2p1 Debian-2 +hassh|"

static void a_guess_and_a_login_on_any_port(void **state)
{
	struct bench *b = *state;

	begin(b, "none");
	assert_string_equal(b->told, BEGUN);
	assert_string_equal(b->protocol, "ssh");
	b->told[0] = 0;
	sized(b, CLIENT, 44), sized(b, SERVER, 44);
	sized(b, CLIENT, 68), sized(b, SERVER, 52);
	sized(b, CLIENT, 84), sized(b, SERVER, 52);
	assert_string_equal(b->told, " failure libssh_0.10.6 OpenSSH_9.2p1 Debian-2 +hassh|");
	b->told[0] = 0;
	sized(b, CLIENT, 84);
	again(b, CLIENT, 84);
	sized(b, SERVER, 28);
	assert_string_equal(b->told, " success libssh_0.10.6 OpenSSH_9.2p1 Debian-2 +hassh|");
}

static void what_comes_again_is_not_counted_again(void **state)
{
	struct bench *b = *state;

	begin(b, "none");
	sized(b, CLIENT, 44), sized(b, SERVER, 44);
	sized(b, CLIENT, 68), sized(b, SERVER, 52);
	b->told[0] = 0;
	sized(b, CLIENT, 84), sized(b, SERVER, 52);
	again(b, CLIENT, 84);
	again(b, SERVER, 52);
	assert_string_equal(b->told, " failure libssh_0.10.6 OpenSSH_9.2p1 Debian-2 +hassh|");
}

static void a_request_may_stand_behind_the_new_keys(void **state)
{
	struct bench *b = *state;
	uint8_t both[16 + 112];

	begin(b, "none");
	b->sent[CLIENT] -= 16; /* dropped, and sent with more */
	memset(both, 0xe7, sizeof(both));
	memcpy(both, new_keys, sizeof(new_keys));
	bench_give(b, CLIENT, both, sizeof(both));
	sized(b, SERVER, 44), sized(b, SERVER, 52);
	b->told[0] = 0;
	sized(b, CLIENT, 84), sized(b, SERVER, 52);
	assert_string_equal(b->told, " failure libssh_0.10.6 OpenSSH_9.2p1 Debian-2 +hassh|");
}

static void compressed_packets_say_nothing(void **state)
{
	struct bench *b = *state;

	begin(b, "zlib");
	sized(b, CLIENT, 44), sized(b, SERVER, 44);
	sized(b, CLIENT, 68), sized(b, SERVER, 52);
	sized(b, CLIENT, 84), sized(b, SERVER, 28);
	assert_string_equal(b->told, BEGUN);
}

/* As monitoring does. */
static void a_banner_and_no_more(void **state)
{
	struct bench *b = *state;

	bench_say(b, SERVER, "SSH-2.0-OpenSSH_9.2p1\r\n");
	bench_say(b, CLIENT, "SSH-2.0-check_ssh_2.3\r\n");
	assert_string_equal(b->told, "");
	decode_advance(b->decode, DECODE_HOLD);
	assert_string_equal(b->told, " unknown check_ssh_2.3 OpenSSH_9.2p1|");
}

static void lines_may_stand_before_the_servers_banner(void **state)
{
	struct bench *b = *state;

	bench_say(b, CLIENT, "SSH-2.0-a\r\n");
	bench_say(b, SERVER, "Authorised use only\r\nSSH-2.");
	bench_say(b, SERVER, "0-b c\n");
	decode_finish(b->decode);
	assert_string_equal(b->told, " unknown a b c|");
}

static void what_is_wrong_is_counted(void **state)
{
	static const struct {
		const char *says;
		uint8_t packet[8];
		const char *kind;
	} cases[] = {
		{"SSH-2.0-x\n", {0, 0, 1, 0, 4, 20}, "lengths that lie"},
		{"SSH-2.0-x\n", {0, 1, 1, 0, 4, 20}, "no packet where one belongs"},
		{"SSH-2.0-x\n", {0, 0, 0, 12, 11, 21}, "no packet where one belongs"},
		{"SSH-2.0-x\n", {0, 0, 32, 0, 4, 20}, "a key exchange over 4 KiB"},
		{"GET / HTTP/1.1\n", {0}, "no banner where one belongs"},
	};
	uint8_t rest[260];

	(void)state;
	memset(rest, 0xff, sizeof(rest));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		void *fresh;
		struct bench *b;

		assert_int_equal(set_up(&fresh), 0);
		b = fresh;
		bench_say(b, SERVER, "SSH-2.0-y\n");
		bench_say(b, CLIENT, cases[i].says);
		memcpy(rest, cases[i].packet, sizeof(cases[i].packet));
		bench_give(b, CLIENT, rest, sizeof(rest));
		assert_int_equal(bench_malformed(b, "ssh", cases[i].kind), 1);
		bench_tear_down(&fresh);
	}
}

/* MD5 of "KEX;CIPHERS;MACS;COMPRESSIONS" of the own direction, by md5sum. */
static void hassh_is_the_published_one(void **state)
{
	static const char kex_algorithms[] =
		"diffie-hellman-group-exchange-sha256,diffie-hellman-group-exchange-sha1,"
		"diffie-hellman-group14-sha1,diffie-hellman-group1-sha1";
	struct ssh_kex kex = {0};
	char text[HASSH_TEXT];

	(void)state;
	kex.list[SSH_KEX] = text_of(kex_algorithms, sizeof(kex_algorithms) - 1);
	kex.list[SSH_CIPHER_TO_SERVER] = text_of("aes128-ctr", 10);
	kex.list[SSH_MAC_TO_SERVER] = text_of("hmac-sha1", 9);
	kex.list[SSH_COMPRESSION_TO_SERVER] = text_of("none", 4);
	kex.list[SSH_CIPHER_TO_CLIENT] = text_of("aes256-ctr", 10);
	kex.list[SSH_MAC_TO_CLIENT] = text_of("hmac-md5", 8);
	kex.list[SSH_COMPRESSION_TO_CLIENT] = text_of("zlib", 4);
	ssh_hassh(&kex, SIDE_CLIENT, text);
	assert_string_equal(text, "9ef672ced4b5f923a1eefd0fd5cf1df7");
	ssh_hassh(&kex, SIDE_SERVER, text);
	assert_string_equal(text, "052c8e5f9afa3c778b36da2c4d9e92c4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_guess_and_a_login_on_any_port, set_up,
						bench_tear_down),
		cmocka_unit_test_setup_teardown(what_comes_again_is_not_counted_again, set_up,
						bench_tear_down),
		cmocka_unit_test_setup_teardown(a_request_may_stand_behind_the_new_keys, set_up,
						bench_tear_down),
		cmocka_unit_test_setup_teardown(compressed_packets_say_nothing, set_up,
						bench_tear_down),
		cmocka_unit_test_setup_teardown(a_banner_and_no_more, set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(lines_may_stand_before_the_servers_banner, set_up,
						bench_tear_down),
		cmocka_unit_test(what_is_wrong_is_counted),
		cmocka_unit_test(hassh_is_the_published_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
