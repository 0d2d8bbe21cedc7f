/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_WINDOW_SAVE_H
#define WEIR_SIGNAL_WINDOW_SAVE_H

#include "signal/window.h"

/* A window rule's section of a snapshot; and its reading, into one that has seen nothing: 0,
 * -EBADMSG or -ENOMEM. */
void window_save(const struct window *window, struct state_writer *writer);
int window_load(struct window *window, struct state_reader *reader);

/* Parts of it, by the files that know them. Loading: 0 or -ENOMEM; what is bad says the reader. */

/* Inner groups of a key whose cursors are not in use yet (group.c). */
void groups_save(const struct window *window, const struct key *key, struct state_writer *writer);
int groups_load(struct window *window, struct key *key, struct state_reader *reader);

/* The evidence of all keys, which stand in order of creation when it is read (sample.c). */
void samples_save(const struct window *window, struct state_writer *writer);
int samples_load(struct window *window, struct key *const *keys, size_t len,
		 struct state_reader *reader);

#endif
