/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_EVIDENCE_H
#define WEIR_SINK_EVIDENCE_H

#include <stdbool.h>

#include "event/event.h"

/*
 * Which connections evidence points to, so that they are stored once they have ended. Holds the
 * newest EVIDENCE_MAX; an older one is forgotten. Engine thread only.
 */
struct evidence;

#define EVIDENCE_MAX 65536

struct evidence *evidence_new(void); /* NULL without memory */
void evidence_free(struct evidence *evidence);

/* Notes the event's 5-tuple; true if it was not noted yet. */
bool evidence_point(struct evidence *evidence, const struct event *event);
bool evidence_has(const struct evidence *evidence, const struct event *event);

#endif
