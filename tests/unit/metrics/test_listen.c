/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "metrics/listen.h"

static void test_parse(void **state)
{
	struct listen_address a;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a.socket;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a.socket;

	(void)state;
	assert_int_equal(listen_parse("127.0.0.1:9477", &a), 0);
	assert_int_equal(v4->sin_family, AF_INET);
	assert_int_equal(ntohs(v4->sin_port), 9477);
	assert_int_equal(ntohl(v4->sin_addr.s_addr), INADDR_LOOPBACK);
	assert_int_equal(listen_parse("[::1]:1", &a), 0);
	assert_int_equal(v6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(v6->sin6_port), 1);
	assert_int_equal(listen_parse("unix:/run/weir/metrics.sock", &a), 0);
	assert_string_equal(a.socket.un.sun_path, "/run/weir/metrics.sock");
}

static void test_wrong(void **state)
{
	static const char *const wrong[] = {"",
					    ":",
					    ":9477",
					    "127.0.0.1",
					    "127.0.0.1:",
					    "127.0.0.1:0",
					    "127.0.0.1:65536",
					    "127.0.0.1:x",
					    "127.0.0.1: 1",
					    "::1:9477",
					    "[::1]",
					    "[::1]9477",
					    "[::1:9477",
					    "[]:1",
					    "localhost:9477",
					    "unix:",
					    "unix:relative",
					    "127.0.0.1:9477 ",
					    "[127.0.0.1:1",
					    "127.0.0.1:-1"};
	char path[200] = "unix:/";
	struct listen_address a;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (!listen_parse(wrong[i], &a))
			fail_msg("'%s' was taken", wrong[i]);
	memset(path + 6, 'x', 150);
	assert_int_not_equal(listen_parse(path, &a), 0);
}

static void test_local(void **state)
{
	struct listen_address a;

	(void)state;
	listen_parse("127.8.0.1:1", &a);
	assert_true(listen_is_local(&a));
	listen_parse("[::1]:1", &a);
	assert_true(listen_is_local(&a));
	listen_parse("unix:/a", &a);
	assert_true(listen_is_local(&a));
	listen_parse("0.0.0.0:1", &a);
	assert_false(listen_is_local(&a));
	listen_parse("[::]:1", &a);
	assert_false(listen_is_local(&a));
	listen_parse("10.0.0.1:1", &a);
	assert_false(listen_is_local(&a));
}

/* A dead socket gives way, a live one does not; at the end only one's own goes. */
static void test_unix(void **state)
{
	char folder[] = "/tmp/weir-listen.XXXXXX", text[64], other[64];
	struct listener first, second;
	struct error error = {0};
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(text, sizeof(text), "unix:%s/s", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(listener_open(&first, text, (gid_t)-1, &error), 0);
	assert_int_equal(stat(text + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_not_equal(listener_open(&second, text, (gid_t)-1, &error), 0);
	assert_non_null(strstr(error.text, "cannot listen on"));
	/* As if it had been killed. */
	close(first.fd);
	assert_int_equal(listener_open(&second, text, (gid_t)-1, &error), 0);
	first.fd = dup(0);
	listener_close(&first);
	assert_int_equal(access(text + 5, F_OK), 0);
	listener_close(&second);
	assert_int_not_equal(access(text + 5, F_OK), 0);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_unix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
