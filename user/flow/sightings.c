/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/sightings.h"

#include <stdlib.h>
#include <string.h>

/* Transport bytes that are looked at. */
#define MARK_BYTES 32

struct sighting_cell {
	uint64_t mark, place;
	weir_time at;
};

void sightings_free(struct sightings *sightings)
{
	free(sightings->cells);
	sightings->cells = NULL;
}

/* FNV-1a over words, with a last mix (MurmurHash3's) that spreads to the low bits. */
static uint64_t mix(uint64_t h, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	for (; length >= 8; length -= 8, at += 8)
		h = (h ^ word64(at)) * UINT64_C(0x100000001b3), h ^= h >> 29;
	for (; length; length--, at++)
		h = (h ^ *at) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t finish(uint64_t h)
{
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

/* Where the checksum stands behind the transport header's first byte; -1: none is known. */
static int checksum_at(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		return 16;
	case PROTO_UDP:
		return 6;
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return 2;
	}
	return -1;
}

uint64_t sighting_mark(const struct packet_facts *facts, const uint8_t *bytes, uint32_t captured)
{
	uint32_t at = (uint32_t)facts->l3_offset + facts->l3_length;
	uint8_t transport[MARK_BYTES] = {0};
	uint64_t h = mix(UINT64_C(0xcbf29ce484222325), &facts->key, sizeof(facts->key));
	int checksum = checksum_at(facts->key.proto);
	size_t length = captured > at ? captured - at : 0;

	if (length > facts->l4_length + facts->payload)
		length = facts->l4_length + facts->payload; /* not what pads the frame */
	if (length > sizeof(transport))
		length = sizeof(transport);
	memcpy(transport, bytes + at, length);
	if (checksum >= 0 && facts->fragment != PACKET_LATER)
		memset(transport + checksum, 0, 2);
	h = mix(h, transport, sizeof(transport));
	h = mix(h, &facts->ip_bytes, sizeof(facts->ip_bytes));
	h = mix(h, &facts->direction, sizeof(facts->direction));
	/* IPv4: identification and fragment. */
	if (bytes[facts->l3_offset] >> 4 == 4)
		h = mix(h, bytes + facts->l3_offset + 4, 4);
	return finish(h);
}

bool sightings_repeat(struct sightings *sightings, uint64_t mark, uint64_t place, weir_time at)
{
	struct sighting_cell *cell;

	if (!sightings->cells)
		sightings->cells = calloc(SIGHTING_CELLS, sizeof(*sightings->cells));
	if (!sightings->cells)
		return false;
	cell = &sightings->cells[mark % SIGHTING_CELLS];
	if (cell->mark == mark && cell->place != place && cell->place &&
	    (at > cell->at ? at - cell->at : cell->at - at) <= SIGHTING_WINDOW)
		return true;
	*cell = (struct sighting_cell){mark, place, at};
	return false;
}
