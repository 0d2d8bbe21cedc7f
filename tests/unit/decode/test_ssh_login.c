/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/ssh_login.h"

/* Ciphers and MACs as they are agreed. */
static const struct ssh_sizes chacha = {8, 16, 4}, gcm = {16, 16, 4}, umac_etm = {16, 8, 4},
			      sha256 = {16, 32, 0};

enum { OPENSSH_SERVER = 1, NEVER_ASKS = 2 };

/*
 * A conversation behind the new keys: ">84" and "<52" are packets of client and server, "w1500"
 * waits so many ms. Each takes 5 ms. Returns what was inferred: F a failure (with its number if it
 * is not 1), S success, ? confused.
 */
static const char *hear(const struct ssh_sizes *sizes, unsigned flags, const char *dialogue)
{
	static char outcomes[64];
	struct ssh_login login = {
		.sizes = {*sizes, *sizes},
		.server_is_openssh = flags & OPENSSH_SERVER,
		.never_asks = flags & NEVER_ASKS,
	};
	weir_time at = 0;
	size_t used = 0;
	int read;
	unsigned number;
	char what;

	while (sscanf(dialogue, " %c%u%n", &what, &number, &read) == 2) {
		enum ssh_outcome outcome = SSH_NOTHING;

		dialogue += read;
		at += 5 * WEIR_MSEC;
		if (what == 'w')
			at += number * WEIR_MSEC;
		else
			outcome = ssh_login_packet(&login, what == '>' ? SIDE_CLIENT : SIDE_SERVER,
						   number, at);
		if (outcome == SSH_FAILURE && login.guesses > 1)
			used += (size_t)sprintf(outcomes + used, "F%u", login.guesses);
		else if (outcome != SSH_NOTHING)
			outcomes[used++] = " FS?"[outcome];
		if (outcome > SSH_FAILURE)
			break;
	}
	outcomes[used] = 0;
	return outcomes;
}

#define HEAR(expected, sizes, flags, dialogue)                                                     \
	assert_string_equal(hear(&(sizes), flags, dialogue), expected)

/* All dialogues are OpenSSH 9.2's unless they say otherwise, as they were on the wire. */

static void passwords_of_openssh(void **state)
{
	(void)state;
	HEAR("F", chacha, OPENSSH_SERVER, ">44 <44 >68 <52 >84 <52");
	HEAR("S", chacha, OPENSSH_SERVER, ">44 <44 >68 <52 >148 <28 >112 <116");
	HEAR("FFF", chacha, OPENSSH_SERVER, ">44 <44 >68 <52 >84 <52 >84 <52 >84 <52");
	HEAR("FFS", chacha, OPENSSH_SERVER, ">44 <44 >68 <52 >84 <52 >84 <52 >84 <28");
	HEAR("S", gcm, OPENSSH_SERVER, ">52 <52 >68 <52 >148 <36 >120 <116");
	HEAR("S", umac_etm, OPENSSH_SERVER, ">44 <44 >60 <44 >140 <28 >104 <108");
	HEAR("S", sha256, OPENSSH_SERVER, ">64 <64 >80 <80 >160 <48 >160 <128");
}

/* With AES a padded password is as large as the offer of an Ed25519 key. */
static void what_may_be_a_key_counts_if_it_took_time(void **state)
{
	(void)state;
	HEAR("", umac_etm, OPENSSH_SERVER, ">44 <44 >60 <44 >140 <44 >140 <44");
	HEAR("F", umac_etm, OPENSSH_SERVER, ">44 <44 >60 <44 >140 w1600 <44");
	HEAR("F", umac_etm, OPENSSH_SERVER, ">44 <44 >60 <44 w1200 >140 <44");
	/* A round trip of a second is no refusal that took a second. */
	HEAR("", umac_etm, OPENSSH_SERVER, ">44 w990 <44 >60 w990 <44 >140 w990 <44");
	/* OpenSSH 6.2 to 6.7, hmac-sha1-etm: an RSA key first, then a person types. */
	HEAR("FF", ((struct ssh_sizes){16, 20, 4}), OPENSSH_SERVER,
	     ">56 <56 >72 <56 >376 <56 w1000 >152 w1600 <56 >152 w2200 <56");
}

static void keys_are_not_guesses(void **state)
{
	(void)state;
	HEAR("S", chacha, OPENSSH_SERVER,
	     ">44 <44 >68 <52 >140 <52 >140 <52 >500 <52 >140 <100 >308 <28");
	HEAR("S", umac_etm, OPENSSH_SERVER,
	     ">44 <44 >60 <44 >140 <44 >140 <44 >492 <44 >140 <92 >300 <28");
	HEAR("", gcm, OPENSSH_SERVER,
	     ">52 <52 >68 <52 >148 <52 >148 <52 >148 <52 >148 <52 >148 <52 >148 <52");
	HEAR("", chacha, OPENSSH_SERVER, ">44 <44 >68 <52 >140 w3000 <52 w2000 >140 <52");
	/* Paramiko, which signs at once. */
	HEAR("", sha256, OPENSSH_SERVER | NEVER_ASKS, ">64 <64 >256 <80");
	HEAR("S", sha256, OPENSSH_SERVER | NEVER_ASKS, ">64 <64 >256 <48 >80 <288");
}

static void a_dialogue_of_questions_is_one_guess(void **state)
{
	(void)state;
	HEAR("F", chacha, OPENSSH_SERVER, ">44 <44 >68 <76 >92 <60 >84 w2000 <76");
	HEAR("S", chacha, OPENSSH_SERVER, ">44 <44 >68 <76 >92 <60 >84 <44 >84 <28");
	HEAR("FFF", chacha, OPENSSH_SERVER,
	     ">44 <44 >68 <76 >92 <60 >84 <76 >92 <60 >84 <76 >92 <60 >84 <76");
	/* Behind a banner, where the size of a failure is not known. */
	HEAR("S", umac_etm, OPENSSH_SERVER, ">44 <44 >60 <1672 >92 <60 >76 <44 >76 <28 >104 <108");
}

static void a_banner_does_not_hide_failures_for_long(void **state)
{
	(void)state;
	HEAR("", chacha, OPENSSH_SERVER, ">44 <44 >68 <112 >84 <52");
	HEAR("F2FF", chacha, OPENSSH_SERVER, ">44 <44 >68 <112 >84 <52 >84 <52 >84 <52 >84 <52");
	HEAR("S", chacha, OPENSSH_SERVER, ">44 <44 >68 <112 >148 <28");
}

static void other_clients_and_servers(void **state)
{
	(void)state;
	/* Paramiko: a password at once, and the service asked for anew each time. */
	HEAR("F", sha256, OPENSSH_SERVER | NEVER_ASKS, ">64 <64 >96 <80");
	HEAR("FFFS", sha256, OPENSSH_SERVER | NEVER_ASKS,
	     ">64 <64 >96 <80 >64 <64 >96 <80 >64 <64 >96 <80 >64 <64 >96 <48 <128");
	/* Dropbear pads to 16, and its client asks for two things at once. */
	HEAR("F", chacha, 0, ">44 <44 >68 <52 >84 <52");
	HEAR("S", chacha, 0, ">44 <44 >68 <52 >148 <36 >52 <44");
	HEAR("FFF", chacha, 0, ">112 <44 <52 >76 <52 >76 <52 >76 <52");
	HEAR("S", chacha, 0, ">112 <44 <52 >84 <36 >52 <44");
}

static void success_is_not_said_of_what_only_looks_like_it(void **state)
{
	(void)state;
	/* As small as a failure with an empty list of methods, and it comes again. */
	HEAR("", gcm, 0, ">52 <52 >68 <36 >148 <36 >148 <36");
	/* The same from a server that lets in at once: what follows is larger. */
	HEAR("S", gcm, 0, ">52 <52 >68 <36 >68 <52");
	/* OpenSSH never pads to 16: this is an answer to something unknown. */
	HEAR("", chacha, OPENSSH_SERVER, ">44 <44 >68 <52 >148 <36");
	/* No service was accepted: this is not SSH as it is known. */
	HEAR("?", chacha, OPENSSH_SERVER,
	     ">44 <28 >68 <28 >68 <28 >68 <28 >68 <28 >68 <28 >68 <28 >68 <28");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_of_openssh),
		cmocka_unit_test(what_may_be_a_key_counts_if_it_took_time),
		cmocka_unit_test(keys_are_not_guesses),
		cmocka_unit_test(a_dialogue_of_questions_is_one_guess),
		cmocka_unit_test(a_banner_does_not_hide_failures_for_long),
		cmocka_unit_test(other_clients_and_servers),
		cmocka_unit_test(success_is_not_said_of_what_only_looks_like_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
