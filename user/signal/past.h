/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_PAST_H
#define WEIR_SIGNAL_PAST_H

#include <stdbool.h>

#include "base/arena.h"
#include "signal/pool.h"

/*
 * The values that a values() set pushed out to make room, as fingerprints of 32 bits with the pane
 * that saw them last: asked, it never denies a value that was in the window, and takes another for
 * one of n once in 2^32 / n times. A Bloom filter tells as much of a window only by one filter a
 * pane, and cannot grow; this one is as large as what was pushed out, up to PAST_TIMES the
 * number that is kept exactly.
 */
#define PAST_TIMES 32

struct past_slot {
	uint32_t print; /* 0: empty */
	uint32_t pane;	/* seq; 0: it went */
};

struct past {
	uint32_t cap, count; /* slots, a power of two; those that are not empty */
	uint32_t gone;	     /* newest pane that went */
	uint32_t full;	     /* `gone` when no room was found; UINT32_MAX: there may be some */
	struct past_slot slot[];
};

/* What a signal carries of it: the fingerprints of a window in slots, by open addressing. */
struct past_seen {
	const uint32_t *slot;
	uint32_t cap, count; /* cap: a power of two, 0: there are none */
};

/* Of the fixed hash of an item of tuple_values_item(); never 0. */
static inline uint32_t past_print(uint64_t hash)
{
	uint32_t print = (uint32_t)(hash >> 32);

	return print ? print : 1;
}

/* Of at most `max` values. 0; -ENOSPC or -ENOMEM: the value is forgotten. */
int past_add(struct pool *pool, struct past **past, uint32_t print, uint32_t pane, uint32_t max);

/* The pane and all before it go. */
void past_expire(struct past *past, uint32_t pane);
void past_renumber(struct past *past, uint32_t less);
void past_free(struct pool *pool, struct past **past);

/* The values that were seen in the pane `from` or later. 0, or -ENOMEM. */
int past_window(const struct past *past, uint32_t from, struct arena *arena,
		struct past_seen *seen);

bool past_has(const struct past_seen *seen, uint32_t print);

/* How often a value that is not in is taken for one that is. */
static inline double past_rate(const struct past_seen *seen)
{
	return seen->count / 4294967296.0;
}

/* Whether the slots are such that past_has() ends: of those that were read from elsewhere. */
bool past_is_sound(const struct past_seen *seen);

#endif
