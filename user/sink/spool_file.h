/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_SPOOL_FILE_H
#define WEIR_SINK_SPOOL_FILE_H

#include "sink/spool.h"

/*
 * One file of a spool: a head, then records, each with its length, number and CRC-32 (zlib's), in
 * the byte order of the machine. It only grows. What is not whole at its end, as after a power cut,
 * is cut off when it is read. One thread, or under its user's lock.
 */
struct spool_file {
	int fd;
	bool memory;		  /* a memfd */
	uint64_t first, next;	  /* numbers of its records: [first, next) */
	uint64_t size;		  /* bytes */
	uint64_t left[OUT_KINDS]; /* records that are not finished with */
	uint64_t taken;		  /* offset of the first of these */
	weir_time oldest;	  /* when the first of these came; TIME_NONE: there is none */
};

/* A new one, empty, over an open descriptor, which it takes. 0, or -errno and it is closed. */
int spool_file_begin(struct spool_file *file, int fd, bool memory, uint64_t first);

/* Over what a descriptor holds, which it takes: `from` is the first number that counts. *cut: bytes
 * that were no records, gone now. 0, -EBADMSG (the head is none; it is closed), or -errno. */
int spool_file_read(struct spool_file *file, int fd, uint64_t from, uint64_t *cut);

void spool_file_close(struct spool_file *file);

/* Bytes that the record will take. */
uint64_t spool_file_need(const struct spool_record *record);

/* The whole record with number file->next, or nothing and -errno. */
int spool_file_put(struct spool_file *file, const struct spool_record *record);

/* The record at *offset, in memory of the arena; *offset is behind it then. 0, -ENODATA at the end,
 * -EBADMSG: what is there is none; -ENOMEM, -EIO. */
int spool_file_get(const struct spool_file *file, uint64_t *offset, struct arena *arena,
		   struct spool_record *record);

/* Records below `number` are finished with. */
void spool_file_done(struct spool_file *file, uint64_t number);

uint64_t spool_file_left(const struct spool_file *file);

#endif
