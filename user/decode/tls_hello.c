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

	if (client)
		add_all(&list, bytes_part(&r, bytes_u8(&r)), 2);
	else
		add_all(&list, r, 2);
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

bool tls_server_hello(const uint8_t *bytes, size_t length, struct tls_hello *hello)
{
	struct reader_bytes r = bytes_of(bytes, length);

	*hello = (struct tls_hello){0};
	hello->legacy = hello->version = bytes_u16(&r);
	bytes_take(&r, 32);
	bytes_take(&r, bytes_u8(&r));
	add(&hello->ciphers, bytes_u16(&r));
	bytes_u8(&r);
	return !r.failed && extensions(&r, hello, false);
}
