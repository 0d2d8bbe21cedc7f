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

#include "base/log.h"
#include "confine/confine.h"
#include "sink/database.h"
#include "starter/starter.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

struct right {
	unsigned number;
	const char *name;
	bool keep; /* beyond the start */
	const char *why;
};

static const struct right rights[] = {
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", true,
	 "attach to interfaces that appear, and follow translated connections"},
	{CAP_BPF, "CAP_BPF", false,
	 "load programs; before Linux 5.19 also to read their tables and to attach them"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", true,
	 "see which program a process runs and which sockets it has"},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", true,
	 "read what containers consist of, and logs of users' log-ins"},
	{CAP_PERFMON, "CAP_PERFMON", false, "load programs that read the kernel's memory"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", false,
	 "find and remove what a weir that was killed left attached"},
	{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", false,
	 "memory for tables beyond the usual limit, before Linux 5.11"},
	{CAP_CHOWN, "CAP_CHOWN", false, "give the database to its group"},
	{CAP_SETGID, "CAP_SETGID", false, "join that group"},
	{CAP_SETPCAP, "CAP_SETPCAP", false, "give all others up for good"},
};
#define RIGHTS (sizeof(rights) / sizeof(rights[0]))

struct privilege {
	struct starter *starter;
	bool settled, capabilities, filtered;
};

static uint64_t mask(bool start)
{
	uint64_t set = start ? 0 : confine_use_maps();

	for (size_t i = 0; i < RIGHTS; i++)
		if (start || rights[i].keep)
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

int privilege_begin(struct privilege **out, struct error *error)
{
	struct privilege *privilege = calloc(1, sizeof(*privilege));
	int err = privilege ? 0 : -ENOMEM;

	if (privilege)
		err = confine_private();
	err = err ? err : confine_capabilities(mask(true));
	if (err) {
		free(privilege);
		return error_set(error, EXIT_SYSTEM, -err, "cannot give up what is not needed: %s",
				 strerror(-err));
	}
	umask(0077);
	join_group();
	confine_threads();
	err = starter_open(&privilege->starter, error);
	if (err) {
		free(privilege);
		return err;
	}
	*out = privilege;
	return 0;
}

void privilege_settle(struct privilege *privilege)
{
	struct confinement has;
	int err = confine_capabilities(mask(false));

	privilege->settled = true;
	privilege->capabilities = !err;
	if (err)
		log_warn("weir keeps rights that it needs no more: %s", strerror(-err));
	confine_probe(&has);
	err = has.calls ? confine_calls_engine(true, true) : -ENOSYS;
	privilege->filtered = !err;
	if (err)
		log_warn("system calls are not filtered: %s", strerror(err < 0 ? -err : err));
}

void privilege_end(struct privilege *privilege)
{
	if (!privilege)
		return;
	starter_close(privilege->starter);
	free(privilege);
}

struct starter *privilege_starter(const struct privilege *privilege)
{
	return privilege->starter;
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
	*degraded = *degraded ||
		    (privilege->settled && !(privilege->capabilities && privilege->filtered));
	return object;
}
