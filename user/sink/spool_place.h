/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_SPOOL_PLACE_H
#define WEIR_SINK_SPOOL_PLACE_H

#include <stdint.h>

#include "base/error.h"

/*
 * How far a spool was taken, in a file `place` beside its records: two slots in turn, each with a
 * CRC-32, so that a write that was cut off leaves the one before. Written without waiting for the
 * disk: what a power cut takes back is offered again. One thread, or under its user's lock.
 */
struct spool_place {
	int fd;	       /* -1: none */
	uint64_t next; /* number of the first record that is not finished with */
	uint64_t turn; /* of writing */
};

/* 0, or -errno with `error` said. A place that makes no sense is none. */
int spool_place_open(struct spool_place *place, const char *folder, struct error *error);

/* Does not go back. */
void spool_place_set(struct spool_place *place, uint64_t next);
void spool_place_close(struct spool_place *place);

#endif
