/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <stdio.h>

#include "base/hash.h"
#include "event/event.h"

/* A connection's tuple as others name it: Community ID 1.0, and as people read it. */

#define SHA1_BYTES 20

enum { IP_ICMP = 1, IP_TCP = 6, IP_UDP = 17, IP_ICMPV6 = 58, IP_SCTP = 132 };

/*
 * ICMP types that are a question and its answer stand for ports, so that both directions get one
 * id; any other message is a conversation of its own (type, code) in one direction.
 * https://github.com/corelight/community-id-spec, "ICMP type and code mapping".
 */
struct icmp_pair {
	uint8_t proto, type, answer;
};
static const struct icmp_pair icmp_pairs[] = {
	{IP_ICMP, 8, 0},       {IP_ICMP, 0, 8},	      {IP_ICMP, 13, 14},     {IP_ICMP, 14, 13},
	{IP_ICMP, 15, 16},     {IP_ICMP, 16, 15},     {IP_ICMP, 10, 9},	     {IP_ICMP, 9, 10},
	{IP_ICMP, 17, 18},     {IP_ICMP, 18, 17},     {IP_ICMPV6, 128, 129}, {IP_ICMPV6, 129, 128},
	{IP_ICMPV6, 133, 134}, {IP_ICMPV6, 134, 133}, {IP_ICMPV6, 135, 136}, {IP_ICMPV6, 136, 135},
	{IP_ICMPV6, 130, 131}, {IP_ICMPV6, 131, 130}, {IP_ICMPV6, 139, 140}, {IP_ICMPV6, 140, 139},
	{IP_ICMPV6, 144, 145}, {IP_ICMPV6, 145, 144},
};

struct tuple {
	const struct addr *ip[2];
	uint16_t port[2];
	bool ports, one_way;
	uint8_t proto;
};

static bool tuple_icmp(const struct event *e, struct tuple *t)
{
	if (!event_has(e, FIELD_ICMP_TYPE))
		return false;
	t->ports = true;
	t->port[0] = (uint16_t)e->icmp_type;
	for (size_t i = 0; i < sizeof(icmp_pairs) / sizeof(icmp_pairs[0]); i++) {
		if (icmp_pairs[i].proto != t->proto || icmp_pairs[i].type != e->icmp_type)
			continue;
		t->port[1] = icmp_pairs[i].answer;
		return true;
	}
	t->one_way = true;
	t->port[1] = event_has(e, FIELD_ICMP_CODE) ? (uint16_t)e->icmp_code : 0;
	return true;
}

static bool tuple_ports(const struct event *e, struct tuple *t)
{
	if (!event_has(e, FIELD_SOURCE_PORT) || !event_has(e, FIELD_DESTINATION_PORT))
		return false;
	t->ports = true;
	t->port[0] = (uint16_t)e->source_port;
	t->port[1] = (uint16_t)e->destination_port;
	return true;
}

static bool tuple_of(const struct event *e, struct tuple *t)
{
	if (!event_has(e, FIELD_SOURCE_IP) || !event_has(e, FIELD_DESTINATION_IP) ||
	    !event_has(e, FIELD_NETWORK_TRANSPORT))
		return false;
	*t = (struct tuple){.ip = {&e->source_ip, &e->destination_ip},
			    .proto = (uint8_t)e->network_transport};
	switch (t->proto) {
	case IP_ICMP:
	case IP_ICMPV6:
		return tuple_icmp(e, t);
	case IP_TCP:
	case IP_UDP:
	case IP_SCTP:
		return tuple_ports(e, t);
	}
	return true; /* no ports: addresses and protocol */
}

static size_t put_ip(uint8_t *at, const struct addr *ip)
{
	if (addr_is_v4(ip)) {
		memcpy(at, ip->byte + 12, 4);
		return 4;
	}
	memcpy(at, ip->byte, 16);
	return 16;
}

static bool tuple_swapped(const struct tuple *t)
{
	int order = memcmp(t->ip[0], t->ip[1], sizeof(struct addr));

	return !t->one_way && (order > 0 || (order == 0 && t->port[0] > t->port[1]));
}

/* "1:" base64(SHA-1(seed, addresses, protocol, 0, ports)), the lesser end first. */
bool event_community_id(const struct event *e, char text[COMMUNITY_ID_MAX])
{
	uint8_t bytes[2 + 16 + 16 + 2 + 4] = {0}, digest[DIGEST_BYTES_MAX];
	struct tuple t;
	size_t n = 2; /* seed 0 */
	unsigned first;

	if (!tuple_of(e, &t))
		return false;
	first = tuple_swapped(&t);
	n += put_ip(bytes + n, t.ip[first]);
	n += put_ip(bytes + n, t.ip[!first]);
	bytes[n++] = t.proto;
	bytes[n++] = 0;
	if (t.ports) {
		bytes[n++] = (uint8_t)(t.port[first] >> 8);
		bytes[n++] = (uint8_t)t.port[first];
		bytes[n++] = (uint8_t)(t.port[!first] >> 8);
		bytes[n++] = (uint8_t)t.port[!first];
	}
	hash_digest(DIGEST_SHA1, bytes, n, digest);
	memcpy(text, "1:", 2);
	EVP_EncodeBlock((unsigned char *)text + 2, digest, SHA1_BYTES);
	return true;
}

/* "10.0.0.1:5000", "[2001:db8::1]:22", "10.0.0.1" or "?". */
static char *end_format(const struct event *e, enum field ip, enum field port, char *text,
			size_t size)
{
	char address[ADDR_TEXT_MAX];
	const struct addr *a = event_slot(e, ip);
	bool v4;

	if (!event_has(e, ip)) {
		snprintf(text, size, "?");
		return text;
	}
	v4 = addr_is_v4(a);
	addr_format(a, address);
	if (event_has(e, port))
		snprintf(text, size, v4 ? "%s:%u" : "[%s]:%u", address,
			 (unsigned)(uint16_t) * (const uint64_t *)event_slot(e, port));
	else
		snprintf(text, size, "%s", address);
	return text;
}

char *event_tuple(const struct event *e, char text[EVENT_TUPLE_MAX])
{
	char from[ADDR_TEXT_MAX + 8], to[ADDR_TEXT_MAX + 8];
	const char *transport =
		event_has(e, FIELD_NETWORK_TRANSPORT)
			? field_enum_name(FIELD_NETWORK_TRANSPORT, e->network_transport)
			: NULL;

	end_format(e, FIELD_SOURCE_IP, FIELD_SOURCE_PORT, from, sizeof(from));
	end_format(e, FIELD_DESTINATION_IP, FIELD_DESTINATION_PORT, to, sizeof(to));
	snprintf(text, EVENT_TUPLE_MAX, "%s → %s%s%s", from, to, transport ? " " : "",
		 transport ? transport : "");
	return text;
}
