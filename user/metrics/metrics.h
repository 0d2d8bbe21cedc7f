/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_METRICS_METRICS_H
#define WEIR_METRICS_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The engine's end of the metrics: it starts the process that tells them (child.h) and hands it the
 * status when it asks, at most once between two ticks, without ever waiting for it. Engine thread
 * only.
 */
struct metrics;

struct metrics_options {
	const char *listen;		  /* see listen.h; NULL: nowhere */
	gid_t group;			  /* whose members may ask a Unix socket; -1: nobody's */
	json_t *(*status)(void *context); /* a new reference */
	void *context;
};

/* *metrics stays NULL where nothing is listened on. 0, or -errno with `error` said. To be called
 * while programs may still be started. */
int metrics_open(struct metrics **metrics, const struct metrics_options *options,
		 struct error *error);
void metrics_close(struct metrics *metrics); /* NULL: nothing */

/* Readable when there is something to do for metrics_run(). */
int metrics_fd(const struct metrics *metrics);
void metrics_run(struct metrics *metrics);

/* About once a second. */
void metrics_tick(struct metrics *metrics); /* NULL: nothing */

/* For `weir status` (a new reference). *degraded is set if nobody is told anything. */
json_t *metrics_status(const struct metrics *metrics, bool *degraded);

#endif
