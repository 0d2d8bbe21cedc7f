/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <string.h>

#include "capture/live/owners_inside.h"
#include "procfs/procfs.h"

/*
 * What was there before the programs: processes and their IP sockets, from /proc. The programs run
 * already, so nothing falls between; what they have entered meanwhile stays.
 */

struct seed {
	struct owners *owners;
	struct process *process; /* whose sockets are read */
};

static void on_socket(void *context, const struct proc_socket *found)
{
	const struct seed *seed = context;
	struct owners *o = seed->owners;
	struct process *process = seed->process;
	struct owner_socket socket = {.cookie = found->cookie, .netns = found->netns};
	struct listener listener = {.cookie = found->cookie,
				    .netns = found->netns,
				    .addr = found->addr,
				    .port = found->port,
				    .proto = found->proto,
				    .process = process};

	process->flags |= PROCESS_HELD_SOCKET;
	socket.by = (struct owner_process){.start = process->id.start,
					   .cgroup = process->cgroup,
					   .pid = process->id.pid,
					   .uid = process->uid,
					   .euid = process->euid};
	strncpy(socket.by.comm, process->program->name, sizeof(socket.by.comm) - 1);
	owners_kernel_seed(&o->kernel, found->cookie, &socket, found->listens);
	o->counts.seeded_sockets++;
	if (!found->listens)
		return;
	listeners_add(o->listeners, &listener);
	if (found->proto == IPPROTO_TCP)
		process->flags |= PROCESS_LISTENED;
}

static void seed_process(struct owners *o, uint32_t pid)
{
	struct proc_facts facts;
	struct process_birth birth;
	struct process *process;
	const struct program_facts program = {.name = facts.name,
					      .executable = facts.executable,
					      .command_line = facts.command_line,
					      .folder = facts.folder};
	struct program_facts known = program;

	if (procfs_process(o->options.procfs, (struct process_id){.pid = pid}, &facts))
		return;
	birth = (struct process_birth){
		.id = facts.id,
		.parent.pid = facts.parent,
		.cgroup = facts.cgroup,
		.uid = facts.uid,
		.euid = facts.euid,
		.started = (weir_time)facts.id.start + o->offset,
		.coarse = true,
	};
	known.flags = facts.flags;
	process = process_add(o->processes, &birth);
	if (!process)
		return;
	process_runs(o->processes, process, &known);
	o->counts.seeded_processes++;
}

/* Children come before their parents where pids have wrapped. Then trees are joined from above. */
static void adopt_all(struct owners *o)
{
	struct process *process = NULL;
	size_t cursor = 0;

	while ((process = processes_next(o->processes, &cursor, process)))
		if (process->parent_pid)
			process_adopt(o->processes, process,
				      process_latest(o->processes, process->parent_pid));
}

static void read_sockets(struct owners *o)
{
	struct seed seed = {.owners = o};
	size_t cursor = 0;

	while ((seed.process = processes_next(o->processes, &cursor, seed.process)))
		procfs_sockets(o->options.procfs, seed.process->id.pid, on_socket, &seed);
}

typedef VEC(uint32_t) pid_list;

static void on_pid(void *context, uint32_t pid)
{
	pid_list *pids = context;
	uint32_t *one = vec_add(pids);

	if (one)
		*one = pid;
}

/* While one is entered the next are looked at. */
static void read_processes(struct owners *o)
{
	pid_list pids = {0};
	size_t ahead = 0;

	procfs_list(o->options.procfs, on_pid, &pids);
	for (size_t i = 0; i < pids.len; i++) {
		for (; ahead < pids.len && ahead < i + PROCFS_AHEAD_MAX; ahead++)
			procfs_ahead(o->options.procfs, (struct process_id){.pid = pids.at[ahead]});
		seed_process(o, pids.at[i]);
	}
	procfs_ahead_end(o->options.procfs);
	vec_free(&pids);
}

void owners_seed(struct owners *o)
{
	read_processes(o);
	adopt_all(o);
	read_sockets(o);
}
