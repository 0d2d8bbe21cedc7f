/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/quic_packet.h"

#include <string.h>

#include "decode/quic_versions.h"
#include "decode/reader.h"

/* RFC 9001, 5.2; RFC 9369, 3.3.1; drafts 29 to 32 and 23 to 28. */
static const uint8_t salt_1[QUIC_SALT] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34,
					  0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8,
					  0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
static const uint8_t salt_2[QUIC_SALT] = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6,
					  0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26,
					  0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
static const uint8_t salt_29[QUIC_SALT] = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2,
					   0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61,
					   0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
static const uint8_t salt_23[QUIC_SALT] = {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb,
					   0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4,
					   0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02};

#define TYPES_1                                                                                    \
	{                                                                                          \
		QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE, QUIC_RETRY                            \
	}
#define TYPES_2                                                                                    \
	{                                                                                          \
		QUIC_RETRY, QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE                            \
	}

#define LABELS(prefix)                                                                             \
	{                                                                                          \
		"tls13 " prefix " key", "tls13 " prefix " iv", "tls13 " prefix " hp"               \
	}

static const struct quic_version versions[] = {
	{1, 1, salt_1, LABELS("quic"), TYPES_1},
	{0x6b3343cf, 0x6b3343cf, salt_2, LABELS("quicv2"), TYPES_2},
	{0xff000021, 0xff000022, salt_1, LABELS("quic"), TYPES_1},
	{0xff00001d, 0xff000020, salt_29, LABELS("quic"), TYPES_1},
	{0xff000017, 0xff00001c, salt_23, LABELS("quic"), TYPES_1},
};

#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

const struct quic_version *quic_version_of(uint32_t number)
{
	for (size_t i = 0; i < VERSIONS; i++)
		if (number >= versions[i].first && number <= versions[i].last)
			return &versions[i];
	return NULL;
}

/* RFC 9000, 16. */
uint64_t quic_varint(struct reader_bytes *r)
{
	uint8_t first = bytes_u8(r);
	unsigned more = (1u << (first >> 6)) - 1;

	return (uint64_t)(first & 0x3f) << (8 * more) | bytes_number(r, more);
}

static bool identifier(struct reader_bytes *r, struct quic_id *id)
{
	uint8_t length = bytes_u8(r);
	const uint8_t *at;

	if (length > QUIC_ID_MAX)
		return false;
	at = bytes_take(r, length);
	if (at)
		memcpy(id->bytes, at, length);
	id->length = length;
	return at;
}

/* What stands behind the identifiers, up to the packet number. */
static bool lengths(struct reader_bytes *r, const uint8_t *bytes, struct quic_header *header)
{
	uint64_t token = 0, rest;

	if (header->type == QUIC_INITIAL)
		token = quic_varint(r);
	if (token > bytes_left(r))
		return false;
	bytes_take(r, (size_t)token);
	rest = quic_varint(r);
	if (r->failed || rest > UINT16_MAX)
		return false;
	header->number = (size_t)(r->at - bytes);
	header->whole = header->number + (size_t)rest;
	return true;
}

bool quic_header(const uint8_t *bytes, size_t length, struct quic_header *header)
{
	struct reader_bytes r = bytes_of(bytes, length);
	uint8_t first = bytes_u8(&r);
	const struct quic_version *version;
	struct quic_id source;

	*header = (struct quic_header){.version = bytes_u32(&r), .whole = length};
	version = quic_version_of(header->version);
	header->type = header->version ? QUIC_UNKNOWN : QUIC_NEGOTIATION;
	if (r.failed || !(first & 0x80))
		return false;
	if (!version)
		return true;
	header->type = version->types[first >> 4 & 3];
	if (!identifier(&r, &header->destination) || !identifier(&r, &source))
		return false;
	return header->type == QUIC_RETRY || lengths(&r, bytes, header);
}

/* ---- is it QUIC at all ---- */

/* "Q" or "T" and three digits: Google's, before there was a standard. */
static bool google(uint32_t version)
{
	for (unsigned shift = 0; shift < 24; shift += 8)
		if ((version >> shift & 0xff) < '0' || (version >> shift & 0xff) > '9')
			return false;
	return version >> 24 == 'Q' || version >> 24 == 'T';
}

/* Versions that were seen in use, read or not: also other drafts, and those of Facebook. */
static bool known(uint32_t version)
{
	return quic_version_of(version) || google(version) ||
	       (version >= 0xff000001 && version <= 0xff000022) ||
	       (version & 0xfffffff0) == 0xfaceb000;
}

/* A client's that is to be refused (RFC 9000, 15). */
static bool reserved(uint32_t version)
{
	return (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}

/* An offer of versions names one that is known. */
static bool offers(struct reader_bytes *r)
{
	while (bytes_left(r) >= 4)
		if (known(bytes_u32(r)))
			return true;
	return false;
}

#define GOOGLE_ID_AND_VERSION 0x09 /* flags of Google's header before Q044 */
#define INITIAL_LEAST	      1200 /* bytes of a client's first datagram (RFC 9000, 14.1) */

bool quic_certain(const uint8_t *bytes, size_t length)
{
	struct reader_bytes r = bytes_of(bytes, length);
	uint8_t first = bytes_u8(&r);
	struct quic_id id;
	uint32_t version;

	if (!(first & 0x80)) {
		bytes_take(&r, 8);
		version = bytes_u32(&r);
		return (first & GOOGLE_ID_AND_VERSION) == GOOGLE_ID_AND_VERSION && google(version);
	}
	version = bytes_u32(&r);
	if (google(version))
		return true;
	if (!identifier(&r, &id) || !identifier(&r, &id) || r.failed)
		return false;
	if (!version)
		return offers(&r);
	return first & 0x40 && (known(version) || (reserved(version) && length >= INITIAL_LEAST));
}
