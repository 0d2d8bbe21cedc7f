/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_READER_H
#define WEIR_CAPTURE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * A file or pipe read from front to back in large pieces. Memory is one buffer, whatever lengths
 * the file claims. Pointers into it live until the next call.
 */
struct reader {
	uint8_t *buffer;
	size_t start, end; /* what is read and not taken */
	int fd;
	bool ended;
	int failed;		 /* errno of the read that ended it early; 0: the end of the file */
	const char *broken;	 /* what is wrong with the compression, which ended it early */
	uint64_t taken;		 /* bytes before `start` */
	uint64_t loaded;	 /* bytes of the file that were read, compressed as they are */
	uint64_t size;		 /* of the file; 0: unknown */
	struct inflate *inflate; /* NULL: the file is not compressed */
};

#define READER_ROOM ((size_t)1 << 20) /* most bytes that can be seen at once */
#define READER_TAIL 64		      /* readable bytes behind them, for parsers in large steps */

/* "-": standard input. What is compressed by gzip or zstd is read as what it holds. 0, or -errno
 * with `error` said. */
int reader_open(struct reader *reader, const char *path, struct error *error);
void reader_close(struct reader *reader);

/* Moves all it holds to `to`; `from` is closed. */
void reader_move(struct reader *to, struct reader *from);

/* Bytes of the file that are done, and in all (0: unknown): what a progress bar shows. */
void reader_progress(const struct reader *reader, uint64_t *done, uint64_t *all);

/* Why it ended early, in words; NULL: the end of the file. */
const char *reader_fault(const struct reader *reader);

/* Reads once more. False when nothing came: the end, a failure, or no room. */
bool reader_more(struct reader *reader);

/* Every reader is at the end of its file from now on, one that waits for a pipe too if this is
 * called by the handler of a signal. Async-signal-safe. */
void readers_stop(void);

/* Up to `length` (at most READER_ROOM) bytes from here; *have tells how many there are: fewer only
 * at the end. */
static inline const uint8_t *reader_need(struct reader *reader, size_t length, size_t *have)
{
	while (reader->end - reader->start < length && reader_more(reader))
		;
	*have = reader->end - reader->start < length ? reader->end - reader->start : length;
	return reader->buffer + reader->start;
}

/* Takes `length` bytes that were seen. */
static inline void reader_take(struct reader *reader, size_t length)
{
	reader->start += length;
	reader->taken += length;
}

/* Passes over `length` bytes, seen or not; returns how many there were. */
uint64_t reader_skip(struct reader *reader, uint64_t length);

#endif
