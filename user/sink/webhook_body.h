/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_WEBHOOK_BODY_H
#define WEIR_SINK_WEBHOOK_BODY_H

#include "sink/sink.h"

/* What a webhook is told of a detection, by enum webhook_format: the body of a request, or an
 * element of it, with memory of the arena; NULL without memory. `link`: as the option, or NULL;
 * `now`: wall clock. */
extern const char *(*const webhook_bodies[])(const struct out *out, const char *link, weir_time now,
					     struct arena *arena);

#endif
