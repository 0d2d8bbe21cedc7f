/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_DOERS_H
#define WEIR_EVENT_DOERS_H

#include "event/slots.h"

/*
 * Who did what events that wait are about: user, process, container, pod. That is most of such an
 * event, and the same in all that one process does: kept once for as many of them as come together.
 */
#define DOERS 256 /* that are known again; a power of two */

struct doer;

/* A zeroed one is empty. */
struct doers {
	struct doer *of[DOERS]; /* by a hash of the process */
};

/* The event's fields of a doer, to be given back; NULL where it has none, or without memory. `own`:
 * a bit for each of its fields that are not in there. */
struct doer *doer_take(struct doers *doers, const struct event *event, struct field_set *own);
void doer_give(struct doer *doer); /* NULL is fine */

/* Adds its fields to the event; texts point into the doer. */
void doer_read(const struct doer *doer, struct event *event);

/* Nobody is known again; who is in use stays until it is given back. */
void doers_forget(struct doers *doers);

#endif
