/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_GEO_H
#define WEIR_ENRICH_GEO_H

#include "base/error.h"
#include "event/event.h"

/*
 * Where addresses are and whose: MaxMind databases (.mmdb), each optional. Read through a mapping;
 * what was found of an address is kept in a bounded cache. Engine thread only.
 */
struct geo_options {
	const char *city;    /* country and place; NULL: none */
	const char *country; /* country alone, where there is no city database */
	const char *asn;     /* autonomous systems */
};

struct geo;

/* 0; or -errno with `error` said. */
int geo_open(struct geo **geo, const struct geo_options *options, struct error *error);
void geo_close(struct geo *geo);

enum geo_has { GEO_COUNTRY = 1, GEO_PLACE = 2, GEO_NUMBER = 4, GEO_ORGANIZATION = 8 };

struct geo_facts {
	struct addr address;
	uint8_t has;			   /* enum geo_has */
	struct text country, organization; /* good until geo_close() */
	double lat, lon;		   /* degrees north, east */
	uint64_t number;		   /* of the autonomous system */
};

/* Good until the next call. */
const struct geo_facts *geo_find(struct geo *geo, const struct addr *address);

#endif
