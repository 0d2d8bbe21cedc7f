/* SPDX-License-Identifier: Apache-2.0 */
#include "stay.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "capture/live/instance.h"
#include "confine/confine.h"

#define LOOK_SECONDS 2 /* whether somebody watches */

/* What the two processes share: signals wait until they are asked for. */
static void signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

static int exit_status(int how)
{
	return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

/* Until the child ends: what it left with. *told: we were told to stop meanwhile. */
static int wait_for(pid_t child, const sigset_t *set, bool *told)
{
	int how;

	for (;;) {
		int signal = sigwaitinfo(set, NULL);

		if (signal == SIGCHLD && waitpid(child, &how, WNOHANG) == child)
			return exit_status(how);
		if (signal <= 0 || signal == SIGCHLD)
			continue;
		*told = *told || signal != SIGHUP;
		kill(child, signal);
	}
}

static int stay(const sigset_t *set)
{
	const struct timespec look = {.tv_sec = LOOK_SECONDS};
	int alone = 0;

	log_info("another weir watches now: staying behind until stopped");
	while (alone < STAY_ALONE_SECONDS) {
		int signal = sigtimedwait(set, NULL, &look);

		if (signal == SIGTERM || signal == SIGINT)
			return EXIT_DONE;
		if (signal < 0 && errno == EAGAIN)
			alone = instance_holder() == -ECONNREFUSED ? alone + LOOK_SECONDS : 0;
	}
	log_warn("no weir has watched here for %d seconds: it is to be started again", alone);
	return EXIT_NOT_RUNNING;
}

static int child_run(int (*run)(const void *context), const void *context, pid_t parent,
		     const sigset_t *before)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return EXIT_DONE;
	sigprocmask(SIG_SETMASK, before, NULL);
	return run(context);
}

int stay_run(int (*run)(const void *context), const void *context)
{
	pid_t parent = getpid(), child;
	sigset_t set, before;
	bool told = false;
	int status;

	signals(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	child = fork();
	if (child < 0) {
		log_error("cannot start processes: %s", strerror(errno));
		return EXIT_SYSTEM;
	}
	if (!child)
		return child_run(run, context, parent, &before);
	if (confine_privileges())
		log_warn("the process that stays behind keeps rights that it does not need");
	status = wait_for(child, &set, &told);
	if (status != STAY_MADE_ROOM)
		return status;
	return told ? EXIT_DONE : stay(&set);
}
