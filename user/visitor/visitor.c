/* SPDX-License-Identifier: Apache-2.0 */
#include "visitor/visitor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/confine.h"

#define CHANNEL 3	  /* the visitor's descriptors beside standard ones */
#define HOME	4	  /* the engine's network namespace */
#define HANDED	3	  /* descriptors of an answer */
#define BACKLOG (1 << 20) /* bytes: many interfaces that come at once */

struct visitor {
	pid_t pid;
	int channel;
	bool silent; /* an answer did not come: what comes now may be an earlier one */
};

/* A request is one of these, and for the second a path. */
enum request { FIND = 'f', ENTER = 'e' };

/* To FIND it comes behind all that was found, each of which is a message. */
struct answer {
	int32_t err;
	uint32_t left_out;
	uint64_t device, inode;
};

/* ---- the visitor itself ---- */

/* A netlink socket of the namespace that this thread is in, or -errno. */
static int open_socket(uint32_t groups)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int bytes = BACKLOG, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (!bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void close_sockets(const int fds[HANDED])
{
	for (int i = 0; i < HANDED; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int open_sockets(int fds[HANDED])
{
	int err = 0;

	for (int i = 0; i < HANDED && err >= 0; i++)
		err = fds[i] = open_socket(i == 0 ? RTMGRP_LINK : 0);
	return err < 0 ? err : 0;
}

static int enter(const char *path, struct answer *answer, int fds[HANDED])
{
	/* A name may be anything by now: a pipe must not hold us up. */
	int space = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	struct stat found;

	if (space < 0)
		return -errno;
	if (ioctl(space, NS_GET_NSTYPE) != CLONE_NEWNET)
		err = -EINVAL;
	else if (fstat(space, &found) || setns(space, CLONE_NEWNET))
		err = -errno;
	close(space);
	if (err)
		return err;
	answer->device = found.st_dev;
	answer->inode = found.st_ino;
	err = open_sockets(fds);
	if (setns(HOME, CLONE_NEWNET))
		_exit(1);
	return err;
}

static bool hand_over(const struct answer *answer, const int fds[HANDED])
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(HANDED * sizeof(int))];
	} control = {0};
	struct iovec part = {(void *)answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (!answer->err) {
		control.head =
			(struct cmsghdr){CMSG_LEN(HANDED * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), fds, HANDED * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(CHANNEL, &message, MSG_NOSIGNAL) == sizeof(*answer);
}

/* False: the engine is gone. */
static bool serve_enter(const char *path)
{
	struct answer answer = {0};
	int fds[HANDED] = {-1, -1, -1};
	bool done;

	answer.err = enter(path, &answer, fds);
	done = hand_over(&answer, fds);
	close_sockets(fds);
	return done;
}

static bool serve_find(const char *const *patterns)
{
	static struct spaces spaces;
	struct answer answer = {0};

	spaces_find(&spaces, patterns, NULL);
	vec_each (space, &spaces.found)
		if (send(CHANNEL, space, sizeof(*space), MSG_NOSIGNAL) < 0)
			return false;
	answer.left_out = (uint32_t)spaces.left_out;
	return send(CHANNEL, &answer, sizeof(answer), MSG_NOSIGNAL) == sizeof(answer);
}

static bool serve(const char *const *patterns)
{
	char request[1 + SPACE_PATH_MAX];
	ssize_t n = recv(CHANNEL, request, sizeof(request) - 1, 0);

	if (n <= 0)
		return n < 0 && errno == EINTR;
	request[n] = '\0';
	return *request == FIND ? serve_find(patterns) : serve_enter(request + 1);
}

/* Files of namespaces belong to whoever's processes they are. */
#define KEPT                                                                                       \
	(UINT64_C(1) << CAP_SYS_ADMIN | UINT64_C(1) << CAP_SYS_PTRACE |                            \
	 UINT64_C(1) << CAP_DAC_READ_SEARCH)

static void run(int channel, const char *const *patterns)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_NAME, "weir-visitor");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	/* Above both places first, so that neither is overwritten. */
	channel = fcntl(channel, F_DUPFD, HOME + 1);
	home = fcntl(home, F_DUPFD, HOME + 1);
	if (channel < 0 || home < 0 || dup2(channel, CHANNEL) < 0 || dup2(home, HOME) < 0)
		_exit(1);
	close_range(HOME + 1, ~0u, 0);
	if (confine_capabilities(KEPT) || confine_calls_visitor())
		_exit(1);
	while (serve(patterns))
		;
	_exit(0);
}

/* ---- the engine's side ---- */

static int failed(struct error *error, int err)
{
	return error_set(error, EXIT_SYSTEM, err, "cannot enter network namespaces: %s",
			 strerror(err));
}

int visitor_open(struct visitor **out, const char *const *patterns, struct error *error)
{
	const struct timeval patience = {.tv_sec = VISITOR_SECONDS};
	struct visitor *visitor;
	int ends[2], err;

	if (!(confine_held() >> CAP_SYS_ADMIN & 1))
		return error_set(error, EXIT_SYSTEM, EPERM,
				 "watching other network namespaces takes CAP_SYS_ADMIN: give it, "
				 "or leave `namespaces` empty");
	visitor = calloc(1, sizeof(*visitor));
	if (!visitor || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		err = errno;
		free(visitor);
		return failed(error, err);
	}
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	visitor->channel = ends[0];
	visitor->pid = fork();
	if (!visitor->pid)
		run(ends[1], patterns);
	err = visitor->pid < 0 ? errno : 0;
	close(ends[1]);
	if (!err) {
		*out = visitor;
		return 0;
	}
	close(ends[0]);
	free(visitor);
	return failed(error, err);
}

void visitor_close(struct visitor *visitor)
{
	if (!visitor)
		return;
	close(visitor->channel);
	kill(visitor->pid, SIGKILL);
	while (waitpid(visitor->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(visitor);
}

/* Once it was silent, no answer is told from another. */
static int ask(struct visitor *visitor, const void *request, size_t length)
{
	if (visitor->silent)
		return -EPIPE;
	if (send(visitor->channel, request, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

static ssize_t hear(struct visitor *visitor, struct msghdr *message)
{
	ssize_t n;

	do
		n = recvmsg(visitor->channel, message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	visitor->silent |= n <= 0;
	return n < 0 ? -errno : n;
}

/* The answer to ENTER: 0 with its descriptors, or -errno. */
static int receive(struct visitor *visitor, struct visit *visit)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(HANDED * sizeof(int))];
	} control = {0};
	struct answer answer = {0};
	struct iovec part = {&answer, sizeof(answer)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t n = hear(visitor, &message);
	int fds[HANDED];

	if (n != sizeof(answer))
		return n < 0 ? (int)n : -ECHILD;
	if (answer.err)
		return answer.err;
	if (!CMSG_FIRSTHDR(&message) || control.head.cmsg_len != CMSG_LEN(sizeof(fds)))
		return -EMFILE; /* we have no room for them */
	memcpy(fds, CMSG_DATA(&control.head), sizeof(fds));
	*visit = (struct visit){answer.device, answer.inode, fds[0], fds[1], fds[2]};
	return 0;
}

int visitor_enter(struct visitor *visitor, const char *path, struct visit *visit)
{
	char request[1 + SPACE_PATH_MAX] = {ENTER};
	size_t length = strlen(path);
	int err;

	if (length >= SPACE_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(request + 1, path, length);
	err = ask(visitor, request, 1 + length);
	return err ? err : receive(visitor, visit);
}

int visitor_find(struct visitor *visitor, struct spaces *spaces)
{
	const char request = FIND;
	int err = ask(visitor, &request, sizeof(request));

	if (err)
		return err;
	spaces->found.len = 0;
	for (;;) {
		union {
			struct space space;
			struct answer answer;
		} heard;
		struct iovec part = {&heard, sizeof(heard)};
		struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
		ssize_t n = hear(visitor, &message);
		struct space *space;

		if (n == sizeof(heard.answer))
			spaces->left_out = heard.answer.left_out;
		if (n != sizeof(heard.space))
			return n < 0 ? (int)n : 0;
		space = vec_add(&spaces->found);
		if (space)
			*space = heard.space;
	}
}

pid_t visitor_pid(const struct visitor *visitor)
{
	return visitor->pid;
}
