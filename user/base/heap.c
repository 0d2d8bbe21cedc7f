/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include <malloc.h>

/* From so many bytes on memory has pages of its own, which cost nothing until they are touched, and
 * go when it is freed. By itself glibc takes the size of what was freed last instead, up to 32 MiB
 * (mallopt(3)): one large file that was read at the start, and all tables lie in the heap, between
 * what is freed and cannot be given back. */
#define PAGES_FROM (256 << 10)

/* So much is kept at the heap's end, so that a second's work does not fetch it again each time. */
#define TOP_KEPT (1 << 20)

void heap_stay_small(void)
{
	mallopt(M_MMAP_THRESHOLD, PAGES_FROM);
	mallopt(M_TRIM_THRESHOLD, TOP_KEPT);
}
