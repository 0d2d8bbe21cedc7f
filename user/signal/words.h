/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_WORDS_H
#define WEIR_SIGNAL_WORDS_H

#include "base/arena.h"
#include "signal/signal.h"

/* What a signal says to people, in memory of the arena; NULL without memory. */

/* The rule's summary filled in, else its title and what was computed. */
const char *words_of_signal(struct arena *arena, const struct signal *signal);

/* "targets 228 endpoints (> 20)", "attempts 400 (usually 10, deviation 3: 130.0 deviations)". */
const char *words_of_value(struct arena *arena, const struct signal *signal, unsigned computed);

/* Of a value of that field (FIELD_NONE: of none), as it may leave (privacy.h). */
const char *words_of_plain(struct arena *arena, enum field field, const struct value *value,
			   enum unit unit);
const char *words_of_key(struct arena *arena, const struct signal *signal, unsigned key);
const char *words_of_computed(struct arena *arena, const struct signal *signal, unsigned computed);

/* `left` and `right` behind each other. */
const char *words_join(struct arena *arena, const char *left, const char *right);

#endif
