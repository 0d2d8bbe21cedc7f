/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOGIN_LINE_H
#define WEIR_CAPTURE_LOGIN_LINE_H

#include "capture/login/shape.h"

/*
 * A line of auth.log, secure and their like: a time (RFC 3339, or "Nov 26 17:00:01" in the time
 * zone of this host), a host, a program with its number, and its message. Pure functions.
 */
struct login_line {
	weir_time at; /* TIME_NONE: the line has none, and is a message alone */
	struct login_message message;
};

/*
 * A time without a year is the last such one that is at most a day after `reference`. False: it is
 * neither, as a line of another log, or an empty one.
 */
bool login_line_read(const char *text, size_t length, weir_time reference, struct login_line *line);

#endif
