/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
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

static void a_caller_gets_one_line_and_the_end(void **state)
{
	int caller, listener = listener_and_caller(&caller);
	char text[256];
	ssize_t n;

	(void)state;
	control_answer(listener, json_pack("{s:i}", "pid", 7));
	n = recv(caller, text, sizeof(text), MSG_WAITALL);
	assert_int_equal(n, 10);
	assert_memory_equal(text, "{\"pid\":7}\n", 10);
	close(caller);
	close(listener);
}

/* The answer fits into the socket, or is cut: the engine never waits for who does not read. */
static void a_caller_who_does_not_read_holds_up_nobody(void **state)
{
	int caller, listener = listener_and_caller(&caller);
	size_t length = 8 << 20;
	char *huge = malloc(length + 1);

	(void)state;
	memset(huge, 'x', length);
	huge[length] = '\0';
	control_answer(listener, json_pack("{s:s}", "text", huge));
	free(huge);
	close(caller);
	close(listener);
}

static void a_caller_who_has_gone_harms_nobody(void **state)
{
	int caller, listener = listener_and_caller(&caller);

	(void)state;
	close(caller);
	control_answer(listener, json_object());
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_caller_gets_one_line_and_the_end),
		cmocka_unit_test(a_caller_who_does_not_read_holds_up_nobody),
		cmocka_unit_test(a_caller_who_has_gone_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
