/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/names.h"

#include <errno.h>
#include <stdlib.h>

#include "base/table.h"
#include "state/reader.h"

#define NAMES_VERSION 1
#define NAMES_MAX     (1u << 30) /* in a snapshot; more are none of ours */

struct known {
	struct addr address;
	weir_time used;
	struct known *older, *newer;
	struct domain domain; /* its text follows */
	char text[];
};

struct names {
	struct table table;
	struct known *oldest, *newest;
	size_t max;
	uint64_t evicted, refused;
};

struct names *names_new(size_t max)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->max = max;
	table_init(&names->table, sizeof(struct addr), offsetof(struct known, address));
	return names;
}

static void list_remove(struct names *names, struct known *known)
{
	*(known->older ? &known->older->newer : &names->oldest) = known->newer;
	*(known->newer ? &known->newer->older : &names->newest) = known->older;
}

static void list_add(struct names *names, struct known *known)
{
	known->older = names->newest;
	known->newer = NULL;
	*(names->newest ? &names->newest->newer : &names->oldest) = known;
	names->newest = known;
}

static void drop(struct names *names, struct known *known)
{
	table_remove(&names->table, known);
	list_remove(names, known);
	free(known);
}

void names_free(struct names *names)
{
	if (!names)
		return;
	while (names->oldest)
		drop(names, names->oldest);
	table_free(&names->table);
	free(names);
}

static void use(struct names *names, struct known *known, weir_time time)
{
	if (time > known->used)
		known->used = time;
	if (names->newest == known)
		return;
	list_remove(names, known);
	list_add(names, known);
}

static bool stale(const struct known *known, weir_time time)
{
	return time > known->used && (uint64_t)time - (uint64_t)known->used > NAMES_KEEP;
}

const struct domain *names_find(struct names *names, const struct addr *address, weir_time time)
{
	struct known *known = table_find(&names->table, address);

	if (!known || stale(known, time))
		return NULL;
	use(names, known, time);
	return &known->domain;
}

static struct known *known_new(const struct addr *address, const struct domain *domain,
			       weir_time time)
{
	struct known *known = malloc(sizeof(*known) + domain->length + 1);

	if (!known)
		return NULL;
	*known = (struct known){.address = *address, .used = time, .domain = *domain};
	memcpy(known->text, domain->text, domain->length + 1);
	known->domain.text = known->text;
	return known;
}

/* What nobody has used for a day goes before its time, two at a time: it costs nothing then. */
static void forget(struct names *names, weir_time time)
{
	for (unsigned i = 0; i < 2 && names->oldest && stale(names->oldest, time); i++)
		drop(names, names->oldest);
	if (names->table.count < names->max || !names->oldest)
		return;
	drop(names, names->oldest);
	names->evicted++;
}

void names_learn(struct names *names, const struct addr *address, const struct domain *domain,
		 weir_time time)
{
	struct known *known = table_find(&names->table, address);

	if (known && known->domain.length == domain->length &&
	    !memcmp(known->text, domain->text, domain->length)) {
		use(names, known, time);
		return;
	}
	if (known)
		drop(names, known);
	forget(names, time);
	known = known_new(address, domain, time);
	if (!known || table_insert(&names->table, known)) {
		free(known);
		names->refused++;
		return;
	}
	list_add(names, known);
}

void names_save(const struct names *names, struct state_writer *w)
{
	state_section(w, "names", "", 0, NAMES_VERSION);
	state_put_uint(w, names->table.count);
	for (const struct known *known = names->oldest; known; known = known->newer) {
		state_put_raw(w, &known->address, sizeof(known->address));
		state_put_int(w, known->used);
		state_put_int(w, known->domain.registered);
		state_put_bytes(w, known->text, known->domain.length);
	}
}

/* What is stale by the next one goes, and what does not fit, as if it had come in this order. */
static bool name_load(struct names *names, struct state_reader *r)
{
	char text[DOMAIN_MAX + 1];
	struct addr address;
	struct domain domain = {.text = text};
	weir_time used;
	int64_t registered;

	state_get_raw(r, &address, sizeof(address));
	used = state_get_int(r);
	registered = state_get_int(r);
	state_get_text(r, text, sizeof(text));
	domain.length = (unsigned)strlen(text);
	if (r->bad || !domain.length || registered < -1 || registered >= (int64_t)domain.length)
		return false;
	domain.registered = (int)registered;
	names_learn(names, &address, &domain, used);
	return true;
}

int names_load(struct names *names, struct state_reader *r)
{
	if (r->version != NAMES_VERSION)
		return -EBADMSG;
	for (size_t len = state_get_count(r, NAMES_MAX); len; len--)
		if (!name_load(names, r))
			return -EBADMSG;
	names->evicted = 0;
	if (names->refused)
		return -ENOMEM;
	return state_done(r) ? 0 : -EBADMSG;
}

void names_stats(const struct names *names, struct names_stats *stats)
{
	*stats = (struct names_stats){
		.names = names->table.count,
		.evicted = names->evicted,
		.refused = names->refused,
	};
}
