/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper/line.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "keeper/keeper.h"

/* ---- messages ---- */

uint32_t kept_line_number(struct kept_line *line)
{
	if (!++line->number)
		line->number = 1;
	return line->number;
}

static int descriptor_of(struct msghdr *message)
{
	struct cmsghdr *with = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (with && with->cmsg_level == SOL_SOCKET && with->cmsg_type == SCM_RIGHTS &&
	    with->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(with), sizeof(fd));
	return fd;
}

ssize_t kept_line_receive(const struct kept_line *line, void *bytes, size_t size, int *fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {bytes, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	if (fd) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_LEN(sizeof(int)); /* for one, not two */
	}
	n = recvmsg(line->channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (!fd)
		return n;
	*fd = descriptor_of(&message);
	if (message.msg_flags & MSG_CTRUNC && *fd >= 0) { /* there were more */
		close(*fd);
		*fd = -1;
	}
	return n;
}

bool kept_line_wait(const struct kept_line *line, weir_time until)
{
	weir_time left = until - time_monotonic();
	struct pollfd channel = {.fd = line->channel, .events = POLLIN};
	struct timespec wait = {.tv_sec = left / WEIR_SEC, .tv_nsec = left % WEIR_SEC};

	return left > 0 && (ppoll(&channel, 1, &wait, NULL) >= 0 || errno == EINTR);
}

void kept_line_waited(struct kept_line *line, weir_time wait)
{
	line->waited += wait;
	if (wait > line->longest)
		line->longest = wait;
}

/* ---- lives ---- */

void kept_lives_restarted(struct kept_lives *lives, const struct kept_words *words, int status)
{
	lives->restarts++;
	lives->restarted = time_boot();
	lives->untold = true;
	keeper_words(status, lives->reason, sizeof(lives->reason));
	log_warn("%s was started anew: %s", words->what, lives->reason);
}

bool kept_lives_health(struct kept_lives *lives, const struct kept_words *words, bool gone,
		       const char **fact, const char **message)
{
	static char text[160];

	if (gone && !lives->told_gone) {
		lives->told_gone = true;
		*fact = words->gone_fact;
		*message = words->gone;
		return true;
	}
	if (!lives->untold)
		return false;
	lives->untold = false;
	snprintf(text, sizeof(text), "%s was started anew: %s", words->what, lives->reason);
	*fact = words->restarted_fact;
	*message = text;
	return true;
}

json_t *kept_status(const struct kept_lives *lives, pid_t keeper, const struct kept_line *sum,
		    bool *degraded)
{
	double mean = sum->asked ? (double)sum->waited / WEIR_USEC / (double)sum->asked : 0.0;
	json_t *status =
		json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "on", !sum->gone,
			  "pid", (json_int_t)lives->pid, "keeper", (json_int_t)keeper, "restarts",
			  (json_int_t)lives->restarts, "asked", (json_int_t)sum->asked, "not_asked",
			  (json_int_t)sum->unasked, "unanswered", (json_int_t)sum->unanswered,
			  "malformed", (json_int_t)sum->malformed, "wait_mean_us", mean,
			  "wait_max_ms", (double)sum->longest / WEIR_MSEC);

	if (lives->restarts)
		json_object_set_new(status, "last_reason", json_string(lives->reason));
	*degraded = *degraded || sum->gone || sum->behind ||
		    (lives->restarts && time_boot() - lives->restarted < WEIR_MIN);
	return status;
}
