/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_DECODER_H
#define WEIR_DECODE_DECODER_H

#include "decode/decode.h"

/*
 * What a protocol brings: one table of operations and one file (or a few). A decoder sees bytes in
 * the order of their conversation, from either side, and tells events. It never sees how they came.
 * All bytes are an attacker's. A new decoder is one line in decoders.c.
 */

enum side { SIDE_CLIENT, SIDE_SERVER };

/* Transports that a decoder can be spoken over. */
enum decode_over {
	OVER_TCP = 1,
	OVER_UDP = 2,
	OVER_ICMP = 4,
	OVER_ARP = 8,
};

enum verdict {
	NOT_MINE,
	PERHAPS, /* more bytes would tell */
	MINE,
};

/* What a conversation has said so far. */
struct glimpse {
	uint8_t over;		    /* one of enum decode_over */
	uint16_t client_port, port; /* host order; `port`: the server's */
	const uint8_t *bytes[2];    /* by side, from the conversation's first byte; UDP: one */
	uint32_t length[2];	    /* datagram, the other side's length is 0 */
};

struct talk;

struct decoder {
	const char *protocol; /* network.protocol; lower case */
	uint8_t over;	      /* enum decode_over, or-ed */
	/* It needs no state: each datagram is given without a talk being remembered. UDP, ICMP and
	 * ARP only; `state` is 0. */
	bool stateless;
	uint8_t service; /* enum event_service of what is told of anomalies */
	size_t state;	 /* bytes that it keeps of a conversation, zeroed at first: talk->state */
	enum verdict (*recognise)(const struct glimpse *glimpse);
	/*
	 * Bytes of one side that follow each other; `length` is at least 1. Returns how many it is
	 * done with; what is left comes again with more behind it. 0 with STREAM_MAX bytes there:
	 * they are dropped as malformed. It may call talk_skip() for bytes that do not matter.
	 */
	size_t (*stream)(struct talk *talk, enum side side, const uint8_t *bytes, size_t length);
	/* So many bytes of a side will never come (cut, lost, not chosen), nor those it has left
	 * undone before them. NULL: the conversation is not followed further. */
	void (*gap)(struct talk *talk, enum side side, uint64_t missing);
	/* One datagram, or message of ICMP, or ARP packet, as it came; cut if record->wire is more.
	 */
	void (*datagram)(struct talk *talk, enum side side, const uint8_t *bytes, size_t length);
	/* Every packet that is told, before its bytes: how much it carried. Optional. */
	void (*packet)(struct talk *talk, enum side side, uint32_t carried);
	/* Frees what talk->state refers to. Optional. */
	void (*end)(struct talk *talk);
	/* Names of the kinds of malformed messages, by number; ended by NULL. */
	const char *const *malformed;
};

/* Left undone by a decoder, at most. */
#define STREAM_MAX 65536

/* A conversation, as its decoder sees it. */
struct talk {
	struct decode *decode;
	const struct decoder *decoder;	     /* NULL: not recognised yet */
	const struct payload_record *record; /* the packet at hand; NULL at an end */
	weir_time at;			     /* its time */
	struct decode_origin origin;	     /* may be turned by talk_turn() */
	void *state;			     /* decoder->state bytes */
	bool done;			     /* talk_done() */
};

/* Begins an event about this conversation at talk->at. It is the stage's own, one at a time: fill
 * it and give it to talk_tell() or talk_hold(). */
struct event *talk_event(struct talk *talk, enum event_service service);

/* Its texts need only live until this returns. */
void talk_tell(struct talk *talk, struct event *event);

/*
 * The event waits for its answer: up to DECODE_HOLD after talk->at, then it is told as it is and
 * *held becomes NULL (`held` must stay where it is until then). Its texts are copied. Where there
 * is no room for more it is told at once and *held is NULL.
 */
struct held;
void talk_hold(struct talk *talk, struct event *event, struct held **held);
/* The event again, to be filled further and given to talk_tell(): *held is NULL then. Texts that
 * it had live until then. */
struct event *talk_resume(struct talk *talk, struct held **held);
/* The event again, to be filled further and given back to talk_hold(): it waits on, no longer than
 * before. NULL: it was told by now. */
struct event *talk_recall(struct talk *talk, struct held *held);
/* Tells it as it is, before its time; *held (may be NULL) becomes NULL. */
void talk_release(struct talk *talk, struct held **held);

/* Bytes of a side that are not to be given to the decoder, from behind those that it has used;
 * they need not even be there. */
void talk_skip(struct talk *talk, enum side side, uint64_t bytes);

/* So many bytes more (or less) are kept of this conversation by its decoder, beside its state: they
 * count for decode_options.bytes_max. What end() frees is given back there. */
void talk_keeps(struct talk *talk, ptrdiff_t bytes);

/* No more of it is wanted. */
void talk_done(struct talk *talk);

/* Client and server are the other way round than it seemed; only before the first event. */
void talk_turn(struct talk *talk);

/* Memory that the decoder holds beside talk->state: so many bytes more (or less). The stage
 * forgets old talks when all hold too much; what is held at a talk's end counts no longer. */
void talk_holds(struct talk *talk, int64_t more);

/* Counts a malformed message, by number in decoder->malformed. */
void talk_malformed(struct talk *talk, unsigned kind);
/* The same for a shape that evades those who read along: told as an event with weir.anomaly
 * "PROTOCOL: KIND", too. */
void talk_anomaly(struct talk *talk, unsigned kind);

/* It speaks this rather than decoder->protocol (mdns, llmnr): a static name of decoders.c. Only
 * before its first event. */
void talk_protocol(struct talk *talk, const char *name);

static inline struct text text_of(const void *at, size_t length)
{
	return (struct text){.at = at, .length = (uint32_t)length};
}

/* All decoders, ended by NULL, in the order in which they are asked. */
extern const struct decoder *const decoders[];

#endif
