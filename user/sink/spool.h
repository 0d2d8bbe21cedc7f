/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_SPOOL_H
#define WEIR_SINK_SPOOL_H

#include "base/error.h"
#include "sink/record.h"

/*
 * What waits for a receiver that may be away for long: a bounded queue in files of one folder
 * (spool_file.h), oldest first. What is put survives the end of the process at once, and a power
 * cut once spool_sync() has returned. Finished is what spool_done() was told of: it is offered
 * again after a crash only if that was not written, so each record is offered at least once, in
 * order. When it is full the oldest goes. Where the disk refuses, records wait in memory,
 * SPOOL_MEMORY of them at most, and the disk is tried again. One thread puts, another one takes.
 */
struct spool;

#define SPOOL_ID_MAX	 128 /* with its end */
#define SPOOL_RECORD_MAX (4u << 20)
#define SPOOL_MEMORY	 (4u << 20) /* bytes */
#define SPOOL_LEAST	 (1u << 20) /* bytes that a spool may be bounded to */

struct spool_options {
	const char *folder; /* spools lie in it, a folder each; NULL: memory alone */
	const char *name;   /* of this one */
	uint64_t bytes;	    /* at most, on disk */
};

struct spool_record {
	uint64_t number; /* of arrival, from 1 on; given by spool_put() */
	weir_time at;	 /* wall clock, when it came */
	enum record_kind_out kind;
	const char *id; /* shorter than SPOOL_ID_MAX */
	const char *body;
	size_t length;
	bool refused; /* by the receiver, for good: for who takes */
};

/* Copies of the oldest records, until the next spool_peek(). A zeroed one is empty and valid. */
struct spool_batch {
	VEC(struct spool_record) list;
	struct arena arena;
};

struct spool_stats {
	uint64_t records, bytes; /* that wait; that the files take */
	uint64_t dropped[OUT_KINDS];
	uint64_t cut_bytes; /* of files that were not whole at the start */
	weir_time oldest;   /* TIME_NONE: nothing waits */
	bool memory;	    /* some of it waits in memory alone */
	int error;	    /* of the disk, now; 0: it works */
};

/* Makes the folder, and refuses one that others could have put there. 0, or -errno with `error`
 * said. Borrows nothing. */
int spool_open(struct spool **spool, const struct spool_options *options, struct error *error);
void spool_close(struct spool *spool);

/* Takes what is in the folder. 0; -EAGAIN: another process has it still; or -errno with `error`
 * said: then it goes on in memory. Before the first spool_put(). */
int spool_begin(struct spool *spool, struct error *error);

/* 0; -EMSGSIZE: longer than SPOOL_RECORD_MAX; -ENOSPC: neither disk nor memory takes it. The
 * caller counts these two; what goes for it counts here. */
int spool_put(struct spool *spool, const struct spool_record *record);

/* The oldest, at most `records` and about `bytes` (one at least); how many these are. */
size_t spool_peek(struct spool *spool, struct spool_batch *batch, size_t records, size_t bytes);
void spool_batch_free(struct spool_batch *batch);

/* All up to that number are finished with. */
void spool_done(struct spool *spool, uint64_t number);

/* To the disk, what waits. */
void spool_sync(struct spool *spool);

/* Any thread. */
void spool_stats(struct spool *spool, struct spool_stats *stats);
const char *spool_folder(const struct spool *spool); /* NULL: memory alone */

#endif
