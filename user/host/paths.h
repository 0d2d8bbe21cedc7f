/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HOST_PATHS_H
#define WEIR_HOST_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A set of paths, as 64-bit hashes of them under a secret: whoever writes paths cannot choose such
 * as collide, and of a million paths another one is mistaken for one of them once in 10^13. 11 to
 * 21 bytes a path. A zeroed one is empty; paths_free() leaves it so.
 */
struct path_set {
	uint64_t *cells;
	size_t mask, count;
	bool full; /* a path was left out: at PATHS_MAX, or without memory */
};

#define PATHS_MAX ((size_t)3 << 20)

void paths_free(struct path_set *set);
void paths_add(struct path_set *set, const char *path, size_t length);
bool paths_has(const struct path_set *set, const char *path, size_t length);
size_t paths_bytes(const struct path_set *set);

#endif
