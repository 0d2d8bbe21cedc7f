/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_TLS_TELL_H
#define WEIR_DECODE_TLS_TELL_H

#include "decode/tls_hello.h"

/* What hellos say as an event: the same over TCP and QUIC. */

/* The first kinds of malformed messages of each decoder that reads hellos. */
enum { TLS_LENGTHS, TLS_STRANGE_NAME, TLS_KINDS };

#define TLS_KIND_NAMES                                                                             \
	[TLS_LENGTHS] = "lengths that lie", [TLS_STRANGE_NAME] =                                   \
						    "control characters in a server name"

/* The event of a ClientHello; it waits in *held for its answer. transport: of JA4. */
void tls_hold(struct talk *talk, const struct tls_hello *hello, char transport, struct held **held);

/* Adds what a ServerHello says. Its texts live as long as `texts`. */
struct tls_answer {
	char ja3s[JA3_TEXT], cipher[8];
};
void tls_answer(struct event *event, const struct tls_hello *hello, struct tls_answer *texts);

#endif
