/* SPDX-License-Identifier: Apache-2.0 */
/* The questions, one by one. */
#include <errno.h>
#include <string.h>

#include "procfs/line.h"

/* A question of one answer. 0 or more: its result, with *from what came with it. */
static int ask_one(struct procfs *p, enum procfs_lane lane, const struct procfs_ask *ask,
		   const char *const *texts, size_t count, struct unpack *from)
{
	weir_time patience = ask->question == PROCFS_PACKAGE ? PROCFS_WAIT_PACKAGE : PROCFS_WAIT;
	uint32_t number = line_ask(p, lane, *ask, texts, count);
	int result, err;
	bool more;

	if (!number)
		return -EAGAIN;
	err = line_await(p, lane, number, patience, from, &result, &more, NULL);
	return err ? err : result;
}

static int nonsense(struct procfs *p, enum procfs_lane lane)
{
	p->lines[lane].malformed++;
	return -EAGAIN;
}

/* ---- one process ---- */

static struct procfs_ahead *ahead_of(struct procfs *p, struct process_id id)
{
	for (size_t i = 0; i < PROCFS_AHEAD_MAX; i++) {
		struct procfs_ahead *ahead = &p->ahead[i];

		if (ahead->state != AHEAD_FREE && ahead->id.pid == id.pid &&
		    ahead->id.start == id.start)
			return ahead;
	}
	return NULL;
}

void procfs_ahead(struct procfs *p, struct process_id id)
{
	const struct procfs_ask ask = {.question = PROCFS_PROCESS, .pid = id.pid, .id = id.start};
	struct procfs_ahead *ahead = p->ahead;

	while (ahead < p->ahead + PROCFS_AHEAD_MAX && ahead->state != AHEAD_FREE)
		ahead++;
	if (ahead == p->ahead + PROCFS_AHEAD_MAX)
		return;
	ahead->id = id;
	ahead->number = line_ask(p, LANE_PROCESSES, ask, NULL, 0);
	ahead->state = ahead->number ? AHEAD_ASKED : AHEAD_FREE;
}

void procfs_ahead_end(struct procfs *p)
{
	for (size_t i = 0; i < PROCFS_AHEAD_MAX; i++)
		p->ahead[i].state = AHEAD_FREE;
}

static int take_ahead(struct procfs *p, struct procfs_ahead *ahead, struct proc_facts *facts)
{
	struct unpack from;
	int result, err = 0;
	bool more;

	if (ahead->state == AHEAD_ASKED)
		err = line_await(p, LANE_PROCESSES, ahead->number, PROCFS_WAIT, &from, &result,
				 &more, NULL);
	if (!err && ahead->state == AHEAD_ANSWERED) {
		err = ahead->result;
		*facts = ahead->facts;
	} else {
		err = -EAGAIN;
	}
	ahead->state = AHEAD_FREE;
	return err;
}

int procfs_process(struct procfs *p, struct process_id id, struct proc_facts *facts)
{
	const struct procfs_ask ask = {.question = PROCFS_PROCESS, .pid = id.pid, .id = id.start};
	struct procfs_ahead *ahead = ahead_of(p, id);
	struct unpack from;
	int err;

	if (ahead)
		return take_ahead(p, ahead, facts);
	err = ask_one(p, LANE_PROCESSES, &ask, NULL, 0, &from);
	if (err)
		return err < 0 ? err : nonsense(p, LANE_PROCESSES);
	return take_process(&from, facts) ? 0 : nonsense(p, LANE_PROCESSES);
}

bool procfs_stdio_is_socket(struct procfs *p, struct process_id id)
{
	const struct procfs_ask ask = {.question = PROCFS_STDIO, .pid = id.pid, .id = id.start};
	struct unpack from;

	return ask_one(p, LANE_PROCESSES, &ask, NULL, 0, &from) == 1;
}

/* ---- lists ---- */

/* What is in an answer, piece by piece. */
typedef bool take_fn(struct unpack *from, void *list);

static int ask_list(struct procfs *p, const struct procfs_ask *ask, take_fn *take, void *list)
{
	uint32_t number = line_ask(p, LANE_PROCESSES, *ask, NULL, 0);
	int err = number ? 0 : -EAGAIN, result = 0;
	bool more = true;
	struct unpack from;

	while (!err && more) {
		err = line_await(p, LANE_PROCESSES, number, PROCFS_WAIT, &from, &result, &more,
				 NULL);
		while (!err && result >= 0 && from.at < from.end)
			if (!take(&from, list))
				err = nonsense(p, LANE_PROCESSES);
	}
	return err ? err : result;
}

struct pids {
	void (*each)(void *context, uint32_t pid);
	void *context;
};

static bool take_pid(struct unpack *from, void *list)
{
	const struct pids *pids = list;
	uint32_t pid;

	if (!take_bytes(from, &pid, sizeof(pid)))
		return false;
	pids->each(pids->context, pid);
	return true;
}

int procfs_list(struct procfs *p, void (*each)(void *context, uint32_t pid), void *context)
{
	const struct procfs_ask ask = {.question = PROCFS_LIST};
	struct pids pids = {each, context};

	return ask_list(p, &ask, take_pid, &pids);
}

struct sockets {
	void (*each)(void *context, const struct proc_socket *socket);
	void *context;
};

static bool take_one_socket(struct unpack *from, void *list)
{
	const struct sockets *sockets = list;
	struct proc_socket socket;

	if (!take_socket(from, &socket))
		return false;
	sockets->each(sockets->context, &socket);
	return true;
}

int procfs_sockets(struct procfs *p, uint32_t pid,
		   void (*each)(void *context, const struct proc_socket *socket), void *context)
{
	const struct procfs_ask ask = {.question = PROCFS_SOCKETS, .pid = pid};
	struct sockets sockets = {each, context};

	return ask_list(p, &ask, take_one_socket, &sockets);
}

/* ---- the host ---- */

int procfs_cgroup(void *context, uint64_t id, char path[PATH_MAX])
{
	const struct procfs_ask ask = {.question = PROCFS_CGROUP, .id = id};
	struct procfs *p = context;
	struct unpack from;
	int err = ask_one(p, LANE_PROCESSES, &ask, NULL, 0, &from);

	if (err)
		return err < 0 ? err : nonsense(p, LANE_PROCESSES);
	return take_text(&from, path, PATH_MAX) ? 0 : nonsense(p, LANE_PROCESSES);
}

bool procfs_words(void *context, const struct cgroup_container *where,
		  struct container_words *words)
{
	const struct procfs_ask ask = {.question = PROCFS_CONTAINER};
	const char *const texts[] = {where->runtime ? where->runtime : "", where->id,
				     where->pod_uid};
	struct procfs *p = context;
	struct unpack from;

	if (ask_one(p, LANE_HOST, &ask, texts, 3, &from))
		return false;
	return take_words(&from, words) || nonsense(p, LANE_HOST) == 0;
}

enum host_owned procfs_owns(void *context, uint32_t pid, const char *path)
{
	const struct procfs_ask ask = {.question = PROCFS_PACKAGE, .pid = pid};
	struct procfs *p = context;
	struct unpack from;
	int owned = ask_one(p, LANE_HOST, &ask, &path, 1, &from);

	if (owned == -EAGAIN)
		return HOST_LATER;
	if (owned < HOST_UNKNOWN || owned > HOST_NOT_OWNED || !take_packages(&from, &p->packages))
		return HOST_UNKNOWN;
	return (enum host_owned)owned;
}

/* ---- files ---- */

int procfs_file(void *context, const char *path)
{
	struct procfs *p = context;
	struct procfs_ask ask = {.question = PROCFS_FILE};
	struct unpack from;
	uint32_t number;
	int result, fd = -1, err;
	bool more;

	while (p->files[ask.id] && strcmp(p->files[ask.id], path) != 0)
		ask.id++;
	if (!p->files[ask.id])
		return -EACCES;
	number = line_ask(p, LANE_FILES, ask, NULL, 0);
	err = number ? line_await(p, LANE_FILES, number, PROCFS_WAIT, &from, &result, &more, &fd)
		     : -EAGAIN;
	if (err || result)
		return err ? err : result < 0 ? result : -EAGAIN;
	return fd < 0 ? -EAGAIN : fd;
}
