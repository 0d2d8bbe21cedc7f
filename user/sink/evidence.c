/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/evidence.h"

#include <stdlib.h>

#include "base/table.h"

struct tuple {
	struct addr source, destination;
	uint16_t source_port, destination_port, transport, zero;
};

struct evidence {
	struct table table;
	size_t noted; /* ever */
	struct tuple ring[EVIDENCE_MAX];
};

struct evidence *evidence_new(void)
{
	struct evidence *evidence = malloc(sizeof(*evidence));

	if (!evidence)
		return NULL;
	evidence->noted = 0;
	table_init(&evidence->table, sizeof(struct tuple), 0);
	return evidence;
}

void evidence_free(struct evidence *evidence)
{
	if (!evidence)
		return;
	table_free(&evidence->table);
	free(evidence);
}

static bool tuple_of(const struct event *event, struct tuple *tuple)
{
	if (!event_has(event, FIELD_SOURCE_IP) || !event_has(event, FIELD_DESTINATION_IP))
		return false;
	*tuple = (struct tuple){.source = event->source_ip, .destination = event->destination_ip};
	if (event_has(event, FIELD_SOURCE_PORT))
		tuple->source_port = (uint16_t)event->source_port;
	if (event_has(event, FIELD_DESTINATION_PORT))
		tuple->destination_port = (uint16_t)event->destination_port;
	if (event_has(event, FIELD_NETWORK_TRANSPORT))
		tuple->transport = event->network_transport;
	return true;
}

bool evidence_point(struct evidence *evidence, const struct event *event)
{
	struct tuple tuple, *at = &evidence->ring[evidence->noted % EVIDENCE_MAX];

	if (!tuple_of(event, &tuple) || table_find(&evidence->table, &tuple))
		return false;
	if (evidence->noted >= EVIDENCE_MAX)
		table_remove(&evidence->table, at);
	*at = tuple;
	if (table_insert(&evidence->table, at))
		return false;
	evidence->noted++;
	return true;
}

bool evidence_has(const struct evidence *evidence, const struct event *event)
{
	struct tuple tuple;

	return tuple_of(event, &tuple) && table_find(&evidence->table, &tuple);
}
