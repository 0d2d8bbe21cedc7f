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
	bool old_form; /* client: that of SSL 2.0, without extensions */
	bool retry;    /* server: a HelloRetryRequest, the true one follows */
};

/* The body of a handshake message. False: lengths that lie. */
bool tls_client_hello(const uint8_t *bytes, size_t length, struct tls_hello *hello);
bool tls_server_hello(const uint8_t *bytes, size_t length, struct tls_hello *hello);

/* A ClientHello in the form of SSL 2.0 (RFC 5246, E.2), without its record header. */
bool tls_client_hello_v2(const uint8_t *bytes, size_t length, struct tls_hello *hello);

/* By IANA's description; NULL: unknown. */
const char *tls_cipher_name(uint16_t number);
/* "3.0" (SSL), "1.0" … "1.3", drafts of it too; NULL: unknown. */
const char *tls_version_name(uint16_t number);

#define TLS_VERSION_13 0x0304 /* drafts have greater numbers */

#define JA3_TEXT 33
#define JA4_TEXT 37

/* https://github.com/salesforce/ja3 and, of JA4, the TLS client form. */
void ja3_client(const struct tls_hello *hello, char text[JA3_TEXT]);
void ja3_server(const struct tls_hello *hello, char text[JA3_TEXT]);
/* transport: 't' over TCP, 'q' over QUIC. */
void ja4_client(const struct tls_hello *hello, char transport, char text[JA4_TEXT]);

#endif
