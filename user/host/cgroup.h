/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HOST_CGROUP_H
#define WEIR_HOST_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#define CONTAINER_ID_MAX 128 /* 64 hex digits; or a name of lxc's or systemd's */
#define POD_UID_MAX	 36

/* What the path of a cgroup says of a container. */
struct cgroup_container {
	const char *runtime; /* NULL: the path does not say; static */
	char id[CONTAINER_ID_MAX + 1];
	char pod_uid[POD_UID_MAX + 1]; /* "": in no pod */
};

/* The static name of a runtime that is called so; NULL: there is none. */
const char *cgroup_runtime(const char *name);

/* The outermost container in the path. False: there is none. */
bool cgroup_container(const char *path, struct cgroup_container *container);

#endif
