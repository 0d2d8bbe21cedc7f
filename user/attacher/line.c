/* SPDX-License-Identifier: Apache-2.0 */
/* One question at a time. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attacher/inside.h"

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

	ask->number = kept_line_number(&a->line);
	if (count) {
		control.head =
			(struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), descriptors, count * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	return sendmsg(a->line.channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* ---- in ---- */

union heard {
	struct attach_answer answer;
	struct attach_ready ready;
};

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
	a->lives.pid = ready->pid;
	if (ready->life <= 1)
		return;
	kept_lives_restarted(&a->lives, &attacher_kept_words, ready->status);
	give_programs(a);
}

enum got { GOT_OTHER, GOT_IT, GOT_NONSENSE, GOT_READY };

/* `ask`: what is waited for, or NULL. */
static enum got sort(struct attacher *a, const struct attach_ask *ask, const union heard *heard,
		     size_t length, bool descriptor)
{
	if (length == sizeof(heard->ready) && !heard->ready.number && !heard->ready.what) {
		a->line.behind = false;
		on_ready(a, &heard->ready);
		return heard->ready.life > 1 ? GOT_READY : GOT_OTHER;
	}
	if (length != sizeof(heard->answer)) {
		a->line.malformed++;
		return GOT_OTHER;
	}
	a->line.behind = false;
	if (!ask || heard->answer.number != ask->number)
		return GOT_OTHER;
	if (attach_answer_is_sane(&heard->answer, ask, descriptor))
		return GOT_IT;
	a->line.malformed++;
	return GOT_NONSENSE;
}

/* `ask`: NULL: only what has come. -ERESTART: it may be lost with the one that ended; -EBADMSG: it
 * is answered by nonsense. */
static int await(struct attacher *a, const struct attach_ask *ask, weir_time until,
		 union heard *heard, int *fd)
{
	enum got got;

	while (!a->line.gone) {
		ssize_t n = kept_line_receive(&a->line, heard, sizeof(*heard), fd);

		if (n == -EAGAIN) {
			if (ask && kept_line_wait(&a->line, until))
				continue;
			return -EAGAIN;
		}
		a->line.gone = n <= 0;
		if (a->line.gone)
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

int line_attach(struct attacher *a, struct attach_ask *ask, const int *descriptors,
		struct attach_answer *answer, int *given)
{
	weir_time began = time_monotonic();
	weir_time patience = a->lives.pid ? ATTACHER_WAIT : ATTACHER_WAIT_FIRST;
	union heard heard;
	int err;

	line_look(a);
	*given = -1;
	if (a->line.behind || a->line.gone) {
		a->line.unasked++;
		return a->line.gone ? -EPIPE : -EAGAIN;
	}
	do {
		err = send_ask(a, ask, descriptors);
		if (err)
			break;
		err = await(a, ask, began + patience, &heard, given);
		a->line.behind = err == -EAGAIN;
	} while (err == -ERESTART);
	a->line.asked++;
	kept_line_waited(&a->line, time_monotonic() - began);
	if (!err) {
		*answer = heard.answer;
		return 0;
	}
	a->line.unanswered++;
	return a->line.gone ? -EPIPE : -EAGAIN;
}
