/* SPDX-License-Identifier: Apache-2.0 */
/* What `weir run` waits for, and what it does then. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "attacher/attacher.h"
#include "base/log.h"
#include "procfs/procfs.h"
#include "sink/database.h"
#include "watch.h"

#define MARK_POLLS   60
#define SHRINK_POLLS 10 /* a burst's memory is given back within twice as many seconds */

/* A poll that is later than the first is counted, later than the second told. */
#define LATE	  (10 * WEIR_MSEC)
#define VERY_LATE WEIR_SEC

/* Nobody to tell is no fault. */
void watch_notify(const char *state)
{
	int err = sd_notify(0, state);

	if (err < 0)
		log_warn("cannot tell the service manager: %s", strerror(-err));
}

void watch_health(void *context, const char *fact, const char *message)
{
	struct watch *watch = context;

	pipeline_health(watch->pipeline, live_now(watch->live), fact, message);
}

/* ---- what comes ---- */

void watch_live(struct watch *watch)
{
	/* It tells of each socket before that connects: the connection is known as weir's own. */
	if (watch->kubernetes)
		kubernetes_run(watch->kubernetes);
	live_drain(watch->live, pipeline_flows(watch->pipeline));
}

/* What is said of a connection comes behind the connection. */
static void on_decoding(struct watch *watch)
{
	if (!watch->decoding)
		return; /* it ended in this very turn */
	live_drain(watch->live, pipeline_flows(watch->pipeline));
	decoding_run(watch->decoding, live_told(watch->live));
}

/* Rules wait for what is late, but not for a log. */
static void on_login(void *context, const struct login *login)
{
	struct watch *watch = context;
	weir_time now = live_now(watch->live);
	struct event event;

	login_event(login, &event);
	event.time = time_of_wall(event.time);
	if (event.time > now || event.time < now - WEIR_SEC)
		event.time = now;
	pipeline_event(watch->pipeline, pipeline_flows_input(watch->pipeline), &event);
}

void watch_logins(struct watch *watch)
{
	logins_drain(watch->logins, on_login, watch);
}

/* ---- once a second ---- */

/* Sets the timer to the next multiple of the interval in event time: flow intervals start there.
 * A suspend counts: after it the timer is due at once. */
static void set_timer(struct watch *watch)
{
	weir_time now = live_now(watch->live);
	weir_time wait = time_floor(now, POLL_INTERVAL) + POLL_INTERVAL - now;
	struct itimerspec at = {
		.it_value = {.tv_sec = wait / WEIR_SEC, .tv_nsec = wait % WEIR_SEC}};

	watch->late.due = now + wait;
	timerfd_settime(watch->fds[WAIT_TIMER], 0, &at, NULL);
}

static void tell_health(struct watch *watch)
{
	const char *fact, *message;

	while (live_health(watch->live, &fact, &message) ||
	       procfs_health(privilege_procfs(watch->privilege), &fact, &message) ||
	       attacher_health(privilege_attacher(watch->privilege), &fact, &message))
		pipeline_health(watch->pipeline, live_now(watch->live), fact, message);
}

static void note_lateness(struct watch *watch)
{
	struct lateness *late = &watch->late;
	char message[96];

	late->last = live_now(watch->live) - late->due;
	if (late->last > late->max)
		late->max = late->last;
	late->over += late->last > LATE;
	if (late->last < VERY_LATE)
		return;
	snprintf(message, sizeof(message), "the counters were read %lld ms late",
		 (long long)(late->last / WEIR_MSEC));
	pipeline_health(watch->pipeline, live_now(watch->live), "poll_late", message);
}

static void mark_usage(struct watch *watch)
{
	struct usage usage;

	usage_of(0, &usage);
	usage_mark(&watch->marks, time_boot(), usage.cpu_time);
}

static void on_timer(struct watch *watch)
{
	uint64_t expirations;
	weir_time told;
	ssize_t n = read(watch->fds[WAIT_TIMER], &expirations, sizeof(expirations));

	if (n < 0)
		return;
	note_lateness(watch);
	set_timer(watch);
	handing_tick(&watch->handing);
	if (watch->guarded)
		watch_notify("WATCHDOG=1");
	if (watch->decoding)
		decoding_tick(watch->decoding);
	watch_live(watch);
	told = live_poll(watch->live, pipeline_flows(watch->pipeline));
	tell_health(watch);
	watch_logins(watch);
	if (watch->decoding)
		decoding_run(watch->decoding, live_told(watch->live));
	pipeline_flows_advance(watch->pipeline, told);
	if (watch->kubernetes)
		kubernetes_tick(watch->kubernetes);
	reloader_tick(watch->reloader, watch->pipeline, time_boot());
	pipeline_tick(watch->pipeline, time_boot());
	control_tick(watch->control);
	metrics_tick(watch->metrics);
	if (watch->polls++ % MARK_POLLS == 0)
		mark_usage(watch);
	if (watch->polls % SHRINK_POLLS == 0)
		pipeline_shrink(watch->pipeline);
}

/* ---- signals ---- */

int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A terminal that goes away ends what was started from it; everybody else who sends SIGHUP wants
 * the configuration read anew. */
static bool hung_up(const struct watch *watch)
{
	return watch->terminal && !isatty(STDIN_FILENO);
}

static void on_stop(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->fds[WAIT_SIGNAL], &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP && !hung_up(watch))
		reloader_reload_and_say(watch->reloader, watch->pipeline);
	else
		watch->stopping = true;
}

/* ---- the loop ---- */

static void on_metrics(struct watch *watch)
{
	metrics_run(watch->metrics);
}

static void on_kubernetes(struct watch *watch)
{
	kubernetes_run(watch->kubernetes);
}

static void on_control(struct watch *watch)
{
	control_run(watch->control);
}

static void (*const handlers[WAITED])(struct watch *) = {
	[WAIT_LIVE] = watch_live,	   [WAIT_TIMER] = on_timer,
	[WAIT_SIGNAL] = on_stop,	   [WAIT_CONTROL] = on_control,
	[WAIT_DECODING] = on_decoding,	   [WAIT_METRICS] = on_metrics,
	[WAIT_KUBERNETES] = on_kubernetes, [WAIT_HANDING] = watch_handing,
};

bool watch_wait_for(struct watch *watch, enum waited which, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = which};

	watch->fds[which] = fd;
	return fd < 0 || !epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event);
}

int watch_loop_open(struct watch *watch, struct error *error)
{
	static const char *const for_group[] = {"status", "top", NULL};
	const struct control_ops callers = {
		.answer = watch_answer,
		.converse = watch_converse,
		.context = watch,
		.group = database_group(),
		.for_group = for_group,
	};

	watch->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch->fds[WAIT_LIVE] = live_fd(watch->live);
	watch->control = control_open(live_control_fd(watch->live), &callers);
	if (!watch->control)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no control socket: %s",
				 strerror(ENOMEM));
	watch->fds[WAIT_CONTROL] = control_fd(watch->control);
	watch->fds[WAIT_TIMER] = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->decoding)
		watch->fds[WAIT_DECODING] = decoding_fd(watch->decoding);
	if (watch->metrics)
		watch->fds[WAIT_METRICS] = metrics_fd(watch->metrics);
	if (watch->kubernetes)
		watch->fds[WAIT_KUBERNETES] = kubernetes_fd(watch->kubernetes);
	for (unsigned i = 0; i < WAITED; i++)
		if (!watch_wait_for(watch, i, watch->fds[i]))
			return error_set(error, EXIT_SYSTEM, errno, "cannot wait for events: %s",
					 strerror(errno));
	set_timer(watch);
	return 0;
}

void watch_loop(struct watch *watch)
{
	struct epoll_event ready[WAITED];

	while (!watch->stopping) {
		int n = epoll_wait(watch->epoll, ready, WAITED, -1);

		for (int i = 0; i < n && !watch->stopping; i++)
			handlers[ready[i].data.u32](watch);
	}
}
