/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_LOSS_H
#define WEIR_BPF_LOSS_H

/*
 * Every reason for which a packet is not part of a flow, or something is not told. One per-CPU
 * counter each; X(name, words). Words are what `weir status` prints. PAYLOAD_*: the packet is
 * counted as always, but its payload, or a part of it, did not go to the decoders though it was
 * chosen; how many bytes that is stands in `payload_counts`.
 */
#define WEIR_LOSSES(X)                                                                             \
	X(NOT_IP, "not IP") /* ARP, LLDP …: no loss */                                           \
	X(TRUNCATED_LINK, "truncated link header")                                                 \
	X(TRUNCATED_IP, "truncated IP header")                                                     \
	X(TRUNCATED_TRANSPORT, "truncated transport header")                                       \
	X(BAD_IP_VERSION, "IP version neither 4 nor 6")                                            \
	X(BAD_IP_HEADER, "IP header length wrong")                                                 \
	X(BAD_TRANSPORT_HEADER, "transport header length wrong")                                   \
	X(TOO_MANY_TAGS, "more than two VLAN tags")                                                \
	X(TOO_MANY_EXTENSIONS, "too many IPv6 extension headers")                                  \
	X(NONLINEAR, "header not readable (XDP fragments)")                                        \
	X(FRAGMENT_EARLY, "fragment before its first")	/* counted to ports 0 */                   \
	X(DUPLICATE, "seen again on another interface") /* counted once already */                 \
	X(TABLE_FULL, "main table full")                                                           \
	X(HALF_OPEN_FULL, "half-open table refused")                                               \
	X(RING_FULL, "record ring full")                                                           \
	X(BUDGET, "first packet over its budget") /* the walk finds it */                          \
	X(RACE, "flow changed under the look-up")                                                  \
	X(NO_ATTACHMENT, "interface not known yet")                                                \
	X(PAYLOAD_BUDGET, "payload over its budget")                                               \
	X(PAYLOAD_RING, "payload ring full")                                                       \
	X(PAYLOAD_FRAGMENT, "payload of a later fragment") /* no decoder could place it */         \
	X(PAYLOAD_UNREADABLE, "payload not readable, or its flow gone")

enum loss {
#define X(name, words) LOSS_##name,
	WEIR_LOSSES(X)
#undef X
		LOSS_COUNT,
};

/*
 * Reasons that are a packet's fate: it is in no flow. A packet is counted into a flow or under one
 * of these, never both; the other reasons come on top, for a packet that is counted or a record.
 * Of the buffers of an attachment (struct traffic_counts) `unparsed` have such a fate;
 * LOSS_NO_ATTACHMENT belongs to none.
 */
static inline _Bool loss_is_fate(enum loss reason)
{
	return reason <= LOSS_NONLINEAR || reason == LOSS_DUPLICATE ||
	       reason == LOSS_HALF_OPEN_FULL || reason == LOSS_RACE || reason == LOSS_NO_ATTACHMENT;
}

#endif
