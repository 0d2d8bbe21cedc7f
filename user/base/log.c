/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One write a line, so that lines of several threads do not mix. */
static void log_line(const char *level, const char *format, va_list args)
{
	char line[1024];
	size_t length = (size_t)snprintf(line, sizeof(line), "weir: %s", level);

	vsnprintf(line + length, sizeof(line) - length - 1, format, args);
	length = strlen(line);
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, length) < 0)
		return; /* nobody left to tell */
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
