/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_POOL_H
#define WEIR_SIGNAL_POOL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

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
	uint64_t used;	/* of them handed out */
};

void *pool_get(struct pool *pool, size_t size);	 /* zeroed; NULL without memory */
void *pool_take(struct pool *pool, size_t size); /* the same, as it was left */
void pool_put(struct pool *pool, void *block, size_t size);

/* As pool_get(), of exactly this size and kept until the pool goes: for entries that the caller
 * gives out, takes back, and counts in `used` himself. */
void *pool_block(struct pool *pool, size_t size);

void pool_free(struct pool *pool);

/* What is given back is hidden from everybody where AddressSanitizer watches. */
static inline void pool_hide(void *at, size_t size)
{
#ifdef __SANITIZE_ADDRESS__
	__asan_poison_memory_region(at, size);
#endif
	(void)at;
	(void)size;
}

static inline void pool_show(void *at, size_t size)
{
#ifdef __SANITIZE_ADDRESS__
	__asan_unpoison_memory_region(at, size);
#endif
	(void)at;
	(void)size;
}

#endif
