/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/lanes.h"

#include <stdint.h>
#include <stdlib.h>

struct waiting {
	struct out *out;
	uint64_t number; /* of arrival */
};

struct ring {
	struct waiting *items;
	size_t capacity, first, length;
};

struct lanes {
	size_t capacity; /* of detections; of all else together */
	uint64_t arrived;
	struct ring rings[LANES];
};

static const enum lane lane_of[] = {
	[OUT_EVENT] = LANE_OTHERS, [OUT_SIGNAL] = LANE_SIGNALS, [OUT_DETECTION] = LANE_DETECTIONS,
	[OUT_FLOW] = LANE_OTHERS,  [OUT_HEALTH] = LANE_SIGNALS,
};

struct lanes *lanes_new(size_t capacity)
{
	struct lanes *lanes;

	if (!capacity || capacity > SIZE_MAX / 2 / sizeof(struct waiting))
		return NULL;
	lanes = calloc(1, sizeof(*lanes));
	if (!lanes)
		return NULL;
	lanes->capacity = capacity;
	/* Pages that nothing waits in are never touched, and take no memory. */
	for (unsigned i = 0; i < LANES; i++) {
		struct ring *ring = &lanes->rings[i];

		ring->capacity = capacity;
		ring->items = calloc(ring->capacity, sizeof(*ring->items));
		if (!ring->items) {
			lanes_free(lanes);
			return NULL;
		}
	}
	return lanes;
}

void lanes_free(struct lanes *lanes)
{
	if (!lanes)
		return;
	for (unsigned i = 0; i < LANES; i++)
		free(lanes->rings[i].items);
	free(lanes);
}

static struct out *pop(struct ring *ring)
{
	struct out *out;

	if (!ring->length)
		return NULL;
	out = ring->items[ring->first].out;
	ring->first = (ring->first + 1) % ring->capacity;
	ring->length--;
	return out;
}

static size_t bounded(const struct lanes *lanes)
{
	return lanes->rings[LANE_SIGNALS].length + lanes->rings[LANE_OTHERS].length;
}

/* The oldest of the least important kind that is less than `lane`. */
static struct out *make_room(struct lanes *lanes, enum lane lane)
{
	struct out *out = NULL;

	for (unsigned i = LANES - 1; i > lane && !out; i--)
		out = pop(&lanes->rings[i]);
	return out;
}

bool lanes_put(struct lanes *lanes, struct out *out, struct out **victim)
{
	enum lane lane = lane_of[out->kind];
	struct ring *ring = &lanes->rings[lane];

	*victim = NULL;
	if (lane != LANE_DETECTIONS && bounded(lanes) >= lanes->capacity &&
	    !(*victim = make_room(lanes, lane)))
		return false;
	if (ring->length == ring->capacity)
		return false;
	ring->items[(ring->first + ring->length++) % ring->capacity] =
		(struct waiting){out, lanes->arrived++};
	return true;
}

static struct ring *oldest(struct lanes *lanes)
{
	struct ring *best = NULL;

	for (unsigned i = 0; i < LANES; i++) {
		struct ring *ring = &lanes->rings[i];

		if (ring->length &&
		    (!best || ring->items[ring->first].number < best->items[best->first].number))
			best = ring;
	}
	return best;
}

static struct ring *most_important(struct lanes *lanes)
{
	for (unsigned i = 0; i < LANES; i++)
		if (lanes->rings[i].length)
			return &lanes->rings[i];
	return NULL;
}

struct out *lanes_take(struct lanes *lanes)
{
	bool short_of_room = bounded(lanes) > lanes->capacity / 2;
	struct ring *ring = short_of_room ? most_important(lanes) : oldest(lanes);

	return ring ? pop(ring) : NULL;
}
