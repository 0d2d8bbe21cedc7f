/* SPDX-License-Identifier: Apache-2.0 */
/* The questions, one by one. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attacher/inside.h"

/* What a question comes with; `program` is not used by all. */
struct with {
	int program;
	int link;		 /* -1: none */
	struct mnl_socket *over; /* NULL: none */
};

static const struct with nothing = {-1, -1, NULL};

static bool find_program(const struct attacher *a, int program, uint32_t *place)
{
	for (*place = 0; *place < a->programs_len; ++*place)
		if (a->programs[*place] == program)
			return true;
	*place = 0;
	return program < 0;
}

/* The descriptor that came with the answer, or -1. */
static int ask_for(struct attacher *a, struct attach_ask *ask, const struct with *with,
		   struct attach_answer *answer)
{
	const struct acting acting = {&with->program, with->link, with->over};
	int fd = with->over ? mnl_socket_get_fd(with->over) : with->link, given = -1, err;

	*answer = (struct attach_answer){0};
	if (!a)
		return attach_act(ask, &acting, answer);
	err = find_program(a, with->program, &ask->program) ? 0 : -EINVAL;
	err = err ? err : line_attach(a, ask, &fd, answer, &given);
	if (!err)
		return given;
	*answer = (struct attach_answer){.result = err};
	if (err != -EINVAL)
		snprintf(answer->why, sizeof(answer->why),
			 "the process that attaches does not answer");
	return -1;
}

/* ---- programs ---- */

int attacher_programs(struct attacher *a, const int *programs, size_t count)
{
	struct attach_ask ask = {.what = ATTACH_PROGRAMS};
	struct attach_answer answer;
	int given, err;

	if (!a)
		return 0;
	a->programs_len = 0;
	for (size_t i = 0; i < count; i++) {
		if (programs[i] < 0)
			continue;
		if (a->programs_len == ATTACH_PROGRAMS_MAX)
			return -E2BIG;
		a->programs[a->programs_len++] = programs[i];
	}
	ask.program = a->programs_len;
	err = line_attach(a, &ask, a->programs, &answer, &given);
	err = err ? err : answer.result;
	a->has_programs = !err;
	return err;
}

/* ---- hooks ---- */

static int put(struct attacher *a, struct hook *hook, struct attach_ask *ask,
	       const struct with *with)
{
	struct attach_answer answer;
	int link = ask_for(a, ask, with, &answer);

	*hook = (struct hook){.ifindex = ask->ifindex,
			      .point = (enum attach_point)ask->point,
			      .program = with->program,
			      .link = link};
	memcpy(hook->how, answer.how, sizeof(hook->how));
	memcpy(hook->why, answer.why, sizeof(hook->why));
	if (answer.result == -EBUSY && ask->kinds == KIND_BIT(KIND_XDP))
		hook_say_holder(hook);
	if (answer.result)
		return answer.result;
	hook->ops = hook_kinds[answer.kind];
	hook->handle = hook->ops->links ? 0 : CLSACT_HANDLE;
	hook->priority = answer.priority;
	hook->id = answer.id;
	return 0;
}

int attacher_attach(struct attacher *a, struct hook *hook, uint32_t kinds, uint32_t ifindex,
		    enum attach_point point, int program)
{
	struct attach_ask ask = {
		.what = ATTACH_PUT, .ifindex = ifindex, .point = point, .kinds = kinds};

	return put(a, hook, &ask, &(struct with){program, -1, NULL});
}

int attacher_attach_elsewhere(struct attacher *a, struct hook *hook,
			      const struct attach_elsewhere *elsewhere, uint32_t ifindex,
			      enum attach_point point, int program)
{
	struct attach_ask ask = {.what = ATTACH_PUT,
				 .ifindex = ifindex,
				 .point = point,
				 .kinds = KIND_BIT(KIND_ELSEWHERE),
				 .class = elsewhere->class};
	int err = put(a, hook, &ask, &(struct with){program, -1, elsewhere->over});

	hook->over = elsewhere->over;
	hook->looks = elsewhere->looks;
	return err;
}

/* About one that is there. */
static void ask_about(struct attacher *a, enum attach_what what, const struct hook *hook,
		      int program, struct attach_answer *answer)
{
	bool links = hook->ops->links;
	struct attach_ask ask = {.what = what,
				 .ifindex = hook->ifindex,
				 .point = hook->point,
				 .kinds = KIND_BIT(hook->ops->kind),
				 .priority = links ? 0 : hook->priority,
				 .id = links ? 0 : hook->id};

	ask_for(a, &ask, &(struct with){program, hook->link, hook->over}, answer);
}

/* A link is detached by whoever has its descriptor. */
void attacher_detach(struct attacher *a, struct hook *hook)
{
	struct attach_answer answer;

	if (!hook->ops || hook->ops->links || !hook->id)
		hook_detach(hook);
	else
		ask_about(a, ATTACH_TAKE, hook, -1, &answer);
	hook->ops = NULL;
}

int attacher_replace(struct attacher *a, struct hook *hook, int program)
{
	struct attach_answer answer = {0};

	if (hook->ops)
		ask_about(a, ATTACH_REPLACE, hook, program, &answer);
	if (answer.result)
		return answer.result;
	hook->program = program;
	if (hook->ops && !hook->ops->links)
		hook->id = answer.id;
	return 0;
}

void attacher_restore(struct attacher *a, struct hook *hook)
{
	struct attach_answer answer = {0};

	if (!hook->ops)
		return;
	ask_about(a, ATTACH_RESTORE, hook, hook->program, &answer);
	if (!answer.result && !hook->ops->links)
		hook->id = answer.id;
}

/* ---- the qdisc ---- */

static int ask_clsact(struct attacher *a, enum attach_what what, struct mnl_socket *over,
		      uint32_t ifindex)
{
	struct attach_ask ask = {.what = what,
				 .ifindex = ifindex,
				 .kinds = KIND_BIT(over ? KIND_ELSEWHERE : KIND_CLSACT)};
	struct attach_answer answer;

	ask_for(a, &ask, &(struct with){-1, -1, over}, &answer);
	return answer.result;
}

bool attacher_make_clsact(struct attacher *a, struct mnl_socket *over, uint32_t ifindex)
{
	return ask_clsact(a, ATTACH_MAKE_CLSACT, over, ifindex) == 1;
}

void attacher_remove_clsact(struct attacher *a, struct mnl_socket *over, uint32_t ifindex)
{
	ask_clsact(a, ATTACH_REMOVE_CLSACT, over, ifindex);
}

/* ---- connection tracking ---- */

static int ask_tracking(struct attacher *a, enum attach_what what)
{
	struct attach_ask ask = {.what = what};
	struct attach_answer answer;
	int fd = ask_for(a, &ask, &nothing, &answer);

	return answer.result ? answer.result : fd;
}

int attacher_follow(struct attacher *a)
{
	return ask_tracking(a, ATTACH_FOLLOW);
}

int attacher_list(struct attacher *a)
{
	return ask_tracking(a, ATTACH_LIST);
}
