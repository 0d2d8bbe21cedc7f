/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/payloads.h"

#include <errno.h>
#include <stdlib.h>

#include "capture/live/ring.h"

struct payload_ring {
	struct ring *ring;
	payload_taker taker;
	void *context;
	uint64_t malformed;
	size_t most, given; /* by the call at hand; most 0: no bound */
};

/* Ends a call that has given as much as it may; the library hands it through. */
#define ENOUGH (-EAGAIN)

static int on_record(void *context, void *data, size_t size)
{
	struct payload_ring *ring = context;
	const struct payload_record *record = data;

	if (size < sizeof(*record) || size - sizeof(*record) < record->length)
		ring->malformed++;
	else
		ring->taker(ring->context, record);
	return ++ring->given == ring->most ? ENOUGH : 0;
}

int payload_ring_open(struct payload_ring **out, int fd, payload_taker taker, void *context)
{
	struct payload_ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return -ENOMEM;
	ring->taker = taker;
	ring->context = context;
	err = ring_open(&ring->ring, fd, on_record, ring);
	if (err) {
		free(ring);
		return err;
	}
	*out = ring;
	return 0;
}

void payload_ring_close(struct payload_ring *ring)
{
	if (!ring)
		return;
	ring_close(ring->ring);
	free(ring);
}

int payload_ring_fd(const struct payload_ring *ring)
{
	return ring_fd(ring->ring);
}

int payload_ring_consume_some(struct payload_ring *ring, size_t most)
{
	int err;

	ring->most = most;
	ring->given = 0;
	err = ring_consume(ring->ring);
	return err < 0 && err != ENOUGH ? err : (int)ring->given;
}

int payload_ring_consume(struct payload_ring *ring)
{
	return payload_ring_consume_some(ring, 0);
}

uint64_t payload_ring_malformed(const struct payload_ring *ring)
{
	return ring->malformed;
}
