/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_QUIC_PACKET_H
#define WEIR_DECODE_QUIC_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Packets of QUIC with a long header (RFC 9000, 17.2; RFC 9369) and the protection of Initial ones
 * (RFC 9001, 5): its keys follow from what is in the clear, so that anybody can read them. Pure.
 */

#define QUIC_ID_MAX 20

enum quic_type {
	QUIC_INITIAL,
	QUIC_ZERO_RTT,
	QUIC_HANDSHAKE,
	QUIC_RETRY,
	QUIC_NEGOTIATION, /* the server offers versions */
	QUIC_UNKNOWN,	  /* of a version that is not read */
};

struct quic_id {
	uint8_t length;
	uint8_t bytes[QUIC_ID_MAX];
};

struct quic_header {
	uint32_t version;
	enum quic_type type;
	struct quic_id destination;
	size_t number; /* where the protected packet number stands; Initial only */
	size_t whole; /* bytes of the packet; what follows is another. May be more than are there */
};

/* False: lengths that lie. Versions that are not read have no `whole`, and no identifiers. */
bool quic_header(const uint8_t *bytes, size_t length, struct quic_header *header);

struct reader_bytes;
uint64_t quic_varint(struct reader_bytes *r);

/* It is QUIC for sure, of whatever version, Google's own included. */
bool quic_certain(const uint8_t *bytes, size_t length);

struct quic_keys {
	uint8_t key[16], iv[12], mask[16];
};

/* Keys of client (0) and server from the client's first destination identifier. False: the version
 * is not read, or no memory. */
bool quic_keys(uint32_t version, const struct quic_id *id, struct quic_keys keys[2]);

#define QUIC_PLAIN_MAX 4096

/* Opens an Initial packet that is whole. Bytes of its frames, or -1: not by these keys, or longer
 * than QUIC_PLAIN_MAX. Contexts are kept by thread. */
int quic_open(const struct quic_keys *keys, const struct quic_header *header, const uint8_t *packet,
	      uint8_t plain[QUIC_PLAIN_MAX]);

#endif
