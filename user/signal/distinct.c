/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/distinct.h"

#include <errno.h>
#include <math.h>

#include "base/hash.h"

#define DISTINCT_LOOKED 8 /* sets of at most so many are looked through, without slots */

/* Open addressing; the hash stands here too, so that probing touches no entry that differs. */
struct distinct_slot {
	uint32_t entry; /* 0: empty */
	uint32_t hash;
};

static bool hashed(uint32_t cap)
{
	return cap > DISTINCT_LOOKED;
}

static size_t block_size(const struct distinct *set, uint32_t cap)
{
	return cap * (sizeof(struct distinct_entry) + (set->keep ? sizeof(struct tuple *) : 0) +
		      (hashed(cap) ? 2 * sizeof(struct distinct_slot) : 0));
}

static struct distinct_slot *slots_of(const struct distinct *set)
{
	char *behind = (char *)(set->entries + set->cap);

	return (struct distinct_slot *)(behind +
					(set->keep ? set->cap * sizeof(struct tuple *) : 0));
}

static uint32_t mask_of(const struct distinct *set)
{
	return set->cap * 2 - 1;
}

static uint32_t hash_of(const struct item *item)
{
	return (uint32_t)hash_bytes(item, sizeof(*item));
}

static uint32_t slot_of(const struct distinct *set, const struct item *item, uint32_t hash)
{
	const struct distinct_slot *slots = slots_of(set);
	uint32_t i = hash & mask_of(set);

	for (; slots[i].entry; i = (i + 1) & mask_of(set))
		if (slots[i].hash == hash &&
		    item_equal(&distinct_entry(set, slots[i].entry)->item, item))
			break;
	return i;
}

/* Closes the gap at `i` (Knuth 6.4, algorithm R). */
static void slot_clear(struct distinct *set, uint32_t i)
{
	struct distinct_slot *slots = slots_of(set);
	uint32_t mask = mask_of(set);

	for (uint32_t j = (i + 1) & mask; slots[j].entry; j = (j + 1) & mask) {
		uint32_t home = slots[j].hash & mask;

		if (((j - home) & mask) >= ((j - i) & mask)) {
			slots[i] = slots[j];
			i = j;
		}
	}
	slots[i] = (struct distinct_slot){0};
}

static void slot_set(struct distinct *set, uint32_t e)
{
	const struct item *item = &distinct_entry(set, e)->item;
	uint32_t hash = hash_of(item);

	slots_of(set)[slot_of(set, item, hash)] = (struct distinct_slot){.entry = e, .hash = hash};
}

/* The entry of the item; 0: none. */
static uint32_t find(const struct distinct *set, const struct item *item)
{
	if (!set->count)
		return 0;
	if (hashed(set->cap))
		return slots_of(set)[slot_of(set, item, hash_of(item))].entry;
	for (uint32_t e = 1; e <= set->used; e++)
		if (distinct_entry(set, e)->pane && item_equal(&distinct_entry(set, e)->item, item))
			return e;
	return 0;
}

/* Room for `cap` entries, a power of two. */
static int take_block(struct distinct_space *space, struct distinct *set, uint32_t cap)
{
	struct distinct_entry *entries = pool_get(space->pool, block_size(set, cap));

	if (!entries)
		return -ENOMEM;
	set->cap = cap;
	set->entries = entries;
	return 0;
}

static int grow(struct distinct_space *space, struct distinct *set)
{
	struct distinct old = *set;
	int err = take_block(space, set, old.cap ? old.cap * 2 : DISTINCT_MIN);

	if (err || !old.cap)
		return err;
	memcpy(set->entries, old.entries, old.cap * sizeof(*old.entries));
	if (set->keep)
		memcpy(distinct_kept(set, 1), distinct_kept(&old, 1),
		       old.cap * sizeof(struct tuple *));
	pool_put(space->pool, old.entries, block_size(&old, old.cap));
	for (uint32_t e = 1; hashed(set->cap) && e <= set->used; e++)
		if (distinct_entry(set, e)->pane)
			slot_set(set, e);
	return 0;
}

static void unlink_entry(struct distinct *set, uint32_t e)
{
	const struct distinct_entry *entry = distinct_entry(set, e);

	*(entry->older ? &distinct_entry(set, entry->older)->newer : &set->oldest) = entry->newer;
	*(entry->newer ? &distinct_entry(set, entry->newer)->older : &set->newest) = entry->older;
}

static void link_newest(struct distinct *set, uint32_t e)
{
	struct distinct_entry *entry = distinct_entry(set, e);

	entry->older = set->newest;
	entry->newer = 0;
	*(set->newest ? &distinct_entry(set, set->newest)->newer : &set->oldest) = e;
	set->newest = e;
}

static void remove_oldest(struct distinct_space *space, struct distinct *set,
			  const struct distinct_panes *panes)
{
	uint32_t e = set->oldest;
	struct distinct_entry *entry = distinct_entry(set, e);

	if (hashed(set->cap))
		slot_clear(set, slot_of(set, &entry->item, hash_of(&entry->item)));
	unlink_entry(set, e);
	distinct_pane(panes, entry->pane)->fresh--;
	entry->pane = 0;
	if (set->keep) {
		tuple_drop(space->pool, *distinct_kept(set, e));
		*distinct_kept(set, e) = NULL;
	}
	entry->newer = set->free;
	set->free = e;
	set->count--;
}

struct sketch_part *distinct_part_new(struct distinct_space *space)
{
	struct sketch_part *part =
		space->sketches_left ? pool_get(space->pool, sizeof(*part)) : NULL;

	space->sketches_left -= part != NULL;
	return part;
}

static void part_free(struct distinct_space *space, struct sketch_part *part)
{
	if (!part)
		return;
	pool_put(space->pool, part, sizeof(*part));
	space->sketches_left++;
}

static void part_add(struct distinct_space *space, struct distinct_pane *pane, uint64_t hash)
{
	if (!pane->sketch)
		pane->sketch = distinct_part_new(space);
	if (pane->sketch)
		sketch_part_add(pane->sketch, hash);
	else
		space->refused++;
}

/* The first value is pushed out: what is known so far goes into the registers of its panes. */
static void start_sketching(struct distinct_space *space, const struct distinct_seen *seen)
{
	struct distinct *set = seen->set;

	set->sketching = true;
	for (unsigned i = 0; i < DISTINCT_CURSORS; i++)
		if (seen->cursor[i])
			seen->cursor[i]->back_from = 0;
	for (uint32_t e = set->oldest; e; e = distinct_entry(set, e)->newer)
		part_add(space, distinct_pane(&seen->panes, distinct_entry(set, e)->pane),
			 item_fixed_hash(&distinct_entry(set, e)->item));
}

/* Keeping sets: the entry is about to be pushed out. */
static void remember(struct distinct_space *space, struct distinct *set, uint32_t e,
		     const struct field_list *fields)
{
	struct value values[RULE_FIELDS_MAX];
	struct item item;

	distinct_values(set, e, fields, values);
	if (!tuple_values_item(space->buffer, values, fields->len, &item) ||
	    past_add(space->pool, &set->past, past_print(item_fixed_hash(&item)),
		     distinct_entry(set, e)->pane, space->max * PAST_TIMES))
		space->refused++;
}

static void push_out(struct distinct_space *space, const struct distinct_seen *seen,
		     const struct field_list *fields)
{
	struct distinct *set = seen->set;
	uint32_t seq = distinct_entry(set, set->oldest)->pane;

	if (!set->sketching)
		start_sketching(space, seen);
	if (set->keep)
		remember(space, set, set->oldest, fields);
	set->forgotten = seq;
	for (unsigned i = 0; i < DISTINCT_CURSORS; i++)
		if (seen->cursor[i] && seen->cursor[i]->from <= seq)
			seen->cursor[i]->count--;
	remove_oldest(space, set, &seen->panes);
}

static int entry_new(struct distinct_space *space, const struct distinct_seen *seen,
		     const struct field_list *fields, uint32_t *e)
{
	struct distinct *set = seen->set;

	if (set->count == space->max)
		push_out(space, seen, fields);
	if (!set->free && set->used == set->cap) {
		int err = grow(space, set);

		if (err)
			return err;
	}
	if (set->free) {
		*e = set->free;
		set->free = distinct_entry(set, *e)->newer;
	} else {
		*e = ++set->used;
	}
	set->count++;
	return 0;
}

bool distinct_once(struct distinct *set, uint32_t e)
{
	struct distinct_entry *entry = distinct_entry(set, e);

	if (!entry->pane || entry->stamp == set->stamp)
		return false;
	entry->stamp = set->stamp;
	return true;
}

/* Of values that were pushed out in their own pane the list still has the entry, which others use
 * by now: what counts is an entry's last place. Keeps those, in order. */
static void first_compact(struct distinct *set, struct distinct_pane *pane)
{
	uint32_t kept = pane->first_len;

	set->stamp++;
	for (uint32_t i = pane->first_len; i-- > 0;)
		if (distinct_once(set, pane->first[i]))
			pane->first[--kept] = pane->first[i];
	pane->first_len -= kept;
	memmove(pane->first, pane->first + kept, pane->first_len * sizeof(*pane->first));
}

/* Keeping sets: remembers that the pane sees the entry for the first time. */
static void note_first(struct distinct_space *space, struct distinct *set,
		       struct distinct_pane *pane, uint32_t e)
{
	if (pane->first_len == pane->first_cap && pane->first_len >= space->max * 2)
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

	part_add(space, distinct_pane(&seen->panes, seen->seq), hash);
	for (unsigned i = 0; i < DISTINCT_CURSORS; i++) {
		struct distinct_cursor *cursor = seen->cursor[i];

		if (cursor && cursor->sketch)
			sketch_add(cursor->sketch, hash);
		if (cursor && cursor->back)
			sketch_part_add(cursor->back, hash);
	}
}

/* The entry was seen last in the pane `before` (0: never) and is seen in the newest now. */
static void move_to_newest(struct distinct_space *space, const struct distinct_seen *seen,
			   uint32_t e, uint32_t before)
{
	struct distinct_pane *pane = distinct_pane(&seen->panes, seen->seq);

	distinct_entry(seen->set, e)->pane = seen->seq;
	pane->fresh++;
	link_newest(seen->set, e);
	for (unsigned i = 0; i < DISTINCT_CURSORS; i++)
		if (seen->cursor[i] && before < seen->cursor[i]->from)
			seen->cursor[i]->count++;
	if (seen->set->keep)
		note_first(space, seen->set, pane, e);
}

/* A value that the set does not have: its entry, which is in no pane yet. */
static int add_entry(struct distinct_space *space, const struct distinct_seen *seen,
		     const struct item *item, const struct event *event,
		     const struct field_list *fields, uint32_t *e)
{
	struct distinct *set = seen->set;
	struct tuple *tuple = NULL;
	int err =
		set->keep ? tuple_keep(space->pool, space->buffer, event, fields, item, &tuple) : 0;

	if (!err)
		err = entry_new(space, seen, fields, e);
	if (err) {
		tuple_drop(space->pool, tuple);
		return err;
	}
	*distinct_entry(set, *e) = (struct distinct_entry){.item = *item, .stamp = set->stamp};
	if (set->keep)
		*distinct_kept(set, *e) = tuple;
	if (hashed(set->cap))
		slot_set(set, *e);
	return 0;
}

int distinct_add(struct distinct_space *space, const struct distinct_seen *seen,
		 const struct item *item, const struct event *event,
		 const struct field_list *fields)
{
	struct distinct *set = seen->set;
	uint32_t e = find(set, item), before = 0;

	if (e && distinct_entry(set, e)->pane == seen->seq)
		return 0;
	if (e) {
		before = distinct_entry(set, e)->pane;
		distinct_pane(&seen->panes, before)->fresh--;
		unlink_entry(set, e);
	} else {
		int err = add_entry(space, seen, item, event, fields, &e);

		if (err)
			return err;
	}
	move_to_newest(space, seen, e, before);
	if (set->sketching)
		sketch_value(space, seen, item);
	return 0;
}

static void sketch_drop(struct distinct_space *space, struct distinct_cursor *cursor)
{
	if (cursor->sketch)
		pool_put(space->pool, cursor->sketch, sizeof(*cursor->sketch));
	cursor->sketch = NULL;
}

void distinct_cursor_reset(struct distinct_space *space, struct distinct_cursor *cursor)
{
	sketch_drop(space, cursor);
	part_free(space, cursor->back);
	*cursor = (struct distinct_cursor){0};
}

void distinct_leave(struct distinct_space *space, struct distinct_cursor *cursor,
		    const struct distinct_pane *pane, uint32_t next)
{
	sketch_drop(space, cursor);
	cursor->count -= pane->fresh;
	cursor->from = next;
}

void distinct_expire(struct distinct_space *space, struct distinct *set,
		     const struct distinct_panes *panes, uint32_t seq)
{
	struct distinct_pane *pane = distinct_pane(panes, seq);

	while (pane->fresh)
		remove_oldest(space, set, panes);
	part_free(space, pane->sketch);
	for (unsigned i = 0; i < DISTINCT_CURSORS; i++)
		part_free(space, pane->front[i]);
	pool_put(space->pool, pane->first, pane->first_cap * sizeof(*pane->first));
	past_expire(set->past, seq);
	if (set->forgotten == seq) {
		past_free(space->pool, &set->past);
		set->forgotten = 0;
		set->sketching = false;
	}
	*pane = (struct distinct_pane){0};
}

void distinct_renumber(struct distinct *set, uint32_t less)
{
	for (uint32_t e = set->oldest; e; e = distinct_entry(set, e)->newer)
		distinct_entry(set, e)->pane -= less;
	if (set->forgotten)
		set->forgotten -= less;
	past_renumber(set->past, less);
}

void distinct_values(const struct distinct *set, uint32_t entry, const struct field_list *fields,
		     struct value *values)
{
	tuple_values(&distinct_entry(set, entry)->item, *distinct_kept(set, entry), fields, values);
}

double distinct_count(const struct distinct_space *space, const struct distinct *set,
		      struct distinct_cursor *cursor)
{
	double least = (double)space->max + 1, estimate;

	if (!distinct_estimated(set, cursor))
		return cursor->count;
	if (!cursor->sketch)
		return least;
	estimate = round(sketch_estimate(cursor->sketch));
	return estimate > least ? estimate : least;
}

int distinct_rebuild(struct distinct_space *space, struct distinct *set, uint32_t used)
{
	uint32_t cap = DISTINCT_MIN;

	while (cap < used)
		cap *= 2;
	set->used = used;
	return used ? take_block(space, set, cap) : 0;
}

void distinct_put(struct distinct *set, const struct distinct_panes *panes, uint32_t entry,
		  uint32_t seq, const struct item *item, struct tuple *kept)
{
	*distinct_entry(set, entry) = (struct distinct_entry){.item = *item, .pane = seq};
	if (set->keep)
		*distinct_kept(set, entry) = kept;
	if (hashed(set->cap))
		slot_set(set, entry);
	link_newest(set, entry);
	distinct_pane(panes, seq)->fresh++;
	set->count++;
}

bool distinct_has(const struct distinct *set, const struct item *item)
{
	return find(set, item) != 0;
}

void distinct_rebuilt(struct distinct *set)
{
	for (uint32_t e = set->used; e; e--) {
		if (distinct_entry(set, e)->pane)
			continue;
		distinct_entry(set, e)->newer = set->free;
		set->free = e;
	}
}

void distinct_free(struct distinct_space *space, struct distinct *set)
{
	past_free(space->pool, &set->past);
	if (set->cap)
		pool_put(space->pool, set->entries, block_size(set, set->cap));
	*set = (struct distinct){.keep = set->keep};
}
