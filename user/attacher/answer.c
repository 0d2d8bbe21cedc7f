/* SPDX-License-Identifier: Apache-2.0 */
/* The process that attaches: takes questions, does them, knows nothing else. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attacher/inside.h"
#include "confine/confine.h"

static int programs[ATTACH_PROGRAMS_MAX];
static unsigned programs_len;
static bool has_programs;

/* A question as it came. */
struct question {
	struct attach_ask ask;
	int fds[ATTACH_PROGRAMS_MAX];
	unsigned fds_len;
	bool whole;
};

/* ---- messages ---- */

static void take_descriptors(struct question *question, struct msghdr *message)
{
	struct cmsghdr *with = CMSG_FIRSTHDR(message);

	if (!with || with->cmsg_level != SOL_SOCKET || with->cmsg_type != SCM_RIGHTS)
		return;
	/* There is room for no more. */
	question->fds_len = (unsigned)((with->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(question->fds, CMSG_DATA(with), question->fds_len * sizeof(int));
}

static void receive(struct question *question)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(question->fds))];
	} control;
	struct iovec part = {&question->ask, sizeof(question->ask)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_LEN(sizeof(question->fds))};
	ssize_t n;

	memset(question, 0, sizeof(*question));
	do
		n = recvmsg(KEEPER_CHANNEL, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		_exit(0); /* the engine hung up */
	take_descriptors(question, &message);
	question->whole =
		n == sizeof(question->ask) && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
}

static void send_with(const void *bytes, size_t length, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {(void *)bytes, length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		control.head = (struct cmsghdr){CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	if (sendmsg(KEEPER_CHANNEL, &message, MSG_NOSIGNAL) < 0)
		_exit(errno != EPIPE); /* it is: the engine is gone */
}

/* ---- what comes with them ---- */

static bool is_program(int fd)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &size) &&
	       (info.type == BPF_PROG_TYPE_SCHED_CLS || info.type == BPF_PROG_TYPE_XDP) &&
	       !strncmp(info.name, PROGRAM_PREFIX, sizeof(PROGRAM_PREFIX) - 1);
}

/* Those of this life: who takes the engine over can bring no others. */
static int keep_programs(struct question *question)
{
	if (has_programs)
		return -EPERM;
	for (unsigned i = 0; i < question->fds_len; i++)
		if (!is_program(question->fds[i]))
			return -EINVAL;
	memcpy(programs, question->fds, sizeof(programs));
	programs_len = question->fds_len;
	question->fds_len = 0;
	has_programs = true;
	return 0;
}

static int option_of(int fd, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) ? -1 : value;
}

/* One of another network namespace, for its devices. */
static struct mnl_socket *open_over(int fd)
{
	if (option_of(fd, SO_DOMAIN) != AF_NETLINK || option_of(fd, SO_PROTOCOL) != NETLINK_ROUTE)
		return NULL;
	return mnl_socket_fdopen(fd);
}

/* ---- answering ---- */

static int act(struct question *question, struct attach_answer *answer)
{
	struct acting with = {.programs = programs_len ? programs : NULL, .link = -1};
	bool elsewhere = question->ask.kinds == KIND_BIT(KIND_ELSEWHERE);
	int given;

	if (!elsewhere && question->fds_len)
		with.link = question->fds[0];
	if (elsewhere) {
		with.over = open_over(question->fds[0]);
		if (!with.over) {
			answer->result = -EINVAL;
			return -1;
		}
		question->fds_len = 0; /* it is closed with its socket */
	}
	given = attach_act(&question->ask, &with, answer);
	if (with.over)
		mnl_socket_close(with.over);
	return given;
}

static void answer(struct question *question)
{
	struct attach_answer answer = {.number = question->ask.number, .what = question->ask.what};
	int given = -1;

	if (!question->whole ||
	    !attach_ask_is_sane(&question->ask, question->fds_len, programs_len))
		answer.result = has_programs ? -EINVAL : -EAGAIN;
	else if (question->ask.what == ATTACH_PROGRAMS)
		answer.result = keep_programs(question);
	else if (!has_programs) /* it was meant for the one before */
		answer.result = -EAGAIN;
	else
		given = act(question, &answer);
	send_with(&answer, sizeof(answer), given);
	if (given >= 0)
		close(given);
	for (unsigned i = 0; i < question->fds_len; i++)
		close(question->fds[i]);
}

void attacher_become(void *context, struct keeper_life life)
{
	const struct attach_ready ready = {
		.pid = (uint32_t)getpid(), .life = life.number, .status = life.status};
	struct question question;

	(void)context;
	libbpf_set_print(NULL); /* it may not write */
	if (confine_calls_attacher(KEEPER_CHANNEL))
		_exit(1);
	send_with(&ready, sizeof(ready), -1);
	for (;;) {
		receive(&question);
		alarm(ATTACHER_HANG_SECONDS); /* its default ends the process */
		answer(&question);
		alarm(0);
	}
}
