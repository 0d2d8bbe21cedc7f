/* SPDX-License-Identifier: Apache-2.0 */
#include "host/host.h"

#include <stdlib.h>
#include <string.h>

#include "host/inside.h"

struct host_facts *host_facts_new(const struct host_options *options)
{
	struct host_facts *facts = calloc(1, sizeof(*facts));

	if (!facts)
		return NULL;
	facts->root = strdup(options->root ? options->root : "/");
	facts->clock = options->clock ? options->clock : time_boot;
	facts->words = options->words;
	facts->context = options->context;
	facts->packages = packages_new();
	facts->containers = containers_new();
	facts->users = users_new();
	if (facts->root && facts->packages && facts->containers && facts->users)
		return facts;
	host_facts_free(facts);
	return NULL;
}

void host_facts_free(struct host_facts *facts)
{
	if (!facts)
		return;
	packages_free(facts->packages);
	containers_free(facts->containers);
	users_free(facts->users);
	free(facts->root);
	free(facts);
}

void host_stats(const struct host_facts *facts, struct host_stats *stats)
{
	*stats = (struct host_stats){0};
	packages_stats(facts->packages, stats);
	containers_stats(facts->containers, stats);
	users_stats(facts->users, stats);
}
