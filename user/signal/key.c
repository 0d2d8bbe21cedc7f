/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/key.h"

void keys_init(struct key_store *store, struct pool *pool, struct tuple_buffer *buffer,
	       const struct field_list *fields, size_t key_size, size_t max)
{
	*store = (struct key_store){.pool = pool,
				    .buffer = buffer,
				    .fields = fields,
				    .max = max ? max : 1,
				    .max_bytes = UINT64_MAX};
	roster_init(&store->roster, pool, sizeof(struct item), key_size);
}

static struct key_list *list_of(struct key_store *store, const struct key *key)
{
	return key->single ? &store->single : &store->many;
}

static void list_remove(struct key_store *store, struct key_list *list, struct key *key)
{
	if (list->awake == key->number)
		list->awake = key->newer;
	*(key->older ? &key_at(store, key->older)->newer : &list->oldest) = key->newer;
	*(key->newer ? &key_at(store, key->newer)->older : &list->newest) = key->older;
}

/* Sleeping keys are a list's oldest, so a key that is touched stands behind them all. */
static void list_add(struct key_store *store, struct key_list *list, struct key *key)
{
	key->older = list->newest;
	key->newer = ROSTER_NONE;
	*(list->newest ? &key_at(store, list->newest)->newer : &list->oldest) = key->number;
	list->newest = key->number;
	if (!list->awake)
		list->awake = key->number;
}

static void let_go(struct key_store *store, struct key *key)
{
	list_remove(store, list_of(store, key), key);
	store->release(store->context, key);
	tuple_drop(store->pool, key->kept);
	roster_remove(&store->roster, key->number);
}

void keys_remove(struct key_store *store, struct key *key)
{
	let_go(store, key);
}

static void evict(struct key_store *store)
{
	uint32_t oldest = store->single.oldest ? store->single.oldest : store->many.oldest;
	struct key *victim = key_at(store, oldest);

	if (!victim)
		return;
	admission_add(&store->admission, item_fixed_hash(&victim->item));
	store->evicted++;
	let_go(store, victim);
}

struct key *keys_restore(struct key_store *store, const struct item *item, struct tuple *kept,
			 bool single, bool asleep)
{
	uint32_t number = roster_find(&store->roster, item, roster_hash(&store->roster, item));
	struct key *key;

	if (number)
		return NULL;
	number = roster_add(&store->roster, item);
	if (!number)
		return NULL;
	key = key_at(store, number);
	key->number = number;
	key->kept = kept;
	key->single = single;
	list_add(store, list_of(store, key), key);
	if (asleep)
		keys_sleep(store, key);
	return key;
}

static struct key *key_new(struct key_store *store, const struct item *item,
			   const struct event *event)
{
	bool returns = admission_has(&store->admission, item_fixed_hash(item));
	struct tuple *kept;
	struct key *key;

	if (store->roster.count >= store->max)
		evict(store);
	if (tuple_keep(store->pool, store->buffer, event, store->fields, item, &kept))
		return NULL;
	key = keys_restore(store, item, kept, !returns, false);
	if (!key) {
		tuple_drop(store->pool, kept);
		return NULL;
	}
	key->created = ++store->created;
	key->short_of = returns;
	key->last = event->time;
	return key;
}

struct key *keys_touch(struct key_store *store, const struct item *item, uint32_t hash,
		       const struct event *event, bool *fresh)
{
	struct key *key;

	if (store->pool->used > store->max_bytes)
		evict(store);
	key = key_at(store, roster_find(&store->roster, item, hash));
	*fresh = !key;
	if (!key)
		return key_new(store, item, event);
	key->last = event->time;
	if (store->many.newest == key->number && !key->asleep)
		return key;
	list_remove(store, list_of(store, key), key);
	key->single = false;
	key->asleep = false;
	list_add(store, &store->many, key);
	return key;
}

void key_values(const struct key_store *store, const struct key *key, struct value *values)
{
	tuple_values(&key->item, key->kept, store->fields, values);
}

struct key *keys_stale(struct key_store *store, weir_time before)
{
	struct key *a = key_at(store, store->single.awake), *b = key_at(store, store->many.awake);
	struct key *key = a && a->last < before ? a : b;

	return key && key->last < before ? key : NULL;
}

void keys_sleep(struct key_store *store, struct key *key)
{
	key->asleep = true;
	list_of(store, key)->awake = key->newer;
}

struct key *keys_sleeping(struct key_store *store, weir_time until)
{
	struct key *a = key_at(store, store->single.oldest);
	struct key *b = key_at(store, store->many.oldest);

	if (a && a->asleep && a->last <= until)
		return a;
	return b && b->asleep && b->last <= until ? b : NULL;
}

weir_time keys_next(const struct key_store *store, weir_time awake, weir_time asleep)
{
	const struct key_list *list[2] = {&store->single, &store->many};
	weir_time next = TIME_NEVER;

	for (unsigned i = 0; i < 2; i++) {
		const struct key *a = key_at(store, list[i]->awake);
		const struct key *b = key_at(store, list[i]->oldest);

		if (a && a->last + awake < next)
			next = a->last + awake;
		if (b && b->asleep && asleep < TIME_NEVER - b->last && b->last + asleep < next)
			next = b->last + asleep;
	}
	return next;
}

void keys_free(struct key_store *store)
{
	while (store->single.oldest)
		let_go(store, key_at(store, store->single.oldest));
	while (store->many.oldest)
		let_go(store, key_at(store, store->many.oldest));
	roster_free(&store->roster);
	admission_free(&store->admission);
}
