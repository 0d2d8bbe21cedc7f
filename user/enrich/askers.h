/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_ASKERS_H
#define WEIR_ENRICH_ASKERS_H

#include "base/addr.h"
#include "base/table.h"
#include "base/time.h"

/*
 * The hosts whose questions for names are seen, with their answers: what such a host uses without
 * having asked, it has from elsewhere. Bounded: without room the one that asked first of all since
 * goes. A zeroed one must be given askers_init().
 */
#define ASKERS_MAX  16384
#define ASKERS_KEEP WEIR_HOUR /* so long after its last question a host counts */

struct askers {
	struct table table;
	struct asker *oldest, *newest; /* by their last question */
};

struct state_writer;
struct state_reader;

void askers_init(struct askers *askers);
void askers_free(struct askers *askers);

/* It has asked, and got an answer. Without memory it stays unknown. */
void askers_see(struct askers *askers, const struct addr *host, weir_time time);
bool askers_has(const struct askers *askers, const struct addr *host, weir_time time);

/* A part of a section of a snapshot; reading marks the reader bad if it cannot be one. */
void askers_save(const struct askers *askers, struct state_writer *writer);
void askers_load(struct askers *askers, struct state_reader *reader);

#endif
