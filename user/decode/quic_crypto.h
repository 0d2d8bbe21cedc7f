/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_QUIC_CRYPTO_H
#define WEIR_DECODE_QUIC_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The handshake bytes of one side, out of CRYPTO frames in any order (RFC 9000, 19.6): browsers
 * shuffle them on purpose. Pure. It allocates `room` bytes.
 */

#define QUIC_CRYPTO_MAX 4096 /* bytes: as much as is chosen of a conversation */
#define QUIC_PIECES_MAX 24   /* runs with holes between them */

struct quic_crypto {
	uint8_t *bytes;
	uint16_t room;
	uint8_t pieces;
	struct {
		uint16_t from, to;
	} piece[QUIC_PIECES_MAX]; /* by offset, none touching another */
};

enum quic_add {
	QUIC_ADDED,
	QUIC_TOO_LONG,
	QUIC_TOO_SCATTERED,
	QUIC_NO_MEMORY,
};

enum quic_add quic_crypto_add(struct quic_crypto *crypto, uint64_t offset, const uint8_t *bytes,
			      size_t length);

/* How many bytes from the first are there without a hole. */
size_t quic_crypto_there(const struct quic_crypto *crypto);

void quic_crypto_free(struct quic_crypto *crypto);

#endif
