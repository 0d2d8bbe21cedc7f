/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_EVIDENCE_H
#define WEIR_CORRELATE_EVIDENCE_H

#include "signal/pool.h"
#include "signal/signal.h"

/*
 * A signal as it was said, with all that it points to in one block of its own. Immutable; kept by
 * whoever counts a reference: the rules that look back at it, the detections that it made.
 */
struct evidence {
	size_t size;
	unsigned references;
	uint32_t saved, number; /* the save that it was written by last, and its number there */
	struct signal signal;
};

struct evidence *evidence_copy(struct pool *pool, const struct signal *signal); /* 1 reference */
struct evidence *evidence_keep(struct evidence *evidence);
void evidence_drop(struct pool *pool, struct evidence *evidence);

/* The set of the computed value; NULL: it has none. */
const struct signal_set *evidence_set(const struct evidence *evidence, unsigned computed);

/* The signal's value of a field: of its keys, else (a base rule's) of its event. Null: none. */
struct value evidence_field(const struct signal *signal, enum field field);

#endif
