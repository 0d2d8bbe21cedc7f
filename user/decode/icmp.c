/* SPDX-License-Identifier: Apache-2.0 */
/* What echo messages of ICMP (RFC 792, RFC 4443) carry: its size, and a word that tells one
 * payload from another. Of ICMP's header the flow stage tells. */
#include "base/hash.h"
#include "decode/decoder.h"

static enum verdict recognise(const struct glimpse *g)
{
	return g->over == OVER_ICMP ? MINE : NOT_MINE;
}

static bool echo(uint8_t proto, uint8_t type)
{
	return proto == 1 ? type == 0 || type == 8 : type == 128 || type == 129;
}

/*
 * A ping counts its packets up in time, not in content: what many put first is the time at which
 * they send, and a count (ping(8): 16 bytes, fping(8): more). The hash is of what follows, so that
 * a ping repeats its own.
 */
#define STAMP 32

static void datagram(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	const struct payload_record *r = talk->record;
	size_t stamp = length > STAMP ? STAMP : 0;
	struct event *e;

	(void)side;
	if (!echo(r->key.proto, r->icmp_type))
		return;
	e = talk_event(talk, SERVICE_ICMP);
	event_set(e, ICMP_TYPE, icmp_type, r->icmp_type);
	event_set(e, ICMP_CODE, icmp_code, r->icmp_code);
	event_set(e, ICMP_PAYLOAD_SIZE, icmp_payload_size, r->wire);
	event_set(e, ICMP_PAYLOAD_HASH, icmp_payload_hash,
		  hash_keyed(bytes + stamp, length - stamp, 1, 2));
	talk_tell(talk, e);
}

const struct decoder decoder_icmp = {
	.protocol = "icmp",
	.over = OVER_ICMP,
	.stateless = true,
	.service = SERVICE_ICMP,
	.recognise = recognise,
	.datagram = datagram,
};
