/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOGIN_LOGINS_H
#define WEIR_CAPTURE_LOGIN_LOGINS_H

#include <jansson.h>

#include "base/error.h"
#include "capture/login/follow.h"
#include "capture/login/login.h"

/*
 * Log-ins of this host while they happen, from the journal and from log files: read by a thread of
 * its own, which never waits for the engine, nor the engine for it: a full queue loses log-ins, and
 * they are counted. What was logged before it was opened is not told.
 */
struct logins;

#define LOGINS_QUEUE   4096
#define LOGINS_SOURCES 8 /* read at once */

/*
 * `sources` (ended by NULL): "journal"; "auto": the journal if there is one, else auth.log or
 * secure, else wtmp and btmp; else paths of files, which are lines of a log or, by the names wtmp
 * and btmp, records. Borrowed until it is closed. 0; or -errno with `error` said. What cannot be
 * read is tried again, and in the status. `opener` (NULL: none) opens files, asked by one thread at
 * a time; the caller's, and outlives it.
 */
int logins_open(struct logins **logins, const char *const *sources,
		const struct follow_opener *opener, struct error *error);

/* Files that may have to be opened for these sources, ended by NULL. */
#define LOGINS_FILES_MAX (LOGINS_SOURCES + 8)
void logins_files(const char *const *sources, const char *files[LOGINS_FILES_MAX]);
void logins_close(struct logins *logins);

/* Hands over what was read since: engine thread. Log-ins are good until the call returns. */
void logins_drain(struct logins *logins, void (*tell)(void *context, const struct login *login),
		  void *context);

/* Its sources and what came of them (a new reference); *degraded is set where one that was named
 * cannot be read, or something was lost. */
json_t *logins_status(struct logins *logins, bool *degraded);

#endif
