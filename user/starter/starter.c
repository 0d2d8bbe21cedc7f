/* SPDX-License-Identifier: Apache-2.0 */
#include "starter/starter.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/confine.h"
#include "decoding/child.h"
#include "kubernetes/child.h"

#define CHANNEL 3 /* the starter's one descriptor beside standard ones */
#define SENT	2 /* descriptors of a request, at most: the child's channel and its ring */

enum kind { START_DECODING, START_KUBERNETES, KINDS };

static const size_t descriptors[KINDS] = {[START_DECODING] = 2, [START_KUBERNETES] = 1};

struct request {
	uint64_t kind;
	uint64_t opening; /* of START_DECODING */
};

struct starter {
	pid_t pid;
	int channel;
};

/* ---- the starter itself ---- */

/* A sibling, not a child: the engine waits for it. Nothing runs here but this thread, so that a
 * plain copy of it is whole. */
static pid_t start(const struct request *request, const int fds[SENT])
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);

	if (!pid && request->kind == START_KUBERNETES)
		kubernetes_child_become(fds[0]);
	if (!pid)
		child_become(fds[0], fds[1], request->opening);
	return pid < 0 ? -errno : pid;
}

/* False: the engine is gone. */
static bool serve(void)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(SENT * sizeof(int))];
	} control;
	struct request request;
	struct iovec part = {&request, sizeof(request)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *with;
	int fds[SENT] = {-1, -1};
	int32_t answer = -EINVAL;
	ssize_t n = recvmsg(CHANNEL, &message, MSG_CMSG_CLOEXEC);

	if (n <= 0)
		return n < 0 && errno == EINTR;
	with = CMSG_FIRSTHDR(&message);
	if (n == sizeof(request) && request.kind < KINDS && with && with->cmsg_type == SCM_RIGHTS &&
	    with->cmsg_len == CMSG_LEN(descriptors[request.kind] * sizeof(int))) {
		memcpy(fds, CMSG_DATA(with), descriptors[request.kind] * sizeof(int));
		answer = start(&request, fds);
		for (size_t i = 0; i < descriptors[request.kind]; i++)
			close(fds[i]);
	}
	return send(CHANNEL, &answer, sizeof(answer), MSG_NOSIGNAL) == sizeof(answer);
}

static void run(int channel)
{
	prctl(PR_SET_NAME, "weir-starter");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	if (channel != CHANNEL && dup2(channel, CHANNEL) < 0)
		_exit(1);
	close_range(CHANNEL + 1, ~0u, 0);
	if (confine_privileges())
		_exit(1);
	while (serve())
		;
	_exit(0);
}

/* ---- the engine's side ---- */

int starter_open(struct starter **out, struct error *error)
{
	const struct timeval patience = {.tv_sec = STARTER_SECONDS};
	struct starter *starter = calloc(1, sizeof(*starter));
	int ends[2], err = 0;

	if (!starter || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		err = errno;
		free(starter);
		return error_set(error, EXIT_SYSTEM, err, "cannot start processes: %s",
				 strerror(err));
	}
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	starter->channel = ends[0];
	starter->pid = fork();
	if (!starter->pid)
		run(ends[1]);
	err = starter->pid < 0 ? errno : 0;
	close(ends[1]);
	if (!err) {
		*out = starter;
		return 0;
	}
	close(ends[0]);
	free(starter);
	return error_set(error, EXIT_SYSTEM, err, "cannot start processes: %s", strerror(err));
}

void starter_close(struct starter *starter)
{
	if (!starter)
		return;
	close(starter->channel);
	kill(starter->pid, SIGKILL);
	while (waitpid(starter->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(starter);
}

static pid_t ask(const struct starter *starter, struct request request, const int fds[SENT])
{
	size_t length = descriptors[request.kind] * sizeof(int);
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(SENT * sizeof(int))];
	} control = {0};
	struct iovec part = {&request, sizeof(request)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_SPACE(length)};
	int32_t answer;
	ssize_t n;

	control.head = (struct cmsghdr){CMSG_LEN(length), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.head), fds, length);
	if (sendmsg(starter->channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	do
		n = recv(starter->channel, &answer, sizeof(answer), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(answer) ? answer : n < 0 ? -errno : -ECHILD;
}

pid_t starter_spawn(void *context, int channel, int ring, uint64_t opening)
{
	return ask(context, (struct request){START_DECODING, opening}, (int[SENT]){channel, ring});
}

pid_t starter_spawn_kubernetes(void *context, int channel)
{
	return ask(context, (struct request){.kind = START_KUBERNETES}, (int[SENT]){channel, -1});
}

pid_t starter_pid(const struct starter *starter)
{
	return starter->pid;
}
