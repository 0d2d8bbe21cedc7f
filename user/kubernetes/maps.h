/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_KUBERNETES_MAPS_H
#define WEIR_KUBERNETES_MAPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Rules that stand in ConfigMaps, as folders of files: FOLDER/MAP/FILE. They stay there while the
 * API is silent, and over restarts. A map is taken whole or not at all: its rules must load with
 * all others that are there, else what it was before stays, so that one team's fault is nobody
 * else's. Engine thread only.
 */
#define MAPS_MAX 256

struct maps_ops {
	/* Whether the configured rules load with those under `staged` in place of those of the
	 * folder; if not, `error` says why. */
	bool (*load)(void *context, const char *staged, struct error *error);
	/* Something in the folder is not what it was. */
	void (*changed)(void *context);
	void *context;
};

struct maps;

/* Makes the folder, if it is not there. NULL with `error` said. */
struct maps *maps_open(const char *folder, const struct maps_ops *ops, struct error *error);
void maps_close(struct maps *maps); /* NULL: nothing; what is on the disk stays */

/* Messages of the child (message.h); false: it makes no sense. */
bool maps_take(struct maps *maps, const json_t *message);
bool maps_take_gone(struct maps *maps, const json_t *message);
/* All that there are come now; and those that did not are gone. */
void maps_begin(struct maps *maps);
void maps_end(struct maps *maps);

/* For `weir status`: how many are in force, and which are refused and why (a new reference).
 * *degraded is set if one is. */
json_t *maps_status(const struct maps *maps, bool *degraded);

#endif
