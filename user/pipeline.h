/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_H
#define WEIR_PIPELINE_H

#include "config/config.h"

/* The stages in their order, joined: the only place that names them all (pipeline.c). */

struct replay_options {
	const char *const *files;   /* ended by NULL */
	bool progress;		    /* a bar on standard error */
	bool json, signals, events; /* what goes to standard output, and how */
	int fail_on;		    /* enum severity; -1: never */
};

/* Watches this host until SIGTERM or SIGINT. Returns an exit status; errors are said. */
int pipeline_run(const struct config *config);

/* Runs captures and recorded events through the same stages. Returns an exit status. */
int pipeline_replay(const struct config *config, const struct replay_options *options);

#endif
