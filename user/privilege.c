/* SPDX-License-Identifier: Apache-2.0 */
#include "privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attacher/attacher.h"
#include "base/log.h"
#include "confine/confine.h"
#include "procfs/procfs.h"
#include "sink/database.h"
#include "starter/starter.h"
#include "visitor/visitor.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

/* Until when the engine has it. */
enum hold {
	HOLD_NEVER, /* the process that looks into others has it */
	HOLD_START,
	HOLD_ON, /* to the end: what confine_use_maps() says */
};

struct right {
	unsigned number;
	const char *name;
	enum hold hold;
	const char *why;
};

static const struct right rights[] = {
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", HOLD_START,
	 "load programs; then weir-attacher alone, attach to interfaces that appear, and follow "
	 "translated connections"},
	{CAP_BPF, "CAP_BPF", HOLD_START,
	 "load programs; before Linux 5.19 also to read their tables, and weir-attacher to attach"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", HOLD_NEVER,
	 "see which program a process runs and which sockets it has: weir-procfs"},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", HOLD_START,
	 "read the numbers of tracepoints; then weir-procfs alone, what containers consist of and "
	 "logs of users' log-ins"},
	{CAP_PERFMON, "CAP_PERFMON", HOLD_START, "load programs that read the kernel's memory"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", HOLD_START,
	 "find and remove what a weir that was killed left attached"},
	{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", HOLD_START,
	 "memory for tables beyond the usual limit, before Linux 5.11"},
	{CAP_CHOWN, "CAP_CHOWN", HOLD_START, "give the database to its group"},
	{CAP_SETGID, "CAP_SETGID", HOLD_START, "join that group"},
	{CAP_SETPCAP, "CAP_SETPCAP", HOLD_START, "give all others up for good"},
};
#define RIGHTS (sizeof(rights) / sizeof(rights[0]))

struct privilege {
	struct starter *starter;
	struct procfs *procfs;
	struct attacher *attacher;
	struct visitor *visitor; /* NULL: no network namespaces are entered */
	bool settled, capabilities, filtered;
};

/* What is held from here on. */
static uint64_t mask(enum hold from)
{
	uint64_t set = from == HOLD_ON ? confine_use_maps() : 0;

	for (size_t i = 0; i < RIGHTS; i++)
		if (rights[i].hold >= from)
			set |= UINT64_C(1) << rights[i].number;
	return set;
}

/* Root is in few; beyond that the database stays root's. */
#define GROUPS_MAX 256

/* A file's owner may give it to a group that he is in, without a right to give files away. */
static void join_group(void)
{
	gid_t groups[GROUPS_MAX + 1], own = database_group();
	int count = getgroups(GROUPS_MAX, groups);

	if (own == (gid_t)-1 || count < 0)
		return;
	groups[count] = own;
	(void)!setgroups((size_t)count + 1, groups);
}

/* Each child keeps of what there is what it is for. */
static int start_children(struct privilege *privilege, const struct procfs_options *options,
			  const char *const *namespaces, struct error *error)
{
	int err = starter_open(&privilege->starter, error);

	if (!err)
		err = procfs_open(&privilege->procfs, options, error);
	if (!err)
		err = attacher_open(&privilege->attacher, error);
	if (!err && namespaces && *namespaces)
		err = visitor_open(&privilege->visitor, namespaces, error);
	if (err)
		return err;
	err = confine_capabilities(mask(HOLD_START));
	return err ? error_set(error, EXIT_SYSTEM, -err, "cannot give up what is not needed: %s",
			       strerror(-err))
		   : 0;
}

int privilege_begin(struct privilege **out, const struct procfs_options *options,
		    const char *const *namespaces, struct error *error)
{
	struct privilege *privilege = calloc(1, sizeof(*privilege));
	int err = privilege ? 0 : -ENOMEM;

	if (privilege)
		err = confine_private();
	err = err ? err : confine_capabilities(mask(HOLD_NEVER));
	if (err) {
		free(privilege);
		return error_set(error, EXIT_SYSTEM, -err, "cannot give up what is not needed: %s",
				 strerror(-err));
	}
	umask(0077);
	join_group();
	confine_threads();
	err = start_children(privilege, options, namespaces, error);
	if (err) {
		privilege_end(privilege);
		return err;
	}
	*out = privilege;
	return 0;
}

void privilege_settle(struct privilege *privilege)
{
	struct confinement has;
	int err = confine_capabilities(mask(HOLD_ON));

	privilege->settled = true;
	privilege->capabilities = !err;
	if (err)
		log_warn("weir keeps rights that it needs no more: %s", strerror(-err));
	confine_probe(&has);
	err = has.calls ? confine_calls_engine() : -ENOSYS;
	privilege->filtered = !err;
	if (err)
		log_warn("system calls are not filtered: %s", strerror(err < 0 ? -err : err));
}

void privilege_end(struct privilege *privilege)
{
	if (!privilege)
		return;
	procfs_close(privilege->procfs);
	attacher_close(privilege->attacher);
	visitor_close(privilege->visitor);
	starter_close(privilege->starter);
	free(privilege);
}

struct starter *privilege_starter(const struct privilege *privilege)
{
	return privilege->starter;
}

struct visitor *privilege_visitor(const struct privilege *privilege)
{
	return privilege->visitor;
}

struct procfs *privilege_procfs(const struct privilege *privilege)
{
	return privilege->procfs;
}

struct attacher *privilege_attacher(const struct privilege *privilege)
{
	return privilege->attacher;
}

json_t *privilege_status(const struct privilege *privilege, bool *degraded)
{
	json_t *object = json_object(), *holds = json_object(), *gone = json_object();
	uint64_t held = confine_held();

	for (size_t i = 0; i < RIGHTS; i++)
		json_object_set_new(held >> rights[i].number & 1 ? holds : gone, rights[i].name,
				    json_string(rights[i].why));
	json_object_set_new(object, "holds", holds);
	json_object_set_new(object, "given_up", gone);
	json_object_set_new(object, "calls_filtered", json_boolean(privilege->filtered));
	json_object_set_new(object, "starter", json_integer(starter_pid(privilege->starter)));
	json_object_set_new(object, "procfs", procfs_status(privilege->procfs, degraded));
	json_object_set_new(object, "attacher", attacher_status(privilege->attacher, degraded));
	*degraded = *degraded ||
		    (privilege->settled && !(privilege->capabilities && privilege->filtered));
	return object;
}
