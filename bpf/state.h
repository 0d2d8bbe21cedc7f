/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_STATE_H
#define WEIR_BPF_STATE_H

#include "key.h"

/*
 * What one packet does to a connection. Pure: the programs and the agent's own tracker decide
 * alike, and keep what they decide in their own tables.
 */

/* What is known before the packet. */
struct flow_view {
	__u8 state;	/* enum flow_state */
	__u8 marks;	/* enum flow_mark */
	__u8 initiator; /* direction */
	__u8 flags[2];	/* TCP flags seen, by direction */
	__u8 sent[2];	/* a packet was counted in this direction */
};

struct flow_packet {
	__u8 proto;
	__u8 direction;
	__u8 flags;    /* TCP flags; 0 for others and later fragments */
	__u8 reply;    /* ICMP echo reply */
	__u8 error;    /* ICMP error message */
	__u8 inbound;  /* seen on an ingress hook */
	__u8 later;    /* a later fragment: its flags are not known */
	__u8 acks;     /* it acknowledges what the responder began with: flow_acks() */
	__u16 port[2]; /* source, destination; network order */
};

/* What is to be told; in this order. */
enum flow_tell {
	TELL_STARTED = 0x1,
	TELL_ESTABLISHED = 0x2,
	TELL_REJECTED = 0x4,
	TELL_CLOSED = 0x8,
};

/* What the packet makes of it. */
struct flow_step {
	__u8 state;
	__u8 marks; /* all of them */
	__u8 initiator;
	__u8 tell;    /* enum flow_tell; TELL_ESTABLISHED more than once: the first decides */
	__u8 promote; /* kernel: from the half-open to the main table, if there is room */
	__u8 restart; /* a new connection on the tuple of one that is over: flow_first() follows */
};

#define FLOW_PROTO_TCP 6

/* Arithmetic, not an index: verifiers take no variable offset on the stack (before 5.12), or not
 * what clang makes of one. */
WEIR_INLINE __u8 flow_side(const __u8 pair[2], __u8 direction)
{
	return pair[0] ^ ((pair[0] ^ pair[1]) & -direction);
}

/* A SYN that opens: no ACK, and nothing that ends. */
WEIR_INLINE int flow_opens(__u8 flags)
{
	return (flags & (TCP_FLAG_SYN | TCP_FLAG_ACK | TCP_FLAG_RST | TCP_FLAG_FIN)) ==
	       TCP_FLAG_SYN;
}

/*
 * A segment that stands in no connection: neither opens, nor answers, nor acknowledges (RFC 9293,
 * 3.10.7). Scanners send such (FIN, NULL, Xmas), to be told nothing by open ports.
 */
WEIR_INLINE int flow_probes(const struct flow_packet *p)
{
	return !p->later && !(p->flags & (TCP_FLAG_SYN | TCP_FLAG_ACK | TCP_FLAG_RST));
}

/*
 * The first packet. The initiator sent the SYN, or a probe; a SYN-ACK, a RST or an echo reply is an
 * answer whose question was not seen. In the middle of a TCP connection the lower port answers.
 */
WEIR_INLINE struct flow_step flow_first(const struct flow_packet *p)
{
	struct flow_step s = {
		.state = FLOW_NEW,
		.marks = p->inbound ? FLOW_INBOUND : 0,
		.initiator = p->direction,
		.tell = TELL_STARTED,
	};
	__u8 other = !p->direction;

	if (p->error)
		s.marks |= FLOW_ERROR;
	if (p->reply) {
		s.marks |= FLOW_MIDSTREAM;
		s.initiator = other;
	}
	if (p->proto != FLOW_PROTO_TCP || flow_opens(p->flags) || flow_probes(p))
		return s;
	s.marks |= FLOW_MIDSTREAM;
	if (p->flags & TCP_FLAG_RST) {
		s.state = FLOW_REJECTED; /* over; of what it rejected nothing is known */
		s.initiator = other;
	} else if ((p->flags & TCP_FLAG_SYN) && (p->flags & TCP_FLAG_ACK)) {
		s.state = FLOW_ANSWERED;
		s.initiator = other;
	} else if (bpf_ntohs(p->port[0]) < bpf_ntohs(p->port[1])) {
		s.initiator = other;
	}
	return s;
}

/*
 * True if `ack` is of a direction whose first byte has the number `start` and that sent `sent`
 * bytes: that it began was seen, and a FIN of it perhaps too (RFC 9293, 3.10.7.4).
 */
WEIR_INLINE int flow_acks(__u32 ack, __u32 start, __u64 sent)
{
	return (__u32)(ack - start) <= sent + 1;
}

/* TCP before it is established. */
WEIR_INLINE void flow_next_handshake(const struct flow_view *v, const struct flow_packet *p,
				     struct flow_step *s)
{
	__u8 midstream = v->marks & FLOW_MIDSTREAM;
	__u8 answer = p->direction != v->initiator;

	if (p->flags & TCP_FLAG_RST) {
		if (answer || midstream) {
			s->state = FLOW_REJECTED;
			s->tell = midstream ? 0 : TELL_REJECTED;
		} else if (v->state == FLOW_ANSWERED) {
			/* Nothing follows: it stays where a flood of its like does no harm. */
			s->state = FLOW_CLOSED;
			s->marks |= FLOW_HALF_OPEN;
			s->tell = TELL_ESTABLISHED | TELL_CLOSED;
		}
		return;
	}
	if (v->state == FLOW_NEW && answer && (p->flags & TCP_FLAG_SYN) &&
	    (p->flags & TCP_FLAG_ACK)) {
		s->state = FLOW_ANSWERED;
		return;
	}
	if (p->flags & TCP_FLAG_SYN)
		return;
	/* Whoever forged the SYN did not see the answer, and cannot go on from it. */
	if ((v->state == FLOW_ANSWERED && !answer && p->acks) ||
	    (v->state == FLOW_NEW && midstream)) {
		s->state = FLOW_ESTABLISHED;
		s->tell = TELL_ESTABLISHED;
		s->promote = 1;
	}
}

WEIR_INLINE void flow_next_tcp(const struct flow_view *v, const struct flow_packet *p,
			       struct flow_step *s)
{
	__u8 fins = flow_side(v->flags, p->direction ^ 1) &
		    (flow_side(v->flags, p->direction) | p->flags) & TCP_FLAG_FIN;

	if (flow_opens(p->flags) &&
	    (v->state >= FLOW_REJECTED || (v->state == FLOW_NEW && (v->marks & FLOW_MIDSTREAM)))) {
		s->restart = 1;
		return;
	}
	if (v->state < FLOW_ESTABLISHED)
		flow_next_handshake(v, p, s);
	else if (v->state == FLOW_ESTABLISHED)
		s->promote = 1;
	if (s->state == FLOW_ESTABLISHED && ((p->flags & TCP_FLAG_RST) || fins)) {
		s->state = FLOW_CLOSED;
		s->tell |= TELL_CLOSED;
	}
}

/* UDP, ICMP, SCTP and others: the first reply establishes. */
WEIR_INLINE void flow_next_other(const struct flow_view *v, const struct flow_packet *p,
				 struct flow_step *s)
{
	__u8 answer = p->direction != v->initiator;

	if (v->marks & FLOW_ERROR)
		return;
	if (v->state == FLOW_NEW && answer && flow_side(v->sent, p->direction ^ 1)) {
		/* Inbound: whoever answers a flood must not fill the main table with it. */
		s->state = v->marks & FLOW_INBOUND ? FLOW_ANSWERED : FLOW_ESTABLISHED;
		s->promote = s->state == FLOW_ESTABLISHED;
		s->tell = TELL_ESTABLISHED;
	} else if ((v->state == FLOW_ANSWERED && !answer) || v->state == FLOW_ESTABLISHED) {
		s->state = FLOW_ESTABLISHED;
		s->promote = 1;
		s->tell = v->state == FLOW_ANSWERED ? TELL_ESTABLISHED : 0;
	}
}

/*
 * Any later packet. For a flow that is in the main table already, `promote` means nothing. If
 * `restart` is set, the old connection is over as it stands and the packet belongs to a new one.
 */
WEIR_INLINE struct flow_step flow_next(const struct flow_view *v, const struct flow_packet *p)
{
	struct flow_step s = {
		.state = v->state,
		.marks = v->marks,
		.initiator = v->initiator,
	};

	if (p->proto == FLOW_PROTO_TCP)
		flow_next_tcp(v, p, &s);
	else
		flow_next_other(v, p, &s);
	return s;
}

/* An ICMP error quotes a packet of this flow, sent in `direction`: true if that rejects it. */
WEIR_INLINE int flow_refused(const struct flow_view *v, __u8 direction)
{
	return v->state == FLOW_NEW && direction == v->initiator &&
	       !(v->marks & (FLOW_MIDSTREAM | FLOW_ERROR));
}

#endif
