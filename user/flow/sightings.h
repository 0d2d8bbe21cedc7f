/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_SIGHTINGS_H
#define WEIR_FLOW_SIGHTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "bpf/parse.h"

/*
 * A packet that passes a bridge, or stands in two files, is seen in several places of a capture.
 * It counts where it was seen first. It is known again by what stays the same on its way (not the
 * hop limit, not checksums, which may be left to the device) within a tenth of a second; the same
 * bytes in the same place are another packet. Bounded: a newer packet may take an older one's cell,
 * which then is not known again. Nothing of this depends on a hash's seed.
 */
#define SIGHTING_WINDOW (100 * WEIR_MSEC)
#define SIGHTING_CELLS	16384

struct sightings {
	struct sighting_cell *cells; /* made with the first */
};

void sightings_free(struct sightings *sightings);

/* What the frame that `bytes` begins (`captured` of it) is known again by, whatever its link
 * layer. */
uint64_t sighting_mark(const struct packet_facts *facts, const uint8_t *bytes, uint32_t captured);

/* True: this packet was seen at another place just before. Without memory, never. */
bool sightings_repeat(struct sightings *sightings, uint64_t mark, uint64_t place, weir_time at);

#endif
