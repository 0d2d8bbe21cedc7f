/* SPDX-License-Identifier: Apache-2.0 */
/* The containers that were asked about, by id. Files are looked for again while a name is missing:
 * a process may be there before its runtime has written them. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"
#include "host/inside.h"
#include "host/runtime.h"

#define CONTAINERS_MAX 4096 /* of 1.1 KB each */
#define AGAIN_FIRST    WEIR_SEC
#define AGAIN_MOST     (5 * WEIR_MIN)

struct known {
	struct known *older, *newer;
	struct cgroup_container where; /* its id is the key, zeroes behind it */
	struct container_words words;
	struct host_container facts; /* points into the above */
	weir_time again, pause;	     /* when to look for its files again; and after how long then */
};

/* What a path came to, by a keyed hash of it: every event of a process asks. */
#define PATHS 1024

struct path {
	uint64_t hash;	     /* 0: none */
	struct known *known; /* NULL: no container */
};

struct containers {
	struct table table;
	struct path paths[PATHS];
	struct known *oldest, *newest;
	uint64_t evicted;
};

struct containers *containers_new(void)
{
	struct containers *containers = calloc(1, sizeof(*containers));

	if (containers)
		table_init(&containers->table, CONTAINER_ID_MAX + 1,
			   offsetof(struct known, where.id));
	return containers;
}

static void unlink_known(struct containers *containers, struct known *known)
{
	*(known->older ? &known->older->newer : &containers->oldest) = known->newer;
	*(known->newer ? &known->newer->older : &containers->newest) = known->older;
}

static void link_newest(struct containers *containers, struct known *known)
{
	known->older = containers->newest;
	known->newer = NULL;
	*(containers->newest ? &containers->newest->newer : &containers->oldest) = known;
	containers->newest = known;
}

static void drop(struct containers *containers, struct known *known)
{
	table_remove(&containers->table, known);
	unlink_known(containers, known);
	memset(containers->paths, 0, sizeof(containers->paths));
	free(known);
}

void containers_free(struct containers *containers)
{
	if (!containers)
		return;
	while (containers->oldest)
		drop(containers, containers->oldest);
	table_free(&containers->table);
	free(containers);
}

static void use(struct containers *containers, struct known *known)
{
	if (containers->newest == known)
		return;
	unlink_known(containers, known);
	link_newest(containers, known);
}

static struct known *known_new(struct containers *containers, const struct cgroup_container *where)
{
	struct known *known;

	if (containers->table.count >= CONTAINERS_MAX) {
		drop(containers, containers->oldest);
		containers->evicted++;
	}
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	known->where = *where;
	known->again = TIME_NONE;
	known->pause = AGAIN_FIRST;
	if (table_insert(&containers->table, known)) {
		free(known);
		return NULL;
	}
	link_newest(containers, known);
	return known;
}

/* NULL: none; or, not remembered as such, without memory. */
static struct known *known_of(struct containers *containers, const char *path)
{
	uint64_t hash = hash_bytes(path, strlen(path)) | 1;
	struct path *slot = &containers->paths[hash / 2 % PATHS];
	struct cgroup_container where;
	struct known *known = NULL;

	if (slot->hash == hash)
		return slot->known;
	if (cgroup_container(path, &where)) {
		known = table_find(&containers->table, where.id);
		if (!known)
			known = known_new(containers, &where);
		if (!known)
			return NULL;
	}
	*slot = (struct path){hash, known};
	return known;
}

static const char *said(const char *text)
{
	return text[0] ? text : NULL;
}

bool host_container_words(const char *root_path, const struct cgroup_container *where,
			  struct container_words *words)
{
	struct host_root root;

	if (host_root_open(&root, root_path))
		return false;
	root.whole = true;
	runtime_read(&root, where, words);
	host_root_close(&root);
	return true;
}

static void look(const struct host_facts *facts, struct known *known)
{
	struct container_words words;

	if (facts->words ? facts->words(facts->context, &known->where, &words)
			 : host_container_words(facts->root, &known->where, &words))
		known->words = words;
	known->facts = (struct host_container){
		.id = known->where.id,
		.name = said(known->words.name),
		.image = said(known->words.image),
		.runtime = known->words.runtime ? known->words.runtime : known->where.runtime,
		.pod = said(known->words.pod),
		.pod_namespace = said(known->words.pod_namespace),
		.pod_uid = said(known->where.pod_uid),
	};
}

/* lxc and nspawn call a container by its name: no file is needed. */
static void name_by_id(struct known *known)
{
	if (!known->facts.name && strlen(known->where.id) != 64)
		known->facts.name = known->where.id;
}

const struct host_container *host_container(struct host_facts *facts, const char *cgroup_path)
{
	struct known *known = known_of(facts->containers, cgroup_path);
	weir_time now;

	if (!known)
		return NULL;
	use(facts->containers, known);
	now = known->facts.name ? 0 : facts->clock();
	if (!known->facts.name && now >= known->again) {
		look(facts, known);
		name_by_id(known);
		known->again = now + known->pause;
		known->pause = known->pause * 2 < AGAIN_MOST ? known->pause * 2 : AGAIN_MOST;
	}
	return &known->facts;
}

void containers_stats(const struct containers *containers, struct host_stats *stats)
{
	stats->containers = containers->table.count;
	stats->containers_evicted = containers->evicted;
}
