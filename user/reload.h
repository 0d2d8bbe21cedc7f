/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RELOAD_H
#define WEIR_RELOAD_H

#include <jansson.h>

#include "pipeline.h"

/*
 * The configuration and the rules anew while weir runs: because somebody asks (`weir reload`,
 * SIGHUP), or because they have changed on the disk (`reload.watch`). What is wrong changes
 * nothing. Engine thread only.
 */
struct reloader;

struct reloader_options {
	const struct config *config; /* that weir was started with */
	const struct run_options *run;
	/* What came of a reload that nobody asked for. Both live until the call returns. */
	void (*health)(void *context, const char *fact, const char *message);
	/* Whether what packets say is decoded. */
	bool (*decodes)(void *context);
	void *context;
};

/* Watches from now on, if the configuration says so: before it and the rules are used, so that no
 * change is missed. What the options point to must outlive it. NULL without memory. */
struct reloader *reloader_open(const struct reloader_options *options);
void reloader_close(struct reloader *reloader); /* NULL: nothing */

/* The answer to `weir reload`: what came of it, and all faults (a new reference). */
json_t *reloader_reload(struct reloader *reloader, struct pipeline *pipeline);

/* The same where nobody waits for the answer: it is logged. */
void reloader_reload_and_say(struct reloader *reloader, struct pipeline *pipeline);

/* At the next tick, as if something had changed on the disk. */
void reloader_want(struct reloader *reloader);

/* The configuration that is in force now. */
const struct config *reloader_config(const struct reloader *reloader);

/* About once a second: reloads what has changed. `now` is CLOCK_BOOTTIME. */
void reloader_tick(struct reloader *reloader, struct pipeline *pipeline, weir_time now);

/* For `weir status` (a new reference). *degraded is set while what is on the disk is wrong. */
json_t *reloader_status(const struct reloader *reloader, bool *degraded);

#endif
