/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/answered.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "flow/services.h"

struct answered_key {
	uint8_t address[16];
	uint16_t port; /* network order; 0 where the protocol has none */
	uint8_t proto, zero;
	uint32_t netns;
};
_Static_assert(sizeof(struct answered_key) == 24, "hashed");

struct answered_entry {
	struct answered_key key;
};

static struct answered_key key_of(const struct flow_key *key, unsigned side)
{
	struct answered_key k = {.proto = key->proto, .netns = key->netns};

	memcpy(k.address, key->addr[side], sizeof(k.address));
	if (proto_has_ports(key->proto))
		k.port = key->port[side];
	return k;
}

void answered_init(struct answered *answered)
{
	*answered = (struct answered){0};
	table_init(&answered->table, sizeof(struct answered_key),
		   offsetof(struct answered_entry, key));
}

void answered_free(struct answered *answered)
{
	table_free(&answered->table);
	free(answered->ring);
	answered_init(answered);
}

bool answered_has(const struct answered *answered, const struct flow_key *key, unsigned side)
{
	struct answered_key k = key_of(key, side);

	return table_find(&answered->table, &k);
}

static bool add(struct answered *answered, const struct answered_key *key)
{
	struct answered_entry *entry;

	if (table_find(&answered->table, key))
		return true;
	if (!answered->ring) {
		answered->ring = calloc(ANSWERED_MAX, sizeof(*answered->ring));
		if (!answered->ring)
			return false;
	}
	entry = &answered->ring[answered->next];
	if (answered->len == ANSWERED_MAX)
		table_remove(&answered->table, entry);
	else
		answered->len++;
	answered->next = (answered->next + 1) % ANSWERED_MAX;
	entry->key = *key;
	/* Without memory for a cell the entry stands in no table: removing it later does nothing.
	 */
	return !table_insert(&answered->table, entry);
}

void answered_add(struct answered *answered, const struct flow_key *key, unsigned side)
{
	struct answered_key k = key_of(key, side);

	add(answered, &k);
}

void answered_save(const struct answered *answered, struct state_writer *writer)
{
	size_t oldest = answered->len == ANSWERED_MAX ? answered->next : 0;

	state_put_uint(writer, answered->len);
	for (size_t i = 0; i < answered->len; i++)
		state_put_raw(writer, &answered->ring[(oldest + i) % ANSWERED_MAX].key,
			      sizeof(struct answered_key));
}

bool answered_load(struct answered *answered, struct state_reader *reader)
{
	size_t count = state_get_count(reader, ANSWERED_MAX);
	struct answered_key key;

	for (size_t i = 0; i < count && !reader->bad; i++) {
		state_get_raw(reader, &key, sizeof(key));
		if (!reader->bad && !add(answered, &key))
			return false;
	}
	return true;
}

void answered_event(struct answered *answered, struct event *event)
{
	struct flow_key key = {.proto = (uint8_t)event->network_transport};
	bool is_connection = event->service == SERVICE_CONNECTION;

	if (!is_connection && event->service != SERVICE_ATTEMPT && event->service != SERVICE_FLOW)
		return;
	if (event_has(event, FIELD_DESTINATION_ANSWERED) ||
	    !event_has(event, FIELD_DESTINATION_IP) || !event_has(event, FIELD_NETWORK_TRANSPORT))
		return;
	memcpy(key.addr[1], event->destination_ip.byte, sizeof(key.addr[1]));
	if (event_has(event, FIELD_DESTINATION_PORT))
		key.port[1] = htons((uint16_t)event->destination_port);
	event_set(event, DESTINATION_ANSWERED, destination_answered,
		  answered_has(answered, &key, 1));
	if (is_connection && event_has(event, FIELD_NETWORK_STATE) &&
	    event->network_state == STATE_ESTABLISHED)
		answered_add(answered, &key, 1);
}
