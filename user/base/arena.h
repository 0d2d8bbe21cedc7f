/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Memory that is freed all at once: what a rule set, a record or a line of input owns. One thread
 * at a time. A zeroed arena is empty and valid.
 */
struct arena {
	struct arena_block *first;
	size_t used; /* bytes handed out since the last reset */
};

/* Zeroed memory, aligned for any type; NULL without memory. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_copy(struct arena *arena, const void *bytes, size_t length); /* adds an end */
char *arena_text(struct arena *arena, const char *text);
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vformat(struct arena *arena, const char *format, va_list args);

/* Forgets all that was handed out but keeps one block for reuse. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

#endif
