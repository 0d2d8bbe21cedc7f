/* SPDX-License-Identifier: Apache-2.0 */
/* ARP (RFC 826) over Ethernet for IPv4: who looks for whom on a segment. */
#include <stdio.h>

#include "decode/decoder.h"

enum {
	ARP_HARDWARE = 0, /* offsets */
	ARP_PROTOCOL = 2,
	ARP_SIZES = 4,
	ARP_OPERATION = 6,
	ARP_SENDER_MAC = 8,
	ARP_SENDER_IP = 14,
	ARP_TARGET_MAC = 18,
	ARP_TARGET_IP = 24,
	ARP_LENGTH = 28,
};

enum { NOT_ETHERNET, SHORT };

static const char *const malformed[] = {
	[NOT_ETHERNET] = "not of Ethernet and IPv4",
	[SHORT] = "short",
	NULL,
};

static enum verdict recognise(const struct glimpse *g)
{
	return g->over == OVER_ARP ? MINE : NOT_MINE;
}

static struct addr v4(const uint8_t *bytes)
{
	struct addr a = {.byte = {[10] = 0xff, [11] = 0xff}};

	memcpy(a.byte + 12, bytes, 4);
	return a;
}

#define MAC_TEXT 18

static struct text mac(const uint8_t *m, char text[MAC_TEXT])
{
	int length = snprintf(text, MAC_TEXT, "%02x-%02x-%02x-%02x-%02x-%02x", m[0], m[1], m[2],
			      m[3], m[4], m[5]);

	return text_of(text, (size_t)length);
}

static void datagram(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	static const uint8_t expected[] = {0, 1, 8, 0, 6, 4};
	char sender[MAC_TEXT], target[MAC_TEXT];
	struct event *e;
	bool request;

	(void)side;
	if (length < ARP_LENGTH) {
		talk_malformed(talk, SHORT);
		return;
	}
	if (memcmp(bytes, expected, sizeof(expected))) {
		talk_malformed(talk, NOT_ETHERNET);
		return;
	}
	request = bytes[ARP_OPERATION + 1] == 1;
	e = talk_event(talk, SERVICE_ARP);
	event_set(e, SOURCE_IP, source_ip, v4(bytes + ARP_SENDER_IP));
	event_set(e, DESTINATION_IP, destination_ip, v4(bytes + ARP_TARGET_IP));
	event_set(e, SOURCE_MAC, source_mac, mac(bytes + ARP_SENDER_MAC, sender));
	if (!request)
		event_set(e, DESTINATION_MAC, destination_mac, mac(bytes + ARP_TARGET_MAC, target));
	event_set(e, EVENT_ACTION, event_action,
		  request ? text_of("request", 7) : text_of("reply", 5));
	talk_tell(talk, e);
}

const struct decoder decoder_arp = {
	.protocol = "arp",
	.over = OVER_ARP,
	.stateless = true,
	.service = SERVICE_ARP,
	.recognise = recognise,
	.datagram = datagram,
	.malformed = malformed,
};
