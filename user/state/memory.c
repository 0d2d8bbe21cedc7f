/* SPDX-License-Identifier: Apache-2.0 */
#include "state/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int state_memory_put(void *context, const void *bytes, size_t length)
{
	struct state_memory *memory = context;

	if (memory->length + length > memory->cap) {
		size_t cap = (memory->length + length) * 2;
		uint8_t *grown = realloc(memory->bytes, cap);

		if (!grown)
			return -ENOMEM;
		memory->bytes = grown;
		memory->cap = cap;
	}
	if (length)
		memcpy(memory->bytes + memory->length, bytes, length);
	memory->length += length;
	return 0;
}

void state_memory_free(struct state_memory *memory)
{
	free(memory->bytes);
	*memory = (struct state_memory){0};
}
