/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCESS_TOLD_H
#define WEIR_PROCESS_TOLD_H

#include "event/event.h"
#include "host/host.h"
#include "process/table.h"

#define PROCESS_ENTITY_MAX 64

/* How many processes above count: for process.ancestor.name, and for process.has_socket and
 * process.is_service. */
#define PROCESS_ANCESTORS 8
#define PROCESS_NEAR	  4

struct cgroups;
struct pods;

/* What telling takes beside the process. Zeroed, each may be NULL: then it is not known. */
struct process_teller {
	struct cgroups *cgroups;
	struct host_facts *host;
	/* Says in our place whether a package owns a path below the root of a process (pid 0: the
	 * host's own); NULL: host_package_owns() is asked. */
	enum host_owned (*owns)(void *context, uint32_t pid, const char *path);
	void *context; /* of owns */
	const struct pods *pods;
	/* Texts that events point to and that no process has as such, made anew when the next event
	 * is another's. */
	struct process_name {
		struct process_entity of;
		char text[PROCESS_ENTITY_MAX];
	} entity, tree;
	struct process_number {
		uint32_t of;
		char text[12]; /* empty: not made yet */
	} uid, euid;
	char ancestors[512];
};

/* Puts process.*, user.* and container.* on an event (docs/processes.md). What it points to lives
 * until the next call, while the process is held. */
void process_put(struct process_teller *teller, const struct process *process, struct event *e);

/* The same for whose rights changed: user.id says who it was before. */
void process_put_user(struct process_teller *teller, const struct process *process, uint32_t before,
		      struct event *e);

/* "53150f65-1234-2b5c": boot, pid, start. Returns `text`. */
char *process_entity_text(const struct process_entity *entity, char text[PROCESS_ENTITY_MAX]);

#endif
