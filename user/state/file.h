/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STATE_FILE_H
#define WEIR_STATE_FILE_H

#include "base/error.h"
#include "base/time.h"
#include "state/reader.h"
#include "state/seal.h"

/* Bytes of a snapshot; more is none. */
#define STATE_BYTES_MAX (UINT64_C(8) << 30)

/*
 * Writes a snapshot to PATH.tmp, and gives it its name when it lies on the disk whole: whatever
 * ends in between leaves the one before. `save` puts the sections. 0, or -errno. Allocates nothing.
 * `seal` (seal.h), which has begun, seals it; NULL: it is in the clear.
 */
int state_file_write(const char *path, struct state_seal *seal, struct state_writer *writer,
		     size_t sections, void (*save)(void *context, struct state_writer *writer),
		     void *context);

/* The whole file in memory, to be freed. 0, -ENOENT if there is none, or -errno. */
int state_file_read(const char *path, void **bytes, size_t *length);

/* The same, from a file's beginning and into it, for one that has no name. */
int state_fd_read(int fd, void **bytes, size_t *length);
int state_fd_write(int fd, struct state_writer *writer, size_t sections,
		   void (*save)(void *context, struct state_writer *writer), void *context);

/* Renames a snapshot that cannot be used to PATH.bad-TIME, which is put into `name`; of those the
 * newest STATE_BAD_KEPT are kept. 0, or -errno. */
#define STATE_BAD_KEPT 3
int state_file_set_aside(const char *path, weir_time now, char *name, size_t size);

#endif
