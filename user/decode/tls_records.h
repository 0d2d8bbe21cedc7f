/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_TLS_RECORDS_H
#define WEIR_DECODE_TLS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Handshake messages out of TLS records (RFC 8446, 5.1), wherever either is split. Pure. */

enum {
	TLS_RECORD_HEADER = 5,
	TLS_CHANGE_CIPHER = 20,
	TLS_ALERT = 21,
	TLS_HANDSHAKE = 22,
};

/* No longer than what is chosen of a conversation (bpf/payload.h). */
#define TLS_MESSAGE_MAX 4096

/* Handshake bytes that follow each other. */
struct tls_run {
	const uint8_t *bytes; /* where they came, or in the scratch if records parted them */
	size_t length;
	size_t raw;	   /* bytes of the connection up to their end */
	uint16_t left;	   /* of the record in which they end */
	uint16_t shortest; /* of the records before that; UINT16_MAX: none */
	bool stopped;	   /* by a record that is not of the handshake */
	uint8_t stop;	   /* its first byte */
};

/* Up to `want` handshake bytes; the first `left` bytes still belong to the record before. */
void tls_gather(const uint8_t *bytes, size_t length, uint16_t left, size_t want,
		uint8_t scratch[TLS_MESSAGE_MAX], struct tls_run *run);

#endif
