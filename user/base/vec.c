/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *vec_grow(void **at, size_t *len, size_t *cap, size_t size)
{
	void *item;

	if (*len == *cap) {
		size_t more = *cap ? *cap * 2 : 8;
		void *grown;

		if (more > SIZE_MAX / size)
			return NULL;
		grown = realloc(*at, more * size);
		if (!grown)
			return NULL;
		*at = grown;
		*cap = more;
	}
	item = (char *)*at + *len * size;
	(*len)++;
	return memset(item, 0, size);
}

void vec_release(void **at)
{
	free(*at);
	*at = NULL;
}
