/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <string.h>

#include "capture/live/owners_inside.h"
#include "procfs/procfs.h"

/* What the owner programs tell: processes that begin, run another program and end, and sockets. */

/* ---- events ---- */

static struct event *begin(struct owners *o, const struct process *process,
			   enum event_service service, const char *action, uint64_t boot)
{
	struct event *e = &o->event;

	memset(e->present, 0, sizeof(e->present));
	e->service = service;
	e->time = (weir_time)boot + o->offset;
	event_set(e, EVENT_ACTION, event_action, text_string(action));
	process_put(&o->teller, process, e);
	return e;
}

static void end(struct owners *o, const struct event *e)
{
	if (e->time - o->offset <= (weir_time)o->told)
		return;
	o->counts.events++;
	o->options.event(o->options.context, e);
}

void owners_tell(struct owners *o, const struct process *process, const char *action, uint64_t boot)
{
	end(o, begin(o, process, SERVICE_PROCESS, action, boot));
}

/* ---- processes ---- */

bool owners_read(struct owners *o, struct process *process)
{
	struct proc_facts f;
	struct program_facts program = {.name = f.name,
					.executable = f.executable,
					.command_line = f.command_line,
					.folder = f.folder};

	if (procfs_process(o->options.procfs, process->id, &f))
		return false;
	program.flags = f.flags | (process->flags & PROCESS_STDIO ? PROGRAM_STDIO : 0);
	process_runs(o->processes, process, &program);
	process_adopt(o->processes, process, process_latest(o->processes, f.parent));
	return true;
}

/* Its fork was not told, or before our time: /proc may still know it, else its name is all. */
static void complete(struct owners *o, struct process *process, const struct owner_process *who)
{
	char name[OWNER_COMM + 1] = "";
	const struct program_facts program = {.name = name};

	if (process->program->name[0] || owners_read(o, process))
		return;
	memcpy(name, who->comm, OWNER_COMM);
	process_runs(o->processes, process, &program);
	o->counts.gone++;
}

static struct process *enter(struct owners *o, const struct owner_process *who,
			     struct process_id parent)
{
	const struct process_birth birth = {
		.id = {.start = who->start, .pid = who->pid},
		.parent = parent,
		.cgroup = who->cgroup,
		.uid = who->uid,
		.euid = who->euid,
		.started = (weir_time)who->start + o->offset,
	};

	return process_add(o->processes, &birth);
}

struct process *owners_process(struct owners *o, const struct owner_process *who)
{
	struct process_id id = {.start = who->start, .pid = who->pid};
	struct process *process = process_find(o->processes, id);

	if (!process)
		process = enter(o, who, (struct process_id){0});
	if (process)
		complete(o, process, who);
	return process;
}

/* From a user without rights to root's: the file of a program with the set-user-ID bit does that,
 * and so does whoever breaks into the kernel or into such a program. */
static bool rises(const struct process *process, uint32_t euid)
{
	return process->uid && process->euid && !euid;
}

/* What it is now. True if it rose; then *before is who it was. */
static bool note_user(struct process *process, const struct owner_process *who, uint32_t *before)
{
	bool rose = rises(process, who->euid);

	*before = process->uid;
	process->uid = who->uid;
	process->euid = who->euid;
	return rose;
}

static void see_user(struct owners *o, struct process *process, const struct owner_process *who,
		     uint64_t at)
{
	struct event *e;
	uint32_t before;

	if (!note_user(process, who, &before))
		return;
	e = begin(o, process, SERVICE_PROCESS, "uid", at);
	process_put_user(&o->teller, process, before, e);
	end(o, e);
}

static void on_fork(struct owners *o, const struct owner_forked *r)
{
	const struct owner_process *child = &r->head.who;
	struct process_id parent = {.start = r->parent_start, .pid = r->parent_pid};
	struct process *above = process_find(o->processes, parent);

	/* It has the rights of its parent at this moment. */
	if (above)
		see_user(o, above, child, r->head.at);
	if (!process_find(o->processes, (struct process_id){child->start, child->pid}))
		enter(o, child, parent);
}

/* The program's name as the process has it: a script's own, not its interpreter's. Where it was
 * cut, the path has all of it, if it is the same. */
static void name_of(const struct owner_executed *r, const char *executable, char name[64])
{
	const char *last = strrchr(executable, '/');
	size_t length = strnlen(r->head.who.comm, OWNER_COMM);

	last = last ? last + 1 : executable;
	if (length == OWNER_COMM - 1 && !strncmp(last, r->head.who.comm, length))
		length = strnlen(last, 63), memcpy(name, last, length);
	else
		memcpy(name, r->head.who.comm, length);
	name[length] = '\0';
}

static void command_of(const struct owner_executed *r, char command[OWNER_ARGS + 1])
{
	size_t length = r->args_length < OWNER_ARGS ? r->args_length : OWNER_ARGS, i;

	memcpy(command, r->args, length);
	while (length && !command[length - 1])
		length--;
	command[length] = '\0';
	for (i = 0; i < length; i++)
		if (!command[i])
			command[i] = ' ';
}

static uint8_t flags_of(const struct owner_executed *r)
{
	return (r->flags & OWNER_EXEC_SETUID ? PROGRAM_SETUID : 0) |
	       (r->flags & OWNER_EXEC_DELETED ? PROGRAM_DELETED : 0) |
	       (r->flags & OWNER_EXEC_STDIO ? PROGRAM_STDIO : 0);
}

/* What the record says is of the moment; /proc, if it is still there, has whole paths. */
static void runs(struct owners *o, struct process *process, const struct owner_executed *r)
{
	char command[OWNER_ARGS + 1], path[OWNER_PATH], name[64];
	struct program_facts program = {.name = name, .flags = flags_of(r)};
	struct proc_facts f;
	bool there = !procfs_process(o->options.procfs, process->id, &f);

	memcpy(path, r->path, sizeof(path));
	path[sizeof(path) - 1] = '\0';
	command_of(r, command);
	/* It may run the next program already: then that one's record follows. */
	program.executable = there && f.executable[0] ? f.executable : path;
	program.command_line = there && (r->flags & OWNER_EXEC_CUT) ? f.command_line : command;
	program.folder = there ? f.folder : process->program->folder;
	name_of(r, program.executable, name);
	process_runs(o->processes, process, &program);
}

/* Where its standard input comes from and its output goes to: its own end is the source. */
static void put_stdio(struct event *e, const struct owner_ends *ends)
{
	memcpy(e->source_ip.byte, ends->own, sizeof(e->source_ip.byte));
	memcpy(e->destination_ip.byte, ends->other, sizeof(e->destination_ip.byte));
	event_mark(e, FIELD_SOURCE_IP);
	event_mark(e, FIELD_DESTINATION_IP);
	event_set(e, SOURCE_PORT, source_port, ends->own_port);
	event_set(e, DESTINATION_PORT, destination_port, ends->other_port);
	event_set(e, NETWORK_TRANSPORT, network_transport, ends->proto);
}

static void on_exec(struct owners *o, const struct owner_executed *r)
{
	const struct owner_process *who = &r->head.who;
	struct process_id id = {.start = who->start, .pid = who->pid};
	struct process_id parent = {.start = r->parent_start, .pid = r->parent_pid};
	struct process *process = process_find(o->processes, id);
	struct event *e;
	uint32_t before;
	bool rose;

	if (!process)
		process = enter(o, who, parent);
	if (!process)
		return;
	process_adopt(o->processes, process, process_find(o->processes, parent));
	process_moves(process, who->cgroup);
	runs(o, process, r);
	rose = note_user(process, who, &before);
	e = begin(o, process, SERVICE_PROCESS, "exec", r->head.at);
	if (rose)
		process_put_user(&o->teller, process, before, e);
	if (r->stdio.other_port)
		put_stdio(e, &r->stdio);
	end(o, e);
}

static void on_end(struct owners *o, const struct owner_record *r)
{
	struct process *process = process_find(
		o->processes, (struct process_id){.start = r->who.start, .pid = r->who.pid});

	if (!process)
		return;
	see_user(o, process, &r->who, r->at);
	process_ends(o->processes, process, r->at);
}

/* ---- sockets ---- */

static void on_holds(struct owners *o, const struct owner_record *r)
{
	struct process *process = owners_process(o, &r->who);

	if (!process)
		return;
	see_user(o, process, &r->who, r->at);
	process_moves(process, r->who.cgroup);
	if (!(process->flags & PROCESS_HELD_SOCKET))
		owners_stdio_later(o, process, r->at);
	process->flags |= PROCESS_HELD_SOCKET;
}

/* A port that the kernel gave to a socket that only asks is no service. */
static bool is_service(const struct owners *o, const struct owner_bound *r)
{
	return r->proto == IPPROTO_TCP || r->port < o->ephemeral;
}

static void tell_listener(struct owners *o, const struct process *process,
			  const struct owner_bound *r)
{
	static const struct addr any, any_v4 = {.byte = {[10] = 0xff, [11] = 0xff}};
	struct event *e = begin(o, process, SERVICE_LISTENER, "listen", r->head.at);
	struct addr addr;

	memcpy(addr.byte, r->addr, sizeof(addr.byte));
	if (memcmp(&addr, &any, sizeof(any)) != 0 && memcmp(&addr, &any_v4, sizeof(any_v4)) != 0)
		event_set(e, SOURCE_IP, source_ip, addr);
	event_set(e, SOURCE_PORT, source_port, r->port);
	event_set(e, NETWORK_TRANSPORT, network_transport, r->proto);
	end(o, e);
}

static void on_socket(void *context, const struct proc_socket *found)
{
	struct owner_bound *r = context;

	if (found->cookie == r->cookie)
		r->port = found->port;
}

static void on_listens(struct owners *o, const struct owner_bound *record)
{
	struct owner_bound copy = *record, *r = &copy;
	struct listener listener = {.cookie = r->cookie, .netns = r->netns, .proto = r->proto};

	/* It listens without having been bound: the kernel chooses a port after it has told. */
	if (!r->port)
		procfs_sockets(o->options.procfs, r->head.who.pid, on_socket, r);
	listener.port = r->port;

	listener.process = owners_process(o, &r->head.who);
	if (!listener.process)
		return;
	memcpy(listener.addr.byte, r->addr, sizeof(listener.addr.byte));
	listeners_add(o->listeners, &listener);
	if (!is_service(o, r))
		return;
	listener.process->flags |= PROCESS_LISTENED | PROCESS_HELD_SOCKET;
	tell_listener(o, listener.process, r);
}

/* ---- by kind ---- */

static const size_t sizes[] = {
	[OWNER_FORK] = sizeof(struct owner_forked),
	[OWNER_EXEC] = sizeof(struct owner_executed),
	[OWNER_EXIT] = sizeof(struct owner_record),
	[OWNER_HOLDS] = sizeof(struct owner_record),
	[OWNER_LISTENS] = sizeof(struct owner_bound),
	[OWNER_UNLISTENS] = sizeof(struct owner_bound),
};

static void take_record(struct owners *o, const void *data)
{
	const struct owner_record *r = data;

	if (r->at > o->newest)
		o->newest = r->at;
	switch ((enum owner_record_kind)r->kind) {
	case OWNER_FORK:
		on_fork(o, data);
		break;
	case OWNER_EXEC:
		on_exec(o, data);
		break;
	case OWNER_EXIT:
		on_end(o, r);
		break;
	case OWNER_HOLDS:
		on_holds(o, r);
		break;
	case OWNER_LISTENS:
		on_listens(o, data);
		break;
	case OWNER_UNLISTENS:
		listeners_remove(o->listeners, ((const struct owner_bound *)data)->cookie);
		break;
	}
}

/* ---- in batches: what /proc says is asked for while records are gathered ---- */

void owners_records_end(struct owners *o)
{
	for (unsigned i = 0; i < o->batch_len; i++)
		take_record(o, &o->batch[i]);
	o->batch_len = 0;
	procfs_ahead_end(o->options.procfs);
}

int owners_record(void *context, void *data, size_t size)
{
	const struct owner_record *r = data;
	struct owners *o = context;

	o->counts.records++;
	if (size < sizeof(*r) || !r->kind || r->kind >= sizeof(sizes) / sizeof(sizes[0]) ||
	    size < sizes[r->kind])
		return 0;
	if (r->kind == OWNER_EXEC)
		procfs_ahead(o->options.procfs,
			     (struct process_id){.start = r->who.start, .pid = r->who.pid});
	memcpy(&o->batch[o->batch_len++], data, sizes[r->kind]);
	if (o->batch_len == OWNERS_BATCH)
		owners_records_end(o);
	return 0;
}
