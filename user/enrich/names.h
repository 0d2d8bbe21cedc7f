/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_NAMES_H
#define WEIR_ENRICH_NAMES_H

#include "enrich/domain.h"

/*
 * Which name an address was last asked for by: passive DNS. From DNS answers, from the server
 * names of TLS and the hosts of HTTP requests. A name is good for a day since it was last answered
 * or used. Bounded: without room the least recently used goes first. Engine thread only.
 */
#define NAMES_KEEP WEIR_DAY

struct names;

struct names_stats {
	size_t names;
	uint64_t evicted, refused; /* for want of room; of memory */
};

/* NULL without memory. */
struct names *names_new(size_t max);
void names_free(struct names *names);

/* The name that `address` goes by at `time`, which uses it; NULL: none. Good until the next
 * names_learn(). */
const struct domain *names_find(struct names *names, const struct addr *address, weir_time time);
void names_learn(struct names *names, const struct addr *address, const struct domain *domain,
		 weir_time time);

struct state_writer;
struct state_reader;

/* Its section of a snapshot; and its reading, into one that has seen nothing: 0, -EBADMSG,
 * -ENOMEM. */
void names_save(const struct names *names, struct state_writer *writer);
int names_load(struct names *names, struct state_reader *reader);

void names_stats(const struct names *names, struct names_stats *stats);

#endif
