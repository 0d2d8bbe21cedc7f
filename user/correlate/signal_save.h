/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_SIGNAL_SAVE_H
#define WEIR_CORRELATE_SIGNAL_SAVE_H

#include "base/arena.h"
#include "rule/save.h"
#include "signal/signal.h"

/* A signal in a snapshot. Texts are borrowed from the image, all else is of the arena; `rule` is
 * NULL if it is not here. 0, or -ENOMEM; that it was bad says the reader. */
void signal_save(struct state_writer *writer, const struct signal *signal);
int signal_load(struct state_reader *reader, const struct rule_map *rules, struct arena *arena,
		struct signal *signal);

#endif
