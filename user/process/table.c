/* SPDX-License-Identifier: Apache-2.0 */
#include "process/table.h"

#include <stdlib.h>
#include <string.h>

/* /proc tells a start in ticks of USER_HZ, which is 100 on all architectures that run weir. */
#define TICK (WEIR_SEC / 100)

/* Ended processes above a new one, beyond which they are let go: else a process that forks and ends
 * for ever would keep all of its line. */
#define LINE_MAX 16

TAILQ_HEAD(process_list, process);

/* All lives of a pid, the latest first: what the hash table holds. */
struct processes {
	struct processes_options options;
	struct table by_pid;
	struct process_list ended; /* that nobody holds */
	struct processes_stats stats;
};

struct pid_lives {
	uint32_t pid;
	struct process *latest;
};

static struct program nothing = {
	.references = 1, .name = "", .executable = "", .command_line = "", .folder = ""};

struct processes *processes_new(const struct processes_options *options)
{
	struct processes *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->options = *options;
	if (!p->options.max)
		p->options.max = PROCESSES_MAX;
	if (!p->options.bytes_max)
		p->options.bytes_max = PROCESSES_BYTES;
	if (!p->options.linger)
		p->options.linger = PROCESSES_LINGER;
	table_init(&p->by_pid, sizeof(uint32_t), offsetof(struct pid_lives, pid));
	TAILQ_INIT(&p->ended);
	return p;
}

/* ---- programs ---- */

static struct program *program_hold(struct program *program)
{
	program->references++;
	return program;
}

static void program_let(struct processes *p, struct program *program)
{
	if (--program->references || program == &nothing)
		return;
	p->stats.bytes -= program->bytes;
	free(program);
}

static size_t length_of(const char *text, size_t max)
{
	return text ? strnlen(text, max) : 0;
}

static const char *put_text(char **at, const char *text, size_t length)
{
	char *start = *at;

	if (length)
		memcpy(start, text, length);
	start[length] = '\0';
	*at += length + 1;
	return start;
}

static struct program *program_new(struct processes *p, const struct program_facts *f)
{
	size_t name = length_of(f->name, PROGRAM_PATH_MAX);
	size_t executable = length_of(f->executable, PROGRAM_PATH_MAX);
	size_t command = length_of(f->command_line, PROGRAM_COMMAND_MAX);
	size_t folder = length_of(f->folder, PROGRAM_PATH_MAX);
	size_t bytes = sizeof(struct program) + name + executable + command + folder + 4;
	struct program *program;
	char *at;

	if (p->stats.bytes + bytes > p->options.bytes_max) {
		p->stats.refused++;
		return NULL;
	}
	program = malloc(bytes);
	if (!program) {
		p->stats.no_memory++;
		return NULL;
	}
	at = program->text;
	*program = (struct program){.references = 1, .bytes = (uint32_t)bytes, .flags = f->flags};
	program->name = put_text(&at, f->name, name);
	program->executable = put_text(&at, f->executable, executable);
	program->command_line = put_text(&at, f->command_line, command);
	program->folder = put_text(&at, f->folder, folder);
	p->stats.bytes += bytes;
	return program;
}

/* ---- lives of a pid ---- */

static struct pid_lives *lives_of(const struct processes *p, uint32_t pid)
{
	return table_find(&p->by_pid, &pid);
}

static bool is_life(const struct process *process, uint64_t start)
{
	if ((process->flags & PROCESS_COARSE) || start % TICK == 0)
		return process->id.start / TICK == start / TICK;
	return process->id.start == start;
}

struct process *process_find(struct processes *p, struct process_id id)
{
	struct pid_lives *lives = lives_of(p, id.pid);
	struct process *life = lives ? lives->latest : NULL;

	while (life && !is_life(life, id.start))
		life = life->older;
	if (life && (life->flags & PROCESS_COARSE) && id.start % TICK) {
		life->id.start = id.start; /* now it is known better */
		life->flags &= (uint8_t)~PROCESS_COARSE;
	}
	return life;
}

struct process *process_latest(struct processes *p, uint32_t pid)
{
	struct pid_lives *lives = lives_of(p, pid);

	return lives ? lives->latest : NULL;
}

static void name_life(struct process *process, const struct process *older)
{
	process->entity =
		(struct process_entity){.tick = process->id.start / TICK, .pid = process->id.pid};
	if (older && older->entity.tick == process->entity.tick)
		process->entity.nth = older->entity.nth + 1;
}

static int enter(struct processes *p, struct process *process)
{
	struct pid_lives *lives = lives_of(p, process->id.pid);

	if (!lives) {
		lives = calloc(1, sizeof(*lives));
		if (!lives)
			return -1;
		lives->pid = process->id.pid;
		if (table_insert(&p->by_pid, lives)) {
			free(lives);
			return -1;
		}
		p->stats.bytes += sizeof(*lives);
	}
	name_life(process, lives->latest);
	process->older = lives->latest;
	lives->latest = process;
	return 0;
}

static void leave(struct processes *p, struct process *process)
{
	struct pid_lives *lives = lives_of(p, process->id.pid);
	struct process **at = &lives->latest;

	while (*at != process)
		at = &(*at)->older;
	*at = process->older;
	if (lives->latest)
		return;
	table_remove(&p->by_pid, lives);
	p->stats.bytes -= sizeof(*lives);
	free(lives);
}

/* ---- the end of a life ---- */

static void drop(struct processes *p, struct process *process)
{
	struct process *parent = process->parent;

	TAILQ_REMOVE(&p->ended, process, age);
	leave(p, process);
	program_let(p, process->program);
	p->stats.processes--;
	p->stats.ended--;
	p->stats.bytes -= sizeof(*process);
	free(process);
	if (parent)
		process_let(p, parent);
}

/* Then, and only then, it is in the list `ended`. */
static bool droppable(const struct process *process)
{
	return (process->flags & PROCESS_ENDED) && !process->references;
}

struct process *process_hold(struct processes *p, struct process *process)
{
	if (droppable(process))
		TAILQ_REMOVE(&p->ended, process, age);
	process->references++;
	return process;
}

void process_let(struct processes *p, struct process *process)
{
	process->references--;
	if (!droppable(process))
		return;
	/* It ended some time ago: behind those that end now, it stays a little longer. */
	TAILQ_INSERT_TAIL(&p->ended, process, age);
}

void process_ends(struct processes *p, struct process *process, uint64_t boot)
{
	if (process->flags & PROCESS_ENDED)
		return;
	process->flags |= PROCESS_ENDED;
	process->ended = boot;
	p->stats.ended++;
	if (droppable(process))
		TAILQ_INSERT_TAIL(&p->ended, process, age);
}

void processes_advance(struct processes *p, uint64_t boot)
{
	struct process *first;

	while ((first = TAILQ_FIRST(&p->ended)) &&
	       first->ended + (uint64_t)p->options.linger <= boot)
		drop(p, first);
}

/* ---- the beginning ---- */

static bool make_room(struct processes *p)
{
	struct process *first;

	while (p->stats.processes >= p->options.max && (first = TAILQ_FIRST(&p->ended))) {
		p->stats.evicted++;
		drop(p, first);
	}
	if (p->stats.processes < p->options.max)
		return true;
	p->stats.refused++;
	return false;
}

/* Lets go of what ended too far above. */
static void shorten_line(struct processes *p, struct process *process)
{
	struct process *above = process->parent;
	unsigned n = 0;

	while (above && n++ < LINE_MAX)
		above = above->parent;
	if (!above || !above->parent || !(above->parent->flags & PROCESS_ENDED))
		return;
	process = above->parent;
	above->parent = NULL;
	process_let(p, process);
}

/* Its own tree, unless its parent's goes on: in the same cgroup, and below the first process. */
static void join_tree(struct process *process)
{
	const struct process *parent = process->parent;

	process->tree = process->entity;
	if (parent && parent->id.pid > 2 && parent->cgroup == process->cgroup)
		process->tree = parent->tree;
}

void process_adopt(struct processes *p, struct process *process, struct process *parent)
{
	if (process->parent || parent == process || !parent)
		return;
	process->parent = process_hold(p, parent);
	process->parent_pid = parent->id.pid;
	join_tree(process);
	shorten_line(p, process);
}

static struct process *parent_of(struct processes *p, const struct process_birth *birth)
{
	if (!birth->parent.pid)
		return NULL;
	return birth->parent.start ? process_find(p, birth->parent)
				   : process_latest(p, birth->parent.pid);
}

struct process *process_add(struct processes *p, const struct process_birth *birth)
{
	struct process *parent = parent_of(p, birth), *process;

	/* Held, so that making room does not take it. */
	if (parent)
		process_hold(p, parent);
	process = make_room(p) ? calloc(1, sizeof(*process)) : NULL;
	if (process) {
		process->id = birth->id;
		process->uid = birth->uid;
		process->euid = birth->euid;
		process->cgroup = birth->cgroup;
		process->started = birth->started;
		process->parent_pid = birth->parent.pid;
		process->flags = birth->coarse ? PROCESS_COARSE : 0;
		process->program = program_hold(parent ? parent->program : &nothing);
		if (parent)
			process->flags |= parent->flags & PROCESS_STDIO;
	}
	if (process && enter(p, process)) {
		program_let(p, process->program);
		free(process);
		process = NULL;
		p->stats.no_memory++;
	}
	if (process) {
		p->stats.processes++;
		p->stats.added++;
		p->stats.bytes += sizeof(*process);
		join_tree(process);
		process_adopt(p, process, parent);
	}
	if (parent)
		process_let(p, parent);
	return process;
}

void process_runs(struct processes *p, struct process *process, const struct program_facts *facts)
{
	struct program *program = program_new(p, facts);

	program_let(p, process->program);
	process->program = program ? program : program_hold(&nothing);
	process->flags &= (uint8_t)~PROCESS_STDIO;
	if (facts->flags & PROGRAM_STDIO)
		process->flags |= PROCESS_STDIO;
	p->stats.programs++;
}

void process_moves(struct process *process, uint64_t cgroup)
{
	if (!cgroup || process->cgroup == cgroup)
		return;
	process->cgroup = cgroup;
	join_tree(process);
}

/* ---- all of them ---- */

struct process *processes_next(const struct processes *p, size_t *cursor, struct process *last)
{
	struct pid_lives *lives;

	if (last && last->older)
		return last->older;
	lives = table_next(&p->by_pid, cursor);
	return lives ? lives->latest : NULL;
}

void processes_stats(const struct processes *p, struct processes_stats *stats)
{
	*stats = p->stats;
	stats->bytes += table_bytes(&p->by_pid);
}

void processes_free(struct processes *p)
{
	struct pid_lives *lives;
	struct process *life;
	size_t cursor = 0;

	if (!p)
		return;
	while ((lives = table_next(&p->by_pid, &cursor))) {
		while ((life = lives->latest)) {
			lives->latest = life->older;
			program_let(p, life->program);
			free(life);
		}
		free(lives);
	}
	table_free(&p->by_pid);
	free(p);
}
