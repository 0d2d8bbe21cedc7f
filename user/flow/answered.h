/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_ANSWERED_H
#define WEIR_FLOW_ANSWERED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/table.h"
#include "bpf/flow.h"
#include "event/event.h"
#include "state/reader.h"

/*
 * The (address, port, protocol) that have ever answered somebody: a service that is there. Bounded;
 * the one that was entered first goes first and is entered again when it answers again.
 */
#define ANSWERED_MAX 65536

struct answered {
	struct table table;
	struct answered_entry *ring; /* made with the first entry */
	size_t len, next;
};

void answered_init(struct answered *answered);
void answered_free(struct answered *answered);
bool answered_has(const struct answered *answered, const struct flow_key *key, unsigned side);
/* Without memory the service stays unknown. */
void answered_add(struct answered *answered, const struct flow_key *key, unsigned side);

/* The oldest first, into an open section; and into one that is empty. False without memory. */
void answered_save(const struct answered *answered, struct state_writer *writer);
bool answered_load(struct answered *answered, struct state_reader *reader);

/*
 * Events that others recorded, in their order: sets destination.answered where it is not recorded,
 * by what came before, and learns from established connections.
 */
void answered_event(struct answered *answered, struct event *event);

#endif
