/* SPDX-License-Identifier: Apache-2.0 */

/* What /proc says, of this process and its children. */

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/proc.h"

static struct proc_facts facts;

static struct process_id self(void)
{
	return (struct process_id){.pid = (uint32_t)getpid()};
}

static void test_self(void **state)
{
	(void)state;
	assert_int_equal(proc_read(self(), -1, &facts), 0);
	assert_int_equal(facts.parent, getppid());
	assert_int_equal(facts.uid, getuid());
	assert_int_equal(facts.euid, geteuid());
	assert_string_equal(facts.name, "test_proc");
	assert_non_null(strstr(facts.executable, "/test_proc"));
	assert_non_null(strstr(facts.command_line, "test_proc"));
	assert_true(facts.id.start > 0);
	assert_int_equal(facts.id.start % PROC_TICK, 0);
	assert_int_equal(facts.flags & PROGRAM_DELETED, 0);
}

static void test_another_life(void **state)
{
	struct process_id id = self();

	(void)state;
	assert_int_equal(proc_read(self(), -1, &facts), 0);
	id.start = facts.id.start + 1234567; /* the same tick */
	assert_int_equal(proc_read(id, -1, &facts), 0);
	id.start += PROC_TICK;
	assert_int_equal(proc_read(id, -1, &facts), -ESRCH);
}

static void test_gone(void **state)
{
	pid_t child = fork();

	(void)state;
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	assert_int_equal(proc_read((struct process_id){.pid = (uint32_t)child}, -1, &facts),
			 -ESRCH);
}

/* A name may look like the rest of the line. */
static void test_odd_name(void **state)
{
	char before[16];

	(void)state;
	prctl(PR_GET_NAME, before);
	prctl(PR_SET_NAME, ") R 1 (x) 2");
	assert_int_equal(proc_read(self(), -1, &facts), 0);
	prctl(PR_SET_NAME, before);
	assert_string_equal(facts.name, ") R 1 (x) 2");
	assert_int_equal(facts.parent, getppid());
}

struct found {
	uint64_t cookie;
	struct proc_socket socket;
	unsigned times;
};

static void on_socket(void *context, const struct proc_socket *socket)
{
	struct found *found = context;

	if (socket->cookie != found->cookie)
		return;
	found->socket = *socket;
	found->times++;
}

static struct found find(int fd)
{
	struct found found = {0};
	socklen_t length = sizeof(found.cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &found.cookie, &length), 0);
	if (proc_sockets((uint32_t)getpid(), on_socket, &found)) {
		print_message("skipped: descriptors of processes cannot be copied here\n");
		skip();
	}
	return found;
}

static void test_sockets(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	int local = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t length = sizeof(at);
	struct found found;

	(void)state;
	assert_int_equal(bind(tcp, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(find(tcp).socket.listens, false);
	assert_int_equal(listen(tcp, 1), 0);
	getsockname(tcp, (struct sockaddr *)&at, &length);
	found = find(tcp);
	assert_int_equal(found.times, 1);
	assert_true(found.socket.listens);
	assert_int_equal(found.socket.proto, 6);
	assert_int_equal(found.socket.port, ntohs(at.sin_port));
	assert_int_equal(found.socket.addr.byte[12], 127);
	assert_int_equal(find(local).times, 0);
	at.sin_port = htons(0);
	assert_int_equal(bind(udp, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_true(find(udp).socket.listens);
	at.sin_port = htons(9);
	assert_int_equal(connect(udp, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_false(find(udp).socket.listens); /* it asks somebody */
	close(tcp);
	close(udp);
	close(local);
}

/* A child whose standard input and output are that descriptor. */
static bool is_on_socket(int input, int output)
{
	pid_t child = fork();
	bool is;

	if (!child) {
		dup2(input, 0);
		dup2(output, 1);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, NULL, WUNTRACED);
	assert_int_equal(proc_read((struct process_id){.pid = (uint32_t)child}, -1, &facts), 0);
	is = proc_stdio_is_socket(facts.id);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return is;
}

static void test_standard_input(void **state)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), local[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, local), 0);
	find(tcp); /* skips where it cannot be known */
	assert_true(is_on_socket(tcp, tcp));
	assert_false(is_on_socket(tcp, 2));
	assert_false(is_on_socket(local[0], local[0]));
	close(tcp);
	close(local[0]);
	close(local[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self),	cmocka_unit_test(test_another_life),
		cmocka_unit_test(test_gone),	cmocka_unit_test(test_odd_name),
		cmocka_unit_test(test_sockets), cmocka_unit_test(test_standard_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
