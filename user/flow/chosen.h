/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_CHOSEN_H
#define WEIR_FLOW_CHOSEN_H

#include "bpf/parse.h"
#include "bpf/payload.h"
#include "flow/flow.h"

/*
 * The payload of a capture that is worth a decoder's time: chosen by the same code as in the
 * kernel (bpf/payload.h), and told in the same form.
 */
struct chosen {
	/* Who gets it; NULL: nobody. `bytes`: record->length of them, alive during the call. */
	void (*payload)(void *context, const struct payload_record *record, const uint8_t *bytes,
			weir_time at);
	void *context;
	uint64_t opening; /* bytes of each direction that are always chosen */
};

/* A flow begins. */
void chosen_begin(struct flow *flow);

/* A SYN may say where a direction starts; later ones are none of the connection's. Each packet of
 * `flow`, before it is added to it. */
void chosen_start(struct flow *flow, const struct packet_facts *facts);

/* A packet of `flow`, before it is added to it. `bytes` are the frame from facts' offset 0 on. */
void chosen_packet(const struct chosen *chosen, struct flow *flow, const struct packet_facts *facts,
		   const uint8_t *bytes, uint32_t captured, weir_time at);

/* A frame that is not IP: an ARP packet is told. */
void chosen_other(const struct chosen *chosen, const uint8_t *ethernet, uint32_t captured,
		  weir_time at);

#endif
