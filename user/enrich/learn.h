/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_LEARN_H
#define WEIR_ENRICH_LEARN_H

#include "event/event.h"

/*
 * The first-seen store: which destinations and pairs (source, destination, port) were used
 * since when, and by how many internal hosts (docs/enrichment.md). Days are of event time, so that
 * a replay learns what live would have. Bounded; what is forgotten is counted. Engine thread only.
 */
struct learn_options {
	unsigned days; /* known: what was used first so long ago */
	size_t max_destinations, max_pairs;
};

struct learn;

struct learn_stats {
	size_t destinations, pairs, hosts;
	uint64_t evicted, refused; /* for want of room; of memory */
	size_t bytes;
	double progress; /* 0 to 1, at the newest event */
};

/* NULL without memory. */
struct learn *learn_new(const struct learn_options *options);
void learn_free(struct learn *learn);

/*
 * Adds pair.known, destination.new, .named, .first_seen_days, .prevalence, home.hosts_seen and
 * learn.progress: what was known before this event. Fields that the input gave stay. Reads scopes,
 * destination.domain and destination.registered_domain, which must be there by now.
 */
void learn_read(struct learn *learn, struct event *event);

/* Learns from an event that shows an exchange: an answered connection (or one whose outcome the
 * input does not know), a TLS or HTTP request, a file. Others teach nothing. */
void learn_observe(struct learn *learn, const struct event *event);

struct state_writer;
struct state_reader;

/* Its section of a snapshot; and its reading, into one that has seen nothing: 0, -EBADMSG,
 * -ENOMEM. */
void learn_save(const struct learn *learn, struct state_writer *writer);
int learn_load(struct learn *learn, struct state_reader *reader);

void learn_stats(const struct learn *learn, struct learn_stats *stats);

#endif
