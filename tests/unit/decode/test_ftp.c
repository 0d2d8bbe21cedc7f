/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"

#include "unit/decode/bench.h"

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	struct bench *b = context;

	(void)origin;
	bench_tell(b, "%s", service_name((enum event_service)e->service));
	bench_put(b, e, FIELD_FTP_COMMAND, " ");
	bench_put(b, e, FIELD_FILE_PATH, " ");
	bench_put(b, e, FIELD_FILE_NAME, " ");
	bench_put(b, e, FIELD_FILE_EXTENSION, " ");
	bench_put(b, e, FIELD_USER_NAME, " ");
	bench_put(b, e, FIELD_EVENT_OUTCOME, " ");
	bench_put(b, e, FIELD_ANOMALY, " ");
	bench_tell(b, "|");
}

static void on_protocol(void *context, const struct decode_origin *origin, const char *name)
{
	(void)origin;
	bench_tell(context, "(%s)", name);
}

static int set_up(void **state)
{
	const struct bench b = {.ops = {.event = on_event, .protocol = on_protocol},
				.port = 21,
				.watch = PAYLOAD_LINES};

	return bench_set_up(state, &b);
}

static void client(struct bench *b, const char *text)
{
	bench_say(b, 0, text);
}

static void server(struct bench *b, const char *text)
{
	bench_say(b, 1, text);
}

static void begin(struct bench *b)
{
	server(b, "220 ready\r\n");
	client(b, "USER ann\r\n");
	server(b, "331 password\r\n");
	client(b, "PASS secret\r\n");
	server(b, "230 in\r\n");
	bench_assert_told(b, "(ftp)login ann success|");
}

static void logins_are_told_and_passwords_are_not(void **state)
{
	struct bench *b = *state;

	begin(b);
	client(b, "user eve\r\n");
	server(b, "331 password\r\n");
	client(b, "PASS wrong\r\n");
	server(b, "530 no\r\n");
	bench_assert_told(b, "login eve failure|");
	client(b, "USER root\r\n");
	server(b, "530 not you\r\n");
	bench_assert_told(b, "login root failure|");
	client(b, "LIST\r\n");
	server(b, "530 log in first\r\n");
	bench_assert_told(b, "");
}

static void files_have_the_outcome_of_their_reply(void **state)
{
	struct bench *b = *state;

	begin(b);
	client(b, "STOR /pub/a.b/tool.exe\r\n");
	bench_assert_told(b, "");
	server(b, "150 go on\r\n");
	bench_assert_told(b, "file STOR /pub/a.b/tool.exe tool.exe exe ann success|");
	server(b, "226 done\r\n");
	client(b, "retr gone.txt\r\n");
	server(b, "550 no such file\r\n");
	bench_assert_told(b, "file RETR gone.txt gone.txt txt ann failure|");
	client(b, "DELE x\r\n");
	decode_finish(b->decode);
	bench_assert_told(b, "file DELE x x ann|");
}

static void a_transfer_has_two_replies(void **state)
{
	struct bench *b = *state;

	begin(b);
	client(b, "STOR a\r\nDELE b\r\n");
	server(b, "150 go on\r\n226 done\r\n550 no\r\n");
	bench_assert_told(b, "file STOR a a ann success|file DELE b b ann failure|");
}

static void replies_of_several_lines_are_one(void **state)
{
	struct bench *b = *state;

	server(b, "220-welcome\r\n550 is no reply here\r\n220-more\r\n220 ready\r\n");
	client(b, "USER ann\r\n");
	server(b, "230-in\r\n 530 nor this\r\n230 yes\r\n");
	bench_assert_told(b, "(ftp)login ann success|");
}

static void commands_at_once_get_their_own_replies(void **state)
{
	struct bench *b = *state;

	begin(b);
	client(b, "SYST\r\nDELE a\r\nNOOP\r\nDELE b\r\n");
	server(b, "215 UNIX\r\n550 no\r\n200 ok\r\n250 gone\r\n");
	bench_assert_told(b, "file DELE a a ann failure|file DELE b b ann success|");
}

static void it_may_be_split_anywhere(void **state)
{
	struct bench *b = *state;
	const char *said = "DELE a\r\n", *answered = "250 gone\r\n";

	begin(b);
	for (const char *at = said; *at; at++)
		bench_give(b, 0, at, 1);
	for (const char *at = answered; *at; at++)
		bench_give(b, 1, at, 1);
	bench_assert_told(b, "file DELE a a ann success|");
}

static void once_tls_is_agreed_nothing_more_is_read(void **state)
{
	struct bench *b = *state;

	server(b, "220 ready\r\n");
	client(b, "AUTH TLS\r\n");
	server(b, "502 no\r\n");
	client(b, "AUTH SSL\r\n");
	server(b, "234 yes\r\n");
	client(b, "DELE a\r\n");
	server(b, "250 x\r\n");
	bench_assert_told(b, "(ftp)");
}

static void ports_of_other_hosts_are_anomalies(void **state)
{
	struct bench *b = *state;

	begin(b);
	client(b, "PORT 10,0,0,1,4,1\r\nEPRT |1|10.0.0.1|1025|\r\n");
	server(b, "200 ok\r\n200 ok\r\n");
	bench_assert_told(b, "");
	client(b, "PORT 10,0,0,9,0,22\r\n");
	bench_assert_told(b, "file ftp: a port of another host|");
	client(b, "EPRT |2|2001:db8::1|1025|\r\n");
	bench_assert_told(b, "file ftp: a port of another host|");
	client(b, "PORT 10,0,0,999,0,22\r\nEPRT |1|10.0.0.9\r\nPORT\r\n");
	bench_assert_told(b, "");
}

static void telnet_inside_a_line_is_an_anomaly(void **state)
{
	struct bench *b = *state;

	begin(b);
	client(b, "\xff\xf4\xff\xf2"
		  "ABOR\r\n");
	server(b, "226 ok\r\n");
	bench_assert_told(b, "");
	client(b, "DE\xff\xf1LE a\r\n");
	server(b, "250 ok\r\n");
	bench_assert_told(b,
			  "file ftp: commands of telnet inside a line|file DELE a a ann success|");
}

static void mail_begins_alike(void **state)
{
	struct bench *b = *state;

	b->port = 25;
	server(b, "220 mail\r\n");
	client(b, "EHLO h\r\n");
	bench_assert_told(b, "(smtp)");
}

static void it_is_known_on_other_ports(void **state)
{
	struct bench *b = *state;

	b->port = 2121;
	server(b, "220 hello\r\n");
	bench_assert_told(b, "");
	client(b, "USER ann\r\n");
	server(b, "530 no\r\n");
	bench_assert_told(b, "(ftp)login ann failure|");
}

static void what_waits_is_bounded_and_what_is_lost_confuses_nobody(void **state)
{
	struct bench *b = *state;

	begin(b);
	for (unsigned i = 0; i < 17; i++)
		client(b, "DELE a\r\n");
	bench_assert_told(b, "file DELE a a ann|");
	b->sent[1] += 100; /* replies that never came */
	client(b, "DELE b\r\n");
	decode_finish(b->decode);
	b->told[0] = '\0';
	server(b, "250 ok\r\n");
	decode_finish(b->decode);
	b->told[0] = '\0';
	client(b, "DELE c\r\n");
	server(b, "550 no\r\n");
	bench_assert_told(b, "file DELE c c ann failure|");
}

static void long_lines_and_nonsense_are_passed_over(void **state)
{
	struct bench *b = *state;
	char line[3000];

	begin(b);
	memset(line, 'x', sizeof(line));
	bench_give(b, 0, line, sizeof(line));
	client(b, "\r\n1234 5\r\n\r\nDELE a\r\n");
	server(b, "nonsense\r\n250 ok\r\n");
	bench_assert_told(b, "file DELE a a ann success|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, bench_tear_down)
		CASE(logins_are_told_and_passwords_are_not),
		CASE(files_have_the_outcome_of_their_reply),
		CASE(a_transfer_has_two_replies),
		CASE(replies_of_several_lines_are_one),
		CASE(commands_at_once_get_their_own_replies),
		CASE(it_may_be_split_anywhere),
		CASE(once_tls_is_agreed_nothing_more_is_read),
		CASE(ports_of_other_hosts_are_anomalies),
		CASE(telnet_inside_a_line_is_an_anomaly),
		CASE(mail_begins_alike),
		CASE(it_is_known_on_other_ports),
		CASE(what_waits_is_bounded_and_what_is_lost_confuses_nobody),
		CASE(long_lines_and_nonsense_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
