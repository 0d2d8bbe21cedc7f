/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOGIN_SHAPE_H
#define WEIR_CAPTURE_LOGIN_SHAPE_H

#include "capture/login/login.h"

/*
 * Messages of programs that people log in by, and what they say: one table (shape.c). Patterns
 * hold from the first to the last byte of a message, so that nothing that it quotes is taken for
 * what it says. One thread.
 */
struct shapes;

struct shapes *shapes_new(void); /* NULL without memory */
void shapes_free(struct shapes *shapes);

/* A message of a log, of whoever wrote it. */
struct login_message {
	struct text program; /* without number and path; empty: not known, sshd's alone are tried */
	struct text text;
};

/* Fills all but at and provider. False: it is no log-in. */
bool shapes_read(struct shapes *shapes, const struct login_message *message, struct login *login);

#endif
