/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/chosen.h"

#include "flow/stage.h"

#define ETHER_HEADER 14
#define ETHER_TAG    4
#define ETHER_ARP    0x0806
#define ARP_LENGTH   28

void chosen_begin(struct flow *flow)
{
	const struct flow_key *key = &flow->key;

	flow->watch = payload_watch_of(key->proto, key->port[0], key->port[1]);
}

void chosen_start(struct flow *flow, const struct packet_facts *f)
{
	unsigned d = f->direction & 1;

	if (!(f->tcp_flags & TCP_FLAG_SYN) || flow->now.payload[d])
		return;
	if (flow->started >> d & 1 && flow->start[d] != f->seq)
		flow->renumbered |= d != flow->initiator;
	flow->start[d] = f->seq;
	flow->started |= 1u << d;
}

static void tell(const struct chosen *chosen, const struct flow *flow, const struct packet_facts *f,
		 const struct payload_view *view, const struct payload_choice *choice,
		 const uint8_t *payload, uint32_t there, weir_time at)
{
	unsigned d = f->direction & 1;
	uint32_t take = choice->take < there ? choice->take : there;
	const struct payload_record record = {
		.key = flow->key,
		.seq = f->seq,
		.seen = view->seen,
		.start = flow->start[d],
		.wire = f->payload,
		.length = (uint16_t)take,
		.kind = PAYLOAD_FLOW,
		.watch = choice->watch,
		.direction = (uint8_t)d,
		.initiator = flow->initiator,
		.tcp_flags = f->tcp_flags,
		.marks = flow->marks,
		.started = flow->started >> d & 1,
		.icmp_type = f->icmp_type,
		.icmp_code = f->icmp_code,
		.last = 1,
	};

	chosen->payload(chosen->context, &record, payload, at);
}

void chosen_packet(const struct chosen *chosen, struct flow *flow, const struct packet_facts *f,
		   const uint8_t *bytes, uint32_t captured, weir_time at)
{
	uint32_t offset = (uint32_t)f->l3_offset + f->l3_length + f->l4_length;
	uint32_t there = captured > offset ? captured - offset : 0;
	struct payload_view view = {
		.seen = flow->now.payload[f->direction & 1],
		.opening = chosen->opening,
		.length = f->payload,
		.watch = flow->watch,
		.proto = flow->key.proto,
	};
	struct payload_choice choice;

	if (!f->payload || f->fragment == PACKET_LATER || flow->own || flow->silent ||
	    (flow->watch == PAYLOAD_OPENING && view.seen >= view.opening))
		return;
	if (there > f->payload)
		there = f->payload;
	view.head_length = there < PAYLOAD_HEAD ? (uint8_t)there : PAYLOAD_HEAD;
	memcpy(view.head, bytes + offset, view.head_length);
	choice = payload_choose(&view);
	flow->watch = choice.watch;
	if (choice.send)
		tell(chosen, flow, f, &view, &choice, bytes + offset, there, at);
}

void chosen_other(const struct chosen *chosen, const uint8_t *ethernet, uint32_t captured,
		  weir_time at)
{
	uint32_t offset = ETHER_HEADER;
	unsigned type;
	const struct payload_record record = {
		.kind = PAYLOAD_ARP,
		.wire = ARP_LENGTH,
		.length = ARP_LENGTH,
		.last = 1,
	};

	if (captured < ETHER_HEADER + ETHER_TAG)
		return;
	type = (unsigned)ethernet[12] << 8 | ethernet[13];
	if (type == ETHERTYPE_TAG) {
		offset += ETHER_TAG;
		type = (unsigned)ethernet[16] << 8 | ethernet[17];
	}
	if (type == ETHER_ARP && captured >= offset + ARP_LENGTH)
		chosen->payload(chosen->context, &record, ethernet + offset, at);
}
