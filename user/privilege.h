/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PRIVILEGE_H
#define WEIR_PRIVILEGE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * What `weir run` may do, and what it gives up: in two steps, because opening needs more than going
 * on. Which rights these are and why stands in one table here, which the status prints. Engine
 * thread only.
 */
struct attacher;
struct privilege;
struct procfs;
struct procfs_options;
struct starter;
struct visitor;

/* Before anything is read and any thread runs: what is never needed goes, files are made for weir
 * alone and its group, and the processes are there that start children, that look into other
 * processes as `options` say, that attach, and that enter the network namespaces that `namespaces`
 * asks for (visitor/spaces.h; NULL or empty: none). 0, or -errno with `error` said. */
int privilege_begin(struct privilege **privilege, const struct procfs_options *options,
		    const char *const *namespaces, struct error *error);

/* All is open: what was needed for that goes, and system calls are filtered in all threads. What
 * the kernel lacks is left out and told: a warning, and in the status. */
void privilege_settle(struct privilege *privilege);

void privilege_end(struct privilege *privilege); /* NULL: nothing */

struct starter *privilege_starter(const struct privilege *privilege);
struct procfs *privilege_procfs(const struct privilege *privilege);
struct attacher *privilege_attacher(const struct privilege *privilege);
struct visitor *privilege_visitor(const struct privilege *privilege); /* NULL: none */

/* For `weir status` (a new reference). *degraded is set if less was given up than could be. */
json_t *privilege_status(const struct privilege *privilege, bool *degraded);

#endif
