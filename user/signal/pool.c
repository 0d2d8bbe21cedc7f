/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/pool.h"

#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define POOL_STEP  16		   /* classes up to POOL_SMALL are multiples of it */
#define POOL_SMALL 512		   /* above: powers of two */
#define POOL_SLAB  (64 * 1024)	   /* small blocks are cut from slabs of this size */
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
	char *block;

	if (size > POOL_CUT)
		return slab_new(pool, size);
	if (pool->left < size) {
		pool->at = slab_new(pool, POOL_SLAB);
		pool->left = pool->at ? POOL_SLAB : 0;
		if (!pool->at)
			return NULL;
	}
	block = pool->at;
	pool->at += size;
	pool->left -= size;
	return block;
}

void *pool_get(struct pool *pool, size_t size)
{
	size_t rounded;
	unsigned class;
	struct pool_block *block;

	if (size > SIZE_MAX / 4)
		return NULL;
	class = class_of(size, &rounded);
	block = pool->free[class];
	if (block) {
		ASAN_UNPOISON_MEMORY_REGION(block, rounded);
		pool->free[class] = block->next;
	} else {
		block = cut(pool, rounded);
	}
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
	block->next = pool->free[class];
	pool->free[class] = block;
	ASAN_POISON_MEMORY_REGION(block + 1, rounded - sizeof(*block));
}

void pool_free(struct pool *pool)
{
	struct pool_slab *next;

	for (struct pool_slab *slab = pool->slabs; slab; slab = next) {
		next = slab->next;
		ASAN_UNPOISON_MEMORY_REGION(slab + 1, slab->size);
		free(slab);
	}
	*pool = (struct pool){0};
}
