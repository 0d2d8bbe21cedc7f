/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_TLS_HELLO_H
#define WEIR_DECODE_TLS_HELLO_H

#include "decode/decoder.h"

/* Of longer lists the rest is left out, in the fingerprints too. */
#define TLS_LIST_MAX 256
#define TLS_ALPN_MAX 256

struct tls_list {
	uint16_t at[TLS_LIST_MAX];
	unsigned len;
};

/* A ClientHello or ServerHello (RFC 8446, 4.1; RFC 5246, 7.4.1). Lists without GREASE (RFC 8701),
 * in the order of the message; texts point into it. */
struct tls_hello {
	uint16_t legacy, version; /* as it stands; the greatest (client), the agreed one (server) */
	struct tls_list ciphers;  /* server: one */
	struct tls_list extensions, groups, formats, signatures;
	struct text server_name; /* length 0: none */
	char alpn[TLS_ALPN_MAX]; /* names joined by TEXTS_JOINT */
	uint32_t alpn_length;
	bool has_alpn;
};

/* The body of a handshake message. False: lengths that lie. */
bool tls_client_hello(const uint8_t *bytes, size_t length, struct tls_hello *hello);
bool tls_server_hello(const uint8_t *bytes, size_t length, struct tls_hello *hello);

#define JA3_TEXT 33
#define JA4_TEXT 37

/* https://github.com/salesforce/ja3 and, of JA4, the TLS client form. */
void ja3_client(const struct tls_hello *hello, char text[JA3_TEXT]);
void ja3_server(const struct tls_hello *hello, char text[JA3_TEXT]);
void ja4_client(const struct tls_hello *hello, char transport, char text[JA4_TEXT]);

#endif
