/* SPDX-License-Identifier: Apache-2.0 */
#include "state/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define ENTRY_BYTES   (STATE_KIND_MAX + STATE_NAME_MAX + 5 * 8)
#define TRAILER_BYTES (3 * 8 + STATE_MAGIC_LEN)

static uint64_t word_at(const uint8_t *at)
{
	uint64_t word = 0;

	for (int i = 8; i-- > 0;)
		word = word << 8 | at[i];
	return word;
}

/* zlib takes lengths of 32 bits. */
static uint64_t sum_of(const uint8_t *at, size_t length)
{
	uLong sum = 0;

	while (length) {
		size_t part = length < (1u << 30) ? length : (1u << 30);

		sum = crc32(sum, at, (uInt)part);
		at += part;
		length -= part;
	}
	return sum;
}

static bool entry_read(struct state_image *image, const uint8_t *at, uint64_t directory,
		       struct state_entry *entry)
{
	memcpy(entry->kind, at, sizeof(entry->kind));
	memcpy(entry->name, at + STATE_KIND_MAX, sizeof(entry->name));
	at += STATE_KIND_MAX + STATE_NAME_MAX;
	entry->mark = word_at(at);
	entry->version = word_at(at + 8);
	entry->offset = word_at(at + 16);
	entry->length = word_at(at + 24);
	entry->crc = word_at(at + 32);
	if (entry->kind[STATE_KIND_MAX - 1] || entry->name[STATE_NAME_MAX - 1])
		return false;
	return entry->offset >= STATE_MAGIC_LEN && entry->offset <= directory &&
	       entry->length <= directory - entry->offset &&
	       sum_of(image->bytes + entry->offset, entry->length) == entry->crc;
}

static int directory_read(struct state_image *image, uint64_t offset, uint64_t entries)
{
	image->entries = calloc(entries + 1, sizeof(*image->entries));
	if (!image->entries)
		return -ENOMEM;
	for (uint64_t i = 0; i < entries; i++)
		if (!entry_read(image, image->bytes + offset + i * ENTRY_BYTES, offset,
				&image->entries[image->entries_len++]))
			return -EBADMSG;
	return 0;
}

int state_image_open(struct state_image *image, const void *bytes, size_t length,
		     const char **words)
{
	char magic[STATE_MAGIC_LEN] = STATE_MAGIC;
	const uint8_t *trailer;
	uint64_t offset, entries;
	int err;

	*image = (struct state_image){.bytes = bytes, .length = length};
	*words = "it is no snapshot of this version of weir";
	if (length < STATE_MAGIC_LEN || memcmp(bytes, magic, sizeof(magic)))
		return -EBADMSG;
	*words = "it is cut short";
	if (length < STATE_MAGIC_LEN + TRAILER_BYTES)
		return -EBADMSG;
	trailer = image->bytes + length - TRAILER_BYTES;
	offset = word_at(trailer);
	entries = word_at(trailer + 8);
	if (memcmp(trailer + 24, magic, sizeof(magic)) || offset > length - TRAILER_BYTES ||
	    entries > length / ENTRY_BYTES ||
	    offset + entries * ENTRY_BYTES != length - TRAILER_BYTES)
		return -EBADMSG;
	*words = "its checksums do not hold";
	if (sum_of(image->bytes + offset, entries * ENTRY_BYTES) != word_at(trailer + 16))
		return -EBADMSG;
	err = directory_read(image, offset, entries);
	if (err)
		state_image_close(image);
	return err;
}

void state_image_close(struct state_image *image)
{
	free(image->entries);
	*image = (struct state_image){0};
}

bool state_find(const struct state_image *image, const char *kind, const char *name,
		struct state_reader *reader)
{
	for (size_t i = 0; i < image->entries_len; i++) {
		const struct state_entry *entry = &image->entries[i];

		if (strcmp(entry->kind, kind) || strncmp(entry->name, name, STATE_NAME_MAX - 1))
			continue;
		*reader = (struct state_reader){.at = image->bytes + entry->offset,
						.end = image->bytes + entry->offset + entry->length,
						.mark = entry->mark,
						.version = entry->version};
		return true;
	}
	return false;
}

static const uint8_t *take(struct state_reader *r, size_t length)
{
	const uint8_t *at = r->at;

	if (r->bad || (size_t)(r->end - r->at) < length) {
		r->bad = true;
		return NULL;
	}
	r->at += length;
	return at;
}

uint64_t state_get_uint(struct state_reader *r)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		const uint8_t *at = take(r, 1);

		if (!at)
			return 0;
		number |= (uint64_t)(*at & 0x7f) << shift;
		if (!(*at & 0x80))
			return number;
	}
	r->bad = true;
	return 0;
}

int64_t state_get_int(struct state_reader *r)
{
	uint64_t number = state_get_uint(r);

	return (int64_t)(number >> 1 ^ (0 - (number & 1)));
}

double state_get_real(struct state_reader *r)
{
	const uint8_t *at = take(r, 8);
	uint64_t bits = at ? word_at(at) : 0;
	double number;

	memcpy(&number, &bits, sizeof(number));
	return number;
}

double state_get_share(struct state_reader *r)
{
	double share = state_get_real(r);

	if (share >= 0 && share <= 1)
		return share;
	r->bad = true;
	return 0;
}

/* Within some centuries of the epoch: a few of them add up in 64 bits. */
static bool time_is_sane(weir_time at)
{
	return at > -(INT64_C(1) << 61) && at < INT64_C(1) << 61;
}

weir_time state_get_time(struct state_reader *r)
{
	weir_time at = state_get_int(r);

	if (time_is_sane(at))
		return at;
	r->bad = true;
	return 0;
}

weir_time state_get_timer(struct state_reader *r)
{
	weir_time at = state_get_int(r);

	if (at == TIME_NEVER || at == TIME_NONE || time_is_sane(at))
		return at;
	r->bad = true;
	return TIME_NEVER;
}

bool state_get_bool(struct state_reader *r)
{
	return state_get_below(r, 1);
}

void state_get_raw(struct state_reader *r, void *bytes, size_t length)
{
	const uint8_t *at = take(r, length);

	if (at && length)
		memcpy(bytes, at, length);
	else if (length)
		memset(bytes, 0, length);
}

const char *state_get_bytes(struct state_reader *r, size_t *length)
{
	uint64_t size = state_get_uint(r);
	const uint8_t *at = take(r, size);

	*length = at ? size : 0;
	return (const char *)at;
}

void state_get_text(struct state_reader *r, char *text, size_t size)
{
	size_t length;
	const char *at = state_get_bytes(r, &length);

	if (length >= size) {
		r->bad = true;
		length = 0;
	}
	if (length)
		memcpy(text, at, length);
	text[length] = '\0';
}

uint64_t state_get_below(struct state_reader *r, uint64_t most)
{
	uint64_t number = state_get_uint(r);

	if (number <= most)
		return number;
	r->bad = true;
	return 0;
}

size_t state_get_count(struct state_reader *r, size_t most)
{
	size_t left = (size_t)(r->end - r->at);

	return state_get_below(r, most < left ? most : left);
}

bool state_done(const struct state_reader *r)
{
	return !r->bad && r->at == r->end;
}
