/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/key.h"

void keys_init(struct key_store *store, struct pool *pool, size_t key_size, size_t max)
{
	*store = (struct key_store){.pool = pool, .key_size = key_size, .max = max ? max : 1};
	table_init(&store->table, sizeof(struct item), offsetof(struct key, item));
}

static struct key_list *list_of(struct key_store *store, const struct key *key)
{
	return key->single ? &store->single : &store->many;
}

static void list_remove(struct key_list *list, struct key *key)
{
	if (list->awake == key)
		list->awake = key->newer;
	*(key->older ? &key->older->newer : &list->oldest) = key->newer;
	*(key->newer ? &key->newer->older : &list->newest) = key->older;
}

/* Sleeping keys are a list's oldest, so a key that is touched stands behind them all. */
static void list_add(struct key_list *list, struct key *key)
{
	key->older = list->newest;
	key->newer = NULL;
	*(list->newest ? &list->newest->newer : &list->oldest) = key;
	list->newest = key;
	if (!list->awake)
		list->awake = key;
}

static void let_go(struct key_store *store, struct key *key)
{
	list_remove(list_of(store, key), key);
	table_remove(&store->table, key);
	store->release(store->context, key);
	tuple_drop(store->pool, key->values);
	pool_put(store->pool, key, store->key_size);
}

void keys_remove(struct key_store *store, struct key *key)
{
	let_go(store, key);
}

static void evict(struct key_store *store)
{
	struct key *victim = store->single.oldest ? store->single.oldest : store->many.oldest;

	admission_add(&store->admission, item_fixed_hash(&victim->item));
	store->evicted++;
	let_go(store, victim);
}

static struct key *key_new(struct key_store *store, const struct item *item,
			   const struct event *event, const struct field_list *fields)
{
	bool returns = admission_has(&store->admission, item_fixed_hash(item));
	struct key *key;

	if (store->table.count >= store->max)
		evict(store);
	key = pool_get(store->pool, store->key_size);
	if (!key)
		return NULL;
	key->item = *item;
	key->values = tuple_keep(store->pool, event, fields);
	if (!key->values || table_insert(&store->table, key)) {
		tuple_drop(store->pool, key->values);
		pool_put(store->pool, key, store->key_size);
		return NULL;
	}
	key->created = ++store->created;
	key->single = !returns;
	key->short_of = returns;
	key->last = event->time;
	list_add(list_of(store, key), key);
	return key;
}

struct key *keys_touch(struct key_store *store, const struct item *item, const struct event *event,
		       const struct field_list *fields, bool *fresh)
{
	struct key *key = table_find(&store->table, item);

	*fresh = !key;
	if (!key)
		return key_new(store, item, event, fields);
	list_remove(list_of(store, key), key);
	key->single = false;
	key->asleep = false;
	key->last = event->time;
	list_add(&store->many, key);
	return key;
}

struct key *keys_stale(struct key_store *store, weir_time before)
{
	struct key *a = store->single.awake, *b = store->many.awake;
	struct key *key = a && a->last < before ? a : b;

	return key && key->last < before ? key : NULL;
}

void keys_sleep(struct key_store *store, struct key *key)
{
	key->asleep = true;
	list_of(store, key)->awake = key->newer;
}

struct key *keys_sleeping(struct key_store *store)
{
	struct key *key = store->single.oldest;

	if (!key || !key->asleep)
		key = store->many.oldest;
	return key && key->asleep ? key : NULL;
}

void keys_free(struct key_store *store)
{
	while (store->single.oldest)
		let_go(store, store->single.oldest);
	while (store->many.oldest)
		let_go(store, store->many.oldest);
	table_free(&store->table);
	admission_free(&store->admission);
}
