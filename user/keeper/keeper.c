/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "confine/confine.h"

/* At once the first times, then after pauses that double, until one lives for a minute. */
#define FREE_STARTS 3
#define PAUSE_FIRST (100 * WEIR_MSEC)
#define PAUSE_MOST  (30 * WEIR_SEC)

static void pause_before(unsigned failures)
{
	weir_time pause = PAUSE_FIRST;
	struct timespec wait;

	if (failures <= FREE_STARTS)
		return;
	for (unsigned i = FREE_STARTS + 1; i < failures && pause < PAUSE_MOST; i++)
		pause *= 2;
	pause = pause < PAUSE_MOST ? pause : PAUSE_MOST;
	wait = (struct timespec){.tv_sec = pause / WEIR_SEC, .tv_nsec = pause % WEIR_SEC};
	nanosleep(&wait, NULL);
}

/* One life; how it ended. */
static int live(const struct keeper_kept *kept, struct keeper_life life)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_NAME, kept->name);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		kept->become(kept->context, life);
		_exit(1);
	}
	if (pid < 0)
		return W_EXITCODE(1, 0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The channels get the numbers that they have; they are moved out of each other's way first. */
static void take_channels(const int *channels, unsigned count)
{
	int moved[KEEPER_CHANNELS_MAX];

	for (unsigned i = 0; i < count; i++) {
		moved[i] =
			fcntl(channels[i], F_DUPFD_CLOEXEC, KEEPER_CHANNEL + KEEPER_CHANNELS_MAX);
		if (moved[i] < 0)
			_exit(1);
	}
	for (unsigned i = 0; i < count; i++)
		if (dup2(moved[i], KEEPER_CHANNEL + (int)i) < 0)
			_exit(1);
	close_range(KEEPER_CHANNEL + count, ~0u, 0);
}

_Noreturn static void keep(const struct keeper_kept *kept)
{
	struct keeper_life life = {1, 0};
	unsigned failures = 0;

	prctl(PR_SET_NAME, "weir-keeper");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	if (confine_capabilities(kept->rights) || confine_calls_keeper())
		_exit(1);
	for (;; life.number++) {
		weir_time began = time_monotonic();

		life.status = live(kept, life);
		if (WIFEXITED(life.status) && !WEXITSTATUS(life.status)) /* the engine hung up */
			_exit(0);
		failures = time_monotonic() - began > WEIR_MIN ? 1 : failures + 1;
		pause_before(failures);
	}
}

pid_t keeper_start(const struct keeper_kept *kept, const int *channels, unsigned count)
{
	pid_t pid = count <= KEEPER_CHANNELS_MAX ? fork() : -1;

	if (pid)
		return pid < 0 ? -errno : pid;
	take_channels(channels, count);
	keep(kept);
}

void keeper_end(pid_t keeper)
{
	if (keeper <= 0)
		return;
	kill(keeper, SIGKILL);
	while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
		;
}

void keeper_words(int status, char *text, unsigned size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "it ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "it left with status %d", WEXITSTATUS(status));
}
