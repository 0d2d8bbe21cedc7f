/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>

#include "signal/series.h"

/*
 * entropy: how often each value came, a tally a pane; of a window they are added up. Exact while no
 * tally has more than `max` values. Beyond, a tally keeps the values whose fixed hash begins with
 * `level` zeros, a sample that does not depend on how often they come, and in which each stands
 * for 2^level like it; and those that were frequent when the level rose, which stand for
 * themselves. Entropy is log2(n) - sum(c log2 c) / n over the counts c, whose sum n is known.
 */

#define TALLY_MIN 8
#define FREQUENT  4 /* more often than 1 in max / FREQUENT */

struct tally_entry {
	uint64_t hash; /* 0: free */
	uint32_t count;
	bool frequent; /* stands for itself whatever the level */
};

struct tally {
	struct tally_entry *at; /* open addressing */
	uint32_t cap, len, level;
	double total; /* of all values that came, kept or not */
	bool lost;    /* a value found no memory */
};

static size_t size_of(uint32_t cap)
{
	return cap * sizeof(struct tally_entry);
}

static struct tally_entry *find(const struct tally *tally, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (tally->cap - 1);

	while (tally->at[i].hash && tally->at[i].hash != hash)
		i = (i + 1) & (tally->cap - 1);
	return &tally->at[i];
}

static bool sampled(const struct tally *tally, uint64_t hash)
{
	return !tally->level || hash >> (64 - tally->level) == 0;
}

/* The same entries in a table of `cap`, without those that the level leaves out. False: no memory.
 */
static bool resize(struct series_space *space, struct tally *tally, uint32_t cap)
{
	struct tally old = *tally;

	tally->at = series_get(space, size_of(cap));
	if (!tally->at) {
		*tally = old;
		return false;
	}
	tally->cap = cap;
	tally->len = 0;
	for (uint32_t i = 0; i < old.cap; i++) {
		const struct tally_entry *entry = &old.at[i];

		if (!entry->hash || (!entry->frequent && !sampled(tally, entry->hash)))
			continue;
		*find(tally, entry->hash) = *entry;
		tally->len++;
	}
	series_put(space, old.at, size_of(old.cap));
	return true;
}

/* One more leading zero. What is frequent by now stays; that cannot be many. */
static void raise_level(struct series_space *space, struct tally *tally)
{
	for (uint32_t i = 0; i < tally->cap; i++)
		tally->at[i].frequent =
			tally->at[i].count * (double)(space->max / FREQUENT) > tally->total;
	tally->level++;
	if (!resize(space, tally, tally->cap))
		tally->level--;
}

static void count(struct series_space *space, struct tally *tally, uint64_t hash, uint32_t by,
		  bool frequent)
{
	struct tally_entry *entry = tally->cap ? find(tally, hash) : NULL;

	if (entry && entry->hash) {
		entry->count += by;
		return;
	}
	if (!frequent && !sampled(tally, hash))
		return;
	while (tally->len >= space->max) {
		uint32_t before = tally->level;

		raise_level(space, tally);
		if (tally->level == before)
			break;
	}
	if ((tally->len + 1) * 2 > tally->cap &&
	    !resize(space, tally, tally->cap ? tally->cap * 2 : TALLY_MIN)) {
		tally->lost = true;
		return;
	}
	if (!frequent && !sampled(tally, hash))
		return;
	*find(tally, hash) = (struct tally_entry){.hash = hash, .count = by, .frequent = frequent};
	tally->len++;
}

static void entropy_add(struct series_space *space, const struct rule_aggregate *aggregate,
			void *cell, const struct series_panes *panes, const struct event *event)
{
	struct tally *tally = series_newest(panes);
	struct item item;
	uint64_t hash;

	(void)cell;
	if (!tuple_item(space->buffer, event, &aggregate->fields, false, &item))
		return;
	hash = item_fixed_hash(&item);
	tally->total++;
	count(space, tally, hash ? hash : 1, 1, false);
}

static void entropy_expire(struct series_space *space, void *cell, void *pane)
{
	struct tally *tally = pane;

	(void)cell;
	series_put(space, tally->at, size_of(tally->cap));
	*tally = (struct tally){0};
}

static void add_up(struct series_space *space, struct tally *whole, const struct tally *tally)
{
	if (whole->level < tally->level) {
		whole->level = tally->level;
		if (whole->cap && !resize(space, whole, whole->cap))
			whole->lost = true;
	}
	whole->total += tally->total;
	whole->lost |= tally->lost;
	for (uint32_t i = 0; i < tally->cap; i++)
		if (tally->at[i].hash)
			count(space, whole, tally->at[i].hash, tally->at[i].count,
			      tally->at[i].frequent);
}

/* The standard error comes from how different the summands of the sample are: each was taken with
 * the chance p = 2^-level, so the variance of their sum over p is sum((1 - p) x^2 / p^2). */
static struct value entropy_of(const struct tally *tally, struct series_told *told)
{
	double chance = ldexp(1, -(int)tally->level), sum = 0, variance = 0, entropy;

	for (uint32_t i = 0; i < tally->cap; i++) {
		double c = tally->at[i].count, x = c ? c * log2(c) : 0;

		if (!tally->at[i].hash)
			continue;
		sum += tally->at[i].frequent ? x : x / chance;
		variance += tally->at[i].frequent ? 0 : (1 - chance) * x * x / (chance * chance);
	}
	if (!tally->total)
		return (struct value){.type = VALUE_NULL};
	entropy = fmax(0, log2(tally->total) - sum / tally->total);
	told->estimated = tally->level || tally->lost;
	if (tally->level && !tally->lost && entropy > 0)
		told->error = sqrt(variance) / tally->total / entropy;
	return value_number(entropy);
}

static struct value entropy_value(struct series_space *space,
				  const struct rule_aggregate *aggregate, void *cell,
				  struct series_panes panes, struct series_told *told)
{
	struct tally whole = {0};
	struct value value;
	const struct tally *tally;

	(void)aggregate;
	while ((tally = series_next(&panes)))
		add_up(space, &whole, tally);
	value = entropy_of(&whole, told);
	entropy_expire(space, cell, &whole);
	return value;
}

/* Entries with their places: where they stand decides in which order they are added up. */
static void tally_save(struct state_writer *w, const struct tally *tally)
{
	state_put_uint(w, tally->cap);
	state_put_uint(w, tally->len);
	state_put_uint(w, tally->level);
	state_put_real(w, tally->total);
	state_put_uint(w, tally->lost);
	for (uint32_t i = 0; i < tally->cap; i++) {
		if (!tally->at[i].hash)
			continue;
		state_put_uint(w, i);
		state_put_raw(w, &tally->at[i].hash, sizeof(tally->at[i].hash));
		state_put_uint(w, tally->at[i].count);
		state_put_uint(w, tally->at[i].frequent);
	}
}

static int tally_load(struct series_space *space, struct state_reader *r, struct tally *tally)
{
	uint32_t cap = (uint32_t)state_get_below(r, UINT32_C(1) << 24);
	uint32_t len = (uint32_t)state_get_count(r, cap ? cap - 1 : 0);

	tally->level = (uint32_t)state_get_below(r, 63);
	tally->total = state_get_real(r);
	tally->lost = state_get_bool(r);
	r->bad |= cap & (cap - 1);
	if (!cap || r->bad)
		return 0;
	tally->at = series_get(space, size_of(cap));
	if (!tally->at)
		return -ENOMEM;
	tally->cap = cap;
	for (; tally->len < len && !r->bad; tally->len++) {
		struct tally_entry *entry = &tally->at[state_get_below(r, cap - 1)];

		r->bad |= entry->hash != 0;
		state_get_raw(r, &entry->hash, sizeof(entry->hash));
		entry->count = (uint32_t)state_get_below(r, UINT32_MAX);
		entry->frequent = state_get_bool(r);
		r->bad |= !entry->hash;
	}
	return 0;
}

static void entropy_save(struct state_writer *w, const void *cell, struct series_panes panes)
{
	const struct tally *tally;

	(void)cell;
	while ((tally = series_next(&panes)))
		tally_save(w, tally);
}

static int entropy_load(struct series_space *space, const struct rule_aggregate *aggregate,
			struct state_reader *r, void *cell, struct series_panes panes)
{
	struct tally *tally;
	int err = 0;

	(void)aggregate;
	(void)cell;
	while (!err && !r->bad && (tally = series_next(&panes)))
		err = tally_load(space, r, tally);
	return err;
}

const struct series_ops entropy_series = {
	0,    sizeof(struct tally), entropy_add,  entropy_expire,
	NULL, entropy_value,	    entropy_save, entropy_load,
};
