/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_SLAB_H
#define WEIR_FLOW_SLAB_H

#include "flow/flow.h"

/*
 * Memory for flows: taken in blocks, handed out and back one by one without the allocator, on
 * cache lines. Grows to the most that lived at once. A zeroed slab is empty and valid.
 */
struct flow_slab {
	struct slab_block *blocks;
	struct flow *free;
};

struct flow *slab_take(struct flow_slab *slab); /* not cleared; NULL without memory */
void slab_give(struct flow_slab *slab, struct flow *flow);
void slab_release(struct flow_slab *slab);

#endif
