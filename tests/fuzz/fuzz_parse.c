/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/replay.h"

/*
 * Frames through the link types, the packet parser and the connection states. An input is a row of
 * (link type by its place below, length, bytes); frames come 100 ms apart, each out of a buffer of
 * its own size.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t links[] = {1, 0, 9, 50, 101, 108, 113, 228, 229, 239, 276};

static void give(struct replay *r, struct capture_packet *packet, const uint8_t *bytes)
{
	uint8_t *copy = malloc(packet->captured ? packet->captured : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, packet->captured);
	packet->bytes = copy;
	track_packet(r->track, packet);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture_packet packet = {.at = 1700000000 * WEIR_SEC};
	struct replay r;

	replay_start(&r);
	while (size >= 2) {
		packet.link_type = links[data[0] % (sizeof(links) / sizeof(links[0]))];
		packet.captured = data[1];
		/* Now and then more was on the wire. */
		packet.wire_length = packet.captured + (data[0] & 0x80 ? 1000 : 0);
		data += 2, size -= 2;
		if (packet.captured > size)
			packet.captured = (uint32_t)size;
		give(&r, &packet, data);
		data += packet.captured, size -= packet.captured;
		packet.at += 100 * WEIR_MSEC;
	}
	replay_finish(&r);
	return 0;
}
