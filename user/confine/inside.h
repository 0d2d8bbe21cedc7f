/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFINE_INSIDE_H
#define WEIR_CONFINE_INSIDE_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

/* What filters of system calls share. All return 0 or -errno. */

int calls_add(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count);

#define CALLS_ADD(filter, action, calls)                                                           \
	calls_add(filter, action, calls, sizeof(calls) / sizeof((calls)[0]))

/* What nothing of weir does once it is open: other programs, other processes' insides, other
 * rights, and the system as such. */
int calls_add_forbidden(scmp_filter_ctx filter, uint32_t action);

/* Heap, clock, signals of its own, the end. */
int calls_allow_self(scmp_filter_ctx filter);

/* Memory that is nobody else's and holds no code. */
int calls_allow_memory(scmp_filter_ctx filter);

/* abort() ends only itself. */
int calls_allow_abort(scmp_filter_ctx filter);

/* Families that nothing of weir speaks: packets as such, and what few programs use and many faults
 * of the kernel were in. */
int calls_refuse_families(scmp_filter_ctx filter, uint32_t action);

#endif
