/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_BECOME_H
#define WEIR_BASE_BECOME_H

#include <stddef.h>

/*
 * This very program, started anew as a child with a word of its own, in the place of a process that
 * was just forked: it shares no memory with its parent, has no environment, a process group of its
 * own (Ctrl-C is not for it), default signals, /dev/null for input and outputs, and behind these
 * the descriptors `given`, in their order: 3, 4 and so on. Nothing but system calls: the parent may
 * have threads. If it cannot be started the process ends with 127.
 */
#define BECOME_MAX 4 /* descriptors */
_Noreturn void become(const int *given, size_t len, char *const words[]);

#endif
