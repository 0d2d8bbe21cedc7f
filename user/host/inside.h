/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HOST_INSIDE_H
#define WEIR_HOST_INSIDE_H

#include "host/host.h"

/* The parts of struct host_facts, each with a file of its own. */
struct packages;
struct containers;
struct users;

struct host_facts {
	char *root;
	weir_time (*clock)(void);
	bool (*words)(void *context, const struct cgroup_container *where,
		      struct container_words *words);
	void *context;
	struct packages *packages;
	struct containers *containers;
	struct users *users;
};

struct packages *packages_new(void); /* NULL without memory, as those below */
void packages_free(struct packages *packages);
void packages_stats(const struct packages *packages, struct host_stats *stats);

struct containers *containers_new(void);
void containers_free(struct containers *containers);
void containers_stats(const struct containers *containers, struct host_stats *stats);

struct users *users_new(void);
void users_free(struct users *users);
void users_stats(const struct users *users, struct host_stats *stats);

#endif
