/* SPDX-License-Identifier: Apache-2.0 */
#include "state/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void flush(struct state_writer *w)
{
	struct state_entry *open = w->entries_len ? &w->entries[w->entries_len - 1] : NULL;

	if (open)
		open->crc = crc32((uLong)open->crc, w->buffer, (uInt)w->used);
	if (!w->err)
		w->err = w->put(w->context, w->buffer, w->used);
	w->offset += w->used;
	w->used = 0;
}

void state_put_raw(struct state_writer *w, const void *bytes, size_t length)
{
	const uint8_t *from = bytes;

	while (length) {
		size_t part = sizeof(w->buffer) - w->used;

		part = part < length ? part : length;
		memcpy(w->buffer + w->used, from, part);
		w->used += part;
		from += part;
		length -= part;
		if (w->used == sizeof(w->buffer))
			flush(w);
	}
}

void state_put_uint(struct state_writer *w, uint64_t number)
{
	uint8_t bytes[10];
	size_t length = 0;

	for (; number >= 0x80; number >>= 7)
		bytes[length++] = (uint8_t)(number | 0x80);
	bytes[length++] = (uint8_t)number;
	state_put_raw(w, bytes, length);
}

void state_put_int(struct state_writer *w, int64_t number)
{
	state_put_uint(w, ((uint64_t)number << 1) ^ (uint64_t)(number >> 63));
}

static void put_word(struct state_writer *w, uint64_t word)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(word >> (8 * i));
	state_put_raw(w, bytes, sizeof(bytes));
}

void state_put_real(struct state_writer *w, double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	put_word(w, bits);
}

void state_put_bytes(struct state_writer *w, const void *bytes, size_t length)
{
	state_put_uint(w, length);
	state_put_raw(w, bytes, length);
}

void state_put_text(struct state_writer *w, const char *text)
{
	state_put_bytes(w, text, text ? strlen(text) : 0);
}

int state_begin(struct state_writer *w, size_t sections,
		int (*put)(void *context, const void *bytes, size_t length), void *context)
{
	char magic[STATE_MAGIC_LEN] = STATE_MAGIC;

	w->put = put;
	w->context = context;
	w->err = 0;
	w->offset = 0;
	w->used = w->entries_len = 0;
	w->entries_cap = sections;
	w->entries = calloc(sections + 1, sizeof(*w->entries));
	if (!w->entries)
		return -ENOMEM;
	state_put_raw(w, magic, sizeof(magic));
	return 0;
}

static void section_end(struct state_writer *w)
{
	struct state_entry *open;

	flush(w);
	if (!w->entries_len)
		return;
	open = &w->entries[w->entries_len - 1];
	open->length = w->offset - open->offset;
}

void state_section(struct state_writer *w, const char *kind, const char *name, uint64_t mark,
		   unsigned version)
{
	struct state_entry *entry;

	section_end(w);
	if (w->entries_len == w->entries_cap) {
		w->err = w->err ? w->err : -ENOSPC;
		return;
	}
	entry = &w->entries[w->entries_len++];
	snprintf(entry->kind, sizeof(entry->kind), "%s", kind);
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	entry->mark = mark;
	entry->version = version;
	entry->offset = w->offset;
}

static void put_entry(struct state_writer *w, const struct state_entry *entry)
{
	state_put_raw(w, entry->kind, sizeof(entry->kind));
	state_put_raw(w, entry->name, sizeof(entry->name));
	put_word(w, entry->mark);
	put_word(w, entry->version);
	put_word(w, entry->offset);
	put_word(w, entry->length);
	put_word(w, entry->crc);
}

int state_end(struct state_writer *w)
{
	char magic[STATE_MAGIC_LEN] = STATE_MAGIC;
	struct state_entry *entries = w->entries;
	size_t len = w->entries_len;
	uint64_t offset;

	section_end(w);
	/* The directory is summed up as a section of its own, behind those that it lists. */
	offset = w->offset;
	w->entries = &(struct state_entry){0};
	w->entries_len = 1;
	for (size_t i = 0; i < len; i++)
		put_entry(w, &entries[i]);
	flush(w);
	put_word(w, offset);
	put_word(w, len);
	put_word(w, w->entries[0].crc);
	state_put_raw(w, magic, sizeof(magic));
	flush(w);
	free(entries);
	w->entries = NULL;
	w->entries_len = 0;
	return w->err;
}

int state_write(struct state_writer *w, size_t sections,
		int (*put)(void *context, const void *bytes, size_t length), void *put_context,
		void (*save)(void *context, struct state_writer *writer), void *context)
{
	int err = state_begin(w, sections, put, put_context);

	if (err)
		return err;
	save(context, w);
	return state_end(w);
}
