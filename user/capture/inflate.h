/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_INFLATE_H
#define WEIR_CAPTURE_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Files compressed by gzip (RFC 1952) or zstd (RFC 8878), also several such one behind the other,
 * read as what they hold. Memory is bounded whatever the file claims: a zstd window of at most
 * 128 MiB, as zstd itself takes without being told.
 */
struct inflate;

#define INFLATE_MAGIC 4 /* bytes by which it is known */

/* *inflate is NULL where `head` begins nothing compressed. Takes over a copy of the `length` bytes
 * at `packed`, which were read already. 0, or -ENOMEM. */
int inflate_new(struct inflate **inflate, const uint8_t *head, size_t have, const uint8_t *packed,
		size_t length);
void inflate_free(struct inflate *inflate);

/* Unpacks up to `room` bytes; 0: it needs more input, or *broken says what is wrong. */
size_t inflate_step(struct inflate *inflate, uint8_t *to, size_t room, const char **broken);

/* Where more input goes, and that it is there. Only when inflate_step() needs more. */
uint8_t *inflate_room(struct inflate *inflate, size_t *room);
void inflate_given(struct inflate *inflate, size_t length);

/* No more input comes: *broken, if it ends within what was compressed. */
void inflate_end(const struct inflate *inflate, const char **broken);

#endif
