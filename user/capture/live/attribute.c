/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/inside.h"
#include "capture/live/owners.h"

/*
 * Flows find their processes: by the cookies of the sockets that send, which the packet programs
 * note, and before the responder has sent by who listens there. A cookie that the owner programs do
 * not know is nobody's: a kernel's own RST has one, and a SYN cookie the listener's.
 */

/* A socket that is not known yet is asked for again so often while its flow is told, and once more
 * at the end: accept() without the peer's address says nothing, close() does. */
#define ASK_MAX 4

/* Asks whose the socket is, in place of whom is thought to listen. */
static void ask(struct live *live, struct known *known, void **owner, unsigned side)
{
	struct process *process = owners_find(live->options.owners, known->cookie[side]);

	if (!process)
		return;
	if (owner[side])
		owners_let(live->options.owners, owner[side]);
	owner[side] = process;
	known->settled |= (uint8_t)(1u << side);
}

static bool wanted(const struct live *live)
{
	return live->options.owners && owners_fd(live->options.owners) >= 0;
}

static void learn(struct live *live, struct known *known, void **owner, const __u64 cookie[2],
		  bool turn)
{
	unsigned side;

	for (side = 0; side < 2; side++) {
		uint64_t new = cookie[side ^ turn];

		if (!new || new == known->cookie[side] || known->settled >> side & 1)
			continue;
		known->cookie[side] = new;
		ask(live, known, owner, side);
	}
}

static bool for_us(const struct live *live, const struct flow_start *start)
{
	struct addr to;

	memcpy(to.byte, start->key.addr[!start->initiator], sizeof(to.byte));
	return (start->marks & FLOW_INBOUND) && !(start->marks & FLOW_ERROR) &&
	       network_set_has(&live->interfaces.addresses, &to);
}

void attribute_begin(struct live *live, const struct flow_half *facts, bool turn,
		     struct flow_start *start, struct known *known)
{
	unsigned responder = !start->initiator;

	if (!wanted(live))
		return;
	learn(live, known, start->owner, facts->cookie, turn);
	if (!start->owner[responder] && for_us(live, start))
		start->owner[responder] =
			owners_listening(live->options.owners, &start->key, responder);
}

void attribute_drop(struct live *live, const struct flow_start *start)
{
	unsigned side;

	for (side = 0; side < 2; side++)
		if (start->owner[side])
			owners_let(live->options.owners, start->owner[side]);
}

void attribute_see(struct live *live, struct flow *flow, const struct flow_half *facts, bool turn)
{
	if (wanted(live))
		learn(live, known_of(flow), flow->owner, facts->cookie, turn);
}

static void ask_again(struct live *live, struct flow *flow)
{
	struct known *known = known_of(flow);
	unsigned side;

	for (side = 0; side < 2; side++)
		if (known->cookie[side] && !(known->settled >> side & 1))
			ask(live, known, flow->owner, side);
}

void attribute_end(struct live *live, struct flow *flow)
{
	if (wanted(live))
		ask_again(live, flow);
}

void live_attribute(struct live *live, struct flow *flow)
{
	struct known *known = known_of(flow);

	if (!known || !wanted(live) || known->asked >= ASK_MAX)
		return;
	known->asked++;
	ask_again(live, flow);
}
