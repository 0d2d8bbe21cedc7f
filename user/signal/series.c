/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/series.h"

void *series_get(struct series_space *space, size_t size)
{
	void *block = size <= space->bytes_left ? pool_get(space->pool, size) : NULL;

	if (!block) {
		space->refused++;
		return NULL;
	}
	space->bytes_left -= size;
	return block;
}

void series_put(struct series_space *space, void *block, size_t size)
{
	if (!block)
		return;
	pool_put(space->pool, block, size);
	space->bytes_left += size;
}
