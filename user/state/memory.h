/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STATE_MEMORY_H
#define WEIR_STATE_MEMORY_H

#include "state/writer.h"

/* A snapshot in memory: what one engine hands to the next. A zeroed one is empty and valid. */
struct state_memory {
	uint8_t *bytes;
	size_t length, cap;
};

int state_memory_put(void *memory, const void *bytes, size_t length); /* for state_begin() */
void state_memory_free(struct state_memory *memory);

#endif
