/* SPDX-License-Identifier: Apache-2.0 */

/* The owner programs at their real hooks: whose a socket is, and what is told of processes. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cmocka.h>

#include "capture/live/owners_inside.h"

#define RECORDS_MAX 4096

union record {
	struct owner_record head;
	struct owner_forked forked;
	struct owner_executed executed;
	struct owner_bound bound;
};

static struct owners_kernel kernel;
static int root = -1;
static union record *records;
static size_t records_len;

static int on_record(void *context, void *data, size_t size)
{
	(void)context;
	if (records_len < RECORDS_MAX && size <= sizeof(union record))
		memcpy(&records[records_len++], data, size);
	return 0;
}

static int open_kernel(void **state)
{
	(void)state;
	records = calloc(RECORDS_MAX, sizeof(*records));
	/* A network of our own, so that ports are ours. */
	if (!records || unshare(CLONE_NEWNET) || system("ip link set lo up 2>/dev/null"))
		return 0;
	root = cgroups_open_root();
	if (root < 0)
		snprintf(kernel.why, sizeof(kernel.why), "no cgroup2 hierarchy");
	else
		owners_kernel_open(&kernel, root, on_record, NULL);
	return 0;
}

static int close_kernel(void **state)
{
	(void)state;
	owners_kernel_close(&kernel);
	if (root >= 0)
		close(root);
	free(records);
	return 0;
}

#define need_kernel()                                                                              \
	do {                                                                                       \
		if (!kernel.skeleton) {                                                            \
			print_message("skipped: owner programs: %s\n", kernel.why);                \
			skip();                                                                    \
		}                                                                                  \
		ring_buffer__consume(kernel.ring);                                                 \
		records_len = 0;                                                                   \
	} while (0)

/* The last record of that kind about that process; fails if there is none. */
static const union record *told(enum owner_record_kind kind, pid_t pid)
{
	size_t i;

	ring_buffer__consume(kernel.ring);
	for (i = records_len; i-- > 0;)
		if (records[i].head.kind == kind && records[i].head.who.pid == (uint32_t)pid)
			return &records[i];
	fail_msg("no record of kind %d about %d", kind, (int)pid);
	return NULL;
}

static bool is_told(enum owner_record_kind kind, pid_t pid)
{
	size_t i;

	ring_buffer__consume(kernel.ring);
	for (i = 0; i < records_len; i++)
		if (records[i].head.kind == kind && records[i].head.who.pid == (uint32_t)pid)
			return true;
	return false;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
	return cookie;
}

static struct owner_socket owner_of(uint64_t cookie)
{
	struct owner_socket socket = {0};

	assert_true(owners_kernel_socket(&kernel, cookie, &socket));
	return socket;
}

static struct sockaddr_in here(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listening(uint16_t port)
{
	struct sockaddr_in at = here(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static int connected(uint16_t port)
{
	struct sockaddr_in to = here(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Runs `work` in a child until it leaves; its pid. */
static pid_t in_child(void (*work)(int fd), int fd)
{
	pid_t child = fork();

	if (!child) {
		work(fd);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return child;
}

/* ---- sockets ---- */

static void test_made(void **state)
{
	int tcp, udp, local;
	struct owner_socket socket_;

	(void)state;
	need_kernel();
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	udp = socket(AF_INET6, SOCK_DGRAM, 0);
	local = socket(AF_UNIX, SOCK_STREAM, 0);
	socket_ = owner_of(cookie_of(tcp));
	assert_int_equal(socket_.by.pid, getpid());
	assert_int_equal(socket_.by.euid, geteuid());
	assert_true(socket_.by.start > 0);
	assert_true(socket_.netns > 0);
	assert_int_equal(owner_of(cookie_of(udp)).by.pid, getpid());
	assert_int_equal(owner_of(cookie_of(udp)).netns, socket_.netns);
	assert_false(owners_kernel_socket(&kernel, cookie_of(local), &socket_));
	close(tcp);
	close(udp);
	close(local);
}

static void connect_it(int fd)
{
	struct sockaddr_in to = here(7010);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		_exit(1);
}

static void send_it(int fd)
{
	struct sockaddr_in to = here(7011);

	sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

static void test_handed_over(void **state)
{
	int listener, tcp, udp;
	pid_t child;

	(void)state;
	need_kernel();
	listener = listening(7010);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	child = in_child(connect_it, tcp);
	assert_int_equal(owner_of(cookie_of(tcp)).by.pid, child);
	child = in_child(send_it, udp);
	assert_int_equal(owner_of(cookie_of(udp)).by.pid, child);
	close(udp);
	close(tcp);
	close(listener);
}

static int told_fd[2];

/* With room for the peer's address, as nearly all accept. */
static void accept_asking(int fd)
{
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);

	if (accept(fd, (struct sockaddr *)&peer, &length) >= 0 && write(told_fd[1], "x", 1) == 1)
		pause(); /* what its end would tell must not count */
	_exit(1);
}

static void test_accepted(void **state)
{
	int listener, client, server;
	struct owner_socket socket_;
	uint64_t accepted;

	(void)state;
	need_kernel();
	listener = listening(7012);
	client = connected(7012);
	server = accept(listener, NULL, NULL);
	accepted = cookie_of(server);
	assert_false(owners_kernel_socket(&kernel, accepted, &socket_));
	close(server); /* in the process that has it: now it is known */
	assert_int_equal(owner_of(accepted).by.pid, getpid());
	close(client);
	close(listener);
}

/* All sockets of that owner: of an accepted one nobody here has the descriptor. */
static unsigned sockets_of(pid_t pid)
{
	struct owner_socket socket_;
	unsigned n = 0;
	uint32_t i;

	for (i = 0; i < OWNERS_SOCKETS; i++)
		if (!bpf_map_lookup_elem(kernel.sockets, &i, &socket_))
			n += socket_.cookie && socket_.by.pid == (uint32_t)pid;
	return n;
}

static void test_accepted_by_a_worker(void **state)
{
	int listener, client;
	pid_t worker;
	char byte;

	(void)state;
	need_kernel();
	listener = listening(7013);
	client = connected(7013);
	assert_int_equal(pipe(told_fd), 0);
	worker = fork();
	if (!worker)
		accept_asking(listener);
	assert_int_equal(read(told_fd[0], &byte, 1), 1);
	assert_int_equal(sockets_of(worker), 1);
	kill(worker, SIGKILL);
	waitpid(worker, NULL, 0);
	assert_int_equal(owner_of(cookie_of(client)).by.pid, getpid());
	close(client);
	close(listener);
}

static bool is_unlistened(uint64_t cookie)
{
	size_t i;

	ring_buffer__consume(kernel.ring);
	for (i = 0; i < records_len; i++)
		if (records[i].head.kind == OWNER_UNLISTENS && records[i].bound.cookie == cookie)
			return true;
	return false;
}

static void test_listeners(void **state)
{
	struct sockaddr_in at = here(7014);
	const struct owner_bound *bound;
	int tcp, udp = socket(AF_INET, SOCK_DGRAM, 0);
	struct owner_socket socket_;
	uint64_t cookie;

	(void)state;
	need_kernel();
	tcp = listening(7015);
	bound = &told(OWNER_LISTENS, getpid())->bound;
	assert_int_equal(bound->proto, IPPROTO_TCP);
	assert_int_equal(bound->port, 7015);
	assert_int_equal(bound->cookie, cookie_of(tcp));
	assert_int_equal(bound->addr[12], 127);
	assert_int_equal(bind(udp, (struct sockaddr *)&at, sizeof(at)), 0);
	bound = &told(OWNER_LISTENS, getpid())->bound;
	assert_int_equal(bound->proto, IPPROTO_UDP);
	assert_int_equal(bound->port, 7014);
	cookie = cookie_of(udp);
	assert_int_equal(bpf_map_lookup_elem(kernel.listeners, &cookie, &socket_), 0);
	records_len = 0;
	close(udp);
	assert_true(is_unlistened(cookie));
	assert_int_not_equal(bpf_map_lookup_elem(kernel.listeners, &cookie, &socket_), 0);
	cookie = cookie_of(tcp);
	assert_int_equal(bpf_map_lookup_elem(kernel.listeners, &cookie, &socket_), 0);
	shutdown(tcp, SHUT_RD); /* it listens no more, and is not closed */
	assert_true(is_unlistened(cookie));
	assert_int_not_equal(bpf_map_lookup_elem(kernel.listeners, &cookie, &socket_), 0);
	close(tcp);
}

static void accept_silently(int fd)
{
	_exit(accept(fd, NULL, NULL) < 0);
}

static void connect_it_v6(int fd)
{
	const struct sockaddr_in6 to = {.sin6_family = AF_INET6,
					.sin6_port = htons(7016),
					.sin6_addr = IN6ADDR_LOOPBACK_INIT};

	_exit(connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0);
}

/* Connects, sends, is bound, listens and is accepted over IPv6. */
static void test_version_6(void **state)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6,
				  .sin6_port = htons(7016),
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int listener = socket(AF_INET6, SOCK_STREAM, 0), udp = socket(AF_INET6, SOCK_DGRAM, 0);
	int client = socket(AF_INET6, SOCK_STREAM, 0);
	const struct owner_bound *bound;
	pid_t child;

	(void)state;
	need_kernel();
	if (bind(listener, (struct sockaddr *)&at, sizeof(at))) {
		print_message("skipped: no IPv6 here\n");
		skip();
	}
	assert_int_equal(listen(listener, 8), 0);
	bound = &told(OWNER_LISTENS, getpid())->bound;
	assert_int_equal(bound->port, 7016);
	assert_memory_equal(bound->addr, &at.sin6_addr, 16);
	child = in_child(connect_it_v6, client);
	assert_int_equal(owner_of(cookie_of(client)).by.pid, child);
	child = in_child(accept_silently, listener); /* its end closes it */
	assert_int_equal(sockets_of(child), 1);
	at.sin6_port = htons(7017);
	assert_int_equal(bind(udp, (struct sockaddr *)&at, sizeof(at)), 0);
	bound = &told(OWNER_LISTENS, getpid())->bound;
	assert_int_equal(bound->proto, IPPROTO_UDP);
	assert_memory_equal(bound->addr, &at.sin6_addr, 16);
	close(udp);
	close(client);
	close(listener);
}

/* ---- processes ---- */

static void make_sockets(int fd)
{
	(void)fd;
	close(socket(AF_INET, SOCK_STREAM, 0));
	close(socket(AF_INET, SOCK_STREAM, 0));
}

static void test_life(void **state)
{
	const struct owner_forked *forked;
	unsigned holds = 0;
	pid_t child;
	size_t i;

	(void)state;
	need_kernel();
	child = in_child(make_sockets, -1);
	forked = &told(OWNER_FORK, child)->forked;
	assert_int_equal(forked->parent_pid, getpid());
	assert_true(forked->parent_start < forked->head.who.start);
	assert_true(told(OWNER_EXIT, child)->head.who.start == forked->head.who.start);
	for (i = 0; i < records_len; i++)
		holds += records[i].head.kind == OWNER_HOLDS &&
			 records[i].head.who.pid == (uint32_t)child;
	assert_int_equal(holds, 1); /* the first only */
}

static void *nothing(void *context)
{
	return context;
}

static void test_thread_is_no_process(void **state)
{
	pthread_t thread;

	(void)state;
	need_kernel();
	assert_int_equal(pthread_create(&thread, NULL, nothing, NULL), 0);
	pthread_join(thread, NULL);
	assert_false(is_told(OWNER_EXIT, getpid()));
}

static void run_true(int fd)
{
	(void)fd;
	execl("/bin/sh", "sh", "-c", ":", "two words", (char *)NULL);
}

static void run_on_socket(int fd)
{
	dup2(fd, 0);
	dup2(fd, 1);
	run_true(fd);
}

static void run_with_many(int fd)
{
	static char large[OWNER_ARGS * 2];

	(void)fd;
	memset(large, 'a', sizeof(large) - 1);
	execl("/bin/sh", "sh", "-c", ":", large, (char *)NULL);
}

static void test_program(void **state)
{
	static const char args[] = "sh\0-c\0:\0two words";
	const struct owner_executed *r;

	(void)state;
	need_kernel();
	r = &told(OWNER_EXEC, in_child(run_true, -1))->executed;
	assert_string_equal(r->path, "/bin/sh");
	assert_string_equal(r->head.who.comm, "sh");
	assert_int_equal(r->args_length, sizeof(args));
	assert_memory_equal(r->args, args, sizeof(args));
	assert_int_equal(r->parent_pid, getpid());
	assert_int_equal(r->flags, 0);
	r = &told(OWNER_EXEC, in_child(run_with_many, -1))->executed;
	assert_int_equal(r->flags, OWNER_EXEC_CUT);
	assert_int_equal(r->args_length, OWNER_ARGS);
}

static void test_standard_input(void **state)
{
	int udp, pair[2];
	const struct owner_executed *r;

	(void)state;
	need_kernel();
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	r = &told(OWNER_EXEC, in_child(run_on_socket, udp))->executed;
	assert_int_equal(r->flags, OWNER_EXEC_STDIO);
	r = &told(OWNER_EXEC, in_child(run_on_socket, pair[0]))->executed;
	assert_int_equal(r->flags, 0);
	close(udp);
	close(pair[0]);
	close(pair[1]);
}

static void test_nothing_lost(void **state)
{
	uint64_t losses[OWNER_LOSSES];
	unsigned i;

	(void)state;
	need_kernel();
	owners_kernel_losses(&kernel, losses);
	for (i = 0; i < OWNER_LOSSES; i++)
		assert_int_equal(losses[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made),	     cmocka_unit_test(test_handed_over),
		cmocka_unit_test(test_accepted),     cmocka_unit_test(test_accepted_by_a_worker),
		cmocka_unit_test(test_listeners),    cmocka_unit_test(test_version_6),
		cmocka_unit_test(test_life),	     cmocka_unit_test(test_thread_is_no_process),
		cmocka_unit_test(test_program),	     cmocka_unit_test(test_standard_input),
		cmocka_unit_test(test_nothing_lost),
	};

	return cmocka_run_group_tests(tests, open_kernel, close_kernel);
}
