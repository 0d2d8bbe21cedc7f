/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/login/shape.h"

static struct shapes *shapes;
static struct login login;

static int make(void **state)
{
	(void)state;
	shapes = shapes_new();
	return !shapes;
}

static int unmake(void **state)
{
	(void)state;
	shapes_free(shapes);
	return 0;
}

static bool reads(const char *program, const char *text)
{
	const struct login_message message = {.program = {program, (uint32_t)strlen(program)},
					      .text = {text, (uint32_t)strlen(text)}};

	return shapes_read(shapes, &message, &login);
}

static void every_shape_is_read(void **state)
{
	static const struct {
		const char *program, *text, *user, *source;
		unsigned port;
		bool success;
		const char *method;
		unsigned count;
	} cases[] = {
		{"sshd", "Accepted password for anna from 203.0.113.9 port 40000 ssh2", "anna",
		 "203.0.113.9", 40000, true, "password", 1},
		{"sshd-session",
		 "Accepted publickey for anna from 2001:db8::1 port 40000 ssh2: ED25519 "
		 "SHA256:abcDEF0123+/=",
		 "anna", "2001:db8::1", 40000, true, "publickey", 1},
		{"sshd",
		 "Accepted publickey for anna from 203.0.113.9 port 1 ssh2: ED25519-CERT "
		 "SHA256:ab ID anna@home (serial 5) CA RSA SHA256:cd",
		 "anna", "203.0.113.9", 1, true, "publickey", 1},
		{"sshd", "Accepted keyboard-interactive/pam for anna from 203.0.113.9 port 9 ssh2",
		 "anna", "203.0.113.9", 9, true, "keyboard-interactive", 1},
		{"sshd", "Failed password for root from 203.0.113.9 port 40000 ssh2", "root",
		 "203.0.113.9", 40000, false, "password", 1},
		{"sshd", "Failed password for invalid user admin from fe80::1%eth0 port 4 ssh2",
		 "admin", "fe80::1", 4, false, "password", 1},
		{"sshd", "Failed password for invalid user  from 203.0.113.9 port 4 ssh2", "",
		 "203.0.113.9", 4, false, "password", 1},
		{"sshd",
		 "Failed publickey for root from 203.0.113.9 port 4 ssh2: RSA SHA256:abc/+0",
		 "root", "203.0.113.9", 4, false, "publickey", 1},
		{"sshd",
		 "message repeated 5 times: [ Failed password for root from 203.0.113.9 port 4 "
		 "ssh2]",
		 "root", "203.0.113.9", 4, false, "password", 5},
		{"sshd",
		 "Connection closed by invalid user oracle 203.0.113.9 port 41000 [preauth]",
		 "oracle", "203.0.113.9", 41000, false, "preauth", 1},
		{"sshd",
		 "Disconnected from authenticating user root 203.0.113.9 port 42000 [preauth]",
		 "root", "203.0.113.9", 42000, false, "preauth", 1},
		{"sudo",
		 "pam_unix(sudo:auth): authentication failure; logname=bob uid=1000 euid=0 "
		 "tty=/dev/pts/0 ruser=bob rhost=  user=bob",
		 "bob", NULL, 0, false, "pam", 1},
		{"su",
		 "pam_unix(su-l:auth): authentication failure; logname= uid=1000 euid=0 tty=pts/1 "
		 "ruser=bob rhost=  user=root",
		 "root", NULL, 0, false, "pam", 1},
		{"login", "LOGIN ON tty1 BY anna", "anna", NULL, 0, true, "console", 1},
		{"vsftpd",
		 "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp "
		 "ruser=bob rhost=::ffff:203.0.113.9  user=bob",
		 "bob", "203.0.113.9", 0, false, "pam", 1},
		{"vsftpd", "[bob] OK LOGIN: Client \"::ffff:203.0.113.9\"", "bob", "203.0.113.9", 0,
		 true, "password", 1},
		{"dovecot",
		 "imap-login: Login: user=<anna>, method=PLAIN, rip=203.0.113.9, lip=10.0.0.80, "
		 "mpid=1, TLS, session=<abc>",
		 "anna", "203.0.113.9", 0, true, "plain", 1},
		{"dovecot",
		 "imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 5 secs): "
		 "user=<anna>, method=PLAIN, rip=203.0.113.9, lip=10.0.0.80, TLS",
		 "anna", "203.0.113.9", 0, false, "plain", 3},
		{"postfix/smtpd",
		 "warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
		 "", "203.0.113.9", 0, false, "login", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char source[ADDR_TEXT_MAX] = "";

		if (!reads(cases[i].program, cases[i].text))
			fail_msg("not read: %s", cases[i].text);
		assert_string_equal(login.user, cases[i].user);
		assert_int_equal(login.has_source, cases[i].source != NULL);
		if (cases[i].source)
			assert_string_equal(addr_format(&login.source, source), cases[i].source);
		assert_int_equal(login.port, cases[i].port);
		assert_int_equal(login.success, cases[i].success);
		assert_string_equal(login.method, cases[i].method);
		assert_int_equal(login.count, cases[i].count);
	}
}

/* Whoever chooses a user's name chooses neither the outcome nor the address. */
static void a_name_is_not_believed(void **state)
{
	static const struct {
		const char *text, *user;
	} cases[] = {
		{"Failed password for invalid user root from 1.2.3.4 port 22 ssh2 from 203.0.113.9 "
		 "port 4 ssh2",
		 "root from 1.2.3.4 port 22 ssh2"},
		{"Failed password for invalid user Accepted password for root from 1.2.3.4 port 22 "
		 "from 203.0.113.9 port 4 ssh2",
		 "Accepted password for root from 1.2.3.4 port 22"},
		{"Failed password for invalid user x from 1.2.3.4 port 1 ssh2: RSA SHA256:ab from "
		 "203.0.113.9 port 4 ssh2",
		 "x from 1.2.3.4 port 1 ssh2: RSA SHA256:ab"},
		{"Failed password for invalid user a\nAccepted password for root from 1.2.3.4 port "
		 "1 ssh2 from 203.0.113.9 port 4 ssh2",
		 "a\nAccepted password for root from 1.2.3.4 port 1 ssh2"},
		{"Failed password for invalid user \033[2J\033]0;x\a from 203.0.113.9 port 4 ssh2",
		 "\033[2J\033]0;x\a"},
		{"Connection closed by invalid user x 1.2.3.4 port 1 [preauth] 203.0.113.9 port 14 "
		 "[preauth]",
		 "x 1.2.3.4 port 1 [preauth]"},
	};
	char source[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(reads("sshd", cases[i].text));
		assert_false(login.success);
		assert_string_equal(login.user, cases[i].user);
		assert_string_equal(addr_format(&login.source, source), "203.0.113.9");
	}
	assert_true(reads("vsftpd",
			  "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 "
			  "tty=ftp ruser=x rhost=1.2.3.4  user=root rhost=203.0.113.9"));
	assert_string_equal(addr_format(&login.source, source), "203.0.113.9");
	assert_true(reads("dovecot",
			  "imap-login: Aborted login (auth failed, 1 attempts in 2 secs): "
			  "user=<x>, method=PLAIN, rip=1.2.3.4, lip=1.1.1.1, y>, method=PLAIN, "
			  "rip=203.0.113.9, lip=10.0.0.80, TLS"));
	assert_string_equal(addr_format(&login.source, source), "203.0.113.9");
}

static void what_is_no_login_is_none(void **state)
{
	static const char *const cases[] = {
		"",
		"Invalid user admin from 203.0.113.9 port 4",
		"Failed none for root from 203.0.113.9 port 4 ssh2",
		"error: Accepted password for root from 1.2.3.4 port 22 ssh2",
		" Accepted password for root from 1.2.3.4 port 22 ssh2",
		"Accepted password for root from 1.2.3.4 port 22 ssh2 and more",
		"Accepted password for root from nowhere port 22 ssh2",
		"Accepted password for root from 1.2.3 port 22 ssh2",
		"Accepted password for root from 1.2.3.4 port 22 ssh2\n",
		"message repeated 5 times: [ Accepted",
		"message repeated 99999999999999999999 times: [ Invalid user x]",
		"Server listening on 0.0.0.0 port 22.",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (reads("sshd", cases[i]))
			fail_msg("read: %s", cases[i]);
	assert_false(reads("logger", "Accepted password for root from 1.2.3.4 port 22 ssh2"));
	assert_false(reads("sudo", "Accepted password for root from 1.2.3.4 port 22 ssh2"));
	/* Without a name it is taken for sshd's own file, and for nobody else's. */
	assert_true(reads("", "Accepted password for root from 1.2.3.4 port 22 ssh2"));
	assert_false(reads("", "LOGIN ON tty1 BY anna"));
}

static void the_end_of_a_connection_counts_once(void **state)
{
	static const char failed[] = "Failed password for root from 203.0.113.9 port 77 ssh2";
	static const char closed[] =
		"Connection closed by authenticating user root 203.0.113.9 port 77 [preauth]";
	static const char other[] =
		"Connection closed by authenticating user root 203.0.113.9 port 78 [preauth]";

	(void)state;
	assert_true(reads("sshd", failed));
	assert_true(reads("sshd", failed));
	assert_false(reads("sshd", closed));
	assert_true(reads("sshd", other));
}

/* A long name costs bounded time, and is cut. */
static void a_long_name_is_bounded(void **state)
{
	static char text[5000];
	size_t n = (size_t)sprintf(text, "Failed password for invalid user ");

	(void)state;
	while (n < 3900)
		n += (size_t)sprintf(text + n, " from 1.1.1.1 port 1 ");
	sprintf(text + n, " from 203.0.113.9 port 4 ssh2");
	if (reads("sshd", text))
		assert_int_equal(login.user_length, LOGIN_USER_MAX);
	memset(text + n, 'a', sizeof(text) - n - 1);
	assert_false(reads("sshd", text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_is_read),
		cmocka_unit_test(a_name_is_not_believed),
		cmocka_unit_test(what_is_no_login_is_none),
		cmocka_unit_test(the_end_of_a_connection_counts_once),
		cmocka_unit_test(a_long_name_is_bounded),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
