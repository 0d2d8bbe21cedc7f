/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_VEC_H
#define WEIR_BASE_VEC_H

#include <stddef.h>

/*
 * A growing array of elements of one size. `VEC(type)` declares one with a typed pointer, so that
 * `v.at[i]` needs no cast; a zeroed VEC is empty and valid. Pointers into it die when it grows.
 */
#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *at;                                                                          \
		size_t len;                                                                        \
		size_t cap;                                                                        \
	}

/* Makes room for one more and evaluates to its address (zeroed), or NULL without memory. */
#define vec_add(v)                                                                                 \
	((__typeof__((v)->at))vec_grow((void **)&(v)->at, &(v)->len, &(v)->cap, sizeof(*(v)->at)))
#define vec_free(v)                                                                                \
	do {                                                                                       \
		vec_release((void **)&(v)->at);                                                    \
		(v)->len = (v)->cap = 0;                                                           \
	} while (0)
/* To NULL, the place of an empty one, C17 adds nothing, not even 0. */
#define vec_each(item, v)                                                                          \
	for (__typeof__((v)->at + 0) item = (v)->at; (v)->len && item < (v)->at + (v)->len; item++)

void *vec_grow(void **at, size_t *len, size_t *cap, size_t size);
void vec_release(void **at);

#endif
