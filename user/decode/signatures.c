/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols that are told by how they begin, and of which no more is said than their name. */
#include <string.h>
#include <strings.h>

#include "decode/inside.h"

struct signature {
	const char *name;
	uint8_t over;
	uint8_t side;	/* who says it */
	uint8_t offset; /* where it stands */
	uint8_t length;
	const char *bytes;
};

#define SIGNATURE(name, over, side, offset, bytes)                                                 \
	{                                                                                          \
		name, over, side, offset, sizeof(bytes) - 1, bytes                                 \
	}

static const struct signature signatures[] = {
	SIGNATURE("bittorrent", OVER_TCP, SIDE_CLIENT, 0,
		  "\x13"
		  "BitTorrent protocol"),
	SIGNATURE("bittorrent", OVER_UDP, SIDE_CLIENT, 0, "d1:"),
	SIGNATURE("bittorrent", OVER_UDP, SIDE_CLIENT, 0, "d2:"),
	SIGNATURE("bittorrent", OVER_UDP, SIDE_SERVER, 0, "d1:"),
	SIGNATURE("stun", OVER_UDP, SIDE_CLIENT, 4, "\x21\x12\xa4\x42"),
	SIGNATURE("stun", OVER_TCP, SIDE_CLIENT, 4, "\x21\x12\xa4\x42"),
	/* Behind its length (RFC 4571). */
	SIGNATURE("stun", OVER_TCP, SIDE_CLIENT, 6, "\x21\x12\xa4\x42"),
	SIGNATURE("whatsapp", OVER_TCP, SIDE_CLIENT, 0, "ED\0\1"),
	SIGNATURE("whatsapp", OVER_TCP, SIDE_CLIENT, 0, "WA\6"),
	SIGNATURE("mysql", OVER_TCP, SIDE_SERVER, 3, "\0\x0a"),
	SIGNATURE("postgresql", OVER_TCP, SIDE_CLIENT, 4, "\0\x03\0\0"),
	SIGNATURE("postgresql", OVER_TCP, SIDE_CLIENT, 0, "\0\0\0\x08\x04\xd2\x16\x2f"),
	SIGNATURE("redis", OVER_TCP, SIDE_CLIENT, 0, "*1\r\n$"),
	SIGNATURE("redis", OVER_TCP, SIDE_CLIENT, 0, "*2\r\n$"),
	SIGNATURE("redis", OVER_TCP, SIDE_CLIENT, 0, "*3\r\n$"),
	SIGNATURE("irc", OVER_TCP, SIDE_CLIENT, 0, "NICK "),
	SIGNATURE("irc", OVER_TCP, SIDE_CLIENT, 0, "CAP LS"),
	SIGNATURE("smtp", OVER_TCP, SIDE_CLIENT, 0, "EHLO "),
	SIGNATURE("smtp", OVER_TCP, SIDE_CLIENT, 0, "HELO "),
	SIGNATURE("pop3", OVER_TCP, SIDE_SERVER, 0, "+OK"),
	SIGNATURE("imap", OVER_TCP, SIDE_SERVER, 0, "* OK"),
	SIGNATURE("vnc", OVER_TCP, SIDE_SERVER, 0, "RFB 00"),
	SIGNATURE("mqtt", OVER_TCP, SIDE_CLIENT, 2, "\0\4MQTT"),
	SIGNATURE("amqp", OVER_TCP, SIDE_CLIENT, 0, "AMQP"),
	SIGNATURE("rtsp", OVER_TCP, SIDE_CLIENT, 0, "OPTIONS rtsp:"),
	SIGNATURE("rtsp", OVER_TCP, SIDE_CLIENT, 0, "DESCRIBE rtsp:"),
	SIGNATURE("sip", OVER_UDP, SIDE_CLIENT, 0, "INVITE sip:"),
	SIGNATURE("sip", OVER_UDP, SIDE_CLIENT, 0, "REGISTER sip:"),
	SIGNATURE("sip", OVER_UDP, SIDE_CLIENT, 0, "OPTIONS sip:"),
	SIGNATURE("dtls", OVER_UDP, SIDE_CLIENT, 0, "\x16\xfe\xff"),
	SIGNATURE("dtls", OVER_UDP, SIDE_CLIENT, 0, "\x16\xfe\xfd"),
	SIGNATURE("wireguard", OVER_UDP, SIDE_CLIENT, 0, "\1\0\0\0"),
	SIGNATURE("http2", OVER_TCP, SIDE_CLIENT, 0, "PRI * HTTP/2.0"),
	SIGNATURE("ssdp", OVER_UDP, SIDE_CLIENT, 0, "M-SEARCH * HTTP/1.1"),
	SIGNATURE("ssdp", OVER_UDP, SIDE_CLIENT, 0, "NOTIFY * HTTP/1.1"),
	SIGNATURE("socks", OVER_TCP, SIDE_CLIENT, 0, "\5\1\0"),
	SIGNATURE("socks", OVER_TCP, SIDE_CLIENT, 0, "\5\2\0"),
	SIGNATURE("socks", OVER_TCP, SIDE_CLIENT, 0, "\4\1"),
};

#define SIGNATURES (sizeof(signatures) / sizeof(signatures[0]))

static enum verdict compare(const struct signature *s, const struct glimpse *g)
{
	uint32_t there = g->length[s->side], whole = (uint32_t)s->offset + s->length;
	uint32_t length = there < whole ? there : whole;

	if (!(s->over & g->over))
		return NOT_MINE;
	if (length <= s->offset)
		return PERHAPS;
	if (memcmp(g->bytes[s->side] + s->offset, s->bytes, length - s->offset))
		return NOT_MINE;
	return length == whole ? MINE : PERHAPS;
}

const char *signature_of(const struct glimpse *glimpse, bool *perhaps)
{
	for (size_t i = 0; i < SIGNATURES; i++) {
		enum verdict verdict = compare(&signatures[i], glimpse);

		if (verdict == MINE)
			return signatures[i].name;
		*perhaps |= verdict == PERHAPS;
	}
	return NULL;
}

const char *signature_name(const char *name, size_t length)
{
	for (size_t i = 0; i < SIGNATURES; i++)
		if (strlen(signatures[i].name) == length &&
		    !strncasecmp(signatures[i].name, name, length))
			return signatures[i].name;
	return NULL;
}
