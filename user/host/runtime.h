/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HOST_RUNTIME_H
#define WEIR_HOST_RUNTIME_H

#include "host/cgroup.h"
#include "host/root.h"

/* What the files of a container's runtime say of it; "" where they do not. Longer texts are cut. */
struct container_words {
	const char *runtime; /* static; NULL: none of them knows it */
	char name[256], image[256];
	char pod[256], pod_namespace[64];
};

/* Asks the files of the runtimes that it could belong to, then those of the kubelet. */
void runtime_read(const struct host_root *root, const struct cgroup_container *container,
		  struct container_words *words);

#endif
