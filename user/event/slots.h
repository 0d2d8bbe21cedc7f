/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_SLOTS_H
#define WEIR_EVENT_SLOTS_H

#include "event/event.h"

/*
 * Some fields of an event as bytes: their slots, then their texts, each in the order of the field
 * table. None of the `mask` may be absent from the event. Fields that are side by side in it are
 * copied at once, with what lies between them.
 */
size_t slots_length(const struct field_set *mask);
size_t slots_texts_length(const struct event *event, const struct field_set *mask);

/* Both lengths together are written. */
void slots_put(const struct event *event, const struct field_set *mask, char *to);

/* The other way; present bits are the caller's. Texts point into `from`. */
void slots_get(const char *from, const struct field_set *mask, struct event *event);

/* Whether slots_put() would write the same. */
bool slots_same(const char *bytes, const struct field_set *mask, const struct event *event);

#endif
