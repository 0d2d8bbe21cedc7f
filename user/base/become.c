/* SPDX-License-Identifier: Apache-2.0 */
#include "base/become.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define FIRST (STDERR_FILENO + 1)

_Noreturn void become(const int *given, size_t len, char *const words[])
{
	char *const nothing[] = {NULL};
	int high[BECOME_MAX], null;
	sigset_t none;

	/* Out of the way of where others go. */
	for (size_t i = 0; i < len; i++)
		high[i] = fcntl(given[i], F_DUPFD_CLOEXEC, FIRST + (int)len);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	setpgid(0, 0);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	for (size_t i = 0; i < len; i++)
		dup2(high[i], FIRST + (int)i);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve("/proc/self/exe", words, nothing);
	_exit(127);
}
