/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/pool.h"

#include <stdlib.h>
#include <string.h>

#define POOL_STEP  16		   /* classes up to POOL_SMALL are multiples of it */
#define POOL_SMALL 512		   /* above: powers of two */
#define POOL_SLAB  (64 * 1024)	   /* small blocks are cut from slabs of this size */
#define POOL_FIRST (4 * 1024)	   /* a pool begins with less, and doubles */
#define POOL_CUT   (POOL_SLAB / 8) /* blocks above it are slabs of their own */

struct pool_block {
	struct pool_block *next;
};

struct pool_slab {
	struct pool_slab *next;
	size_t size; /* without this header */
};

static unsigned class_of(size_t size, size_t *rounded)
{
	unsigned class = POOL_SMALL / POOL_STEP;
	size_t power = POOL_SMALL;

	if (size <= POOL_SMALL) {
		class = (unsigned)((size + POOL_STEP - 1) / POOL_STEP);
		class -= class != 0;
		*rounded = ((size_t) class + 1) * POOL_STEP;
		return class;
	}
	for (; power < size; power *= 2)
		class ++;
	*rounded = power;
	return class;
}

static void *slab_new(struct pool *pool, size_t size)
{
	struct pool_slab *slab = malloc(sizeof(*slab) + size);

	if (!slab)
		return NULL;
	*slab = (struct pool_slab){.next = pool->slabs, .size = size};
	pool->slabs = slab;
	pool->bytes += sizeof(*slab) + size;
	return slab + 1;
}

static void *cut(struct pool *pool, size_t size)
{
	size_t slab = pool->bytes < POOL_FIRST ? POOL_FIRST : pool->bytes;
	char *block;

	if (size > POOL_CUT)
		return slab_new(pool, size);
	if (pool->left < size) {
		slab = slab < POOL_SLAB && slab >= size ? slab : POOL_SLAB;
		pool->at = slab_new(pool, slab);
		pool->left = pool->at ? slab : 0;
		if (!pool->at)
			return NULL;
	}
	block = pool->at;
	pool->at += size;
	pool->left -= size;
	return block;
}

void *pool_take(struct pool *pool, size_t size)
{
	size_t rounded;
	unsigned class;
	struct pool_block *block;

	if (size > SIZE_MAX / 4)
		return NULL;
	class = class_of(size, &rounded);
	block = pool->free[class];
	if (block) {
		pool_show(block, rounded);
		pool->free[class] = block->next;
	} else {
		block = cut(pool, rounded);
	}
	if (!block)
		return NULL;
	pool->used += rounded;
	return block;
}

void *pool_get(struct pool *pool, size_t size)
{
	void *block = pool_take(pool, size);

	return block ? memset(block, 0, size) : NULL;
}

void pool_put(struct pool *pool, void *at, size_t size)
{
	struct pool_block *block = at;
	size_t rounded;
	unsigned class;

	if (!block)
		return;
	class = class_of(size, &rounded);
	pool->used -= rounded;
	block->next = pool->free[class];
	pool->free[class] = block;
	pool_hide(block + 1, rounded - sizeof(*block));
}

void *pool_block(struct pool *pool, size_t size)
{
	void *block = slab_new(pool, size);

	return block ? memset(block, 0, size) : NULL;
}

void pool_free(struct pool *pool)
{
	struct pool_slab *next;

	for (struct pool_slab *slab = pool->slabs; slab; slab = next) {
		next = slab->next;
		pool_show(slab + 1, slab->size);
		free(slab);
	}
	*pool = (struct pool){0};
}
