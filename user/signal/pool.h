/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_POOL_H
#define WEIR_SIGNAL_POOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Blocks of many sizes that are given back and used again, so that an engine in its steady state
 * asks the system for nothing. Memory goes back to the system only with the whole pool. One
 * thread. A zeroed pool is empty and valid.
 */
#define POOL_CLASSES 72

struct pool {
	struct pool_block *free[POOL_CLASSES];
	struct pool_slab *slabs;
	char *at; /* rest of the newest slab */
	size_t left;
	uint64_t bytes; /* held from the system */
};

void *pool_get(struct pool *pool, size_t size); /* zeroed; NULL without memory */
void pool_put(struct pool *pool, void *block, size_t size);
void pool_free(struct pool *pool);

#endif
