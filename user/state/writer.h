/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STATE_WRITER_H
#define WEIR_STATE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A snapshot of what the engine knows, as bytes. Sections, each of one thing (a rule's windows,
 * the open detections), one after the other; then a directory of them; then a trailer that finds
 * the directory. So a snapshot is written in one pass, and read back section by section.
 *
 *     snapshot  = magic , { section } , directory , trailer ;
 *     directory = { kind 16 bytes , name 48 bytes , mark , version , offset , length , crc } ;
 *     trailer   = offset of the directory , entries , crc of the directory , magic ;
 *
 * Numbers of directory and trailer are 8 bytes, little end first; within a section they are LEB128
 * (signed ones zigzag), reals 8 bytes, bytes their length and themselves. Checksums are CRC-32
 * (zlib) of a section's bytes.
 *
 * Allocates nothing itself after state_begin(): it may run in a child that was forked beside
 * threads.
 */
#define STATE_MAGIC	"weir state 1\r\n\x1a"
#define STATE_MAGIC_LEN 16 /* with the zeroes behind it */
#define STATE_KIND_MAX	16
#define STATE_NAME_MAX	48

struct state_entry {
	char kind[STATE_KIND_MAX], name[STATE_NAME_MAX]; /* ended by a zero */
	uint64_t mark; /* of the definition that the section belongs to; 0: of none */
	uint64_t version, offset, length, crc;
};

struct state_writer {
	/* Takes all the bytes: 0, or -errno. */
	int (*put)(void *context, const void *bytes, size_t length);
	void *context;
	int err; /* the first one; what comes after is dropped */
	uint64_t offset;
	struct state_entry *entries;
	size_t entries_len, entries_cap;
	size_t used;
	uint8_t buffer[32 * 1024];
};

/* Room for so many sections. 0, or -ENOMEM. */
int state_begin(struct state_writer *writer, size_t sections,
		int (*put)(void *context, const void *bytes, size_t length), void *context);

/* From here on all that is written belongs to this section. */
void state_section(struct state_writer *writer, const char *kind, const char *name, uint64_t mark,
		   unsigned version);

void state_put_uint(struct state_writer *writer, uint64_t number);
void state_put_int(struct state_writer *writer, int64_t number);
void state_put_real(struct state_writer *writer, double number);
void state_put_raw(struct state_writer *writer, const void *bytes, size_t length);
void state_put_bytes(struct state_writer *writer, const void *bytes, size_t length);
void state_put_text(struct state_writer *writer, const char *text); /* NULL becomes "" */

/* Directory and trailer. 0, or the first -errno. Frees what state_begin() took. */
int state_end(struct state_writer *writer);
/* From beginning to end, with all that `save` writes between. 0, or the first -errno. */
int state_write(struct state_writer *writer, size_t sections,
		int (*put)(void *context, const void *bytes, size_t length), void *put_context,
		void (*save)(void *context, struct state_writer *writer), void *context);

#endif
