/* SPDX-License-Identifier: Apache-2.0 */
/* One question at a time. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attacher/inside.h"
#include "base/log.h"

/* ---- out ---- */

static int send_ask(struct attacher *a, struct attach_ask *ask, const int *descriptors)
{
	unsigned count = attach_ask_needs(ask);
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(ATTACH_PROGRAMS_MAX * sizeof(int))];
	} control = {0};
	struct iovec part = {ask, sizeof(*ask)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (!++a->number)
		a->number = 1;
	ask->number = a->number;
	if (count) {
		control.head =
			(struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), descriptors, count * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	return sendmsg(a->channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* ---- in ---- */

union heard {
	struct attach_answer answer;
	struct attach_ready ready;
};

static int descriptor_of(struct msghdr *message)
{
	struct cmsghdr *with = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (with && with->cmsg_level == SOL_SOCKET && with->cmsg_type == SCM_RIGHTS &&
	    with->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(with), sizeof(fd));
	return fd;
}

/* Its bytes; 0: nobody is there; or -errno, of which -EAGAIN: there is none. */
static ssize_t receive(const struct attacher *a, union heard *heard, int *fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {heard, sizeof(*heard)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_LEN(sizeof(int))}; /* for one, not two */
	ssize_t n = recvmsg(a->channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	*fd = descriptor_of(&message);
	if (message.msg_flags & MSG_CTRUNC && *fd >= 0) { /* there were more */
		close(*fd);
		*fd = -1;
	}
	return n;
}

/* It knows no programs yet, and refuses all until it does: what was asked of the one before is not
 * done twice. Nobody waits for its answer. */
static void give_programs(struct attacher *a)
{
	struct attach_ask ask = {.what = ATTACH_PROGRAMS, .program = a->programs_len};

	if (a->has_programs)
		send_ask(a, &ask, a->programs);
}

static void on_ready(struct attacher *a, const struct attach_ready *ready)
{
	a->pid = ready->pid;
	if (ready->life <= 1)
		return;
	a->restarts++;
	a->restarted = time_boot();
	a->untold = true;
	keeper_words(ready->status, a->reason, sizeof(a->reason));
	log_warn("the process that attaches was started anew: %s", a->reason);
	give_programs(a);
}

enum got { GOT_OTHER, GOT_IT, GOT_NONSENSE, GOT_READY };

/* `ask`: what is waited for, or NULL. */
static enum got sort(struct attacher *a, const struct attach_ask *ask, const union heard *heard,
		     size_t length, bool descriptor)
{
	if (length == sizeof(heard->ready) && !heard->ready.number && !heard->ready.what) {
		a->behind = false;
		on_ready(a, &heard->ready);
		return heard->ready.life > 1 ? GOT_READY : GOT_OTHER;
	}
	if (length != sizeof(heard->answer)) {
		a->malformed++;
		return GOT_OTHER;
	}
	a->behind = false;
	if (!ask || heard->answer.number != ask->number)
		return GOT_OTHER;
	if (attach_answer_is_sane(&heard->answer, ask, descriptor))
		return GOT_IT;
	a->malformed++;
	return GOT_NONSENSE;
}

static bool wait_until(const struct attacher *a, weir_time until)
{
	weir_time left = until - time_monotonic();
	struct pollfd channel = {.fd = a->channel, .events = POLLIN};
	struct timespec wait = {.tv_sec = left / WEIR_SEC, .tv_nsec = left % WEIR_SEC};

	return left > 0 && (ppoll(&channel, 1, &wait, NULL) >= 0 || errno == EINTR);
}

/* `ask`: NULL: only what has come. -ERESTART: it may be lost with the one that ended; -EBADMSG: it
 * is answered by nonsense. */
static int await(struct attacher *a, const struct attach_ask *ask, weir_time until,
		 union heard *heard, int *fd)
{
	enum got got;

	while (!a->gone) {
		ssize_t n = receive(a, heard, fd);

		if (n == -EAGAIN) {
			if (ask && wait_until(a, until))
				continue;
			return -EAGAIN;
		}
		a->gone = n <= 0;
		if (a->gone)
			break;
		got = sort(a, ask, heard, (size_t)n, *fd >= 0);
		if (got == GOT_IT)
			return 0;
		if (*fd >= 0) /* nobody asked for it: a link ends by that */
			close(*fd);
		*fd = -1;
		if (got == GOT_NONSENSE)
			return -EBADMSG;
		if (got == GOT_READY && ask)
			return -ERESTART;
	}
	return -EPIPE;
}

void line_look(struct attacher *a)
{
	union heard heard;
	int fd;

	await(a, NULL, 0, &heard, &fd);
}

/* ---- both ---- */

static void note_wait(struct attacher *a, weir_time wait)
{
	a->waited += wait;
	if (wait > a->longest)
		a->longest = wait;
}

int line_attach(struct attacher *a, struct attach_ask *ask, const int *descriptors,
		struct attach_answer *answer, int *given)
{
	weir_time began = time_monotonic();
	weir_time patience = a->pid ? ATTACHER_WAIT : ATTACHER_WAIT_FIRST;
	union heard heard;
	int err;

	line_look(a);
	*given = -1;
	if (a->behind || a->gone) {
		a->unasked++;
		return a->gone ? -EPIPE : -EAGAIN;
	}
	do {
		err = send_ask(a, ask, descriptors);
		if (err)
			break;
		err = await(a, ask, began + patience, &heard, given);
		a->behind = err == -EAGAIN;
	} while (err == -ERESTART);
	a->asked++;
	note_wait(a, time_monotonic() - began);
	if (!err) {
		*answer = heard.answer;
		return 0;
	}
	a->unanswered++;
	return a->gone ? -EPIPE : -EAGAIN;
}
