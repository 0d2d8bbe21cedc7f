/* SPDX-License-Identifier: Apache-2.0 */
/* The process that keeps a worker. */
#include "metrics/child.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/time.h"
#include "confine/confine.h"

#define MEMORY_MAX ((size_t)128 << 20)

/* Until a worker that ended is started anew; doubled each time until one has lived a minute. */
#define PAUSE_FIRST (100 * WEIR_MSEC)
#define PAUSE_MOST  (30 * WEIR_SEC)
#define WELL_AFTER  WEIR_MIN

/* Descriptors that a worker may have: its own, and of each connection one. */
#define DESCRIPTORS (METRICS_LISTENER + 8 + 2 * METRICS_CONNECTIONS)

/* Ends with a status that says how far it came. */
static _Noreturn void work(void)
{
	prctl(PR_SET_NAME, "weir-metrics");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1 || metrics_serve_prepare())
		_exit(1);
	if (confine_files(NULL, 0) < 0 || confine_privileges() ||
	    confine_limits(MEMORY_MAX, DESCRIPTORS) || confine_calls_server())
		_exit(2);
	_exit(metrics_serve());
}

static void pause_for(weir_time wait)
{
	const struct timespec time = {wait / WEIR_SEC, wait % WEIR_SEC};

	nanosleep(&time, NULL);
}

/* The engine has closed its end. */
static bool hung_up(void)
{
	char byte;

	return recv(METRICS_CHANNEL, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int keep(void)
{
	weir_time pause = PAUSE_FIRST;

	while (!hung_up()) {
		weir_time began = time_monotonic();
		pid_t pid = fork();

		if (!pid)
			work();
		if (pid > 0)
			waitpid(pid, NULL, 0);
		if (time_monotonic() - began > WELL_AFTER)
			pause = PAUSE_FIRST;
		if (hung_up())
			break;
		pause_for(pause);
		pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
	}
	return 0;
}

static bool started_by_engine(void)
{
	int type = 0, listens = 0;
	socklen_t length = sizeof(type);

	if (getsockopt(METRICS_CHANNEL, SOL_SOCKET, SO_TYPE, &type, &length) ||
	    type != SOCK_SEQPACKET)
		return false;
	length = sizeof(listens);
	return !getsockopt(METRICS_LISTENER, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) &&
	       listens;
}

int metrics_child(void)
{
	if (!started_by_engine())
		return 1;
	close_range(METRICS_LISTENER + 1, ~0u, 0);
	prctl(PR_SET_NAME, "weir-metrics");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Those are for the engine: it hangs up when it has done what it must. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	heap_stay_small();
	return confine_privileges() ? 2 : keep();
}
