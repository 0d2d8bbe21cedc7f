/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_STREAM_H
#define WEIR_DECODE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One direction of a TCP conversation put in order: segments that come again are dropped, those
 * that come early wait. Offsets count from the direction's first byte. Pure: knows no decoder.
 */

/* Early segments that wait, at most: what comes beyond makes a gap of what is missing. */
#define STREAM_WAITING_MAX   32
#define STREAM_WAITING_BYTES 32768

/* A run of bytes (`length` of them) and behind it a hole of bytes that will never come. */
struct piece {
	struct piece *next;
	uint64_t offset;
	uint32_t length;
	uint64_t hole;
	uint8_t bytes[];
};

struct stream {
	uint32_t start;	       /* sequence number of offset 0 */
	bool begun;	       /* `start` is set */
	uint64_t next;	       /* offset of what is to come */
	struct piece *waiting; /* by offset */
	uint32_t waiting_count, waiting_bytes;
	/* Given to the decoder and left undone by it. */
	uint8_t *rest;
	uint32_t rest_length, rest_room;
	uint64_t skip; /* bytes to pass over behind `rest` */
};

/* What memory it holds. */
size_t stream_bytes(const struct stream *stream);

/* Forgets all; as new. */
void stream_free(struct stream *stream);

/* The offset of a sequence number, near to what is to come; false: it lies before the start. */
bool stream_offset(const struct stream *stream, uint32_t seq, uint64_t *offset);

/* Cuts what was there already off the front of a run; false: nothing is new. */
bool stream_trim(const struct stream *stream, uint64_t *offset, const uint8_t **bytes,
		 uint32_t *length, uint64_t *hole);

/* Keeps a run that came early. False: no room, or no memory. */
bool stream_wait(struct stream *stream, uint64_t offset, const uint8_t *bytes, uint32_t length,
		 uint64_t hole);

/* The run that waits with the least offset, if that is at most `offset`; the caller's to free. */
struct piece *stream_ready(struct stream *stream, uint64_t offset);

/* Keeps the last `length` of `bytes` as the rest. False without memory or room. */
bool stream_keep(struct stream *stream, const uint8_t *bytes, size_t length);
/* Appends to the rest. */
bool stream_append(struct stream *stream, const uint8_t *bytes, size_t length);

#endif
