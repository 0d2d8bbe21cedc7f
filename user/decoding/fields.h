/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODING_FIELDS_H
#define WEIR_DECODING_FIELDS_H

#include "event/event.h"

/* What decoders may speak of: a child that was taken over cannot speak of anything else. */
bool wire_service(unsigned service);
bool wire_field(unsigned field);

/* Bytes of the slot of a field that is no text. */
size_t wire_slot(unsigned field);

/* Whether these bytes are a value that the field can have. */
bool wire_value(unsigned field, const void *bytes);

#endif
