/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_SOURCE_H
#define WEIR_CAPTURE_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "event/cell.h"
#include "event/event.h"

struct reader;

/*
 * The one door: live capture, captures in files and recorded events enter here and go through the
 * same code behind it. Engine thread only, unless said otherwise.
 */

struct capture_packet {
	weir_time at;
	uint32_t input;	      /* source.input */
	uint32_t interface;   /* number within the file */
	bool several;	      /* the file has other interfaces too */
	uint16_t link_type;   /* LINKTYPE_* as in capture files */
	uint32_t captured;    /* bytes at `bytes` */
	uint32_t wire_length; /* bytes as on the wire */
	const uint8_t *bytes; /* alive until the next call of this source */
};

/* A signal that somebody else recorded: of the rule of that name, if there is one. */
struct recorded_signal {
	weir_time at;
	struct text rule;	   /* as in rule.name; case does not matter */
	struct text severity;	   /* empty: not recorded */
	const struct event *event; /* the fields that the row names */
	const struct row *row;	   /* the whole row, for its other numbers */
};

/* Where a source puts what it has. */
struct intake {
	void *context;
	/* One link-layer frame of a capture. */
	void (*packet)(void *context, const struct capture_packet *packet);
	/* One recorded event; its texts live until the call returns. */
	void (*event)(void *context, const struct event *event);
	/* One recorded signal, alive until the call returns. */
	void (*signal)(void *context, const struct recorded_signal *signal);
};

struct source {
	const struct source_ops *ops;
	const char *name; /* file or "live", for messages */
	/* Set by who opened it. Events: index in the order stage. Packets: 0, or with several
	 * files a number from 1 for each: a packet that stands in two of them is counted once. */
	uint32_t input;
};

struct source_ops {
	const char *type;   /* "pcap", "pcapng", "json", "zeek", "archive" */
	weir_time lateness; /* default: how far back its records may go */
	bool packets;	    /* it hands over packets; else events */

	/* Time of its next record. 1: there is one; 0: the end. Errors inside a file are told once
	 * through log_warn() and counted; what is readable is used. */
	int (*peek)(struct source *source, weir_time *at);
	/* Hands over that record. */
	void (*deliver)(struct source *source, const struct intake *intake);
	/* Bytes read and in all (0: unknown), for a progress bar. */
	void (*progress)(const struct source *source, uint64_t *done, uint64_t *all);
	/* What was wrong with it, as a JSON object (new reference): records, skipped by reason. */
	json_t *(*report)(const struct source *source);
	void (*close)(struct source *source);
};

/* One kind of file, tried in the order of source_kinds[] on the first bytes. */
struct source_kind {
	const struct source_ops *ops;
	/* True if `head` (the first bytes of the file, at least 1) begins such a file. */
	bool (*recognise)(const uint8_t *head, size_t length);
	/* Takes over what `reader` holds and leaves it closed. 0, or -errno with `error` said. */
	int (*open)(struct source **source, struct reader *reader, const char *name,
		    struct error *error);
};
extern const struct source_kind *const source_kinds[]; /* ended by NULL */

/* Opens a file ("-": standard input) by content, not by name. 0, or -errno with `error` said. */
int source_open(struct source **source, const char *path, struct error *error);

/* The events of [since, until) that lie in an archive (event/archive.h), as one source. 0, or
 * -errno with `error` said. */
int archive_open(struct source **source, const char *folder, weir_time since, weir_time until,
		 struct error *error);

/* A packet no longer than this is believed to be one; what tcpdump and Wireshark read at most. */
#define CAPTURED_MAX 262144

/* Times outside are taken for damage: sums with any timeout must not overflow. 1823 to 2116. */
#define CAPTURE_TIME_MAX ((weir_time)1 << 62)

#endif
