/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <unistd.h>

#include "base/become.h"
#include "decoding/child.h"

#define FIRST_FREE (CHILD_RING + 1)

/* A signal that was blocked or ignored here is not in the child. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	err = posix_spawnattr_setsigmask(attributes, &none);
	err = err ? err : posix_spawnattr_setsigdefault(attributes, &all);
	err = err ? err : posix_spawnattr_setpgroup(attributes, 0);
	return err ? err
		   : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
								  POSIX_SPAWN_SETSIGDEF |
								  POSIX_SPAWN_SETPGROUP);
}

/* `channel` and `ring` are out of the way of the numbers that they get. */
static int set_descriptors(posix_spawn_file_actions_t *actions, int channel, int ring)
{
	int err = 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && !err; fd++)
		err = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	err = err ? err : posix_spawn_file_actions_adddup2(actions, channel, CHILD_CHANNEL);
	return err ? err : posix_spawn_file_actions_adddup2(actions, ring, CHILD_RING);
}

static int start(const char *program, int channel, int ring, uint64_t opening, pid_t *pid)
{
	char digits[24];
	char *const words[] = {"weir", CHILD_WORD, digits, NULL}, *const nothing[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err;

	snprintf(digits, sizeof(digits), "%" PRIu64, opening);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	err = set_attributes(&attributes);
	err = err ? err : set_descriptors(&actions, channel, ring);
	err = err ? err : posix_spawn(pid, program, &actions, &attributes, words, nothing);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

pid_t child_spawn(const char *program, int channel, int ring, uint64_t opening)
{
	int high_channel = fcntl(channel, F_DUPFD_CLOEXEC, FIRST_FREE);
	int high_ring = fcntl(ring, F_DUPFD_CLOEXEC, FIRST_FREE);
	pid_t pid = 0;
	int err = high_channel < 0 || high_ring < 0 ? errno : 0;

	if (!err)
		err = start(program ? program : "/proc/self/exe", high_channel, high_ring, opening,
			    &pid);
	if (high_channel >= 0)
		close(high_channel);
	if (high_ring >= 0)
		close(high_ring);
	return err ? -err : pid;
}

_Noreturn void child_become(int channel, int ring, uint64_t opening)
{
	char digits[24];
	char *const words[] = {"weir", CHILD_WORD, digits, NULL};

	snprintf(digits, sizeof(digits), "%" PRIu64, opening);
	become((const int[]){channel, ring}, 2, words);
}
