/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_PACKED_H
#define WEIR_EVENT_PACKED_H

#include "event/event.h"

/*
 * Events that wait, each in the room of what it has: the slots that are present, then its texts
 * (event/slots.h), and who did it once for many (event/doers.h). A struct event is some 1.7 KB and
 * mostly empty; a packed one is a sixth of that.
 */
struct packed_store;
struct packed;

struct packed_store *packed_store_new(void); /* NULL without memory */
void packed_store_free(struct packed_store *store);

/* A copy of the event with its texts; NULL without memory. */
struct packed *packed_take(struct packed_store *store, const struct event *event);

/* Fills time, service, presence and the present slots of `event`, and leaves the others as they
 * are; texts point into `packed`. input and record are the caller's. */
void packed_read(const struct packed *packed, struct event *event);

void packed_give(struct packed_store *store, struct packed *packed);

/* Gives back to the system what was not needed at one time since the last call. */
void packed_store_shrink(struct packed_store *store);

#endif
