/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/inside.h"
#include "capture/live/owners.h"

/*
 * Flows find their processes: by the cookies of the sockets that send, which the packet programs
 * note, and before the responder has sent by who listens there. A cookie that the owner programs do
 * not know is nobody's: a kernel's own RST has one, and a SYN cookie the listener's.
 */

/* How often the process of an accepted socket is asked for again while its flow is told, as long as
 * it is its listener's; at the end once more. */
#define ASK_MAX 4

static void take(struct owners *owners, void **owner, struct process *process)
{
	if (*owner)
		owners_let(owners, *owner);
	*owner = process;
}

/* Asks whose the socket is; true: it is known. */
static bool ask(struct owners *owners, uint64_t cookie, void **owner, uint8_t *unsettled,
		unsigned side)
{
	bool settled = true;
	struct process *process = owners_find(owners, cookie, &settled);

	if (!process)
		return false;
	take(owners, owner, process);
	*unsettled &= (uint8_t) ~(1u << side);
	if (!settled)
		*unsettled |= (uint8_t)(1u << side);
	return true;
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
	struct owners *owners = live->options.owners;
	unsigned side, responder = !start->initiator;

	if (!owners || owners_fd(owners) < 0)
		return;
	for (side = 0; side < 2; side++) {
		uint64_t cookie = facts->cookie[side ^ turn];

		if (cookie && ask(owners, cookie, &start->owner[side], &known->unsettled, side))
			known->cookie[side] = cookie;
	}
	if (start->owner[responder] || !for_us(live, start))
		return;
	start->owner[responder] = owners_listening(owners, &start->key, responder);
	if (start->owner[responder])
		known->unsettled |= (uint8_t)(1u << responder);
}

void attribute_see(struct live *live, struct flow *flow, const struct flow_half *facts, bool turn)
{
	struct known *known = known_of(flow);
	struct owners *owners = live->options.owners;
	unsigned side;

	if (!owners)
		return;
	for (side = 0; side < 2; side++) {
		uint64_t cookie = facts->cookie[side ^ turn];

		if (!cookie || cookie == known->cookie[side] ||
		    (flow->owner[side] && !(known->unsettled >> side & 1)))
			continue;
		if (ask(owners, cookie, &flow->owner[side], &known->unsettled, side))
			known->cookie[side] = cookie;
	}
}

void attribute_drop(struct live *live, const struct flow_start *start)
{
	unsigned side;

	for (side = 0; side < 2; side++)
		if (start->owner[side])
			owners_let(live->options.owners, start->owner[side]);
}

static void ask_again(struct live *live, struct flow *flow)
{
	struct known *known = known_of(flow);
	unsigned side;

	for (side = 0; side < 2; side++)
		if ((known->unsettled >> side & 1) && known->cookie[side])
			ask(live->options.owners, known->cookie[side], &flow->owner[side],
			    &known->unsettled, side);
}

void attribute_end(struct live *live, struct flow *flow)
{
	if (live->options.owners && known_of(flow)->unsettled)
		ask_again(live, flow);
}

void live_attribute(struct live *live, struct flow *flow)
{
	struct known *known = known_of(flow);

	if (!known || !live->options.owners || !known->unsettled || known->asked >= ASK_MAX)
		return;
	known->asked++;
	ask_again(live, flow);
}
