/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ATTACHER_MESSAGE_H
#define WEIR_ATTACHER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "attacher/hook.h"

/*
 * What the engine asks the process that may attach, and what that answers: one message each, of a
 * fixed form, in native byte order, with descriptors beside it. Neither side believes the other:
 * every number is checked, and what a question does not need is zero.
 */

enum attach_what {
	ATTACH_READY,	 /* nobody asked: the first message of a life */
	ATTACH_PROGRAMS, /* program: how many, as descriptors. Once in a life, before all else */
	ATTACH_PUT,  /* ifindex, point, kinds, program; elsewhere: class, a socket. → the hook; a
		      * link's descriptor */
	ATTACH_TAKE, /* a filter: ifindex, point, kinds, priority, id; elsewhere: a socket */
	ATTACH_REPLACE,	      /* ifindex, point, kinds, program; a link, or priority, id. → id */
	ATTACH_RESTORE,	      /* the same */
	ATTACH_MAKE_CLSACT,   /* ifindex, kinds; elsewhere: a socket. → 1: it was made */
	ATTACH_REMOVE_CLSACT, /* the same */
	ATTACH_FOLLOW,	      /* → a socket (tracking.h) */
	ATTACH_LIST,	      /* → a socket */
	ATTACH_WHATS,
};

/* The most programs that there are: four a kind of place, and XDP's. */
#define ATTACH_PROGRAMS_MAX 9

#define KIND_BIT(kind) (UINT32_C(1) << (kind))

struct attach_ask {
	uint32_t number; /* comes back; not 0 */
	uint32_t what;
	uint32_t ifindex;
	uint32_t point;
	uint32_t kinds;	  /* a bit each: the first of them that works. All but ATTACH_PUT: one */
	uint32_t program; /* its place among ATTACH_PROGRAMS */
	uint32_t priority, id;
	uint32_t class; /* 16 bits */
};
_Static_assert(sizeof(struct attach_ask) == 36, "attach_ask goes to another process");

struct attach_answer {
	uint32_t number, what;
	int32_t result; /* 0 or -errno, but as said above */
	uint32_t kind;	/* of the hook that was put there, else 0 */
	uint32_t priority, id;
	char how[ATTACH_HOW_MAX], why[ATTACH_WHY_MAX]; /* ended by a zero */
};
_Static_assert(sizeof(struct attach_answer) == 24 + ATTACH_HOW_MAX + ATTACH_WHY_MAX,
	       "attach_answer comes from another process");

/* ATTACH_READY. */
struct attach_ready {
	uint32_t number, what; /* both 0 */
	uint32_t pid;
	uint32_t life;	/* 1: the first; the next was started because the one before it ended */
	int32_t status; /* of that, as waitpid() has it */
};
_Static_assert(sizeof(struct attach_ready) == 20, "attach_ready comes from another process");

/* Descriptors that a question of this form comes with. */
unsigned attach_ask_needs(const struct attach_ask *ask);

/* `descriptors`: that came with it; `programs`: that are there. */
bool attach_ask_is_sane(const struct attach_ask *ask, unsigned descriptors, unsigned programs);

/* As an answer to that question; `descriptor`: one came with it. */
bool attach_answer_is_sane(const struct attach_answer *answer, const struct attach_ask *ask,
			   bool descriptor);

#endif
