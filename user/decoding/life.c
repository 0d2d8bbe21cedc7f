/* SPDX-License-Identifier: Apache-2.0 */
/* The child's life: its start, whether it does its work, its end, and the next one. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "decoding/child.h"
#include "decoding/inside.h"

/* What waits in the channel at most, bytes; less where the system allows no more. */
#define CHANNEL_BYTES (2 << 20)

/* From its start to its word that it is confined: some hundredths of a second of work, which a slow
 * or busy machine takes seconds for. */
#define READY_WITHIN (30 * WEIR_SEC)

/* While payload comes, the child is looked after so often. */
#define WATCH_EVERY (250 * WEIR_MSEC)

/* How long the next child waits, by how many ended within a minute of each other. */
static const weir_time pauses[] = {
	0,
	0,
	0,
	100 * WEIR_MSEC,
	250 * WEIR_MSEC,
	500 * WEIR_MSEC,
	WEIR_SEC,
	2 * WEIR_SEC,
	5 * WEIR_SEC,
	10 * WEIR_SEC,
	30 * WEIR_SEC,
};
#define PAUSES (sizeof(pauses) / sizeof(pauses[0]))

/* ---- waiting ---- */

void life_wake_in(struct decoding *d, weir_time wait)
{
	weir_time at = time_boot() + wait;
	struct itimerspec set = {0};

	if (at >= d->due)
		return;
	d->due = at;
	wait = wait > 0 ? wait : 1; /* 0 would switch it off */
	set.it_value = (struct timespec){wait / WEIR_SEC, wait % WEIR_SEC};
	timerfd_settime(d->timer, 0, &set, NULL);
}

void life_listen(struct decoding *d, bool listen)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (listen == d->child.watched)
		return;
	epoll_ctl(d->epoll, listen ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, d->child.channel, &event);
	d->child.watched = listen;
}

/* ---- start ---- */

static int open_channel(int ends[2])
{
	int room = CHANNEL_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	/* The sender's room bounds what waits. */
	if (setsockopt(ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return 0;
}

static void note_progress(struct decoding *d)
{
	d->child.read = gauge_read(&d->gauge);
	d->child.written = gauge_written(&d->gauge);
	d->child.moved = time_boot();
	d->child.still = 0;
}

static pid_t spawn(const struct decoding_options *options, int channel)
{
	return options->spawn
		       ? options->spawn(options->context, channel, options->ring, options->opening)
		       : child_spawn(options->program, channel, options->ring, options->opening);
}

void life_start(struct decoding *d)
{
	int ends[2] = {-1, -1}, err;
	pid_t pid = 0;

	d->start_at = TIME_NEVER;
	d->child = (struct child_life){.channel = -1, .since = time_boot()};
	err = open_channel(ends);
	if (!err) {
		pid = spawn(&d->options, ends[1]);
		close(ends[1]);
		err = pid < 0 ? (int)pid : 0;
	}
	if (err && ends[0] >= 0)
		close(ends[0]);
	if (err) {
		life_fail(d, &d->counts.unready, "cannot be started: %s", strerror(-err));
		return;
	}
	d->child.pid = pid;
	d->child.channel = ends[0];
	note_progress(d);
	life_listen(d, true);
	life_wake_in(d, READY_WITHIN);
}

/* ---- end ---- */

static void keep_totals(struct decoding *d)
{
	struct wire_totals *sum = &d->counts.earlier;
	const struct wire_totals *more = &d->child.totals;

	sum->told += more->told;
	sum->full += more->full;
	sum->too_long += more->too_long;
	sum->refused += more->refused;
	sum->ring_records += more->ring_records;
	decode_totals_add(&sum->decode, &more->decode);
}

/* How it ended, for waitpid(). */
static int bury(struct decoding *d)
{
	int status = 0;

	if (d->child.channel >= 0) {
		life_listen(d, false);
		close(d->child.channel);
	}
	if (d->child.pid > 0) {
		kill(d->child.pid, SIGKILL);
		while (waitpid(d->child.pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	keep_totals(d);
	d->counts.discarded += gauge_discard(&d->gauge);
	d->child = (struct child_life){.channel = -1};
	d->waiting = 0;
	return status;
}

void life_end(struct decoding *d)
{
	bury(d);
}

static void say_how(struct decoding *d, int status)
{
	const char *words = WIFEXITED(status) ? child_status_words(WEXITSTATUS(status)) : NULL;
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	if (words)
		snprintf(d->reason, sizeof(d->reason), "%s", words);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(d->reason, sizeof(d->reason), "made a system call that it may not");
	else if (name)
		snprintf(d->reason, sizeof(d->reason), "crashed: SIG%s", name);
	else
		snprintf(d->reason, sizeof(d->reason), "left with status %d", WEXITSTATUS(status));
}

static void plan_next(struct decoding *d)
{
	weir_time now = time_boot(), pause;

	if (d->failed_at != TIME_NONE && now - d->failed_at > WELL_AFTER)
		d->failures = 0;
	d->failed_at = now;
	pause = pauses[d->failures < PAUSES ? d->failures : PAUSES - 1];
	d->failures++;
	d->counts.restarts++;
	d->start_at = now + pause;
	life_wake_in(d, pause);
}

void life_fail(struct decoding *d, uint64_t *counter, const char *format, ...)
{
	char message[sizeof(d->reason) + 64];
	int status = bury(d);
	va_list args;

	if (counter) {
		va_start(args, format);
		vsnprintf(d->reason, sizeof(d->reason), format, args);
		va_end(args);
	} else {
		say_how(d, status);
		counter = &d->counts.crashed;
	}
	++*counter;
	if (d->finishing)
		return;
	plan_next(d);
	snprintf(message, sizeof(message), "the process that decodes %s", d->reason);
	log_warn("%s: it is started anew (%llu times so far)", message,
		 (unsigned long long)d->counts.restarts);
	d->ops.health(d->ops.context, "decoding_restarted", message);
}

/* ---- in between ---- */

/* Something waits and is not read: a child that sleeps is woken, and then it has no excuse. */
static void watch_still(struct decoding *d, uint64_t waits)
{
	weir_time still = time_boot() - d->child.moved;

	if (waits > d->options.ring_bytes) {
		life_fail(d, &d->counts.malformed, "said that it read what was never there");
		return;
	}
	/* Twice, so that a machine that stood still as a whole is not held against it. */
	if (++d->child.still > 2 && still >= DECODING_HANG) {
		life_fail(d, &d->counts.hung, "hung: it read nothing for %lld ms",
			  (long long)(still / WEIR_MSEC));
		return;
	}
	send(d->child.channel, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	life_wake_in(d, WATCH_EVERY);
}

static void watch_ready(struct decoding *d)
{
	uint64_t read = gauge_read(&d->gauge), written = gauge_written(&d->gauge);
	bool came = written != d->child.written;

	if (read != d->child.read || written == read)
		note_progress(d);
	d->child.written = written;
	if (written != read)
		watch_still(d, written - read);
	else if (came)
		life_wake_in(d, WATCH_EVERY);
}

void life_watch(struct decoding *d)
{
	weir_time now = time_boot();

	if (d->child.pid && d->child.ready)
		watch_ready(d);
	else if (d->child.pid && now - d->child.since > READY_WITHIN)
		life_fail(d, &d->counts.unready, "did not get ready");
	else if (!d->child.pid && !d->finishing && now >= d->start_at)
		life_start(d);
}
