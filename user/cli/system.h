/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_SYSTEM_H
#define WEIR_CLI_SYSTEM_H

#include <stdbool.h>

#include <stdio.h>

/* Prints what `weir run` needs of this machine and whether it is there, and who holds hooks.
 * EXIT_DONE, or EXIT_SYSTEM if something needed is missing. */
int system_check(FILE *out);

/* Whether it makes sense to try: root, or a user with rights over the network's devices. */
bool system_may_watch(void);

#endif
