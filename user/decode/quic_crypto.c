/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/quic_crypto.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_LEAST 512

static bool make_room(struct quic_crypto *crypto, size_t length)
{
	size_t room = crypto->room ? crypto->room : ROOM_LEAST;
	uint8_t *grown;

	if (length <= crypto->room)
		return true;
	while (room < length)
		room *= 2;
	grown = realloc(crypto->bytes, room);
	if (!grown)
		return false;
	crypto->bytes = grown;
	crypto->room = (uint16_t)room;
	return true;
}

/* Takes the pieces [first, first + count) out and puts one there. */
static bool replace(struct quic_crypto *crypto, unsigned first, unsigned count, uint16_t from,
		    uint16_t to)
{
	unsigned rest = crypto->pieces - first - count;

	if (!count && crypto->pieces == QUIC_PIECES_MAX)
		return false;
	memmove(&crypto->piece[first + 1], &crypto->piece[first + count],
		rest * sizeof(crypto->piece[0]));
	crypto->piece[first].from = from;
	crypto->piece[first].to = to;
	crypto->pieces = (uint8_t)(first + 1 + rest);
	return true;
}

/* Joins all that it touches. */
static bool note(struct quic_crypto *crypto, uint16_t from, uint16_t to)
{
	unsigned first = 0, count = 0;

	while (first < crypto->pieces && crypto->piece[first].to < from)
		first++;
	while (first + count < crypto->pieces && crypto->piece[first + count].from <= to) {
		if (crypto->piece[first + count].from < from)
			from = crypto->piece[first + count].from;
		if (crypto->piece[first + count].to > to)
			to = crypto->piece[first + count].to;
		count++;
	}
	return replace(crypto, first, count, from, to);
}

enum quic_add quic_crypto_add(struct quic_crypto *crypto, uint64_t offset, const uint8_t *bytes,
			      size_t length)
{
	if (!length)
		return QUIC_ADDED;
	if (offset > QUIC_CRYPTO_MAX || length > QUIC_CRYPTO_MAX - offset)
		return QUIC_TOO_LONG;
	if (!make_room(crypto, (size_t)offset + length))
		return QUIC_NO_MEMORY;
	if (!note(crypto, (uint16_t)offset, (uint16_t)(offset + length)))
		return QUIC_TOO_SCATTERED;
	memcpy(crypto->bytes + offset, bytes, length);
	return QUIC_ADDED;
}

size_t quic_crypto_there(const struct quic_crypto *crypto)
{
	return crypto->pieces && !crypto->piece[0].from ? crypto->piece[0].to : 0;
}

void quic_crypto_free(struct quic_crypto *crypto)
{
	free(crypto->bytes);
	*crypto = (struct quic_crypto){0};
}
