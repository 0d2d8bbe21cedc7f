/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_THREAT_SET_H
#define WEIR_THREAT_SET_H

#include "base/arena.h"
#include "threat/threat.h"

/* Between threat.c, which knows when lists are read, and set.c, which reads them. */

/* Lists as they were read together; nothing in it changes any more. */
struct threat_set {
	struct arena arena; /* texts of the options */
	struct threat_table table;
	size_t max, len;
	struct threat_set_list {
		struct threat_list_options options;
		struct threat_list list; /* newest try */
		weir_time read;		 /* what is in the table; 0: nothing was */
	} * lists;
};

/* An empty one with these options. NULL without memory. */
struct threat_set *threat_set_new(const struct threat_options *options);
void threat_set_free(struct threat_set *set);

/* Fills it: lists of which `old` (may be NULL) has the same are copied, unless they have changed or
 * `all` are to be read; those that cannot be read too. 0, or -ENOMEM. */
int threat_set_read(struct threat_set *set, const struct threat_set *old, bool all);

/* Whether a list has changed, and has stood still since the last call: `seen` has room for a
 * signature a list, zeroed at first. */
bool threat_set_changed(const struct threat_set *set, struct threat_signature *seen);

static inline bool threat_is_stale(const struct threat_set_list *list, weir_time at)
{
	return list->options.max_age && at - list->list.signature.changed > list->options.max_age;
}

/* Its options; the array is the caller's to free. */
struct threat_options threat_set_options(const struct threat_set *set);

#endif
