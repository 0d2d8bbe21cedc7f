/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <string.h>

#include "capture/live/owners_inside.h"
#include "process/proc.h"

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

static void on_process(void *context, uint32_t pid)
{
	struct owners *o = context;
	struct proc_facts facts;
	struct process_birth birth;
	struct process *process;
	const struct program_facts program = {.name = facts.name,
					      .executable = facts.executable,
					      .command_line = facts.command_line,
					      .folder = facts.folder};
	struct program_facts known = program;

	if (proc_read((struct process_id){.pid = pid}, o->root, &facts))
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
		proc_sockets(seed.process->id.pid, on_socket, &seed);
}

void owners_seed(struct owners *o)
{
	proc_list(on_process, o);
	adopt_all(o);
	read_sockets(o);
}
