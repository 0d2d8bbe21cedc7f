/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_ENRICH_H
#define WEIR_ENRICH_ENRICH_H

#include "base/addr.h"
#include "event/event.h"

/*
 * The enrich stage: fills the fields that say who is who (scopes, direction, the local and the
 * remote side, roles), which is pure reading of address lists, and those that follow from others
 * and from what was seen before (derive.h). Engine thread only.
 */
struct derive;

struct enrich_role {
	const struct network_set *networks;
};

struct enrich {
	const struct network_set *home;	 /* what is internal */
	const struct network_set *local; /* this host's addresses; NULL in a replay */
	const struct enrich_role *roles; /* in the order of field_roles_set() */
	size_t roles_len;
	struct derive *derive; /* NULL: nothing is derived */
};

/* Where an address belongs. Home networks decide first, this host's own addresses are home too. */
enum address_scope enrich_scope(const struct enrich *enrich, const struct addr *a);

/*
 * Adds source.scope, destination.scope, network.direction, source.role, destination.role, and
 * local.ip, remote.ip, local.bytes, remote.bytes: the local side is this host's, else the one that
 * is home, else (both or none) the source. Then derive_event().
 */
void enrich_event(const struct enrich *enrich, struct event *event);

#endif
