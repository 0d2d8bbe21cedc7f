/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/enrich.h"

#include "enrich/derive.h"

static bool starts(const struct addr *a, const uint8_t *bytes, size_t length)
{
	return !memcmp(a->byte, bytes, length);
}

/* Addresses that mean the same everywhere (RFC 6890, RFC 4291). */
static int fixed_scope(const struct addr *a)
{
	static const uint8_t zero[16] = {0}, one[16] = {[15] = 1};

	if (starts(a, one, 16))
		return SCOPE_LOOPBACK;
	if (starts(a, zero, 16))
		return SCOPE_LINK;
	if (!addr_is_v4(a))
		return a->byte[0] == 0xff ? SCOPE_MULTICAST : -1;
	if (a->byte[12] == 127)
		return SCOPE_LOOPBACK;
	if (a->byte[12] >= 224 && a->byte[12] <= 239)
		return SCOPE_MULTICAST;
	if (a->byte[12] == 255 && a->byte[13] == 255 && a->byte[14] == 255 && a->byte[15] == 255)
		return SCOPE_BROADCAST;
	if (a->byte[12] == 0)
		return SCOPE_LINK; /* a host that has no address yet */
	return -1;
}

static bool link_local(const struct addr *a)
{
	if (addr_is_v4(a))
		return a->byte[12] == 169 && a->byte[13] == 254;
	return a->byte[0] == 0xfe && (a->byte[1] & 0xc0) == 0x80;
}

static bool is_local(const struct enrich *enrich, const struct addr *a)
{
	return enrich->local && network_set_has(enrich->local, a);
}

enum address_scope enrich_scope(const struct enrich *enrich, const struct addr *a)
{
	int scope = fixed_scope(a);

	if (scope >= 0)
		return (enum address_scope)scope;
	if (network_set_has(enrich->home, a) || is_local(enrich, a))
		return SCOPE_INTERNAL;
	return link_local(a) ? SCOPE_LINK : SCOPE_EXTERNAL;
}

static enum network_direction direction(const struct enrich *enrich, const struct event *event)
{
	bool out = event->source_scope != SCOPE_EXTERNAL;
	bool in = event->destination_scope != SCOPE_EXTERNAL;

	if (out && in)
		return DIRECTION_INTERNAL;
	if (out)
		return DIRECTION_OUTBOUND;
	if (in)
		return DIRECTION_INBOUND;
	return enrich->local ? DIRECTION_FORWARDED : DIRECTION_EXTERNAL;
}

static uint64_t roles_of(const struct enrich *enrich, const struct addr *a)
{
	uint64_t roles = 0;

	for (size_t i = 0; i < enrich->roles_len; i++)
		if (network_set_has(enrich->roles[i].networks, a))
			roles |= UINT64_C(1) << i;
	return roles;
}

/* True if the destination is the local side. */
static bool local_is_destination(const struct enrich *enrich, const struct event *event)
{
	bool source = is_local(enrich, &event->source_ip);
	bool destination = is_local(enrich, &event->destination_ip);

	if (source != destination)
		return destination;
	return event->source_scope == SCOPE_EXTERNAL && event->destination_scope == SCOPE_INTERNAL;
}

static void sides(const struct enrich *enrich, struct event *event)
{
	bool turned = local_is_destination(enrich, event);

	event_set(event, LOCAL_IP, local_ip, turned ? event->destination_ip : event->source_ip);
	event_set(event, REMOTE_IP, remote_ip, turned ? event->source_ip : event->destination_ip);
	if (!event_has(event, FIELD_SOURCE_BYTES) || !event_has(event, FIELD_DESTINATION_BYTES))
		return;
	event_set(event, LOCAL_BYTES, local_bytes,
		  turned ? event->destination_bytes : event->source_bytes);
	event_set(event, REMOTE_BYTES, remote_bytes,
		  turned ? event->source_bytes : event->destination_bytes);
}

/* What the input knew stays, beside what the address says. */
static void add_roles(const struct enrich *enrich, struct event *event)
{
	uint64_t source = event_has(event, FIELD_SOURCE_ROLE) ? event->source_role : 0;
	uint64_t destination =
		event_has(event, FIELD_DESTINATION_ROLE) ? event->destination_role : 0;

	if (event_has(event, FIELD_SOURCE_IP))
		source |= roles_of(enrich, &event->source_ip);
	if (event_has(event, FIELD_DESTINATION_IP))
		destination |= roles_of(enrich, &event->destination_ip);
	if (source)
		event_set(event, SOURCE_ROLE, source_role, field_roles_close(source));
	if (destination)
		event_set(event, DESTINATION_ROLE, destination_role,
			  field_roles_close(destination));
}

void enrich_event(const struct enrich *enrich, struct event *event)
{
	bool source = event_has(event, FIELD_SOURCE_IP);
	bool destination = event_has(event, FIELD_DESTINATION_IP);

	if (source)
		event_set(event, SOURCE_SCOPE, source_scope,
			  enrich_scope(enrich, &event->source_ip));
	if (destination)
		event_set(event, DESTINATION_SCOPE, destination_scope,
			  enrich_scope(enrich, &event->destination_ip));
	if (source && destination) {
		event_set(event, NETWORK_DIRECTION, network_direction, direction(enrich, event));
		sides(enrich, event);
	}
	add_roles(enrich, event);
	if (!enrich->derive)
		return;
	derive_local(enrich->derive, enrich->local);
	derive_event(enrich->derive, event);
}
