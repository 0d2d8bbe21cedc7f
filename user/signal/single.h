/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_SINGLE_H
#define WEIR_SIGNAL_SINGLE_H

#include "signal/window.h"

/*
 * A base rule that speaks by itself: nothing refers to it, or a temporal rule does. Each event is
 * a signal; where nothing refers to it, output sees one of the same SINGLE_FIELDS in `suppress`.
 */
struct single;

struct single *single_new(struct workshop *shop, const struct ruleset *set,
			  const struct rule *rule);
void single_free(struct single *single);
void single_event(struct single *single, const struct event *event);

/* What is no longer quiet goes. True: something is left. */
bool single_tidy(struct single *single);
void single_stats(const struct single *single, struct signal_rule_stats *stats);

void single_forget(struct single *single);

/* Its section of a snapshot; and its reading, into one that has seen nothing: 0, -EBADMSG, -ENOMEM.
 */
void single_save(const struct single *single, struct state_writer *writer);
int single_load(struct single *single, struct state_reader *reader);

#endif
