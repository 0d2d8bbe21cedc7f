/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/askers.h"

#include <stdlib.h>

#include "state/reader.h"

struct asker {
	struct addr host;
	weir_time last;
	struct asker *older, *newer;
};

void askers_init(struct askers *askers)
{
	*askers = (struct askers){0};
	table_init(&askers->table, sizeof(struct addr), offsetof(struct asker, host));
}

static void unlink_asker(struct askers *askers, struct asker *asker)
{
	*(asker->older ? &asker->older->newer : &askers->oldest) = asker->newer;
	*(asker->newer ? &asker->newer->older : &askers->newest) = asker->older;
}

static void link_newest(struct askers *askers, struct asker *asker)
{
	asker->older = askers->newest;
	asker->newer = NULL;
	*(askers->newest ? &askers->newest->newer : &askers->oldest) = asker;
	askers->newest = asker;
}

static void drop(struct askers *askers, struct asker *asker)
{
	table_remove(&askers->table, asker);
	unlink_asker(askers, asker);
	free(asker);
}

void askers_free(struct askers *askers)
{
	while (askers->oldest)
		drop(askers, askers->oldest);
	table_free(&askers->table);
}

static struct asker *asker_new(struct askers *askers, const struct addr *host)
{
	struct asker *asker;

	if (askers->table.count >= ASKERS_MAX)
		drop(askers, askers->oldest);
	asker = malloc(sizeof(*asker));
	if (!asker)
		return NULL;
	*asker = (struct asker){.host = *host, .last = TIME_NONE};
	if (table_insert(&askers->table, asker)) {
		free(asker);
		return NULL;
	}
	link_newest(askers, asker);
	return asker;
}

void askers_see(struct askers *askers, const struct addr *host, weir_time time)
{
	struct asker *asker = table_find(&askers->table, host);

	if (!asker)
		asker = asker_new(askers, host);
	if (!asker)
		return;
	if (time > asker->last)
		asker->last = time;
	if (askers->newest != asker) {
		unlink_asker(askers, asker);
		link_newest(askers, asker);
	}
}

bool askers_has(const struct askers *askers, const struct addr *host, weir_time time)
{
	const struct asker *asker = table_find(&askers->table, host);

	return asker && (time <= asker->last ||
			 (uint64_t)time - (uint64_t)asker->last <= (uint64_t)ASKERS_KEEP);
}

void askers_save(const struct askers *askers, struct state_writer *w)
{
	state_put_uint(w, askers->table.count);
	for (const struct asker *asker = askers->oldest; asker; asker = asker->newer) {
		state_put_raw(w, &asker->host, sizeof(asker->host));
		state_put_int(w, asker->last);
	}
}

void askers_load(struct askers *askers, struct state_reader *r)
{
	for (size_t len = state_get_count(r, ASKERS_MAX); len && !r->bad; len--) {
		struct addr host;
		weir_time last;

		state_get_raw(r, &host, sizeof(host));
		last = state_get_time(r);
		if (!r->bad)
			askers_see(askers, &host, last);
	}
}
