/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_WEBHOOK_BODY_H
#define WEIR_SINK_WEBHOOK_BODY_H

#include "sink/sink.h"

/* What a webhook is told of a detection, behind one table of formats. */
struct webhook_form {
	bool closed;	/* it is told, too, that a detection is closed */
	size_t records; /* that go into one request; of several, a JSON array is made */
	bool array;	/* also of one */
	/* The body, or an element of the array, with memory of the arena; NULL without memory.
	 * `link`: as the option, or NULL; `now`: wall clock. */
	const char *(*body)(const struct out *out, const char *link, weir_time now,
			    struct arena *arena);
};

/* By enum webhook_format. */
extern const struct webhook_form webhook_forms[];

#endif
