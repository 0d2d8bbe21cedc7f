/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOP_TOP_H
#define WEIR_TOP_TOP_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

/* The live screen (`weir top`): what moves now, as the weir that runs here tells it. One thread. */
struct top_options {
	/* Asks the weir that runs ("top 500 ssh", "status"): a new reference, or NULL with `error`
	 * said. */
	json_t *(*ask)(void *context, const char *request, struct error *error);
	void *context;
	const char *database; /* of detections; NULL: none is configured */
	const char *filter;   /* to begin with; NULL: none */
	unsigned rows;	      /* that are asked for */
};

/* Until the user quits. EXIT_DONE, or another status with `error` said: there is no terminal that
 * can show it, nobody answers at the start. */
int top_run(const struct top_options *options, struct error *error);

/* The busiest connections once, as a table on standard output: for a pipe. */
int top_print(const struct top_options *options, struct error *error);

/* An object a second, one a line, `count` times (0: until interrupted). */
int top_stream(const struct top_options *options, unsigned count, struct error *error);

#endif
