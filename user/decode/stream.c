/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/stream.h"

#include <stdlib.h>
#include <string.h>

#include "decode/decoder.h"

size_t stream_bytes(const struct stream *stream)
{
	return stream->rest_room + stream->waiting_bytes +
	       stream->waiting_count * sizeof(struct piece);
}

void stream_free(struct stream *stream)
{
	struct piece *next;

	for (struct piece *p = stream->waiting; p; p = next) {
		next = p->next;
		free(p);
	}
	free(stream->rest);
	*stream = (struct stream){0};
}

bool stream_offset(const struct stream *stream, uint32_t seq, uint64_t *offset)
{
	/* Sequence numbers wrap: the distance from the next one is taken as signed. */
	int32_t distance = (int32_t)(seq - (stream->start + (uint32_t)stream->next));

	if (distance < 0 && (uint64_t) - (int64_t)distance > stream->next)
		return false;
	*offset = stream->next + (uint64_t)(int64_t)distance;
	return true;
}

bool stream_trim(const struct stream *stream, uint64_t *offset, const uint8_t **bytes,
		 uint32_t *length, uint64_t *hole)
{
	uint64_t old;

	if (*offset >= stream->next)
		return *length || *hole;
	old = stream->next - *offset;
	if (old >= *length + *hole)
		return false;
	*offset = stream->next;
	if (old >= *length) {
		*hole -= old - *length;
		*length = 0;
		return true;
	}
	*bytes += old;
	*length -= (uint32_t)old;
	return true;
}

bool stream_wait(struct stream *stream, uint64_t offset, const uint8_t *bytes, uint32_t length,
		 uint64_t hole)
{
	struct piece **at = &stream->waiting, *piece;

	if (stream->waiting_count >= STREAM_WAITING_MAX ||
	    stream->waiting_bytes + length > STREAM_WAITING_BYTES)
		return false;
	while (*at && (*at)->offset < offset)
		at = &(*at)->next;
	if (*at && (*at)->offset == offset && (*at)->length >= length)
		return true; /* sent again */
	piece = malloc(sizeof(*piece) + length);
	if (!piece)
		return false;
	piece->next = *at;
	piece->offset = offset;
	piece->length = length;
	piece->hole = hole;
	memcpy(piece->bytes, bytes, length);
	*at = piece;
	stream->waiting_count++;
	stream->waiting_bytes += length;
	return true;
}

struct piece *stream_ready(struct stream *stream, uint64_t offset)
{
	struct piece *piece = stream->waiting;

	if (!piece || piece->offset > offset)
		return NULL;
	stream->waiting = piece->next;
	stream->waiting_count--;
	stream->waiting_bytes -= piece->length;
	return piece;
}

static bool room_for(struct stream *stream, size_t length)
{
	size_t room = stream->rest_room ? stream->rest_room : 512;
	uint8_t *grown;

	if (length <= stream->rest_room)
		return true;
	if (length > STREAM_MAX)
		return false;
	while (room < length)
		room *= 2;
	grown = realloc(stream->rest, room);
	if (!grown)
		return false;
	stream->rest = grown;
	stream->rest_room = (uint32_t)room;
	return true;
}

bool stream_keep(struct stream *stream, const uint8_t *bytes, size_t length)
{
	if (!length) {
		/* Most conversations are through with their opening: room is given back. */
		free(stream->rest);
		stream->rest = NULL;
		stream->rest_room = stream->rest_length = 0;
		return true;
	}
	/* `bytes` may lie in the rest itself, which then has room. */
	if (!room_for(stream, length))
		return false;
	memmove(stream->rest, bytes, length);
	stream->rest_length = (uint32_t)length;
	return true;
}

bool stream_append(struct stream *stream, const uint8_t *bytes, size_t length)
{
	if (!room_for(stream, stream->rest_length + length))
		return false;
	memcpy(stream->rest + stream->rest_length, bytes, length);
	stream->rest_length += (uint32_t)length;
	return true;
}
