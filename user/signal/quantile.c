/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/quantile.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Powers of the least gamma reach from the least to the greatest double within ± this; a key is
 * power + KEY_ZERO for positive numbers, the same negated for negative ones, and 0 for zero. */
#define KEY_ZERO    (1 << 18)
#define BUCKETS_MIN 8
#define JOINED_MAX  20 /* more leaves no two powers apart */

static double log_gamma(void)
{
	return log((1 + QUANTILE_ERROR) / (1 - QUANTILE_ERROR));
}

/* ceil(power / 2^times) */
static int32_t power_joined(int32_t power, uint32_t times)
{
	return -(-power >> times);
}

static int32_t key_joined(int32_t key, uint32_t times)
{
	if (!key)
		return 0;
	return key > 0 ? KEY_ZERO + power_joined(key - KEY_ZERO, times)
		       : -KEY_ZERO - power_joined(-key - KEY_ZERO, times);
}

static int32_t key_of(double number)
{
	int32_t power;

	if (number == 0)
		return 0;
	power = (int32_t)ceil(log(fabs(number)) / log_gamma());
	return number > 0 ? KEY_ZERO + power : -KEY_ZERO - power;
}

/* Puts neighbours that have become equal together. */
static void join(struct quantile *sketch, uint32_t times)
{
	uint32_t len = 0;

	for (uint32_t i = 0; times && i < sketch->len; i++) {
		struct quantile_bucket bucket = sketch->bucket[i];

		bucket.key = key_joined(bucket.key, times);
		if (len && sketch->bucket[len - 1].key == bucket.key)
			sketch->bucket[len - 1].count += bucket.count;
		else
			sketch->bucket[len++] = bucket;
	}
	if (times) {
		sketch->len = len;
		sketch->joined += times;
	}
}

static uint32_t find(const struct quantile *sketch, int32_t key)
{
	uint32_t low = 0, high = sketch->len;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (sketch->bucket[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t size_of(uint32_t cap)
{
	return sizeof(struct quantile) + cap * sizeof(struct quantile_bucket);
}

/* Room for one more bucket: more memory, else fewer buckets. False: there is no memory at all. */
static bool room(struct series_space *space, struct quantile **sketch)
{
	struct quantile *old = *sketch, *larger = NULL;
	uint32_t cap = old ? old->cap * 2 : BUCKETS_MIN;

	if (old && old->len < old->cap)
		return true;
	if (cap <= QUANTILE_BUCKETS)
		larger = series_get(space, size_of(cap));
	if (larger) {
		if (old)
			memcpy(larger, old, size_of(old->cap));
		larger->cap = cap;
		quantile_free(space, old);
		*sketch = larger;
		return true;
	}
	while (old && old->len == old->cap)
		join(old, 1);
	return old != NULL;
}

/* `key` as of a sketch whose neighbours were joined `joined` times. */
static bool add(struct series_space *space, struct quantile **into, int32_t key, uint32_t joined,
		uint32_t count)
{
	struct quantile *sketch = *into;
	int32_t mine = sketch ? key_joined(key, sketch->joined - joined) : 0;
	uint32_t at = sketch ? find(sketch, mine) : 0;

	if (sketch && at < sketch->len && sketch->bucket[at].key == mine) {
		sketch->bucket[at].count += count;
		return true;
	}
	if (!sketch || sketch->len == sketch->cap)
		return room(space, into) && add(space, into, key, joined, count);
	memmove(&sketch->bucket[at + 1], &sketch->bucket[at],
		(sketch->len - at) * sizeof(sketch->bucket[0]));
	sketch->bucket[at] = (struct quantile_bucket){.key = mine, .count = count};
	sketch->len++;
	return true;
}

bool quantile_add(struct series_space *space, struct quantile **sketch, double number,
		  uint32_t count)
{
	return add(space, sketch, key_of(number), 0, count);
}

bool quantile_merge(struct series_space *space, struct quantile **into, const struct quantile *from)
{
	if (!from)
		return true;
	if (!*into && !room(space, into))
		return false;
	if ((*into)->joined < from->joined)
		join(*into, from->joined - (*into)->joined);
	for (uint32_t i = 0; i < from->len; i++)
		if (!add(space, into, from->bucket[i].key, from->joined, from->bucket[i].count))
			return false;
	return true;
}

void quantile_free(struct series_space *space, struct quantile *sketch)
{
	if (sketch)
		series_put(space, sketch, size_of(sketch->cap));
}

/* The middle of the bucket, equally far from both bounds: 2 gamma^power / (gamma + 1). Its upper
 * bound may be beyond all doubles, so powers are added up before there is a number. */
double quantile_number(const struct quantile *sketch, uint32_t bucket)
{
	int32_t key = sketch->bucket[bucket].key;
	double step = log_gamma() * (double)(1u << sketch->joined), number;

	if (!key)
		return 0;
	number = exp(step * (double)((key > 0 ? key : -key) - KEY_ZERO) - log((exp(step) + 1) / 2));
	return key > 0 ? number : -number;
}

/* (gamma - 1) / (gamma + 1) */
double quantile_error(const struct quantile *sketch)
{
	return tanh(log_gamma() * (double)(1u << sketch->joined) / 2);
}

void quantile_save(struct state_writer *w, const struct quantile *sketch)
{
	state_put_uint(w, sketch ? sketch->len : 0);
	if (!sketch || !sketch->len)
		return;
	state_put_uint(w, sketch->joined);
	for (uint32_t i = 0; i < sketch->len; i++) {
		state_put_int(w, sketch->bucket[i].key);
		state_put_uint(w, sketch->bucket[i].count);
	}
}

int quantile_load(struct series_space *space, struct state_reader *r, struct quantile **sketch)
{
	uint32_t len = (uint32_t)state_get_count(r, QUANTILE_BUCKETS), cap = BUCKETS_MIN;
	struct quantile *q;

	*sketch = NULL;
	if (!len)
		return 0;
	while (cap < len)
		cap *= 2;
	q = series_get(space, size_of(cap));
	if (!q)
		return -ENOMEM;
	q->cap = cap;
	q->joined = (uint32_t)state_get_below(r, JOINED_MAX);
	for (; q->len < len; q->len++) {
		int64_t key = state_get_int(r);

		r->bad |= key < -2 * KEY_ZERO || key > 2 * KEY_ZERO ||
			  (q->len && key <= q->bucket[q->len - 1].key);
		q->bucket[q->len].key = r->bad ? 0 : (int32_t)key;
		q->bucket[q->len].count = (uint32_t)state_get_below(r, UINT32_MAX);
	}
	if (r->bad)
		quantile_free(space, q);
	else
		*sketch = q;
	return 0;
}
