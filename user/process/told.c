/* SPDX-License-Identifier: Apache-2.0 */
#include "process/told.h"

#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "kubernetes/pods.h"
#include "process/cgroups.h"
#include "process/proc.h"

/* What events say of a process. A field that is not known is left out. */

#define put_text(e, id, member, text_)                                                             \
	do {                                                                                       \
		if ((text_) && (text_)[0])                                                         \
			event_set(e, id, member, text_string(text_));                              \
	} while (0)

char *process_entity_text(const struct process_entity *entity, char text[PROCESS_ENTITY_MAX])
{
	int n = snprintf(text, PROCESS_ENTITY_MAX, "%s-%u-%llx", proc_boot_id(), entity->pid,
			 (unsigned long long)entity->tick);

	if (entity->nth)
		snprintf(text + n, PROCESS_ENTITY_MAX - (size_t)n, "-%u", entity->nth);
	return text;
}

static void put_parent(struct event *e, const struct process *process)
{
	const struct process *parent = process->parent;

	if (process->parent_pid)
		event_set(e, PROCESS_PARENT_PID, process_parent_pid, process->parent_pid);
	if (!parent)
		return;
	put_text(e, PROCESS_PARENT_NAME, process_parent_name, parent->program->name);
	put_text(e, PROCESS_PARENT_EXECUTABLE, process_parent_executable,
		 parent->program->executable);
	put_text(e, PROCESS_PARENT_COMMAND_LINE, process_parent_command_line,
		 parent->program->command_line);
}

static void put_ancestors(struct process_teller *teller, const struct process *process,
			  struct event *e)
{
	const struct process *above = process->parent;
	size_t used = 0, i;

	for (i = 0; above && i < PROCESS_ANCESTORS; i++, above = above->parent) {
		size_t length = strlen(above->program->name);

		if (!length || used + length + 1 > sizeof(teller->ancestors))
			continue;
		if (used)
			teller->ancestors[used++] = TEXTS_JOINT;
		memcpy(teller->ancestors + used, above->program->name, length);
		used += length;
	}
	if (used)
		event_set(e, PROCESS_ANCESTOR_NAME, process_ancestor_name,
			  ((struct text){teller->ancestors, (uint32_t)used}));
}

static bool serves(const struct process *process, struct cgroups *cgroups)
{
	return (process->flags & PROCESS_LISTENED) ||
	       (cgroups && cgroups_is_service(cgroups, process->cgroup));
}

/* The nearest that held a socket decides what all below it are. */
static void put_sockets(struct event *e, const struct process *process, struct cgroups *cgroups)
{
	const struct process *near = process;
	unsigned i;

	for (i = 0; near && i <= PROCESS_NEAR; i++, near = near->parent)
		if (near->flags & PROCESS_HELD_SOCKET)
			break;
	if (i > PROCESS_NEAR)
		near = NULL;
	event_set(e, PROCESS_HAS_SOCKET, process_has_socket, near != NULL);
	event_set(e, PROCESS_IS_SERVICE, process_is_service,
		  serves(process, cgroups) || (near && serves(near, cgroups)));
}

static void put_program(struct event *e, const struct process *process)
{
	const struct program *program = process->program;

	put_text(e, PROCESS_NAME, process_name, program->name);
	put_text(e, PROCESS_EXECUTABLE, process_executable, program->executable);
	put_text(e, PROCESS_COMMAND_LINE, process_command_line, program->command_line);
	put_text(e, PROCESS_WORKING_DIRECTORY, process_working_directory, program->folder);
	if (!program->name[0])
		return;
	event_set(e, PROCESS_DELETED, process_deleted, program->flags & PROGRAM_DELETED);
	event_set(e, PROCESS_SETUID, process_setuid, program->flags & PROGRAM_SETUID);
	event_set(e, PROCESS_STDIO_SOCKET, process_stdio_socket, process->flags & PROCESS_STDIO);
}

/* So often a package is asked for again while its database is not read yet. */
#define ASKED_MAX 16

static bool in_memory(const char *path)
{
	return !strncmp(path, "/memfd:", 7) || !strncmp(path, "/dev/fd/", 8) ||
	       !strncmp(path, "/proc/self/fd/", 14);
}

static enum host_owned owns(const struct process_teller *teller, uint32_t pid, const char *path)
{
	char root[32];

	if (teller->owns)
		return teller->owns(teller->context, pid, path);
	snprintf(root, sizeof(root), "/proc/%u/root", pid);
	return host_package_owns(teller->host, pid ? root : NULL, path);
}

/* Its path means something in its own root folder, which is there as long as it is. */
static void ask_packaged(const struct process_teller *teller, const struct process *process,
			 bool contained)
{
	struct program *program = process->program;
	enum host_owned owned;

	if (program->packaged != HOST_UNKNOWN || program->asked >= ASKED_MAX ||
	    (contained && (process->flags & PROCESS_ENDED)))
		return;
	owned = owns(teller, contained ? process->id.pid : 0, program->executable);
	if (owned == HOST_LATER)
		return;
	program->asked++;
	program->packaged = (uint8_t)owned;
}

static void put_file(const struct process_teller *teller, const struct process *process,
		     bool contained, struct event *e)
{
	const struct program *program = process->program;
	bool deleted = program->flags & PROGRAM_DELETED;

	if (program->executable[0] != '/')
		return;
	event_set(e, PROCESS_LOCATION, process_location,
		  text_string(host_location(program->executable,
					    deleted && in_memory(program->executable))));
	if (!deleted)
		ask_packaged(teller, process, contained);
	if (!deleted && program->packaged != HOST_UNKNOWN)
		event_set(e, PROCESS_PACKAGED, process_packaged, program->packaged == HOST_OWNED);
}

static void put_pod(const struct pod *pod, const char *container, struct event *e)
{
	const struct pod_container *known = pod_container(pod, container);

	put_text(e, ORCHESTRATOR_NAME, orchestrator_name, pod->name);
	put_text(e, ORCHESTRATOR_NAMESPACE, orchestrator_namespace, pod->space);
	put_text(e, ORCHESTRATOR_OWNER_KIND, orchestrator_owner_kind, pod->owner_kind);
	put_text(e, ORCHESTRATOR_OWNER, orchestrator_owner, pod->owner);
	if (pod->labels.length)
		event_set(e, ORCHESTRATOR_LABEL, orchestrator_label, pod->labels);
	if (!known)
		return;
	put_text(e, CONTAINER_NAME, container_name, known->name);
	put_text(e, CONTAINER_IMAGE, container_image, known->image);
}

/* What the API says goes over what files say: it is there without the host's root too. */
static void put_container(const struct pods *pods, const struct host_container *c, struct event *e)
{
	const struct pod *pod = pods && c->pod_uid ? pods_find(pods, c->pod_uid) : NULL;

	put_text(e, CONTAINER_ID, container_id, c->id);
	put_text(e, CONTAINER_NAME, container_name, c->name);
	put_text(e, CONTAINER_IMAGE, container_image, c->image);
	put_text(e, CONTAINER_RUNTIME, container_runtime, c->runtime);
	put_text(e, ORCHESTRATOR_NAME, orchestrator_name, c->pod);
	put_text(e, ORCHESTRATOR_NAMESPACE, orchestrator_namespace, c->pod_namespace);
	put_text(e, ORCHESTRATOR_ID, orchestrator_id, c->pod_uid);
	if (pod)
		put_pod(pod, c->id, e);
}

static void put_host(struct process_teller *teller, const struct process *process, struct event *e)
{
	const char *path = teller->cgroups ? cgroups_path(teller->cgroups, process->cgroup) : NULL;
	const struct host_container *container = path ? host_container(teller->host, path) : NULL;
	const char *user = host_user(teller->host, process->euid);

	if (container)
		put_container(teller->pods, container, e);
	if (!event_has(e, FIELD_USER_NAME))
		put_text(e, USER_NAME, user_name, user);
	put_file(teller, process, container != NULL, e);
}

/* Most events are of the process of the one before. */
static struct text name_text(struct process_name *name, const struct process_entity *entity)
{
	if (memcmp(&name->of, entity, sizeof(*entity)) != 0) {
		name->of = *entity;
		process_entity_text(entity, name->text);
	}
	return text_string(name->text);
}

static struct text number_text(struct process_number *number, uint32_t n)
{
	if (!number->text[0] || number->of != n) {
		number->of = n;
		snprintf(number->text, sizeof(number->text), "%u", n);
	}
	return text_string(number->text);
}

void process_put_user(struct process_teller *teller, const struct process *process, uint32_t before,
		      struct event *e)
{
	event_set(e, USER_ID, user_id, number_text(&teller->uid, before));
	event_set(e, USER_EFFECTIVE_ID, user_effective_id,
		  number_text(&teller->euid, process->euid));
}

void process_put(struct process_teller *teller, const struct process *process, struct event *e)
{
	event_set(e, PROCESS_PID, process_pid, process->id.pid);
	event_set(e, PROCESS_ENTITY_ID, process_entity_id,
		  name_text(&teller->entity, &process->entity));
	event_set(e, PROCESS_TREE, process_tree, name_text(&teller->tree, &process->tree));
	event_set(e, PROCESS_START, process_start, process->started);
	put_program(e, process);
	put_parent(e, process);
	put_ancestors(teller, process, e);
	put_sockets(e, process, teller->cgroups);
	/* Who logs in, or whose session it is, is not who runs the program that says so. */
	if (!event_has(e, FIELD_USER_NAME))
		process_put_user(teller, process, process->uid, e);
	if (teller->host)
		put_host(teller, process, e);
}
