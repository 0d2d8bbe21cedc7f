/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_NAMES_H
#define WEIR_ENRICH_NAMES_H

#include "enrich/domain.h"

/*
 * Which name a client last asked for an address by: passive DNS. From DNS answers, from the server
 * names of TLS and the hosts of HTTP requests. A client that is never seen to ask may have asked
 * where it is not seen (by its other address, through a resolver of its own): for it any client's
 * name counts, the one that is good for longest; and so for all while names had to be forgotten for
 * want of room. Bounded: without room the least recently used goes first. Engine thread only.
 */

/* A name is good for the TTL of its answer, within these: programs keep addresses longer than they
 * may, and a host's own memory ends somewhere. And so long after its last use. */
#define NAMES_LEAST WEIR_HOUR
#define NAMES_MOST  WEIR_DAY
#define NAMES_USED  WEIR_HOUR

/* Clients that an address is remembered for. */
#define NAMES_CLIENTS 8

struct names;

struct names_stats {
	size_t names;
	uint64_t evicted, refused; /* for want of room; of memory */
};

/* NULL without memory. */
struct names *names_new(size_t max);
void names_free(struct names *names);

/* The name that `address` goes by for `client` at `time`, which uses it. False: none. Its text is
 * good until the next names_learn(). */
bool names_find(struct names *names, const struct addr *client, const struct addr *address,
		weir_time time, struct domain *domain);

/* `client` knows `address` by this name, for `ttl` from `time` on. */
void names_learn(struct names *names, const struct addr *client, const struct addr *address,
		 const struct domain *domain, weir_time time, weir_time ttl);

/* `client` is seen to ask: from here on only what it asked for counts for it. */
void names_asked(struct names *names, const struct addr *client, weir_time time);

struct state_writer;
struct state_reader;

/* Its section of a snapshot; and its reading, into one that has seen nothing: 0, -EBADMSG,
 * -ENOMEM. */
void names_save(const struct names *names, struct state_writer *writer);
int names_load(struct names *names, struct state_reader *reader);

void names_stats(const struct names *names, struct names_stats *stats);

#endif
