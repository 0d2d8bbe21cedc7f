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
	bool taken;    /* in one of them by a fingerprint only */
	const struct value *at;
};

/* What one signal says of a set beyond the values that it has. */
struct shared_past {
	const struct past_seen *past;
	unsigned set;
};

struct shared {
	struct table table;
	VEC(struct shared_tuple *) list; /* in order of first appearance */
	VEC(struct shared_past) pasts;
	double wrong; /* how many tuples shared_ask() is to have taken wrongly, by chance */
	struct arena *arena;
	struct tuple_buffer *buffer;
};

void shared_init(struct shared *shared, struct arena *arena, struct tuple_buffer *buffer);
void shared_free(struct shared *shared);

/* The tuples of `from` stand in set number `set`. */
void shared_add(struct shared *shared, unsigned set, const struct signal_set *from);

/* After all sets were added: tuples of one also stand in those others that had them and kept no
 * more than a fingerprint. A set never denies a tuple that it had; what stands in none of the sets
 * as a whole is not found. */
void shared_ask(struct shared *shared);

/* How many stand in all of the first `sets` sets. */
unsigned shared_count(const struct shared *shared, unsigned sets);

/* The chance that one that stands in all of them does not; 0: none needed to be asked for. */
double shared_wrong(const struct shared *shared, unsigned sets);

/* True if each of the sets can name a tuple that no other names. */
bool shared_differ(const struct shared *shared, unsigned sets);

#endif
