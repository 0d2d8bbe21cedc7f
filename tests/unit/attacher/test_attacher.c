/* SPDX-License-Identifier: Apache-2.0 */

/* The process that attaches: what it does, what it refuses, and what is known when it is gone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attacher/filters.h"
#include "attacher/inside.h"

#define LOOPBACK 1

static struct attacher *attacher;
static bool no_namespace;

/* Of our own, where we may change what we like. */
static int enter(void **state)
{
	(void)state;
	no_namespace = unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET);
	return 0;
}

static int begin(void **state)
{
	struct error error;

	(void)state;
	return attacher_open(&attacher, &error);
}

static int end(void **state)
{
	(void)state;
	attacher_close(attacher);
	attacher = NULL;
	return 0;
}

static bool has_clsact(void)
{
	return filters_has_clsact(&(struct filters_of){.ifindex = LOOPBACK});
}

static bool make_clsact(void)
{
	return attacher_make_clsact(attacher, NULL, LOOPBACK);
}

static void remove_clsact(void)
{
	attacher_remove_clsact(attacher, NULL, LOOPBACK);
}

#define NEED_NAMESPACE()                                                                           \
	do {                                                                                       \
		if (no_namespace) {                                                                \
			print_message("skip: no network namespace can be made here\n");            \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

/* ---- what it does ---- */

static void qdiscs_are_made_and_removed(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(attacher_programs(attacher, NULL, 0), 0);
	assert_true(make_clsact());
	assert_true(has_clsact());
	assert_false(make_clsact()); /* it is there */
	remove_clsact();
	assert_false(has_clsact());
}

static void elsewhere_goes_by_its_socket(void **state)
{
	struct mnl_socket *over = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(mnl_socket_bind(over, 0, MNL_SOCKET_AUTOPID), 0);
	assert_int_equal(attacher_programs(attacher, NULL, 0), 0);
	/* We go on to another one: it is left where it was, and this one's device stays bare. */
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_true(attacher_make_clsact(attacher, over, LOOPBACK));
	assert_false(has_clsact());
	assert_true(filters_has_clsact(&(struct filters_of){over, LOOPBACK}));
	attacher_remove_clsact(attacher, over, LOOPBACK);
	assert_false(filters_has_clsact(&(struct filters_of){over, LOOPBACK}));
	mnl_socket_close(over);
}

/* ---- what it refuses ---- */

static void nothing_is_done_before_programs_are_there(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	assert_false(make_clsact());
	assert_false(has_clsact());
	assert_int_equal(attacher_follow(attacher), -EAGAIN);
}

static void programs_are_ours_and_come_once(void **state)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int many[ATTACH_PROGRAMS_MAX + 1];

	(void)state;
	for (unsigned i = 0; i <= ATTACH_PROGRAMS_MAX; i++)
		many[i] = null;
	assert_int_equal(attacher_programs(attacher, &null, 1), -EINVAL);
	assert_int_equal(attacher_programs(attacher, many, ATTACH_PROGRAMS_MAX + 1), -E2BIG);
	assert_int_equal(attacher_programs(attacher, &(int){-1}, 1), 0);
	assert_int_equal(attacher_programs(attacher, NULL, 0), -EPERM);
	close(null);
}

static int32_t ask_raw(const void *bytes, size_t length, int fd, unsigned fds)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(16 * sizeof(int))];
	} control = {0};
	struct iovec part = {(void *)bytes, length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct attach_answer answer = {0};

	if (fds) {
		control.head =
			(struct cmsghdr){CMSG_LEN(fds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		for (unsigned i = 0; i < fds; i++)
			memcpy(CMSG_DATA(&control.head) + i * sizeof(int), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(fds * sizeof(int));
	}
	assert_true(sendmsg(attacher->line.channel, &message, MSG_NOSIGNAL) >= 0);
	assert_int_equal(recv(attacher->line.channel, &answer, sizeof(answer), 0), sizeof(answer));
	return answer.result;
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct attach_ask ask = {.number = 5,
				 .what = ATTACH_MAKE_CLSACT,
				 .ifindex = LOOPBACK,
				 .kinds = KIND_BIT(KIND_CLSACT)};
	char longer[sizeof(ask) + 1] = {0};
	int pair[2], other = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(attacher_programs(attacher, NULL, 0), 0);
	memcpy(longer, &ask, sizeof(ask));
	assert_int_equal(ask_raw(&ask, sizeof(ask) - 1, -1, 0), -EINVAL);
	assert_int_equal(ask_raw(&ask, 1, pair[0], 1), -EINVAL);
	assert_int_equal(ask_raw(longer, sizeof(longer), -1, 0), -EINVAL);
	assert_int_equal(ask_raw(&ask, sizeof(ask), pair[0], 1), -EINVAL);
	assert_int_equal(ask_raw(&ask, sizeof(ask), pair[0], 16), -EINVAL);
	ask.kinds = KIND_BIT(KIND_TCX);
	assert_int_equal(ask_raw(&ask, sizeof(ask), -1, 0), -EINVAL);
	/* A socket that is no route socket. */
	ask.kinds = KIND_BIT(KIND_ELSEWHERE);
	assert_int_equal(ask_raw(&ask, sizeof(ask), pair[0], 1), -EINVAL);
	assert_int_equal(ask_raw(&ask, sizeof(ask), other, 1), -EINVAL);
	/* A program that there is not. */
	ask.what = ATTACH_PUT;
	ask.kinds = KIND_BIT(KIND_TCX);
	assert_int_equal(ask_raw(&ask, sizeof(ask), -1, 0), -EINVAL);
	assert_false(has_clsact());
	assert_true(make_clsact()); /* it is as well as before */
	remove_clsact();
	close(pair[0]);
	close(pair[1]);
	close(other);
}

/* ---- when it ends ---- */

static void one_that_ends_is_started_anew(void **state)
{
	const char *fact, *message;
	bool degraded = false;
	uint32_t first;
	json_t *status;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(attacher_programs(attacher, NULL, 0), 0);
	first = attacher->lives.pid;
	assert_false(attacher_health(attacher, &fact, &message));
	kill((pid_t)first, SIGKILL);
	/* Whoever gets this, it is done. */
	assert_true(make_clsact());
	remove_clsact();
	assert_false(has_clsact());
	assert_int_not_equal(attacher->lives.pid, first);
	assert_true(attacher_health(attacher, &fact, &message));
	assert_string_equal(fact, "attacher_restarted");
	assert_non_null(strstr(message, "signal 9"));
	assert_false(attacher_health(attacher, &fact, &message));
	status = attacher_status(attacher, &degraded);
	assert_true(degraded);
	assert_int_equal(json_integer_value(json_object_get(status, "restarts")), 1);
	json_decref(status);
}

/* It is noticed though nobody asks for anything. */
static void one_that_ends_is_told(void **state)
{
	const char *fact, *message;
	unsigned tries = 500;

	(void)state;
	assert_int_equal(attacher_programs(attacher, NULL, 0), 0);
	kill((pid_t)attacher->lives.pid, SIGKILL);
	while (!attacher_health(attacher, &fact, &message) && tries--)
		usleep(10000);
	assert_string_equal(fact, "attacher_restarted");
}

static void one_that_hangs_is_waited_for_once(void **state)
{
	weir_time began;
	bool degraded = false;
	unsigned tries = 500;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(attacher_programs(attacher, NULL, 0), 0);
	kill((pid_t)attacher->lives.pid, SIGSTOP);
	began = time_monotonic();
	assert_false(make_clsact());
	assert_true(time_monotonic() - began >= ATTACHER_WAIT);
	assert_int_equal(attacher->line.unanswered, 1);
	for (unsigned i = 0; i < 100; i++)
		assert_false(make_clsact());
	assert_true(time_monotonic() - began < 2 * ATTACHER_WAIT);
	assert_int_equal(attacher->line.unasked, 100);
	json_decref(attacher_status(attacher, &degraded));
	assert_true(degraded);
	kill((pid_t)attacher->lives.pid, SIGCONT);
	while (!has_clsact() && tries--) /* late, but done */
		usleep(10000);
	while (attacher->line.behind && tries--) {
		usleep(10000);
		line_look(attacher);
	}
	assert_false(attacher->line.behind);
	remove_clsact();
	assert_false(has_clsact());
}

static void nobody_left_is_told(void **state)
{
	const char *fact, *message;
	bool degraded = false;
	struct hook hook;

	(void)state;
	assert_int_equal(attacher_programs(attacher, NULL, 0), 0);
	kill(attacher->keeper, SIGKILL); /* and with it who answers */
	while (!attacher->line.gone)
		line_look(attacher);
	assert_int_equal(
		attacher_attach(attacher, &hook, KIND_BIT(KIND_TCX), LOOPBACK, ATTACH_IN, -1),
		-EPIPE);
	assert_non_null(strstr(hook.why, "does not answer"));
	assert_null(hook.ops);
	assert_true(attacher_health(attacher, &fact, &message));
	assert_string_equal(fact, "attacher_gone");
	assert_false(attacher_health(attacher, &fact, &message));
	json_decref(attacher_status(attacher, &degraded));
	assert_true(degraded);
}

/* ---- lies ---- */

/* We are who answers: each lie to one question, with this many descriptors. */
static const struct lie {
	struct attach_answer answer;
	unsigned fds;
} lies[] = {
	{{.what = ATTACH_FOLLOW}, 0},
	{{.what = ATTACH_FOLLOW}, 2},
	{{.what = ATTACH_FOLLOW, .result = 1}, 1},
	{{.what = ATTACH_FOLLOW, .result = -EPERM}, 1},
	{{.what = ATTACH_LIST}, 1},
	{{.what = ATTACH_FOLLOW, .kind = 1}, 1},
};
#define LIES (sizeof(lies) / sizeof(lies[0]))

static int far;

static void send_lie(const struct lie *lie, uint32_t number, size_t length)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	struct attach_answer answer = lie->answer;
	struct iovec part = {&answer, length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	answer.number = number;
	if (lie->fds) {
		control.head =
			(struct cmsghdr){CMSG_LEN(lie->fds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), (int[]){far, far}, lie->fds * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(lie->fds * sizeof(int));
	}
	sendmsg(far, &message, MSG_NOSIGNAL);
}

/* Before each something that is no answer at all; after them the truth. */
static void *lie(void *context)
{
	const struct lie truth = {{.what = ATTACH_FOLLOW}, 1};
	struct attach_ask ask;

	for (size_t i = 0; i <= LIES; i++) {
		if (recv(far, &ask, sizeof(ask), 0) != sizeof(ask))
			break;
		send_lie(&truth, ask.number, sizeof(truth.answer) - 1);
		send_lie(&truth, ask.number + 1, sizeof(truth.answer)); /* to another question */
		send_lie(i < LIES ? &lies[i] : &truth, ask.number, sizeof(truth.answer));
	}
	return context;
}

static unsigned open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void lies_are_not_believed(void **state)
{
	unsigned before;
	pthread_t thread;
	int pair[2], fd;

	(void)state;
	attacher = calloc(1, sizeof(*attacher));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	attacher->line.channel = pair[0];
	far = pair[1];
	before = open_descriptors();
	pthread_create(&thread, NULL, lie, NULL);
	for (size_t i = 0; i < LIES; i++)
		assert_int_equal(attacher_follow(attacher), -EAGAIN);
	assert_int_equal(attacher->line.malformed, 2 * LIES);
	assert_false(attacher->line.behind);
	assert_int_equal(open_descriptors(), before);
	fd = attacher_follow(attacher);
	assert_true(fd >= 0);
	close(fd);
	pthread_join(thread, NULL);
	close(far);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(qdiscs_are_made_and_removed, begin, end),
		cmocka_unit_test_setup_teardown(elsewhere_goes_by_its_socket, begin, end),
		cmocka_unit_test_setup_teardown(nothing_is_done_before_programs_are_there, begin,
						end),
		cmocka_unit_test_setup_teardown(programs_are_ours_and_come_once, begin, end),
		cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(one_that_ends_is_started_anew, begin, end),
		cmocka_unit_test_setup_teardown(one_that_ends_is_told, begin, end),
		cmocka_unit_test_setup_teardown(one_that_hangs_is_waited_for_once, begin, end),
		cmocka_unit_test_setup_teardown(nobody_left_is_told, begin, end),
		cmocka_unit_test_teardown(lies_are_not_believed, end),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
