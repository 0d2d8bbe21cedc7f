/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_KEEPER_LINE_H
#define WEIR_KEEPER_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/time.h"

/*
 * The engine's end of a channel to a kept process (keeper/keeper.h), a question at a time, and what
 * becomes of those processes. What the messages say is their user's. One thread a line.
 */
struct kept_line {
	int channel;		 /* a socket that keeps the bounds of messages */
	uint32_t number;	 /* of the last question */
	bool behind;		 /* an answer is late: nothing is asked until something comes */
	bool gone;		 /* nobody is there any more */
	uint64_t asked, unasked; /* questions; those that were not, for want of an answer */
	uint64_t unanswered, malformed; /* in time; answers that made no sense */
	weir_time waited, longest;	/* for answers, together and for one */
};

/* The next question's; never 0. */
uint32_t kept_line_number(struct kept_line *line);

/* A message: its bytes; 0: nobody is there; or -errno, of which -EAGAIN: there is none. `fd` (NULL:
 * none is taken): the descriptor that came with it, the caller's; -1: none, or more than one. */
ssize_t kept_line_receive(const struct kept_line *line, void *bytes, size_t size, int *fd);

/* False: the time has come. True may be for nothing. */
bool kept_line_wait(const struct kept_line *line, weir_time until_monotonic);

void kept_line_waited(struct kept_line *line, weir_time wait);

/* What is told of the lives of a kept process. */
struct kept_words {
	const char *what;	      /* "the process that attaches" */
	const char *restarted_fact;   /* health events: "attacher_restarted" */
	const char *gone_fact, *gone; /* "attacher_gone", and its message */
};

struct kept_lives {
	uint32_t pid; /* who answers says that it is; 0: nothing yet */
	uint64_t restarts;
	weir_time restarted; /* boot time */
	char reason[64];     /* of the last end */
	bool untold;	     /* the health event of that */
	bool told_gone;	     /* that of the end of all */
};

/* Another answers now: the one before ended with this status (waitpid(2)). Says so. */
void kept_lives_restarted(struct kept_lives *lives, const struct kept_words *words, int status);

/* A process ended that should not have, since this was asked last: true with both, which live until
 * the next call of any user. `gone`: nobody is there any more. */
bool kept_lives_health(struct kept_lives *lives, const struct kept_words *words, bool gone,
		       const char **fact, const char **message);

/* For `weir status` (a new reference), of all lines together. *degraded is set if nobody answers,
 * or one began anew within the last minute. */
json_t *kept_status(const struct kept_lives *lives, pid_t keeper, const struct kept_line *sum,
		    bool *degraded);

#endif
