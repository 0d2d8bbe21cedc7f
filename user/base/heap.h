/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_HEAP_H
#define WEIR_BASE_HEAP_H

/*
 * How malloc() keeps memory in a process that runs for months and should be small when nothing
 * happens. Called before the first large allocation, once.
 */
void heap_stay_small(void);

#endif
