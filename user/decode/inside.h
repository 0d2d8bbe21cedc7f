/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_INSIDE_H
#define WEIR_DECODE_INSIDE_H

#include <sys/queue.h>

#include "base/table.h"
#include "decode/decoder.h"
#include "decode/stream.h"
#include "decode/totals.h"
#include "event/packed.h"

/* The inside of the decode stage: what its files share. */

/* A conversation that is remembered. What is done with stays for a while, small, so that its later
 * packets begin nothing. */
struct talking {
	struct talk talk;
	struct flow_key key; /* of the table */
	TAILQ_ENTRY(talking) age;
	weir_time heard;	  /* last */
	uint8_t list;		  /* enum talk_list */
	struct stream streams[2]; /* by side; TCP */
	uint8_t first;		  /* the side that spoke first */
	bool told;		  /* its protocol */
	const char *protocol;	  /* static; NULL: as its decoder says */
	LIST_HEAD(, held) held;	  /* events of it that wait */
	uint8_t datagrams;	  /* seen and not recognised */
	uint32_t holds;		  /* bytes, by talk_holds() */
};

/* An event that waits for its answer. */
struct held {
	TAILQ_ENTRY(held) age;
	LIST_ENTRY(held) of; /* the talk's */
	struct talking *talking;
	struct packed *packed;
	struct held **home;
	weir_time due;
};

#define HELD_MAX 16384

/* Where a conversation stands, each list by last use. */
enum talk_list {
	TALK_UNDECIDED, /* what is spoken is not known yet */
	TALK_OPEN,
	TALK_FINISHED, /* nothing more of it is wanted */
	TALK_LISTS,
};

struct decode {
	struct decode_ops ops;
	struct decode_options options;
	struct table talks;
	TAILQ_HEAD(, talking) lists[TALK_LISTS]; /* the least recently heard first */
	uint64_t *marks;			 /* of finished ones that were forgotten */
	TAILQ_HEAD(, held) held;		 /* by due time */
	size_t held_count;
	size_t bytes; /* that all streams and decoders hold */
	struct packed_store *store;
	struct packed *resumed; /* whose texts the event at hand refers to */
	struct event event;
	struct decode_counts counts;
	struct decoder_counts of[DECODERS_MAX];
};

/* talking.c */
int talking_open(struct decode *decode); /* 0, or -1 without memory */
void talking_close(struct decode *decode);
/* The conversation that it belongs to, heard now; begun if need be. NULL without memory. */
struct talking *talking_find(struct decode *decode, const struct payload_record *record,
			     weir_time at);
/* Where it stands now; a finished one keeps no state. */
void talking_stands(struct talking *talking);
/* Forgets some of those that were silent for long; called often. */
void talking_age(struct decode *decode, weir_time now);
/* Forgets until they hold no more than they may, this one excepted. */
void talking_fit(struct decode *decode, const struct talking *but);

/* hold.c */
void held_forget(struct talking *talking); /* tells what of it is held */
void held_due(struct decode *decode, weir_time now);
void held_resumed_give(struct decode *decode);

/* identify.c */
/* Decides what is spoken, if that can be told now: talk.decoder is set, or it is done. `more`:
 * there may come more of what was said. */
void identify(struct talking *talking, const struct glimpse *glimpse, bool more);
/* The stateless decoder whose datagram it is, or NULL. */
const struct decoder *identify_datagram(const struct decode *decode, const struct glimpse *glimpse);
uint8_t over_of(uint8_t proto);

/* decode.c */
void tell_protocol(struct talking *talking, const char *name);
struct decoder_counts *counts_of(struct talk *talk);

/* order.c: TCP. */
void order_segment(struct talking *talking, const uint8_t *bytes);
/* Whatever waits is given, with gaps for what is missing. */
void order_flush(struct talking *talking, enum side side);
/* All but where each side began: by that a new connection of the same tuple is told. */
void order_forget(struct talking *talking);

/* signatures.c: protocols that are only told by name. */
const char *signature_of(const struct glimpse *glimpse, bool *perhaps);
const char *signature_name(const char *name, size_t length); /* static, or NULL */

static inline struct talking *talking_of(struct talk *talk)
{
	return (struct talking *)talk; /* its first member */
}

#endif
