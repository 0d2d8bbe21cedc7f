/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCESS_CGROUPS_H
#define WEIR_PROCESS_CGROUPS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * From the id of a cgroup, which is what the kernel tells, to its path in the cgroup2 hierarchy.
 * Remembers the last CGROUPS_MAX of them, and for a while those that are gone. Engine thread only.
 */
struct cgroups;

#define CGROUPS_MAX 4096

/* `mount`: a descriptor of the hierarchy's root, the caller's. NULL without memory. */
struct cgroups *cgroups_new(int mount);
void cgroups_free(struct cgroups *cgroups);

/* Its path below the root, "/system.slice/ssh.service"; NULL: not known, or gone before it was
 * looked at. Valid until the next call. */
const char *cgroups_path(struct cgroups *cgroups, uint64_t id);

/* Whether it is, or is below, a service of the system's service manager; a user's own manager and
 * log-ins are none. */
bool cgroups_is_service(struct cgroups *cgroups, uint64_t id);

/* Where cgroup2 is mounted: a descriptor for the caller to close, or -errno (-ENOENT: nowhere). */
int cgroups_open_root(void);

#endif
