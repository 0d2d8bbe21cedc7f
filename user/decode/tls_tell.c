/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/tls_tell.h"

#include <stdio.h>

static void look_at_name(struct talk *talk, const struct text *name)
{
	for (uint32_t i = 0; i < name->length; i++)
		if ((unsigned char)name->at[i] <= ' ') {
			talk_anomaly(talk, TLS_STRANGE_NAME);
			return;
		}
}

void tls_hold(struct talk *talk, const struct tls_hello *hello, char transport, struct held **held)
{
	char ja3[JA3_TEXT], ja4[JA4_TEXT];
	struct event *e;

	look_at_name(talk, &hello->server_name);
	e = talk_event(talk, SERVICE_TLS);
	if (hello->server_name.length)
		event_set(e, TLS_SERVER_NAME, tls_server_name, hello->server_name);
	if (hello->has_alpn)
		event_set(e, TLS_ALPN, tls_alpn, text_of(hello->alpn, hello->alpn_length));
	if (!hello->old_form) {
		ja3_client(hello, ja3);
		ja4_client(hello, transport, ja4);
		event_set(e, TLS_JA3, tls_ja3, text_string(ja3));
		event_set(e, TLS_JA4, tls_ja4, text_string(ja4));
	}
	talk_hold(talk, e, held);
}

void tls_answer(struct event *e, const struct tls_hello *hello, struct tls_answer *texts)
{
	const char *version = tls_version_name(hello->version), *cipher = NULL;

	ja3_server(hello, texts->ja3s);
	event_set(e, TLS_JA3S, tls_ja3s, text_string(texts->ja3s));
	if (version)
		event_set(e, TLS_VERSION, tls_version, text_string(version));
	if (hello->ciphers.len) {
		cipher = tls_cipher_name(hello->ciphers.at[0]);
		snprintf(texts->cipher, sizeof(texts->cipher), "0x%04x",
			 (unsigned)hello->ciphers.at[0]);
		if (!cipher)
			cipher = texts->cipher;
		event_set(e, TLS_CIPHER, tls_cipher, text_string(cipher));
	}
	if (hello->has_alpn)
		event_set(e, TLS_NEXT_PROTOCOL, tls_next_protocol,
			  text_of(hello->alpn, hello->alpn_length));
}
