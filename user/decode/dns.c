/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS (RFC 1035) over UDP and TCP, and what is spoken in its form: multicast DNS (RFC 6762), LLMNR
 * (RFC 4795) and NetBIOS names (RFC 1002). Each query and each response is an event; its source
 * stays the one who asks.
 */
#include "decode/decoder.h"
#include "decode/dns_message.h"

static const struct dns_flavour *flavour_of(const struct flow_key *key)
{
	return dns_flavour_of(bpf_ntohs(key->port[0]), bpf_ntohs(key->port[1]));
}

static bool own_port(const struct glimpse *g, const struct dns_flavour *flavour)
{
	return g->port == flavour->port || g->client_port == flavour->port;
}

/* ---- over UDP ---- */

static enum verdict recognise(const struct glimpse *g)
{
	enum side side = g->length[SIDE_CLIENT] ? SIDE_CLIENT : SIDE_SERVER;
	const struct dns_flavour *flavour = dns_flavour_of(g->client_port, g->port);

	return dns_message_plausible(flavour, g->bytes[side], g->length[side], own_port(g, flavour))
		       ? MINE
		       : NOT_MINE;
}

static void datagram(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	const struct payload_record *record = talk->record;
	const struct dns_flavour *flavour = flavour_of(&talk->origin.key);
	bool cut = record->wire > length;

	if (record->offset)
		return; /* the first piece is all that is read of one: it is counted as cut */
	talk_protocol(talk, flavour->protocol);
	/* An answer whose question was not seen comes from the server all the same. */
	if (!flavour->service && length >= DNS_HEADER && bytes[2] & DNS_QR && side == SIDE_CLIENT)
		talk_turn(talk);
	dns_message_tell(talk, flavour, bytes, length, cut);
}

const struct decoder decoder_dns = {
	.protocol = "dns",
	.over = OVER_UDP,
	.stateless = true,
	.service = SERVICE_DNS,
	.recognise = recognise,
	.datagram = datagram,
	.malformed = dns_malformed,
};

/* ---- over TCP: each message behind its length (RFC 1035, 4.2.2) ---- */

static enum verdict recognise_tcp(const struct glimpse *g)
{
	const uint8_t *m = g->bytes[SIDE_CLIENT];
	size_t length = g->length[SIDE_CLIENT], whole;
	const struct dns_flavour *flavour = dns_flavour_of(0, 0);
	bool own = g->port == flavour->port;

	if (length < 2 + DNS_HEADER)
		return !length || own ? PERHAPS : NOT_MINE;
	whole = (size_t)m[0] << 8 | m[1];
	if (whole < DNS_HEADER)
		return NOT_MINE;
	if (length < 2 + whole)
		return own && dns_message_plausible(flavour, m + 2, length - 2, true) ? MINE
										      : NOT_MINE;
	return dns_message_plausible(flavour, m + 2, whole, own) ? MINE : NOT_MINE;
}

static size_t stream(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	size_t whole;

	if (length < 2)
		return 0;
	whole = 2 + ((size_t)bytes[0] << 8 | bytes[1]);
	if (length < whole && whole <= STREAM_MAX)
		return 0;
	if (length < whole) {
		dns_message_cut(talk);
		talk_skip(talk, side, whole - length);
		return length;
	}
	dns_message_tell(talk, dns_flavour_of(0, 0), bytes + 2, whole - 2, false);
	return whole;
}

const struct decoder decoder_dns_tcp = {
	.protocol = "dns",
	.over = OVER_TCP,
	.service = SERVICE_DNS,
	.recognise = recognise_tcp,
	.stream = stream,
	.malformed = dns_malformed,
};
