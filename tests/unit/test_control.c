/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
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

static const struct control_ops ops = {echo, NULL};

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
		cmocka_unit_test(a_caller_who_has_gone_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
