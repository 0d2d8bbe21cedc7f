/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_NEAREST_H
#define WEIR_BASE_NEAREST_H

#include <stddef.h>

/* Keeps the nearest to `wrong` among the names it is offered, by edit distance without case. */
struct nearest {
	const char *wrong;
	const char *best; /* NULL until one was offered */
	size_t distance;
};

void nearest_offer(struct nearest *nearest, const char *name);

/* The best, if it is near enough to be what was meant; else NULL. */
const char *nearest_likely(const struct nearest *nearest);

#endif
