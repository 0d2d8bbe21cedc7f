/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/distinct.h"

#include <errno.h>
#include <math.h>

#include "base/hash.h"

#define DISTINCT_MIN 4 /* entries of a new set; doubles up to its max */

static uint32_t slots_of(const struct distinct *set)
{
	return set->cap * 2;
}

static uint32_t slot_of(const struct distinct *set, const struct item *item, uint32_t hash)
{
	uint32_t mask = slots_of(set) - 1;
	uint32_t i = hash & mask;

	for (; set->slots[i].entry; i = (i + 1) & mask)
		if (set->slots[i].hash == hash &&
		    item_equal(&set->entries[set->slots[i].entry].item, item))
			break;
	return i;
}

/* Closes the gap at `i` (Knuth 6.4, algorithm R). */
static void slot_clear(struct distinct *set, uint32_t i)
{
	uint32_t mask = slots_of(set) - 1;

	for (uint32_t j = (i + 1) & mask; set->slots[j].entry; j = (j + 1) & mask) {
		uint32_t home = set->slots[j].hash & mask;

		if (((j - home) & mask) >= ((j - i) & mask)) {
			set->slots[i] = set->slots[j];
			i = j;
		}
	}
	set->slots[i] = (struct distinct_slot){0};
}

static size_t slots_size(uint32_t cap)
{
	return (size_t)cap * 2 * sizeof(struct distinct_slot);
}

static void slot_set(struct distinct *set, uint32_t e)
{
	const struct distinct_entry *entry = &set->entries[e];

	set->slots[slot_of(set, &entry->item, entry->hash)] =
		(struct distinct_slot){.entry = e, .hash = entry->hash};
}

static size_t entries_size(uint32_t cap)
{
	return ((size_t)cap + 1) * sizeof(struct distinct_entry);
}

static int grow(struct distinct_space *space, struct distinct *set)
{
	uint32_t cap = set->cap ? set->cap * 2 : DISTINCT_MIN;
	struct distinct_entry *entries = pool_get(space->pool, entries_size(cap));
	struct distinct_slot *slots = pool_get(space->pool, slots_size(cap));

	if (!entries || !slots) {
		pool_put(space->pool, entries, entries_size(cap));
		pool_put(space->pool, slots, slots_size(cap));
		return -ENOMEM;
	}
	if (set->entries) {
		memcpy(entries, set->entries, entries_size(set->cap));
		pool_put(space->pool, set->entries, entries_size(set->cap));
		pool_put(space->pool, set->slots, slots_size(set->cap));
	}
	set->entries = entries;
	set->slots = slots;
	set->cap = cap;
	for (uint32_t e = 1; e <= set->used; e++)
		if (entries[e].pane)
			slot_set(set, e);
	return 0;
}

static void unlink_entry(struct distinct *set, uint32_t e)
{
	struct distinct_entry *at = set->entries;

	*(at[e].older ? &at[at[e].older].newer : &set->oldest) = at[e].newer;
	*(at[e].newer ? &at[at[e].newer].older : &set->newest) = at[e].older;
}

static void link_newest(struct distinct *set, uint32_t e)
{
	struct distinct_entry *at = set->entries;

	at[e].older = set->newest;
	at[e].newer = 0;
	*(set->newest ? &at[set->newest].newer : &set->oldest) = e;
	set->newest = e;
}

static void remove_oldest(struct distinct_space *space, struct distinct *set)
{
	uint32_t e = set->oldest;
	struct distinct_entry *entry = &set->entries[e];

	slot_clear(set, slot_of(set, &entry->item, entry->hash));
	unlink_entry(set, e);
	entry->pane->fresh--;
	entry->pane = NULL;
	tuple_drop(space->pool, entry->tuple);
	entry->tuple = NULL;
	entry->newer = set->free;
	set->free = e;
	set->count--;
}

static void part_add(struct distinct_space *space, struct distinct_pane *pane, uint64_t hash)
{
	if (!pane->sketch && space->sketches_left) {
		pane->sketch = pool_get(space->pool, sizeof(*pane->sketch));
		space->sketches_left -= pane->sketch != NULL;
	}
	if (pane->sketch)
		sketch_part_add(pane->sketch, hash);
	else
		space->refused++;
}

/* The first value is pushed out: what is known so far goes into the registers of its panes. */
static void start_sketching(struct distinct_space *space, struct distinct *set)
{
	set->sketching = true;
	for (uint32_t e = set->oldest; e; e = set->entries[e].newer)
		part_add(space, set->entries[e].pane, item_fixed_hash(&set->entries[e].item));
}

static void push_out(struct distinct_space *space, const struct distinct_seen *seen)
{
	struct distinct *set = seen->set;
	uint32_t seq = set->entries[set->oldest].pane->seq;

	if (!set->sketching)
		start_sketching(space, set);
	set->forgotten = seq;
	for (unsigned i = 0; i < DISTINCT_CURSORS; i++)
		if (seen->cursor[i] && seen->cursor[i]->from <= seq)
			seen->cursor[i]->count--;
	remove_oldest(space, set);
}

static int entry_new(struct distinct_space *space, const struct distinct_seen *seen, uint32_t *e)
{
	struct distinct *set = seen->set;

	if (set->count == set->max)
		push_out(space, seen);
	if (!set->free && set->used == set->cap) {
		int err = grow(space, set);

		if (err)
			return err;
	}
	if (set->free) {
		*e = set->free;
		set->free = set->entries[*e].newer;
	} else {
		*e = ++set->used;
	}
	set->count++;
	return 0;
}

/* Of values that were pushed out in their own pane the list still has the entry, which others use
 * by now: what counts is an entry's last place. Keeps those, in order. */
static void first_compact(struct distinct *set, struct distinct_pane *pane)
{
	uint32_t kept = pane->first_len;

	set->stamp++;
	for (uint32_t i = pane->first_len; i-- > 0;) {
		struct distinct_entry *entry = &set->entries[pane->first[i]];

		if (!entry->pane || entry->stamp == set->stamp)
			continue;
		entry->stamp = set->stamp;
		pane->first[--kept] = pane->first[i];
	}
	pane->first_len -= kept;
	memmove(pane->first, pane->first + kept, pane->first_len * sizeof(*pane->first));
}

/* Keeping sets: remembers that the pane sees the entry for the first time. */
static void note_first(struct distinct_space *space, struct distinct *set,
		       struct distinct_pane *pane, uint32_t e)
{
	if (pane->first_len == pane->first_cap && pane->first_len >= set->max * 2)
		first_compact(set, pane);
	if (pane->first_len == pane->first_cap) {
		uint32_t cap = pane->first_cap ? pane->first_cap * 2 : DISTINCT_MIN;
		uint32_t *first = pool_get(space->pool, cap * sizeof(*first));

		if (!first)
			return;
		if (pane->first_len)
			memcpy(first, pane->first, pane->first_len * sizeof(*first));
		pool_put(space->pool, pane->first, pane->first_cap * sizeof(*first));
		pane->first = first;
		pane->first_cap = cap;
	}
	pane->first[pane->first_len++] = e;
}

static void sketch_value(struct distinct_space *space, const struct distinct_seen *seen,
			 const struct item *item)
{
	uint64_t hash = item_fixed_hash(item);

	part_add(space, seen->pane, hash);
	for (unsigned i = 0; i < DISTINCT_CURSORS; i++)
		if (seen->cursor[i] && seen->cursor[i]->sketch)
			sketch_add(seen->cursor[i]->sketch, hash);
}

/* The entry was seen last in the pane `before` (0: never) and is seen in the newest now. */
static void move_to_newest(struct distinct_space *space, const struct distinct_seen *seen,
			   uint32_t e, uint32_t before)
{
	struct distinct_entry *entry = &seen->set->entries[e];

	entry->pane = seen->pane;
	seen->pane->fresh++;
	link_newest(seen->set, e);
	for (unsigned i = 0; i < DISTINCT_CURSORS; i++)
		if (seen->cursor[i] && before < seen->cursor[i]->from)
			seen->cursor[i]->count++;
	if (seen->set->keep)
		note_first(space, seen->set, seen->pane, e);
}

int distinct_add(struct distinct_space *space, const struct distinct_seen *seen,
		 const struct item *item, const struct event *event,
		 const struct field_list *fields)
{
	struct distinct *set = seen->set;
	uint32_t hash = (uint32_t)hash_bytes(item, sizeof(*item));
	uint32_t e = set->cap ? set->slots[slot_of(set, item, hash)].entry : 0;
	uint32_t before = 0;
	int err;

	if (e && set->entries[e].pane == seen->pane)
		return 0;
	if (e) {
		before = set->entries[e].pane->seq;
		set->entries[e].pane->fresh--;
		unlink_entry(set, e);
	} else {
		struct tuple *tuple = set->keep ? tuple_keep(space->pool, event, fields) : NULL;

		err = set->keep && !tuple ? -ENOMEM : entry_new(space, seen, &e);
		if (err) {
			tuple_drop(space->pool, tuple);
			return err;
		}
		set->entries[e] = (struct distinct_entry){
			.item = *item, .hash = hash, .tuple = tuple, .stamp = set->stamp};
		slot_set(set, e);
	}
	move_to_newest(space, seen, e, before);
	if (set->sketching)
		sketch_value(space, seen, item);
	return 0;
}

void distinct_cursor_reset(struct distinct_space *space, struct distinct_cursor *cursor)
{
	if (cursor->sketch)
		pool_put(space->pool, cursor->sketch, sizeof(*cursor->sketch));
	*cursor = (struct distinct_cursor){0};
}

void distinct_leave(struct distinct_space *space, struct distinct_cursor *cursor,
		    const struct distinct_pane *pane, uint32_t next)
{
	uint32_t count = cursor->count - pane->fresh;

	distinct_cursor_reset(space, cursor);
	cursor->count = count;
	cursor->from = next;
}

void distinct_expire(struct distinct_space *space, struct distinct *set, struct distinct_pane *pane)
{
	while (pane->fresh)
		remove_oldest(space, set);
	if (pane->sketch) {
		pool_put(space->pool, pane->sketch, sizeof(*pane->sketch));
		space->sketches_left++;
	}
	pool_put(space->pool, pane->first, pane->first_cap * sizeof(*pane->first));
	if (set->forgotten == pane->seq) {
		set->forgotten = 0;
		set->sketching = false;
	}
	*pane = (struct distinct_pane){.seq = pane->seq};
}

bool distinct_sketch(struct distinct_space *space, struct distinct_cursor *cursor)
{
	cursor->sketch = pool_get(space->pool, sizeof(*cursor->sketch));
	if (!cursor->sketch)
		return false;
	sketch_init(cursor->sketch);
	return true;
}

double distinct_count(const struct distinct *set, struct distinct_cursor *cursor)
{
	double least = (double)set->max + 1, estimate;

	if (!distinct_estimated(set, cursor))
		return cursor->count;
	if (!cursor->sketch)
		return least;
	estimate = round(sketch_estimate(cursor->sketch));
	return estimate > least ? estimate : least;
}

void distinct_free(struct distinct_space *space, struct distinct *set)
{
	while (set->oldest)
		remove_oldest(space, set);
	if (set->cap) {
		pool_put(space->pool, set->entries, entries_size(set->cap));
		pool_put(space->pool, set->slots, slots_size(set->cap));
	}
	*set = (struct distinct){.max = set->max, .keep = set->keep};
}
