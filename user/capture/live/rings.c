/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "capture/live/inside.h"

/* Records of the ring wait here until the translations that belong to them are known. */

static void tell(struct live *live, struct flow_table *flows, const struct flow_record *record)
{
	struct seen seen = {
		.key = record->key,
		.facts = record->facts,
		.slot = record->slot,
		.generation = record->generation,
		.at = record->at,
	};
	struct flow *flow;

	switch ((enum record_kind)record->kind) {
	case RECORD_STARTED:
	case RECORD_ESTABLISHED:
	case RECORD_REJECTED:
	case RECORD_CLOSED:
		/* What must wait is found by the next walk or scan: records are hints. */
		known_see(live, flows, &seen);
		break;
	case RECORD_RETIRED:
		if (record->slot != RECORD_NO_SLOT) {
			end_retired(live, flows);
			break;
		}
		live->halves.expired++;
		known_see(live, flows, &seen);
		flow = flow_find(flows, &record->key);
		if (flow && flow->slot == RECORD_NO_SLOT &&
		    known_of(flow)->born == record->facts.first)
			known_end(live, flows, flow);
		break;
	}
}

static int on_record(void *context, void *data, size_t size)
{
	struct live *live = context;
	struct flow_record *staged;

	live->rings.records++;
	if (size < sizeof(*staged))
		return 0;
	if (live->rings.staged.len >= STAGED_MAX && live->flows)
		rings_tell(live, live->flows, UINT64_MAX);
	staged = live->rings.staged.len < STAGED_MAX ? vec_add(&live->rings.staged) : NULL;
	if (staged)
		memcpy(staged, data, sizeof(*staged));
	return 0;
}

int rings_open(struct live *live)
{
	return ring_open(&live->rings.ring, live->kernel.records, on_record, live);
}

void rings_close(struct live *live)
{
	ring_close(live->rings.ring);
	live->rings.ring = NULL;
	vec_free(&live->rings.staged);
}

void rings_drain(struct live *live)
{
	ring_consume(live->rings.ring);
}

/* After a burst its memory is given back. */
#define STAGED_KEEP 4096

void rings_tell(struct live *live, struct flow_table *flows, uint64_t horizon)
{
	struct rings *rings = &live->rings;
	size_t left;

	while (rings->first < rings->staged.len && rings->staged.at[rings->first].at <= horizon)
		tell(live, flows, &rings->staged.at[rings->first++]);
	left = rings->staged.len - rings->first;
	if (!left && rings->staged.cap > STAGED_KEEP)
		vec_free(&rings->staged);
	else if (rings->first)
		memmove(rings->staged.at, rings->staged.at + rings->first,
			left * sizeof(*rings->staged.at));
	rings->staged.len = left;
	rings->first = 0;
}
