/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_THREAT_THREAT_H
#define WEIR_THREAT_THREAT_H

#include <jansson.h>

#include "threat/list.h"

/*
 * All threat lists, in one table. Lists are read when this is opened; from threat_watch() on a
 * thread of its own looks every few seconds whether one has changed, and makes a new table with
 * what is new beside the one in use, which the engine takes when it is done. A list that cannot be
 * read keeps what was read of it last, and says so. Engine thread only, but for that thread.
 */
struct threat_options {
	const struct threat_list_options *lists;
	size_t len;
	size_t max; /* indicators of all lists */
};

#define THREAT_LISTS_MAX 256

struct threat;

/* NULL without memory. Borrows nothing. What is wrong with a list is logged, and in its status. */
struct threat *threat_open(const struct threat_options *options);
void threat_close(struct threat *threat);

/* Watches the lists from now on. 0, or -errno. */
int threat_watch(struct threat *threat);

/* Other options, or the same: all lists are read anew, soon. 0, or -ENOMEM. */
int threat_again(struct threat *threat, const struct threat_options *options);

/* Takes what was read since, if anything was; about once a second, between events. */
void threat_take(struct threat *threat);

/* A match: the texts are good until threat_take(). */
struct threat_hit {
	const struct threat_list_options *list;
	const struct threat_entry *entry;
	weir_time changed; /* the list was, last */
	bool stale;
};

/* The worst list that has the indicator at that time, of several the first; false: none has. */
bool threat_match(const struct threat *threat, const struct indicator *indicator, weir_time at,
		  struct threat_hit *hit);

/* Whether any list has entries of the kind. */
bool threat_has(const struct threat *threat, enum indicator_kind kind);

/* For statistics: indicators, and bytes that they take. */
void threat_sizes(const struct threat *threat, size_t *indicators, size_t *bytes);

/* Lists with what is in them (a new reference); *degraded is set if one cannot be read or is
 * stale. NULL: there are none. */
json_t *threat_status(const struct threat *threat, bool *degraded);

#endif
