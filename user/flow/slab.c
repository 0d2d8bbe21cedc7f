/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/slab.h"

#include <stdlib.h>

#define CACHE_LINE  64
#define BLOCK_FLOWS 256

/* A free flow holds the next free one in its first bytes. */
union slab_item {
	struct flow flow;
	struct flow *next;
	_Alignas(CACHE_LINE) char line[CACHE_LINE];
};

struct slab_block {
	union slab_item items[BLOCK_FLOWS];
	struct slab_block *next;
};

static struct flow **next_of(struct flow *flow)
{
	return &((union slab_item *)flow)->next;
}

static bool slab_grow(struct flow_slab *slab)
{
	struct slab_block *block = aligned_alloc(CACHE_LINE, sizeof(*block));

	if (!block)
		return false;
	block->next = slab->blocks;
	slab->blocks = block;
	for (size_t i = BLOCK_FLOWS; i--;)
		slab_give(slab, &block->items[i].flow);
	return true;
}

struct flow *slab_take(struct flow_slab *slab)
{
	struct flow *flow;

	if (!slab->free && !slab_grow(slab))
		return NULL;
	flow = slab->free;
	slab->free = *next_of(flow);
	return flow;
}

void slab_give(struct flow_slab *slab, struct flow *flow)
{
	*next_of(flow) = slab->free;
	slab->free = flow;
}

void slab_release(struct flow_slab *slab)
{
	while (slab->blocks) {
		struct slab_block *block = slab->blocks;

		slab->blocks = block->next;
		free(block);
	}
	slab->free = NULL;
}
