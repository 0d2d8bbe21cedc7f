/* SPDX-License-Identifier: Apache-2.0 */
#include "attacher/message.h"

#include <string.h>

#define ELSEWHERE KIND_BIT(KIND_ELSEWHERE)
#define CLSACT	  KIND_BIT(KIND_CLSACT)
#define XDP	  KIND_BIT(KIND_XDP)
#define LINKS	  (KIND_BIT(KIND_TCX) | XDP)

/* What each question says. */
static const struct form {
	uint32_t kinds; /* one of them at least; 0: none */
	bool several;	/* or more */
	bool point;	/* one side of the device */
	bool program;
	bool standing; /* what is there: a filter's priority and program, or a link */
	bool socket;   /* its answer has one */
} forms[ATTACH_WHATS] = {
	[ATTACH_PUT] = {.kinds = LINKS | CLSACT | ELSEWHERE,
			.several = true,
			.point = true,
			.program = true},
	[ATTACH_TAKE] = {.kinds = CLSACT | ELSEWHERE, .point = true, .standing = true},
	[ATTACH_REPLACE] = {.kinds = LINKS | CLSACT,
			    .point = true,
			    .program = true,
			    .standing = true},
	[ATTACH_RESTORE] = {.kinds = LINKS | CLSACT,
			    .point = true,
			    .program = true,
			    .standing = true},
	[ATTACH_MAKE_CLSACT] = {.kinds = CLSACT | ELSEWHERE},
	[ATTACH_REMOVE_CLSACT] = {.kinds = CLSACT | ELSEWHERE},
	[ATTACH_FOLLOW] = {.socket = true},
	[ATTACH_LIST] = {.socket = true},
};

unsigned attach_ask_needs(const struct attach_ask *ask)
{
	if (ask->what == ATTACH_PROGRAMS)
		return ask->program;
	return ask->kinds == ELSEWHERE ||
	       (ask->what < ATTACH_WHATS && forms[ask->what].standing && ask->kinds & LINKS);
}

static bool is_one(uint32_t bits)
{
	return bits && !(bits & (bits - 1));
}

/* XDP is on the way in only, and as elsewhere there is nothing that could be tried after it. */
static bool kinds_are_sane(const struct attach_ask *ask, const struct form *form)
{
	if (ask->kinds & ~form->kinds || !ask->kinds != !form->kinds)
		return false;
	if (form->kinds && !is_one(ask->kinds) &&
	    (!form->several || ask->kinds & (XDP | ELSEWHERE)))
		return false;
	return !(ask->kinds & XDP) || ask->point == ATTACH_IN;
}

static bool device_is_sane(const struct attach_ask *ask, const struct form *form)
{
	if (!form->kinds)
		return !ask->ifindex && !ask->point;
	return ask->ifindex && ask->ifindex <= INT32_MAX &&
	       ask->point < (form->point ? ATTACH_POINTS : 1);
}

static bool standing_is_sane(const struct attach_ask *ask, const struct form *form)
{
	if (!form->standing || ask->kinds & LINKS)
		return !ask->priority && !ask->id;
	return ask->priority && ask->priority <= UINT16_MAX && ask->id;
}

static bool class_is_sane(const struct attach_ask *ask)
{
	if (ask->what != ATTACH_PUT || ask->kinds != ELSEWHERE)
		return !ask->class;
	return ask->class && ask->class <= UINT16_MAX;
}

static bool program_is_sane(const struct attach_ask *ask, const struct form *form,
			    unsigned programs)
{
	if (ask->what == ATTACH_PROGRAMS)
		return ask->program <= ATTACH_PROGRAMS_MAX;
	return form->program ? ask->program < programs : !ask->program;
}

bool attach_ask_is_sane(const struct attach_ask *ask, unsigned descriptors, unsigned programs)
{
	const struct form *form;

	if (!ask->number || ask->what == ATTACH_READY || ask->what >= ATTACH_WHATS)
		return false;
	form = &forms[ask->what];
	return kinds_are_sane(ask, form) && device_is_sane(ask, form) &&
	       standing_is_sane(ask, form) && class_is_sane(ask) &&
	       program_is_sane(ask, form, programs) && descriptors == attach_ask_needs(ask);
}

static bool is_ended(const char *text, size_t size)
{
	return memchr(text, 0, size);
}

static bool hook_is_sane(const struct attach_answer *answer, const struct attach_ask *ask)
{
	if (ask->what != ATTACH_PUT || answer->result)
		return !answer->kind;
	return answer->kind < HOOK_KINDS && ask->kinds & KIND_BIT(answer->kind) &&
	       answer->priority <= UINT16_MAX &&
	       !answer->priority == !!(KIND_BIT(answer->kind) & LINKS);
}

bool attach_answer_is_sane(const struct attach_answer *answer, const struct attach_ask *ask,
			   bool descriptor)
{
	int32_t most = ask->what == ATTACH_MAKE_CLSACT;
	bool gives;

	if (answer->number != ask->number || answer->what != ask->what || answer->result > most ||
	    !is_ended(answer->how, sizeof(answer->how)) ||
	    !is_ended(answer->why, sizeof(answer->why)) || !hook_is_sane(answer, ask))
		return false;
	gives = !answer->result && (forms[ask->what].socket ||
				    (ask->what == ATTACH_PUT && KIND_BIT(answer->kind) & LINKS));
	return gives == descriptor;
}
