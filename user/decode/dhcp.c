/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DHCP (RFC 2131, RFC 2132) and DHCPv6 (RFC 8415): each message is a `dhcp` event about the client,
 * with the name that it gives itself. The event's source stays the client, where it has an address.
 */
#include <stdio.h>

#include "decode/decoder.h"
#include "decode/reader.h"

#define FIXED	    236 /* bytes before the options' cookie */
#define HARDWARE    28	/* where the client's address on the link stands */
#define ETHERNET    1
#define OPTIONS_MAX 256 /* that are read of a message */
#define NAME_MAX    255
#define FQDN_FLAGS  3 /* flags and two codes before the name (RFC 4702, 2) */

enum { SHORT, OVERRUN, OPTION_LENGTH, NO_TYPE, TOO_MANY, STRANGE_NAME, CUT };

static const char *const malformed[] = {
	[SHORT] = "shorter than its header",
	[OVERRUN] = "an option beyond the message",
	[OPTION_LENGTH] = "an option of a wrong length",
	[NO_TYPE] = "no message type, or an unknown one",
	[TOO_MANY] = "more than 256 options",
	[STRANGE_NAME] = "control characters in a name",
	[CUT] = "cut",
	NULL,
};

/* What is told; `name` may be made of several options. */
struct dhcp {
	const char *action;
	struct addr address; /* of the client; what it has, wants, or is given */
	bool has_address;
	char mac[18]; /* empty: not known */
	char name[NAME_MAX + 1];
	uint32_t name_length;
	struct text vendor; /* class (option 60, 16) */
	bool broken;	    /* counted already */
};

static struct addr v4_of(const uint8_t *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof(number));
	return addr_from_v4(number);
}

static void put_mac(struct dhcp *d, const uint8_t *at)
{
	snprintf(d->mac, sizeof(d->mac), "%02x-%02x-%02x-%02x-%02x-%02x", at[0], at[1], at[2],
		 at[3], at[4], at[5]);
}

static void put_name(struct dhcp *d, const uint8_t *at, size_t length)
{
	if (d->name_length)
		return; /* the first one counts */
	while (length && !at[length - 1])
		length--; /* some end it like a string */
	if (length > NAME_MAX)
		length = NAME_MAX;
	memcpy(d->name, at, length);
	d->name_length = (uint32_t)length;
}

/* A name of DNS in its wire form, or, of old clients, as text. */
static void put_labels(struct dhcp *d, const uint8_t *at, size_t length)
{
	char name[NAME_MAX + 1];
	size_t used = 0, i = 0;

	while (i < length && at[i] && at[i] < 64 && i + 1 + at[i] <= length &&
	       used + 1 + at[i] < sizeof(name)) {
		if (used)
			name[used++] = '.';
		memcpy(name + used, at + i + 1, at[i]);
		used += at[i];
		i += 1u + at[i];
	}
	if (i == length || (i < length && !at[i]))
		put_name(d, (const uint8_t *)name, used);
	else
		put_name(d, at, length);
}

/* ---- version 4 ---- */

/* By option 53; RFC 2132, 9.6, RFC 3203, RFC 4388. */
static const char *const types[] = {
	NULL,
	"discover",
	"offer",
	"request",
	"decline",
	"ack",
	"nak",
	"release",
	"inform",
	"forcerenew",
	"lease_query",
	"lease_unassigned",
	"lease_unknown",
	"lease_active",
};

static void option(struct talk *talk, struct dhcp *d, uint8_t code, const uint8_t *at,
		   size_t length)
{
	switch (code) {
	case 12: /* host name */
		put_name(d, at, length);
		return;
	case 50: /* address that is wanted */
		if (length != 4)
			break;
		if (!d->has_address)
			d->address = v4_of(at);
		d->has_address = true;
		return;
	case 53: /* message type */
		if (length != 1)
			break;
		if (at[0] < sizeof(types) / sizeof(types[0]))
			d->action = types[at[0]];
		return;
	case 60: /* vendor class */
		d->vendor = text_of(at, length);
		return;
	case 61: /* client identifier: by type, then an address on the link */
		if (length < 2)
			break;
		if (length == 7 && at[0] == ETHERNET && !*d->mac)
			put_mac(d, at + 1);
		return;
	case 81: /* whole name */
		if (length < FQDN_FLAGS)
			break;
		if (at[0] & 4)
			put_labels(d, at + FQDN_FLAGS, length - FQDN_FLAGS);
		else
			put_name(d, at + FQDN_FLAGS, length - FQDN_FLAGS);
		return;
	default:
		return;
	}
	d->broken = true;
	talk_malformed(talk, OPTION_LENGTH);
}

static void options(struct talk *talk, struct dhcp *d, struct reader_bytes *r)
{
	for (unsigned n = 0; bytes_left(r); n++) {
		uint8_t code = bytes_u8(r), length;
		const uint8_t *at;

		if (!code)
			n--; /* padding */
		if (!code)
			continue;
		if (code == 255)
			return;
		length = bytes_u8(r);
		at = bytes_take(r, length);
		if (!at) {
			d->broken = true;
			talk_malformed(talk, OVERRUN);
			return;
		}
		if (n == OPTIONS_MAX) {
			talk_malformed(talk, TOO_MANY);
			return;
		}
		option(talk, d, code, at, length);
	}
}

/* ciaddr, that the client has, or yiaddr, that it is given. */
static void read_addresses(struct dhcp *d, const uint8_t *bytes)
{
	static const uint8_t none[4];

	for (unsigned at = 12; at <= 16 && !d->has_address; at += 4) {
		if (!memcmp(bytes + at, none, 4))
			continue;
		d->address = v4_of(bytes + at);
		d->has_address = true;
	}
}

static void read_v4(struct talk *talk, struct dhcp *d, const uint8_t *bytes, size_t length)
{
	struct reader_bytes r = bytes_of(bytes, length);

	bytes_take(&r, FIXED + 4);
	if (bytes[1] == ETHERNET && bytes[2] == 6)
		put_mac(d, bytes + HARDWARE);
	read_addresses(d, bytes);
	options(talk, d, &r);
}

/* ---- version 6 ---- */

static const char *const types_v6[] = {
	NULL,	 "solicit", "advertise", "request",	"confirm", "renew",	    "rebind",
	"reply", "release", "decline",	 "reconfigure", "inform",  "relay_forward", "relay_reply",
};

enum { RELAY_FORWARD = 12, RELAY_REPLY = 13, RELAY_HEAD = 34 };

/* A DUID by link-layer address (RFC 8415, 11.2 and 11.4) of Ethernet. */
static void client_id(struct dhcp *d, const uint8_t *at, size_t length)
{
	size_t head = length > 1 && at[1] == 1 ? 8 : 4;

	if (length == head + 6 && !at[0] && (at[1] == 1 || at[1] == 3) && !at[2] &&
	    at[3] == ETHERNET)
		put_mac(d, at + head);
}

/* IA_NA: an address lies in an option of its own. */
static void association(struct dhcp *d, const uint8_t *at, size_t length)
{
	if (length < 12 + 4 + 16 || at[12] || at[13] != 5 || d->has_address)
		return;
	memcpy(d->address.byte, at + 16, 16);
	d->has_address = true;
}

static void options_v6(struct talk *talk, struct dhcp *d, struct reader_bytes *r)
{
	for (unsigned n = 0; bytes_left(r); n++) {
		uint16_t code = bytes_u16(r), length = bytes_u16(r);
		const uint8_t *at = bytes_take(r, length);

		if (r->failed || n == OPTIONS_MAX) {
			d->broken = true;
			talk_malformed(talk, r->failed ? OVERRUN : TOO_MANY);
			return;
		}
		if (code == 1)
			client_id(d, at, length);
		else if (code == 3)
			association(d, at, length);
		else if (code == 16 && length > 6)
			d->vendor = text_of(at + 6, length - 6u);
		else if (code == 39 && length > 1)
			put_labels(d, at + 1, length - 1u);
	}
}

static void read_v6(struct talk *talk, struct dhcp *d, const uint8_t *bytes, size_t length)
{
	struct reader_bytes r = bytes_of(bytes, length);
	bool relayed = bytes[0] == RELAY_FORWARD || bytes[0] == RELAY_REPLY;

	/* Later datagrams of a flow come without being recognised. */
	if (bytes[0] < sizeof(types_v6) / sizeof(types_v6[0]))
		d->action = types_v6[bytes[0]];
	bytes_take(&r, relayed ? RELAY_HEAD : 4);
	if (r.failed) {
		d->broken = true;
		talk_malformed(talk, SHORT);
		return;
	}
	options_v6(talk, d, &r);
}

/* ---- the stage ---- */

static bool is_v4(const uint8_t *bytes, size_t length)
{
	return length >= FIXED + 4 && (bytes[0] == 1 || bytes[0] == 2) && bytes[2] <= 16 &&
	       bytes[FIXED] == 0x63 && bytes[FIXED + 1] == 0x82 && bytes[FIXED + 2] == 0x53 &&
	       bytes[FIXED + 3] == 0x63;
}

static bool v6_ports(uint16_t a, uint16_t b)
{
	return a == 546 || a == 547 || b == 546 || b == 547;
}

static enum verdict recognise(const struct glimpse *g)
{
	enum side side = g->length[SIDE_CLIENT] ? SIDE_CLIENT : SIDE_SERVER;
	const uint8_t *bytes = g->bytes[side];
	size_t length = g->length[side];
	bool ports = g->port == 67 || g->port == 68 || g->client_port == 67 || g->client_port == 68;

	if (is_v4(bytes, length))
		return MINE;
	if (ports && length >= 4 && (bytes[0] == 1 || bytes[0] == 2) && bytes[1] == ETHERNET &&
	    bytes[2] == 6)
		return MINE;
	return v6_ports(g->port, g->client_port) && length >= 4 && bytes[0] &&
			       bytes[0] < sizeof(types_v6) / sizeof(types_v6[0])
		       ? MINE
		       : NOT_MINE;
}

static void tell(struct talk *talk, const struct dhcp *d)
{
	struct event *e = talk_event(talk, SERVICE_DHCP);

	if (d->action)
		event_set(e, EVENT_ACTION, event_action, text_string(d->action));
	if (*d->mac)
		event_set(e, SOURCE_MAC, source_mac, text_string(d->mac));
	if (d->name_length)
		event_set(e, HOST_HOSTNAME, host_hostname, text_of(d->name, d->name_length));
	if (d->has_address)
		event_set(e, SOURCE_IP, source_ip, d->address);
	if (d->vendor.length)
		event_set(e, USER_AGENT, user_agent, d->vendor);
	talk_tell(talk, e);
}

static void datagram(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	const struct payload_record *record = talk->record;
	const struct flow_key *key = &talk->origin.key;
	struct dhcp d = {0};
	bool v6 = v6_ports(bpf_ntohs(key->port[0]), bpf_ntohs(key->port[1]));

	(void)side;
	if (record->offset)
		return;
	if (!v6 && !is_v4(bytes, length)) {
		talk_malformed(talk, record->wire > length ? CUT : SHORT);
		return;
	}
	if (record->wire > length)
		talk_malformed(talk, CUT);
	if (v6)
		read_v6(talk, &d, bytes, length);
	else
		read_v4(talk, &d, bytes, length);
	for (uint32_t i = 0; i < d.name_length; i++)
		if ((unsigned char)d.name[i] <= ' ' || d.name[i] == 0x7f) {
			talk_anomaly(talk, STRANGE_NAME);
			break;
		}
	if (!d.action && !d.broken)
		talk_malformed(talk, NO_TYPE);
	if (d.action || d.name_length)
		tell(talk, &d);
}

const struct decoder decoder_dhcp = {
	.protocol = "dhcp",
	.over = OVER_UDP,
	.stateless = true,
	.service = SERVICE_DHCP,
	.recognise = recognise,
	.datagram = datagram,
	.malformed = malformed,
};
