/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked for, done: by the process that may, or by who has none. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attacher/inside.h"
#include "attacher/tracking.h"

/* The hook that the question speaks of. */
static struct hook hook_of(const struct attach_ask *ask, const struct acting *with)
{
	enum hook_kind kind = KIND_NONE;

	while (kind < HOOK_KINDS - 1 && !(ask->kinds & KIND_BIT(kind)))
		kind++;
	return (struct hook){.ops = hook_kinds[kind],
			     .ifindex = ask->ifindex,
			     .point = (enum attach_point)ask->point,
			     .program = with->programs ? with->programs[ask->program] : -1,
			     .link = with->link,
			     .handle = CLSACT_HANDLE,
			     .priority = ask->priority,
			     .id = ask->id,
			     .over = with->over};
}

static int put_here(const struct attach_ask *ask, struct hook *hook)
{
	const struct hook_ops *ways[HOOK_KINDS + 1];
	size_t len = 0;

	for (enum hook_kind kind = KIND_NONE; kind < HOOK_KINDS; kind++)
		if (ask->kinds & KIND_BIT(kind))
			ways[len++] = hook_kinds[kind];
	ways[len] = NULL;
	return hook_attach(hook, ways, ask->ifindex, hook->point, hook->program);
}

static int put(const struct attach_ask *ask, struct hook *hook, struct attach_answer *answer)
{
	if (hook->over)
		answer->result = hook_attach_elsewhere(hook, hook->over, ask->ifindex, hook->point,
						       hook->program, (uint16_t)ask->class);
	else
		answer->result = put_here(ask, hook);
	snprintf(answer->how, sizeof(answer->how), "%s", hook->how);
	snprintf(answer->why, sizeof(answer->why), "%s", hook->why);
	if (answer->result)
		return -1;
	answer->kind = hook->ops->kind;
	answer->priority = hook->priority;
	answer->id = hook->id;
	return hook->link;
}

static int take(const struct attach_ask *ask, struct hook *hook, struct attach_answer *answer)
{
	(void)ask;
	(void)answer;
	hook_detach(hook);
	return -1;
}

static int replace(const struct attach_ask *ask, struct hook *hook, struct attach_answer *answer)
{
	(void)ask;
	answer->result = hook_replace(hook, hook->program);
	answer->id = hook->id;
	return -1;
}

static int restore(const struct attach_ask *ask, struct hook *hook, struct attach_answer *answer)
{
	(void)ask;
	hook_restore(hook);
	answer->id = hook->id;
	return -1;
}

static int make_clsact(const struct attach_ask *ask, struct hook *hook,
		       struct attach_answer *answer)
{
	answer->result = hook->over ? clsact_make_elsewhere(hook->over, ask->ifindex)
				    : clsact_make(ask->ifindex);
	return -1;
}

static int remove_clsact(const struct attach_ask *ask, struct hook *hook,
			 struct attach_answer *answer)
{
	(void)answer;
	if (hook->over)
		clsact_remove_if_empty_elsewhere(hook->over, ask->ifindex);
	else
		clsact_remove_if_empty(ask->ifindex);
	return -1;
}

static int opened(int fd, struct attach_answer *answer)
{
	answer->result = fd < 0 ? fd : 0;
	return fd < 0 ? -1 : fd;
}

static int follow(const struct attach_ask *ask, struct hook *hook, struct attach_answer *answer)
{
	(void)ask;
	(void)hook;
	return opened(tracking_follow(), answer);
}

static int list(const struct attach_ask *ask, struct hook *hook, struct attach_answer *answer)
{
	(void)ask;
	(void)hook;
	return opened(tracking_list(), answer);
}

static int (*const acts[ATTACH_WHATS])(const struct attach_ask *ask, struct hook *hook,
				       struct attach_answer *answer) = {
	[ATTACH_PUT] = put,
	[ATTACH_TAKE] = take,
	[ATTACH_REPLACE] = replace,
	[ATTACH_RESTORE] = restore,
	[ATTACH_MAKE_CLSACT] = make_clsact,
	[ATTACH_REMOVE_CLSACT] = remove_clsact,
	[ATTACH_FOLLOW] = follow,
	[ATTACH_LIST] = list,
};

int attach_act(const struct attach_ask *ask, const struct acting *with,
	       struct attach_answer *answer)
{
	struct hook hook = hook_of(ask, with);

	answer->result = acts[ask->what] ? 0 : -EINVAL;
	return acts[ask->what] ? acts[ask->what](ask, &hook, answer) : -1;
}
