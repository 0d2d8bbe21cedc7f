/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCESS_CGROUPS_H
#define WEIR_PROCESS_CGROUPS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * From the id of a cgroup, which is what the kernel tells, to its path in the cgroup2 hierarchy.
 * Remembers the last CGROUPS_MAX of them, and for a while those that are gone. Engine thread only.
 */
struct cgroups;

#define CGROUPS_MAX 4096

/* Finds the path of a cgroup: 0, and an empty one if there is none; or -errno: not known now, and
 * to be asked again. */
typedef int cgroups_find_fn(void *context, uint64_t id, char path[PATH_MAX]);

/* NULL without memory. */
struct cgroups *cgroups_new(cgroups_find_fn *find, void *context);
void cgroups_free(struct cgroups *cgroups);

/* Its path below the root, "/system.slice/ssh.service"; NULL: not known, or gone before it was
 * looked at. Valid until the next call. */
const char *cgroups_path(struct cgroups *cgroups, uint64_t id);

/* Whether it is, or is below, a service of the system's service manager; a user's own manager and
 * log-ins are none. */
bool cgroups_is_service(struct cgroups *cgroups, uint64_t id);

/* Where cgroup2 is mounted: a descriptor for the caller to close, or -errno (-ENOENT: nowhere). */
int cgroups_open_root(void);

/* The same as a path is said of: what the descriptor `mount` says it is. */
void cgroups_root_path(int mount, char root[PATH_MAX]);

/* By the kernel, which takes CAP_DAC_READ_SEARCH; `root` is the path of `mount`. Any thread. */
void cgroups_read_path(int mount, const char *root, uint64_t id, char path[PATH_MAX]);

#endif
