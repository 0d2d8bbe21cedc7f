/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOG_RECORD_H
#define WEIR_CAPTURE_LOG_RECORD_H

#include <strings.h>

#include "capture/source.h"
#include "capture/tally.h"
#include "event/cell.h"

/*
 * One row of a log on its way to events. What has a field of its own goes into `event`; what says
 * something that no field holds is a fact, by which the log's format decides what the row tells.
 */
enum fact {
	FACT_NONE,
	FACT_TIME,
	FACT_START,    /* first packet, where the time is another */
	FACT_DURATION, /* s */
	FACT_END,      /* last packet */
	FACT_KIND,     /* what the row is about */
	FACT_SUBKIND,
	FACT_STATE,
	FACT_HISTORY,
	FACT_MISSED,   /* bytes */
	FACT_PROTOCOL, /* "tcp", or what is spoken over it */
	FACT_SERVICE,  /* what is spoken */
	FACT_BYTES,    /* one way, by the next two */
	FACT_OUTBOUND,
	FACT_DIRECTION,
	FACT_HOST,
	FACT_URI,
	FACT_MIME,
	FACT_SOURCE_PORT, /* or the ICMP type and code */
	FACT_DESTINATION_PORT,
	FACT_SUCCESS,
	FACT_ATTEMPTS,
	FACT_SENDERS, /* addresses that sent a file, that received it */
	FACT_RECEIVERS,
	FACT_IS_ORIG, /* the initiator sent it */
	FACT_RTT,     /* s */
	FACT_VALIDATION,
	FACT_SUBJECT,
	FACT_ISSUER,
	FACT_FLAGS_SENT, /* TCP flags, hexadecimal */
	FACT_FLAGS_RECEIVED,
	FACT_FLOW_ID,
	FACT_MESSAGE, /* of the journal */
	FACT_PROGRAM,
	FACT_UID,
	FACT_EXECUTABLE,
	FACT_SIGNAL,
	FACT_SEVERITY,
	FACT_PASS, /* known, and of no use */
	FACT_COUNT,
};

struct record {
	struct event event;
	const struct cell *fact[FACT_COUNT];
	const struct row *row;
	struct cell_reader reader;
	struct arena arena;
	weir_time start; /* of what it tells of */
	weir_time end;	 /* its last event: about when the row was written */
	unsigned tells;	 /* bits by enum event_service, set by the format */
	size_t unknown, wrong;
	const char *wrong_name; /* of the first value that was left out */
	uint32_t wrong_length;
	void *memory; /* of its format, from one row to the next */
};

/* A name of a log's own: a field, or else a fact. Names are compared with their case. */
struct column {
	const char *name;
	int16_t field; /* enum field; FIELD_NONE: a fact */
	uint8_t fact;
};

enum verdict {
	VERDICT_TELL,
	VERDICT_BAD,  /* `error` says why */
	VERDICT_KIND, /* nothing that weir has events for */
};

/* How the rows of one kind of log become events. */
struct log_format {
	const char *type; /* "zeek conn" */
	const struct column *columns;
	size_t columns_len;
	bool aliases; /* other names by the public table (event/aliases.def) */
	bool undo;    /* \xHH in texts are bytes */
	bool strict;  /* a value of the wrong type spoils the row; else it is left out */
	/* Whether a row looks like one of these; NULL: any does. */
	bool (*claims)(const struct row *row);
	/* Decides what the row tells; sets start, end, tells. */
	enum verdict (*read)(struct record *record, struct error *error);
	/* Hands over the events. */
	void (*tell)(struct record *record, const struct intake *intake);
	size_t memory; /* bytes of record->memory, zeroed at first */
};

/* In the order in which rows are offered to them. */
extern const struct log_format own_format, eve_format, zeek_format, journal_format, flat_format;

/* What a name of the format means, learned once: a small table by name, direct-mapped. */
struct column_use {
	char name[52];
	uint16_t length; /* 0: free */
	int16_t field;
	uint8_t fact;
};
#define COLUMN_USES 512

struct columns {
	const struct log_format *format;
	struct column_use uses[COLUMN_USES];
};

/* Reads a row into the record: fields and facts. False, with `error` said, if a value that names
 * the connection is wrong (strict: any is), or stands twice. */
bool record_fill(struct record *record, struct columns *columns, const struct row *row,
		 struct error *error);

/* The cell of a fact as text, empty if there is none. */
struct text record_text(const struct record *record, enum fact fact);
bool record_is(const struct record *record, enum fact fact, const char *word);

/* Whether it is this word, without case. */
static inline bool text_is(const struct text *text, const char *word)
{
	return text->length == strlen(word) && text->length &&
	       (text->at[0] == word[0] || (text->at[0] | 0x20) == (word[0] | 0x20)) &&
	       !strncasecmp(text->at, word, text->length);
}

/* Whether it is the cell of this name, a literal. */
#define cell_named(cell, literal)                                                                  \
	((cell)->name_length == sizeof(literal) - 1 &&                                             \
	 !memcmp((cell)->name, (literal), sizeof(literal) - 1))

bool record_count(const struct record *record, enum fact fact, uint64_t *count);
bool record_seconds(const struct record *record, enum fact fact, weir_time *duration);

struct text text_of_literal(const char *literal);

/* What is spoken, under the name that weir has for it ("ssl" is tls), and the transport that it
 * implies where none is recorded: sets network.protocol and network.transport. */
void record_protocol(struct record *record, struct text name);

/* file.extension by file.name, url.* by an address, server names by a host. */
void record_file_name(struct event *event);
void record_url(struct event *event, struct text uri, struct text host);

/*
 * A recorded connection: attempt at `start`, connection when its outcome was known, flow at its
 * end; one that took longer than a minute is spread over 1-minute flow events marked
 * flow.estimated (docs/rules.md, Order and time). Its counts are those of `event`.
 */
struct connection {
	weir_time start, end;
	weir_time decided; /* when the outcome was known */
	int state;	   /* enum network_state; -1: not recorded */
	bool midstream;	   /* its beginning was not seen: flow only */
	bool half_open, ended;
	bool moved_only; /* flow only: the rest was told */
};

void connection_tell(struct record *record, const struct connection *connection,
		     const struct intake *intake);

/* Hands over the row's event as one of `service` at `at`. */
void record_tell(struct record *record, enum event_service service, weir_time at,
		 const struct intake *intake);

/* Multicast and broadcast addresses: nobody answers from there, so nothing is unanswered. */
bool record_is_cast(const struct record *record);

#define UNANSWERED_AFTER (5 * WEIR_SEC)

#endif
