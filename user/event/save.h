/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_SAVE_H
#define WEIR_EVENT_SAVE_H

#include "event/event.h"
#include "state/reader.h"

/*
 * Events in a snapshot. Fields, names and roles are written by name (fields by a hash of it), so
 * that a later version, or another configuration of roles, reads what it still knows of them.
 */
void field_save(struct state_writer *writer, enum field field);
/* FIELD_NONE: none, or none that is known here. */
enum field field_load(struct state_reader *reader);

void event_save(struct state_writer *writer, const struct event *event);
/* Texts are borrowed from the image. */
void event_load(struct state_reader *reader, struct event *event);

void addr_save(struct state_writer *writer, const struct addr *addr);
void addr_load(struct state_reader *reader, struct addr *addr);

#endif
