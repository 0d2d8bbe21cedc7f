/* SPDX-License-Identifier: Apache-2.0 */
/* What is spoken, by what is said; ports are at most a hint to a decoder. */
#include <stdlib.h>

#include "decode/inside.h"

uint8_t over_of(uint8_t proto)
{
	switch (proto) {
	case 6:
		return OVER_TCP;
	case 17:
		return OVER_UDP;
	case 1:
	case 58:
		return OVER_ICMP;
	}
	return 0;
}

const struct decoder *identify_datagram(const struct decode *decode, const struct glimpse *glimpse)
{
	for (const struct decoder *const *d = decode->options.decoders; *d; d++)
		if ((*d)->stateless && (*d)->over & glimpse->over &&
		    (*d)->recognise(glimpse) == MINE)
			return *d;
	return NULL;
}

static void attach(struct talking *t, const struct decoder *decoder)
{
	struct talk *talk = &t->talk;

	if (decoder->state) {
		talk->state = calloc(1, decoder->state);
		if (!talk->state) {
			talk->decode->counts.no_memory++;
			talk_done(talk);
			return;
		}
	}
	talk->decoder = decoder;
	counts_of(talk)->talks++;
}

#define QUIC_PORT 443

/* QUIC behind its opening has a short header and nothing to tell it by; and a datagram has no
 * mark of its own that it is the first (RFC 9000, 17.3: the bits 01). */
static bool quic_goes_on(const struct glimpse *g)
{
	enum side side = g->length[SIDE_CLIENT] ? SIDE_CLIENT : SIDE_SERVER;

	return g->over == OVER_UDP && (g->port == QUIC_PORT || g->client_port == QUIC_PORT) &&
	       g->length[side] && (g->bytes[side][0] & 0xc0) == 0x40;
}

/* It was heard from its beginning: of a part of it nothing can be said. */
static bool begun(const struct talking *t, const struct glimpse *glimpse)
{
	const struct payload_record *r = t->talk.record;

	return !(r->marks & FLOW_MIDSTREAM) && !quic_goes_on(glimpse);
}

void identify(struct talking *t, const struct glimpse *glimpse, bool more)
{
	bool perhaps = false;
	const char *name;

	for (const struct decoder *const *d = t->talk.decode->options.decoders; *d; d++) {
		enum verdict verdict;

		if (!((*d)->over & glimpse->over))
			continue;
		verdict = (*d)->recognise(glimpse);
		if (verdict == MINE) {
			attach(t, *d);
			return;
		}
		perhaps |= verdict == PERHAPS;
	}
	name = signature_of(glimpse, &perhaps);
	if (!name && perhaps && more)
		return;
	if (!name && begun(t, glimpse)) {
		t->talk.decode->counts.unidentified++;
		name = PROTOCOL_UNIDENTIFIED;
	}
	if (name)
		tell_protocol(t, name);
	talk_done(&t->talk);
}
