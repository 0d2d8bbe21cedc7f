/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ATTACHER_INSIDE_H
#define WEIR_ATTACHER_INSIDE_H

#include "attacher/attacher.h"
#include "attacher/message.h"
#include "keeper/keeper.h"
#include "keeper/line.h"

/* The inside of the engine's side, and what the process behind it is. */

/* ---- doing it, whoever does (act.c) ---- */

/* What a question comes with. */
struct acting {
	const int *programs;
	int link;		 /* -1: none */
	struct mnl_socket *over; /* NULL: none */
};

/* Does what a sane question asks for; all of *answer but its head. The descriptor that comes with
 * it, the caller's, or -1. */
int attach_act(const struct attach_ask *ask, const struct acting *with,
	       struct attach_answer *answer);

/* ---- the process that answers (answer.c) ---- */

/* What keeper_kept.become does. */
void attacher_become(void *context, struct keeper_life life);

/* So long an answer may take before the process ends itself. */
#define ATTACHER_HANG_SECONDS 20

/* ---- the engine's side ---- */

struct attacher {
	pid_t keeper;
	struct kept_line line;
	struct kept_lives lives;
	int programs[ATTACH_PROGRAMS_MAX];
	unsigned programs_len;
	bool has_programs;
};
extern const struct kept_words attacher_kept_words;

/* line.c. Asks, with descriptors as attach_ask_needs() has them, and waits. 0, with *answer, and
 * *given as attach_act() returns it; or -errno: -EAGAIN: there is no answer, -EPIPE: nobody is
 * there. */
int line_attach(struct attacher *attacher, struct attach_ask *ask, const int *descriptors,
		struct attach_answer *answer, int *given);
/* Takes what has come. */
void line_look(struct attacher *attacher);

#endif
