/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOGIN_JOURNAL_H
#define WEIR_CAPTURE_LOGIN_JOURNAL_H

#include "capture/login/shape.h"

/*
 * The journal of the system from now on: messages of programs that people log in by. Who wrote a
 * message is taken from the fields that the journal itself adds. One thread.
 */
struct journal;

/* 0, or -errno. -ENOENT: there is none. */
int journal_open(struct journal **journal);
void journal_close(struct journal *journal);

/* Hands over what has come since, some thousand messages at most. 0, or -errno. */
int journal_poll(struct journal *journal,
		 void (*message)(void *context, const struct login_message *message, weir_time at),
		 void *context);

/* Whether a process of this user and file may say who logged in. */
bool journal_trusts(unsigned long uid, const struct text *executable);

#endif
