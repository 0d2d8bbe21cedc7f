/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_SHARED_H
#define WEIR_CORRELATE_SHARED_H

#include "base/table.h"
#include "base/vec.h"
#include "correlate/evidence.h"
#include "signal/tuple.h"

/* Which tuples stand in which of several sets. */

#define SHARED_SETS_MAX RULE_REFS_MAX

struct shared_tuple {
	struct item item;
	uint32_t sets; /* bit a set */
	const struct value *at;
};

struct shared {
	struct table table;
	VEC(struct shared_tuple *) list; /* in order of first appearance */
	struct arena *arena;
	struct tuple_buffer *buffer;
};

void shared_init(struct shared *shared, struct arena *arena, struct tuple_buffer *buffer);
void shared_free(struct shared *shared);

/* The tuples of `from` stand in set number `set`. */
void shared_add(struct shared *shared, unsigned set, const struct signal_set *from);

/* How many stand in all of the first `sets` sets. */
unsigned shared_count(const struct shared *shared, unsigned sets);

/* True if each of the sets can name a tuple that no other names. */
bool shared_differ(const struct shared *shared, unsigned sets);

#endif
