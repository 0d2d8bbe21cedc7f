/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/past.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define PAST_MIN 64 /* slots */

static size_t size_of(uint32_t cap)
{
	return offsetof(struct past, slot) + cap * sizeof(struct past_slot);
}

static struct past_slot *slot_of(struct past *past, uint32_t print)
{
	uint32_t mask = past->cap - 1, i = print & mask;

	while (past->slot[i].print && past->slot[i].print != print)
		i = (i + 1) & mask;
	return &past->slot[i];
}

static void put(struct past *past, uint32_t print, uint32_t pane)
{
	struct past_slot *slot = slot_of(past, print);

	past->count += !slot->print;
	slot->print = print;
	if (slot->pane < pane)
		slot->pane = pane;
}

static uint32_t alive(const struct past *past)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < past->cap; i++)
		count += past->slot[i].pane > past->gone;
	return count;
}

/* Anew without those that went, with as much room again as there are. */
static int make_room(struct pool *pool, struct past **past)
{
	struct past *old = *past, *new;
	uint32_t cap = PAST_MIN;

	while (old && cap < alive(old) * 2 + 2)
		cap *= 2;
	new = pool_get(pool, size_of(cap));
	if (!new)
		return -ENOMEM;
	new->cap = cap;
	new->gone = old ? old->gone : 0;
	new->full = UINT32_MAX;
	for (uint32_t i = 0; old && i < old->cap; i++)
		if (old->slot[i].pane > old->gone)
			put(new, old->slot[i].print, old->slot[i].pane);
	past_free(pool, past);
	*past = new;
	return 0;
}

/* Whether as many as may be are in windows still. Looked at once a pane that goes: it is slow. */
static bool is_full(struct past *past, uint32_t max)
{
	if (past->full != past->gone && alive(past) >= max)
		past->full = past->gone;
	return past->full == past->gone;
}

int past_add(struct pool *pool, struct past **past, uint32_t print, uint32_t pane, uint32_t max)
{
	bool known = *past && slot_of(*past, print)->print;

	if (!known && *past && (*past)->count >= max && is_full(*past, max))
		return -ENOSPC;
	if (!known && (!*past || (*past)->count >= max || (*past)->count >= (*past)->cap / 4 * 3) &&
	    make_room(pool, past))
		return -ENOMEM;
	put(*past, print, pane);
	return 0;
}

void past_expire(struct past *past, uint32_t pane)
{
	if (past)
		past->gone = pane;
}

void past_renumber(struct past *past, uint32_t less)
{
	if (!past)
		return;
	past->gone = past->gone > less ? past->gone - less : 0;
	past->full = UINT32_MAX;
	for (uint32_t i = 0; i < past->cap; i++)
		past->slot[i].pane = past->slot[i].pane > less ? past->slot[i].pane - less : 0;
}

void past_free(struct pool *pool, struct past **past)
{
	if (*past)
		pool_put(pool, *past, size_of((*past)->cap));
	*past = NULL;
}

int past_window(const struct past *past, uint32_t from, struct arena *arena, struct past_seen *seen)
{
	uint32_t *slot, count = 0, mask = PAST_MIN - 1;

	*seen = (struct past_seen){0};
	for (uint32_t i = 0; past && i < past->cap; i++)
		count += past->slot[i].pane >= from;
	if (!count)
		return 0;
	while (mask < count * 2)
		mask = mask * 2 + 1;
	slot = arena_alloc(arena, (mask + 1) * sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	memset(slot, 0, (mask + 1) * sizeof(*slot));
	for (uint32_t i = 0; i < past->cap; i++) {
		uint32_t at = past->slot[i].print & mask;

		if (past->slot[i].pane < from)
			continue;
		while (slot[at])
			at = (at + 1) & mask;
		slot[at] = past->slot[i].print;
	}
	*seen = (struct past_seen){.slot = slot, .cap = mask + 1, .count = count};
	return 0;
}

bool past_has(const struct past_seen *seen, uint32_t print)
{
	uint32_t mask = seen->cap - 1;

	if (!seen->cap)
		return false;
	for (uint32_t i = print & mask; seen->slot[i]; i = (i + 1) & mask)
		if (seen->slot[i] == print)
			return true;
	return false;
}

bool past_is_sound(const struct past_seen *seen)
{
	uint32_t count = 0;

	if (seen->cap & (seen->cap - 1))
		return false;
	for (uint32_t i = 0; i < seen->cap; i++)
		count += seen->slot[i] != 0;
	return count == seen->count && (!seen->cap || count < seen->cap);
}
