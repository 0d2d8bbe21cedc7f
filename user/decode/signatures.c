/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocols that are told by how they begin, and of which no more is said than their name. Here
 * those that begin with fixed bytes, enough of them that chance does not say them (four, or fewer
 * where only the side that speaks first may); those with numbers to be checked are in shapes.c.
 */
#include <string.h>
#include <strings.h>

#include "decode/inside.h"
#include "decode/shapes.h"

struct signature {
	const char *name;
	uint8_t over;
	uint8_t side; /* enum side, who says it; or-ed with FIRST: before the other said anything */
	uint8_t offset; /* where it stands */
	uint8_t length;
	const char *bytes;
};

#define FIRST 2

#define SIGNATURE(name, over, side, offset, bytes)                                                 \
	{                                                                                          \
		name, over, side, offset, sizeof(bytes) - 1, bytes                                 \
	}
#define CLIENT(name, over, offset, bytes) SIGNATURE(name, over, SIDE_CLIENT, offset, bytes)
#define SERVER(name, over, offset, bytes) SIGNATURE(name, over, SIDE_SERVER, offset, bytes)
#define GREETS(name, bytes)		  SIGNATURE(name, OVER_TCP, SIDE_SERVER | FIRST, 0, bytes)

static const struct signature signatures[] = {
	/* peers */
	CLIENT("bittorrent", OVER_TCP, 0,
	       "\x13"
	       "BitTorrent protocol"),
	CLIENT("bittorrent", OVER_UDP, 0, "d1:ad2:id20:"),
	SERVER("bittorrent", OVER_UDP, 0, "d1:ad2:id20:"),
	CLIENT("bittorrent", OVER_UDP, 0, "d1:rd2:id20:"),
	SERVER("bittorrent", OVER_UDP, 0, "d1:rd2:id20:"),
	SERVER("bittorrent", OVER_UDP, 0, "d2:ip"),
	CLIENT("bittorrent", OVER_UDP, 0, "\0\0\4\x17\x27\x10\x19\x80"), /* to a tracker */
	CLIENT("bittorrent", OVER_UDP, 0, "BT-SEARCH * HTTP/1.1"),
	CLIENT("bitcoin", OVER_TCP, 4, "version\0\0\0\0\0"),
	/* stores */
	CLIENT("postgresql", OVER_TCP, 4, "\0\3\0\0user\0"),
	CLIENT("postgresql", OVER_TCP, 4, "\0\3\0\0database\0"),
	CLIENT("postgresql", OVER_TCP, 0, "\0\0\0\x08\x04\xd2\x16\x2f"), /* SSL, */
	CLIENT("postgresql", OVER_TCP, 0, "\0\0\0\x08\x04\xd2\x16\x30"), /* GSSAPI? */
	CLIENT("postgresql", OVER_TCP, 0, "\0\0\0\x10\x04\xd2\x16\x2e"), /* cancel */
	CLIENT("mongodb", OVER_TCP, 8, "\0\0\0\0\xd4\7\0\0"),
	CLIENT("mongodb", OVER_TCP, 8, "\0\0\0\0\xdd\7\0\0"),
	CLIENT("mongodb", OVER_TCP, 8, "\0\0\0\0\xdc\7\0\0"),
	CLIENT("cassandra", OVER_TCP, 11,
	       "\0\x0b"
	       "CQL_VERSION"),
	CLIENT("zookeeper", OVER_TCP, 0, "\0\0\0\x2d\0\0\0\0\0\0\0\0\0\0\0\0"),
	CLIENT("zookeeper", OVER_TCP, 0, "\0\0\0\x2c\0\0\0\0\0\0\0\0\0\0\0\0"),
	CLIENT("memcached", OVER_TCP, 0, "stats\r\n"),
	CLIENT("memcached", OVER_TCP, 0, "version\r\n"),
	CLIENT("memcached", OVER_UDP, 4, "\0\1\0\0stats"),
	CLIENT("memcached", OVER_UDP, 4, "\0\1\0\0get"),
	/* messages and queues */
	CLIENT("mqtt", OVER_TCP, 2, "\0\4MQTT"),
	CLIENT("mqtt", OVER_TCP, 3, "\0\4MQTT"),
	CLIENT("mqtt", OVER_TCP, 2, "\0\6MQIsdp"),
	CLIENT("amqp", OVER_TCP, 0, "AMQP\0"),
	CLIENT("amqp", OVER_TCP, 0, "AMQP\2"),
	CLIENT("amqp", OVER_TCP, 0, "AMQP\3"),
	GREETS("nats", "INFO {\""),
	CLIENT("relp", OVER_TCP, 0, "1 open "),
	CLIENT("irc", OVER_TCP, 0, "NICK "),
	CLIENT("irc", OVER_TCP, 0, "CAP LS"),
	GREETS("irc", "NOTICE AUTH :"),
	CLIENT("xmpp", OVER_TCP, 0, "<stream:stream"),
	/* mail */
	CLIENT("smtp", OVER_TCP, 0, "EHLO "),
	CLIENT("smtp", OVER_TCP, 0, "HELO "),
	GREETS("pop3", "+OK"),
	GREETS("imap", "* OK "),
	GREETS("imap", "* PREAUTH "),
	/* screens, calls, pictures */
	GREETS("vnc", "RFB 00"),
	CLIENT("rtsp", OVER_TCP, 0, "OPTIONS rtsp:"),
	CLIENT("rtsp", OVER_TCP, 0, "DESCRIBE rtsp:"),
	CLIENT("rtsp", OVER_TCP, 0, "SETUP rtsp:"),
	CLIENT("rtsp", OVER_TCP, 0, "ANNOUNCE rtsp:"),
	CLIENT("sip", OVER_UDP | OVER_TCP, 0, "INVITE sip"),
	CLIENT("sip", OVER_UDP | OVER_TCP, 0, "REGISTER sip"),
	CLIENT("sip", OVER_UDP | OVER_TCP, 0, "OPTIONS sip"),
	CLIENT("sip", OVER_UDP | OVER_TCP, 0, "SUBSCRIBE sip"),
	CLIENT("sip", OVER_UDP | OVER_TCP, 0, "NOTIFY sip"),
	CLIENT("sip", OVER_UDP | OVER_TCP, 0, "MESSAGE sip"),
	SERVER("sip", OVER_UDP, 0, "SIP/2.0 "),
	CLIENT("adb", OVER_TCP, 0, "CNXN\0\0\0\1"),
	CLIENT("pjl", OVER_TCP, 0, "\x1b%-12345X"),
	/* Calls behind their length (RFC 4571). */
	CLIENT("stun", OVER_TCP, 6, "\x21\x12\xa4\x42"),
	CLIENT("whatsapp", OVER_TCP, 0, "ED\0\1"),
	CLIENT("whatsapp", OVER_TCP, 0, "WA\6"),
	/* files, and the port mapper */
	CLIENT("nfs", OVER_UDP, 4, "\0\0\0\0\0\0\0\2\0\1\x86\xa3"),
	CLIENT("nfs", OVER_TCP, 8, "\0\0\0\0\0\0\0\2\0\1\x86\xa3"),
	CLIENT("portmap", OVER_UDP, 4, "\0\0\0\0\0\0\0\2\0\1\x86\xa0"),
	CLIENT("portmap", OVER_TCP, 8, "\0\0\0\0\0\0\0\2\0\1\x86\xa0"),
	CLIENT("dcerpc", OVER_TCP, 0, "\5\0\x0b\3\x10\0\0\0"),
	CLIENT("rsync", OVER_TCP, 0, "@RSYNCD: "),
	GREETS("rsync", "@RSYNCD: "),
	CLIENT("git", OVER_TCP, 4, "git-upload-pack /"),
	CLIENT("git", OVER_TCP, 4, "git-receive-pack /"),
	CLIENT("git", OVER_TCP, 4, "git-upload-archive /"),
	GREETS("svn", "( success ( "),
	/* the web beside HTTP/1 */
	CLIENT("http2", OVER_TCP, 0, "PRI * HTTP/2.0"),
	CLIENT("ssdp", OVER_UDP, 0, "M-SEARCH * HTTP/1.1"),
	CLIENT("ssdp", OVER_UDP, 0, "NOTIFY * HTTP/1.1"),
	SERVER("ssdp", OVER_UDP, 0, "HTTP/1.1 200 OK\r\n"),
	CLIENT("ssdp", OVER_UDP, 0, "HTTP/1.1 200 OK\r\n"),
};

#define SIGNATURES (sizeof(signatures) / sizeof(signatures[0]))

static enum verdict compare(const struct signature *s, const struct glimpse *g)
{
	unsigned side = s->side & ~FIRST;
	uint32_t there = g->length[side], whole = (uint32_t)s->offset + s->length;
	uint32_t length = there < whole ? there : whole;

	if (!(s->over & g->over) || (s->side & FIRST && g->length[!side]))
		return NOT_MINE;
	if (length <= s->offset)
		return PERHAPS;
	if (memcmp(g->bytes[side] + s->offset, s->bytes, length - s->offset))
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
	return shape_of(glimpse, perhaps);
}

const char *signature_name(const char *name, size_t length)
{
	for (size_t i = 0; i < SIGNATURES; i++)
		if (strlen(signatures[i].name) == length &&
		    !strncasecmp(signatures[i].name, name, length))
			return signatures[i].name;
	return shape_name(name, length);
}
