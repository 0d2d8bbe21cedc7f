/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"

/* A listener on an abstract name that the kernel picks, and a caller that is connected to it. */
static int listener_and_caller(int *caller)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(name);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &length), 0);
	*caller = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(*caller, (struct sockaddr *)&name, length), 0);
	return listener;
}

/* Says back what was asked; "huge" gets more than a socket takes. */
static json_t *echo(void *context, const char *request)
{
	size_t length = 8 << 20;
	json_t *object;
	char *huge;

	(void)context;
	if (strcmp(request, "huge"))
		return json_pack("{s:s}", "asked", request);
	huge = malloc(length + 1);
	memset(huge, 'x', length);
	huge[length] = '\0';
	object = json_pack("{s:s}", "text", huge);
	free(huge);
	return object;
}

#define GROUP 4242

static const char *const for_group[] = {"status", NULL};
static const struct control_ops ops = {.answer = echo, .group = GROUP, .for_group = for_group};

static void assert_answer(int caller, const char *expected)
{
	char text[8192] = "";

	assert_int_equal(recv(caller, text, sizeof(text) - 1, MSG_WAITALL), strlen(expected));
	assert_string_equal(text, expected);
}

static void a_caller_gets_one_line_and_the_end(void **state)
{
	int caller, listener = listener_and_caller(&caller);
	struct control *control = control_open(listener, &ops);

	(void)state;
	control_run(control);
	assert_int_equal(send(caller, "rel", 3, 0), 3);
	control_run(control);
	assert_int_equal(send(caller, "oad\nmore", 8, 0), 8);
	control_run(control);
	assert_answer(caller, "{\"asked\":\"reload\"}\n");
	close(caller);
	control_close(control);
	close(listener);
}

/* Who knows no requests, or hangs up his side, gets what there was before there were any. */
static void a_caller_who_says_nothing_gets_the_status(void **state)
{
	int caller, listener = listener_and_caller(&caller);
	struct control *control = control_open(listener, &ops);
	char byte;

	(void)state;
	control_run(control);
	control_tick(control);
	assert_int_equal(recv(caller, &byte, 1, MSG_DONTWAIT), -1);
	control_tick(control);
	assert_answer(caller, "{\"asked\":\"status\"}\n");
	close(caller);
	control_close(control);
	close(listener);
	listener = listener_and_caller(&caller);
	control = control_open(listener, &ops);
	control_run(control);
	shutdown(caller, SHUT_WR);
	control_run(control);
	assert_answer(caller, "{\"asked\":\"status\"}\n");
	close(caller);
	control_close(control);
	close(listener);
}

static void a_line_without_end_is_answered(void **state)
{
	int caller, listener = listener_and_caller(&caller);
	struct control *control = control_open(listener, &ops);
	char text[4096], expected[8192];

	(void)state;
	memset(text, 'y', sizeof(text));
	control_run(control);
	assert_int_equal(send(caller, text, sizeof(text), 0), sizeof(text));
	control_run(control);
	text[255] = '\0';
	snprintf(expected, sizeof(expected), "{\"asked\":\"%s\"}\n", text);
	assert_answer(caller, expected);
	close(caller);
	control_close(control);
	close(listener);
}

/* The answer fits into the socket, or is cut: the engine never waits for who does not read. */
static void a_caller_who_does_not_read_holds_up_nobody(void **state)
{
	int caller, listener = listener_and_caller(&caller);
	struct control *control = control_open(listener, &ops);

	(void)state;
	control_run(control);
	assert_int_equal(send(caller, "huge\n", 5, 0), 5);
	control_run(control);
	close(caller);
	control_close(control);
	close(listener);
}

/* Read at leisure it is whole, however long: the engine goes on in between. */
static void a_long_answer_is_whole(void **state)
{
	int caller, listener = listener_and_caller(&caller);
	struct control *control = control_open(listener, &ops);
	static char piece[1 << 16];
	struct control_stats stats;
	size_t got = 0;
	ssize_t n;

	(void)state;
	control_run(control);
	assert_int_equal(send(caller, "huge\n", 5, 0), 5);
	do {
		control_run(control);
		n = recv(caller, piece, sizeof(piece), 0);
		got += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	assert_true(got > (8 << 20));
	control_stats(control, &stats);
	assert_int_equal(stats.answered, 1);
	assert_int_equal(stats.cut, 0);
	close(caller);
	control_close(control);
	close(listener);
}

static void an_answer_that_is_not_taken_is_cut(void **state)
{
	int caller, listener = listener_and_caller(&caller);
	struct control *control = control_open(listener, &ops);
	struct control_stats stats;

	(void)state;
	control_run(control);
	assert_int_equal(send(caller, "huge\n", 5, 0), 5);
	control_run(control);
	for (int i = 0; i < CONTROL_PATIENCE; i++)
		control_tick(control);
	control_stats(control, &stats);
	assert_int_equal(stats.cut, 1);
	close(caller);
	control_close(control);
	close(listener);
}

/* ---- who calls ---- */

static void address_of(int listener, struct sockaddr_un *name, socklen_t *length)
{
	*length = sizeof(*name);
	assert_int_equal(getsockname(listener, (struct sockaddr *)name, length), 0);
}

/* A user that is nobody's here, in these groups, asks for it; the answer is in `text`. */
static void ask_as(size_t count, const gid_t *groups, const char *request, char text[256])
{
	int own, listener = listener_and_caller(&own), ends[2];
	struct control *control = control_open(listener, &ops);
	struct sockaddr_un name;
	socklen_t length;
	pid_t pid;

	close(own);
	control_run(control);
	control_run(control);
	address_of(listener, &name, &length);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (setgroups(count, groups) || setresgid(65534, 65534, 65534) ||
		    setresuid(65534, 65534, 65534) || connect(fd, (struct sockaddr *)&name, length))
			_exit(1);
		(void)!send(fd, request, strlen(request), MSG_NOSIGNAL);
		(void)!write(ends[1], "", 1);
		memset(text, 0, 256);
		(void)!recv(fd, text, 255, MSG_WAITALL);
		(void)!write(ends[1], text, 256);
		_exit(0);
	}
	assert_int_equal(read(ends[0], text, 1), 1);
	control_run(control);
	control_run(control);
	assert_int_equal(read(ends[0], text, 256), 256);
	waitpid(pid, NULL, 0);
	close(ends[0]);
	close(ends[1]);
	control_close(control);
	close(listener);
}

static void a_member_of_the_group_may_ask_for_the_status(void **state)
{
	const gid_t groups[] = {7, GROUP};
	char text[256];

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root becomes another user\n");
		skip();
	}
	ask_as(2, groups, "status\n", text);
	assert_string_equal(text, "{\"asked\":\"status\"}\n");
	ask_as(2, groups, "reload\n", text);
	assert_non_null(strstr(text, "error"));
}

static void a_stranger_is_told_so(void **state)
{
	const gid_t groups[] = {7};
	char text[256];

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root becomes another user\n");
		skip();
	}
	ask_as(1, groups, "status\n", text);
	assert_non_null(strstr(text, "members of the group weir"));
}

static void a_caller_who_has_gone_harms_nobody(void **state)
{
	int caller, listener = listener_and_caller(&caller);
	struct control *control = control_open(listener, &ops);

	(void)state;
	close(caller);
	control_run(control);
	control_run(control);
	control_close(control);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_caller_gets_one_line_and_the_end),
		cmocka_unit_test(a_caller_who_says_nothing_gets_the_status),
		cmocka_unit_test(a_line_without_end_is_answered),
		cmocka_unit_test(a_caller_who_does_not_read_holds_up_nobody),
		cmocka_unit_test(a_long_answer_is_whole),
		cmocka_unit_test(an_answer_that_is_not_taken_is_cut),
		cmocka_unit_test(a_member_of_the_group_may_ask_for_the_status),
		cmocka_unit_test(a_stranger_is_told_so),
		cmocka_unit_test(a_caller_who_has_gone_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
