/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STATE_READER_H
#define WEIR_STATE_READER_H

#include "base/time.h"
#include "state/writer.h"

/*
 * A snapshot that was read into memory (writer.h). Nothing in it is believed: offsets, lengths and
 * checksums are proved when it is opened, every read is held against the section's end, and what
 * reads it must hold numbers against its own bounds.
 */
struct state_image {
	const uint8_t *bytes;
	size_t length;
	struct state_entry *entries;
	size_t entries_len;
};

/* `bytes` must outlive the image. 0; -EBADMSG with why in *words; or -ENOMEM. */
int state_image_open(struct state_image *image, const void *bytes, size_t length,
		     const char **words);
void state_image_close(struct state_image *image);

/* A cursor over one section. Once it went beyond the end or met what cannot be, it is `bad`, and
 * all reads yield zero. */
struct state_reader {
	const uint8_t *at, *end;
	uint64_t mark, version;
	bool bad;
};

/* False if there is no such section. */
bool state_find(const struct state_image *image, const char *kind, const char *name,
		struct state_reader *reader);

uint64_t state_get_uint(struct state_reader *reader);
int64_t state_get_int(struct state_reader *reader);
double state_get_real(struct state_reader *reader);
double state_get_share(struct state_reader *reader); /* 0 to 1 */
/* Times that can be added up and taken from each other; a timer may also be TIME_NEVER or
 * TIME_NONE.
 */
weir_time state_get_time(struct state_reader *reader);
weir_time state_get_timer(struct state_reader *reader);
bool state_get_bool(struct state_reader *reader);
void state_get_raw(struct state_reader *reader, void *bytes, size_t length);

/* Borrowed from the image; not ended by a zero. */
const char *state_get_bytes(struct state_reader *reader, size_t *length);

/* As text of at most `size` - 1 bytes. */
void state_get_text(struct state_reader *reader, char *text, size_t size);

/* A number that is at most `most`; a count of things that take a byte each at least is also held
 * against what is left. */
uint64_t state_get_below(struct state_reader *reader, uint64_t most);
size_t state_get_count(struct state_reader *reader, size_t most);

/* True if all was read, and nothing was bad. */
bool state_done(const struct state_reader *reader);

#endif
