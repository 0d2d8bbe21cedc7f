/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_QUIC_VERSIONS_H
#define WEIR_DECODE_QUIC_VERSIONS_H

#include <stdint.h>

#include "decode/quic_packet.h"

#define QUIC_SALT 20

/* Versions whose Initial packets are read: how they differ. */
struct quic_version {
	uint32_t first, last;
	const uint8_t *salt;
	const char *labels[3]; /* of key, iv and header protection (RFC 9001, 5.1) */
	uint8_t types[4];      /* enum quic_type by the two bits of the first byte */
};

const struct quic_version *quic_version_of(uint32_t number); /* NULL: not read */

#endif
