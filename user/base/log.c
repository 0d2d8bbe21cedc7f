/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long long unsaid; /* lines; under the lock */

/* Room for a line at least: a pipe says so only when PIPE_BUF bytes fit. */
static bool has_room(void)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&fd, 1, 0) > 0;
}

/* One write a line, so that lines of several threads do not mix. */
static void put(const char *line, size_t length)
{
	char more[80];
	int n;

	if (!has_room()) {
		unsaid++;
		return;
	}
	if (write(STDERR_FILENO, line, length) < 0)
		return; /* nobody left to tell */
	if (!unsaid || !has_room())
		return;
	n = snprintf(more, sizeof(more), "weir: warning: %llu lines before this had no room\n",
		     unsaid);
	if (write(STDERR_FILENO, more, (size_t)n) == n)
		unsaid = 0;
}

static void log_line(const char *level, const char *format, va_list args)
{
	char line[LOG_LINE];
	size_t length = (size_t)snprintf(line, sizeof(line), "weir: %s", level);

	vsnprintf(line + length, sizeof(line) - length - 1, format, args);
	length = strlen(line);
	line[length++] = '\n';
	pthread_mutex_lock(&lock);
	put(line, length);
	pthread_mutex_unlock(&lock);
}

#define LOG_FUNCTION(name, level)                                                                  \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, format);                                                            \
		log_line(level, format, args);                                                     \
		va_end(args);                                                                      \
	}

LOG_FUNCTION(log_error, "")
LOG_FUNCTION(log_warn, "warning: ")
LOG_FUNCTION(log_info, "")
