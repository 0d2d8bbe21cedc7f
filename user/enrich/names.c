/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/names.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/table.h"
#include "enrich/askers.h"
#include "state/reader.h"

#define NAMES_VERSION 2		 /* 1: without clients, by the time of the last use */
#define NAMES_MAX     (1u << 30) /* in a snapshot; more are none of ours */

/* What one client calls an address. Those of an address hang on the first, which is in the table.
 */
struct known {
	struct addr address, client;
	weir_time good; /* until then */
	struct known *older, *newer;
	struct known *next; /* of the same address */
	/* Of the first of an address alone: */
	struct known *best; /* that is good the longest */
	uint64_t clients;   /* bits of those that call it something */
	bool crowded;	    /* some had no room */
	uint8_t length;
	int16_t registered;
	char text[];
};

_Static_assert(DOMAIN_MAX <= UINT8_MAX, "the length of a name must fit");

struct names {
	struct table table;
	struct known *oldest, *newest;
	size_t len, max;
	struct askers askers;
	weir_time short_of_room; /* when a name that was still good had to go */
	uint64_t evicted, refused;
};

struct names *names_new(size_t max)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->max = max;
	names->short_of_room = TIME_NONE;
	table_init(&names->table, sizeof(struct addr), offsetof(struct known, address));
	askers_init(&names->askers);
	return names;
}

/* ---- by use ---- */

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

/* By client where two are good for as long: a restart may have changed their order. */
static int by_good(const struct known *a, const struct known *b)
{
	return a->good != b->good ? (a->good > b->good) - (a->good < b->good)
				  : memcmp(&a->client, &b->client, sizeof(a->client));
}

/* `first` of its address. */
static void use(struct names *names, struct known *first, struct known *known, weir_time good)
{
	if (good > known->good)
		known->good = good;
	if (by_good(known, first->best) > 0)
		first->best = known;
	if (names->newest == known)
		return;
	list_remove(names, known);
	list_add(names, known);
}

/* ---- by address ---- */

/* Of most addresses most clients know nothing: that shows without a look at what the others call
 * it. */
static uint64_t client_bit(const struct addr *client)
{
	return UINT64_C(1) << (hash_bytes(client, sizeof(*client)) & 63);
}

static void sum_up(struct known *first)
{
	first->clients = 0;
	first->best = first;
	for (struct known *at = first; at; at = at->next) {
		first->clients |= client_bit(&at->client);
		if (by_good(at, first->best) > 0)
			first->best = at;
	}
}

/* The first of an address stays in the table while it is there: moving another one there would cost
 * more than it saves. 0, or -ENOMEM. */
static int chain_add(struct names *names, struct known *first, struct known *known)
{
	if (!first) {
		sum_up(known);
		return table_insert(&names->table, known);
	}
	known->next = first->next;
	first->next = known;
	first->clients |= client_bit(&known->client);
	if (by_good(known, first->best) > 0)
		first->best = known;
	return 0;
}

static void chain_remove(struct names *names, struct known *known)
{
	struct known *at = table_find(&names->table, &known->address), *first;

	if (at == known) {
		table_remove(&names->table, known);
		if (known->next) {
			known->next->crowded = known->crowded;
			sum_up(known->next);
			table_insert(&names->table, known->next); /* there is room: one went */
		}
		return;
	}
	first = at;
	while (at->next != known)
		at = at->next;
	at->next = known->next;
	sum_up(first);
}

static void drop(struct names *names, struct known *known)
{
	chain_remove(names, known);
	list_remove(names, known);
	names->len--;
	free(known);
}

void names_free(struct names *names)
{
	if (!names)
		return;
	while (names->oldest)
		drop(names, names->oldest);
	table_free(&names->table);
	askers_free(&names->askers);
	free(names);
}

static struct known *of_client(struct known *first, const struct addr *client)
{
	if (!first || !(first->clients & client_bit(client)))
		return NULL;
	while (first && memcmp(&first->client, client, sizeof(*client)))
		first = first->next;
	return first;
}

static struct known *least_good(struct known *first, unsigned *len)
{
	struct known *known = first;

	*len = 0;
	for (struct known *at = first; at; at = at->next, ++*len)
		if (by_good(at, known) < 0)
			known = at;
	return known;
}

/* ---- finding ---- */

static bool stale(const struct known *known, weir_time time)
{
	return time > known->good;
}

/* Whether what others called the address may be what this one calls it. */
static bool others_count(const struct names *names, const struct known *first,
			 const struct addr *client, weir_time time)
{
	return first->crowded ||
	       (names->short_of_room != TIME_NONE && time <= names->short_of_room + NAMES_MOST) ||
	       !askers_has(&names->askers, client, time);
}

bool names_find(struct names *names, const struct addr *client, const struct addr *address,
		weir_time time, struct domain *domain)
{
	struct known *first = table_find(&names->table, address), *known;

	if (!first)
		return false;
	known = of_client(first, client);
	if ((!known || stale(known, time)) && others_count(names, first, client, time))
		known = first->best;
	if (!known || stale(known, time))
		return false;
	use(names, first, known, time + NAMES_USED);
	*domain = (struct domain){known->text, known->length, known->registered};
	return true;
}

/* ---- learning ---- */

static struct known *known_new(const struct addr *client, const struct addr *address,
			       const struct domain *domain, weir_time good)
{
	struct known *known = malloc(sizeof(*known) + domain->length + 1);

	if (!known)
		return NULL;
	*known = (struct known){
		.address = *address,
		.client = *client,
		.good = good,
		.length = (uint8_t)domain->length,
		.registered = (int16_t)domain->registered,
	};
	memcpy(known->text, domain->text, domain->length + 1);
	return known;
}

/* What is no longer good goes before its time, two at a time: it costs nothing then. */
static void forget(struct names *names, weir_time time)
{
	for (unsigned i = 0; i < 2 && names->oldest && stale(names->oldest, time); i++)
		drop(names, names->oldest);
	if (names->len < names->max || !names->oldest)
		return;
	if (!stale(names->oldest, time) && time > names->short_of_room)
		names->short_of_room = time;
	drop(names, names->oldest);
	names->evicted++;
}

/* Room for one more client of the address. */
static void thin(struct names *names, const struct addr *address, weir_time time)
{
	struct known *first = table_find(&names->table, address), *least;
	unsigned len;

	least = least_good(first, &len);
	if (len < NAMES_CLIENTS)
		return;
	if (!stale(least, time)) {
		first->crowded = true;
		names->evicted++;
	}
	drop(names, least);
}

static void learn(struct names *names, const struct addr *client, const struct addr *address,
		  const struct domain *domain, weir_time time, weir_time good)
{
	struct known *first = table_find(&names->table, address);
	struct known *known = of_client(first, client);

	if (known && known->length == domain->length &&
	    !memcmp(known->text, domain->text, domain->length)) {
		use(names, first, known, good);
		return;
	}
	if (known)
		drop(names, known);
	else
		thin(names, address, time);
	forget(names, time);
	known = known_new(client, address, domain, good);
	if (!known || chain_add(names, table_find(&names->table, address), known)) {
		free(known);
		names->refused++;
		return;
	}
	list_add(names, known);
	names->len++;
}

void names_learn(struct names *names, const struct addr *client, const struct addr *address,
		 const struct domain *domain, weir_time time, weir_time ttl)
{
	ttl = ttl < NAMES_LEAST ? NAMES_LEAST : ttl > NAMES_MOST ? NAMES_MOST : ttl;
	learn(names, client, address, domain, time, time + ttl);
}

void names_asked(struct names *names, const struct addr *client, weir_time time)
{
	askers_see(&names->askers, client, time);
}

/* ---- snapshots ---- */

void names_save(const struct names *names, struct state_writer *w)
{
	state_section(w, "names", "", 0, NAMES_VERSION);
	state_put_uint(w, names->len);
	for (const struct known *known = names->oldest; known; known = known->newer) {
		const struct known *first = table_find(&names->table, &known->address);

		state_put_raw(w, &known->address, sizeof(known->address));
		state_put_raw(w, &known->client, sizeof(known->client));
		state_put_uint(w, first->crowded);
		state_put_int(w, known->good);
		state_put_int(w, known->registered);
		state_put_bytes(w, known->text, known->length);
	}
	state_put_int(w, names->short_of_room);
	askers_save(&names->askers, w);
}

/* What was known before a new version: whose it is is not, and how long it is good follows from its
 * last use. */
static void head_load(struct state_reader *r, struct known *head)
{
	state_get_raw(r, &head->address, sizeof(head->address));
	if (r->version >= 2) {
		state_get_raw(r, &head->client, sizeof(head->client));
		head->crowded = state_get_below(r, 1);
	}
	head->good = state_get_time(r) + (r->version < 2 ? NAMES_MOST : 0);
}

/* What is stale by the next one goes, and what does not fit, as if it had come in this order. */
static bool name_load(struct names *names, struct state_reader *r)
{
	char text[DOMAIN_MAX + 1];
	struct known head = {.crowded = false}, *first;
	struct domain domain = {.text = text};
	int64_t registered;

	head_load(r, &head);
	registered = state_get_int(r);
	state_get_text(r, text, sizeof(text));
	domain.length = (unsigned)strlen(text);
	if (r->bad || !domain.length || registered < -1 || registered >= (int64_t)domain.length)
		return false;
	domain.registered = (int)registered;
	learn(names, &head.client, &head.address, &domain, TIME_NONE, head.good);
	first = table_find(&names->table, &head.address);
	if (first)
		first->crowded |= head.crowded;
	return true;
}

int names_load(struct names *names, struct state_reader *r)
{
	if (!r->version || r->version > NAMES_VERSION)
		return -EBADMSG;
	for (size_t len = state_get_count(r, NAMES_MAX); len; len--)
		if (!name_load(names, r))
			return -EBADMSG;
	if (r->version >= 2) {
		names->short_of_room = state_get_timer(r);
		askers_load(&names->askers, r);
	}
	names->evicted = 0;
	if (names->refused)
		return -ENOMEM;
	return state_done(r) ? 0 : -EBADMSG;
}

void names_stats(const struct names *names, struct names_stats *stats)
{
	*stats = (struct names_stats){
		.names = names->len,
		.evicted = names->evicted,
		.refused = names->refused,
	};
}
