/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/owners_inside.h"
#include "procfs/procfs.h"

/* After its first socket: soon, and when even a slow one has put it in place. */
static const weir_time waits[STDIO_WAITS] = {100 * WEIR_MSEC, WEIR_SEC};

static void queue_add(struct owners *o, struct stdio_queue *queue, struct process_id id,
		      uint64_t due)
{
	struct stdio_check *check;

	if (queue->count == STDIO_CHECKS_MAX) {
		o->counts.unchecked++;
		return;
	}
	check = &queue->check[(queue->first + queue->count++) % STDIO_CHECKS_MAX];
	check->id = id;
	check->due = due;
}

void owners_stdio_later(struct owners *o, const struct process *process, uint64_t now)
{
	unsigned i;

	if (process->flags & PROCESS_STDIO)
		return;
	for (i = 0; i < STDIO_WAITS; i++)
		queue_add(o, &o->stdio[i], process->id, now + (uint64_t)waits[i]);
}

static void look(struct owners *o, struct process_id id, uint64_t now)
{
	struct process *process = process_find(o->processes, id);

	if (!process || (process->flags & (PROCESS_ENDED | PROCESS_STDIO)) ||
	    !procfs_stdio_is_socket(o->options.procfs, id))
		return;
	process->flags |= PROCESS_STDIO;
	owners_tell(o, process, "stdio_socket", now);
}

void owners_stdio_due(struct owners *o, uint64_t now)
{
	unsigned i;

	for (i = 0; i < STDIO_WAITS; i++) {
		struct stdio_queue *queue = &o->stdio[i];

		while (queue->count && queue->check[queue->first].due <= now) {
			struct process_id id = queue->check[queue->first].id;

			queue->first = (queue->first + 1) % STDIO_CHECKS_MAX;
			queue->count--;
			look(o, id, now);
		}
	}
}
