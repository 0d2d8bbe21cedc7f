/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/metrics.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/become.h"
#include "base/log.h"
#include "metrics/child.h"
#include "metrics/listen.h"

struct metrics {
	struct metrics_options options;
	struct listener listener;
	int epoll, channel;
	pid_t pid;
	bool ended; /* it has hung up */
	unsigned workers;
	bool greeted;		    /* in this tick */
	struct metrics_message now; /* of the worker that is there */
	uint64_t scrapes, cut;	    /* of those before it */
};

/* ---- starting it ---- */

static int start(struct metrics *m)
{
	char *const words[] = {"weir", METRICS_WORD, NULL};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	m->pid = fork();
	if (!m->pid)
		become((const int[]){ends[1], m->listener.fd}, 2, words);
	close(ends[1]);
	m->channel = ends[0];
	return m->pid < 0 ? -errno : 0;
}

/* Once after each arming: who asks without end is heard once a tick. */
static int arm(const struct metrics *m, int how)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};

	return epoll_ctl(m->epoll, how, m->channel, &event) ? -errno : 0;
}

int metrics_open(struct metrics **metrics, const struct metrics_options *options,
		 struct error *error)
{
	struct metrics *m;
	int err;

	if (!options->listen)
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for metrics");
	m->options = *options;
	m->channel = -1;
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	err = listener_open(&m->listener, options->listen, options->group, error);
	if (err) {
		metrics_close(m);
		return err;
	}
	err = m->epoll < 0 ? -errno : start(m);
	err = err ? err : arm(m, EPOLL_CTL_ADD);
	if (!err) {
		*metrics = m;
		return 0;
	}
	metrics_close(m);
	return error_set(error, EXIT_SYSTEM, -err, "cannot start what tells metrics: %s",
			 strerror(-err));
}

void metrics_close(struct metrics *m)
{
	if (!m)
		return;
	if (m->channel >= 0)
		close(m->channel);
	if (m->pid > 0) {
		kill(m->pid, SIGKILL);
		while (waitpid(m->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	listener_close(&m->listener);
	if (m->epoll >= 0)
		close(m->epoll);
	free(m);
}

/* ---- what it asks ---- */

int metrics_fd(const struct metrics *m)
{
	return m->epoll;
}

/* A file in memory with the status; -1: none could be made. */
static int status_file(const struct metrics *m)
{
	json_t *status = m->options.status(m->options.context);
	char *text = json_dumps(status, JSON_COMPACT);
	size_t length = text ? strlen(text) : 0;
	int fd = text ? memfd_create("weir-status", MFD_CLOEXEC) : -1;

	if (fd >= 0 && write(fd, text, length) != (ssize_t)length) {
		close(fd);
		fd = -1;
	}
	free(text);
	json_decref(status);
	return fd;
}

/* One that does not take the answer has none. */
static void answer(const struct metrics *m)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	char byte = 0;
	struct iovec part = {&byte, sizeof(byte)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int fd = status_file(m);

	if (fd < 0)
		return;
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	(void)!sendmsg(m->channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

/* A worker tells of itself: its numbers begin with it. */
static void note(struct metrics *m, const struct metrics_message *message)
{
	if (message->want == METRICS_BEGUN) {
		m->scrapes += m->now.scrapes;
		m->cut += m->now.cut;
		m->workers++;
	}
	m->now = *message;
}

void metrics_run(struct metrics *m)
{
	struct metrics_message message;
	struct epoll_event ready;
	ssize_t n;

	/* Which disarms it. */
	if (epoll_wait(m->epoll, &ready, 1, 0) != 1)
		return;
	n = recv(m->channel, &message, sizeof(message), MSG_DONTWAIT);

	if (n == 0) {
		m->ended = true;
		log_error("what tells metrics has ended: nobody is told any");
		epoll_ctl(m->epoll, EPOLL_CTL_DEL, m->channel, NULL);
		return;
	}
	if (n != sizeof(message))
		return;
	note(m, &message);
	if (message.want == METRICS_STATUS) {
		answer(m);
	} else if (!m->greeted) {
		/* The question behind the first words need not wait. */
		m->greeted = true;
		arm(m, EPOLL_CTL_MOD);
	}
}

void metrics_tick(struct metrics *m)
{
	if (!m || m->ended)
		return;
	m->greeted = false;
	arm(m, EPOLL_CTL_MOD);
}

json_t *metrics_status(const struct metrics *m, bool *degraded)
{
	json_t *status;

	if (!m)
		return json_pack("{s:s}", "listen", "none");
	status = json_pack("{s:s, s:i, s:I, s:I, s:I}", "listen", m->options.listen, "pid",
			   (int)m->pid, "scrapes", (json_int_t)(m->scrapes + m->now.scrapes), "cut",
			   (json_int_t)(m->cut + m->now.cut), "restarts",
			   (json_int_t)(m->workers ? m->workers - 1 : 0));
	if (!m->ended)
		return status;
	json_object_set_new(status, "error", json_string("the process that tells them has ended"));
	*degraded = true;
	return status;
}
