/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/tls_hello.h"

#include "decode/reader.h"

enum {
	EXT_SERVER_NAME = 0,
	EXT_GROUPS = 10,
	EXT_FORMATS = 11,
	EXT_SIGNATURES = 13,
	EXT_ALPN = 16,
	EXT_VERSIONS = 43,
};

static bool grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static void add(struct tls_list *list, uint16_t v)
{
	if (!grease(v) && list->len < TLS_LIST_MAX)
		list->at[list->len++] = v;
}

static void add_all(struct tls_list *list, struct reader_bytes r, unsigned size)
{
	while (bytes_left(&r) >= size)
		add(list, (uint16_t)bytes_number(&r, size));
}

static void server_name(struct reader_bytes r, struct tls_hello *hello)
{
	struct reader_bytes list = bytes_part(&r, bytes_u16(&r));
	const uint8_t *name;
	size_t length;

	if (bytes_u8(&list))
		return;
	length = bytes_u16(&list);
	name = bytes_take(&list, length);
	if (name)
		hello->server_name = text_of(name, length);
}

static void alpn(struct reader_bytes r, struct tls_hello *hello)
{
	struct reader_bytes list = bytes_part(&r, bytes_u16(&r));

	while (bytes_left(&list)) {
		size_t length = bytes_u8(&list);
		const uint8_t *name = bytes_take(&list, length);

		if (!name || hello->alpn_length + 1 + length > TLS_ALPN_MAX)
			return;
		if (hello->has_alpn)
			hello->alpn[hello->alpn_length++] = TEXTS_JOINT;
		for (size_t i = 0; i < length; i++)
			hello->alpn[hello->alpn_length++] = name[i] ? (char)name[i] : ' ';
		hello->has_alpn = true;
	}
}

static void versions(struct reader_bytes r, struct tls_hello *hello, bool client)
{
	struct tls_list list = {.len = 0};

	if (!client) {
		hello->version = bytes_u16(&r);
		return;
	}
	add_all(&list, bytes_part(&r, bytes_u8(&r)), 2);
	for (unsigned i = 0; i < list.len; i++)
		if (list.at[i] > hello->version && list.at[i] >> 8 == 3)
			hello->version = list.at[i];
}

static void extension(uint16_t type, struct reader_bytes r, struct tls_hello *hello, bool client)
{
	switch (type) {
	case EXT_SERVER_NAME:
		server_name(r, hello);
		break;
	case EXT_GROUPS:
		add_all(&hello->groups, bytes_part(&r, bytes_u16(&r)), 2);
		break;
	case EXT_FORMATS:
		add_all(&hello->formats, bytes_part(&r, bytes_u8(&r)), 1);
		break;
	case EXT_SIGNATURES:
		add_all(&hello->signatures, bytes_part(&r, bytes_u16(&r)), 2);
		break;
	case EXT_ALPN:
		alpn(r, hello);
		break;
	case EXT_VERSIONS:
		versions(r, hello, client);
		break;
	}
}

static bool extensions(struct reader_bytes *r, struct tls_hello *hello, bool client)
{
	struct reader_bytes all;

	if (!bytes_left(r))
		return true; /* there were none before TLS 1.2 */
	all = bytes_part(r, bytes_u16(r));
	if (all.failed)
		return false;
	while (bytes_left(&all)) {
		uint16_t type = bytes_u16(&all);
		struct reader_bytes one = bytes_part(&all, bytes_u16(&all));

		if (all.failed)
			return false;
		add(&hello->extensions, type);
		extension(type, one, hello, client);
	}
	return true;
}

bool tls_client_hello(const uint8_t *bytes, size_t length, struct tls_hello *hello)
{
	struct reader_bytes r = bytes_of(bytes, length);

	*hello = (struct tls_hello){0};
	hello->legacy = hello->version = bytes_u16(&r);
	bytes_take(&r, 32);
	bytes_take(&r, bytes_u8(&r));
	add_all(&hello->ciphers, bytes_part(&r, bytes_u16(&r)), 2);
	bytes_take(&r, bytes_u8(&r));
	return !r.failed && extensions(&r, hello, true);
}

bool tls_client_hello_v2(const uint8_t *bytes, size_t length, struct tls_hello *hello)
{
	struct reader_bytes r = bytes_of(bytes, length), ciphers;
	unsigned type = bytes_u8(&r), of_ciphers, of_session, of_challenge;

	*hello = (struct tls_hello){.old_form = true};
	hello->legacy = hello->version = bytes_u16(&r);
	of_ciphers = bytes_u16(&r);
	of_session = bytes_u16(&r);
	of_challenge = bytes_u16(&r);
	ciphers = bytes_part(&r, of_ciphers);
	while (bytes_left(&ciphers) >= 3) {
		uint32_t one = bytes_u24(&ciphers);

		if (one <= 0xffff) /* others are of SSL 2.0 */
			add(&hello->ciphers, (uint16_t)one);
	}
	bytes_take(&r, of_session);
	bytes_take(&r, of_challenge);
	return type == 1 && !r.failed;
}

/* The random of a HelloRetryRequest: SHA-256 of that word (RFC 8446, 4.1.3). */
static const uint8_t retry[32] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
	0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
	0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

bool tls_server_hello(const uint8_t *bytes, size_t length, struct tls_hello *hello)
{
	struct reader_bytes r = bytes_of(bytes, length);
	const uint8_t *random;

	*hello = (struct tls_hello){0};
	hello->legacy = hello->version = bytes_u16(&r);
	random = bytes_take(&r, 32);
	hello->retry = random && !memcmp(random, retry, 32);
	bytes_take(&r, bytes_u8(&r));
	add(&hello->ciphers, bytes_u16(&r));
	bytes_u8(&r);
	return !r.failed && extensions(&r, hello, false);
}
