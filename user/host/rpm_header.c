/* SPDX-License-Identifier: Apache-2.0 */
/* Headers as an rpm database keeps them: two counts, an index of (tag, type, offset, count), a
 * store of values ("RPM V4 header format", rpm's documentation). */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "host/package.h"

enum { TAG_FOLDER_OF = 1116, TAG_NAMES = 1117, TAG_FOLDERS = 1118 }; /* DIRINDEXES, … */
enum { TYPE_INT32 = 4, TYPE_STRINGS = 8 };

#define ENTRY 16

struct values {
	const uint8_t *at, *end;
	uint32_t count;
};

static uint32_t number(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool find(const uint8_t *bytes, size_t length, uint32_t tag, uint32_t type,
		 struct values *values)
{
	size_t entries = number(bytes), store = number(bytes + 4);
	const uint8_t *data = bytes + 8 + entries * ENTRY;

	if (entries > length / ENTRY || store > length || 8 + entries * ENTRY + store > length)
		return false;
	for (const uint8_t *at = bytes + 8; at < data; at += ENTRY) {
		if (number(at) != tag || number(at + 4) != type || number(at + 8) >= store)
			continue;
		*values = (struct values){data + number(at + 8), data + store, number(at + 12)};
		return values->count <= store;
	}
	return false;
}

/* The next of its strings; NULL: there is none that ends. */
static const char *next_text(struct values *values, size_t *length)
{
	const char *text = (const char *)values->at;
	const uint8_t *end;

	if (!values->count || values->at >= values->end)
		return NULL;
	end = memchr(values->at, 0, (size_t)(values->end - values->at));
	if (!end)
		return NULL;
	*length = (size_t)(end - values->at);
	values->at = end + 1;
	values->count--;
	return text;
}

static void add(struct package_index *index, const char *folder, const char *name, size_t length)
{
	size_t before = strlen(folder);
	char path[PATH_MAX];

	if (before + length >= sizeof(path))
		return;
	memcpy(path, folder, before);
	memcpy(path + before, name, length);
	package_add(index, path, before + length);
}

void rpm_header_read(const uint8_t *bytes, size_t length, struct package_index *index)
{
	struct values names, folders, folder_of;
	const char **folder, *text;
	size_t folders_len = 0, text_length;

	if (length < 8 || !find(bytes, length, TAG_NAMES, TYPE_STRINGS, &names) ||
	    !find(bytes, length, TAG_FOLDERS, TYPE_STRINGS, &folders) ||
	    !find(bytes, length, TAG_FOLDER_OF, TYPE_INT32, &folder_of))
		return;
	folder = calloc((size_t)folders.count + 1, sizeof(*folder));
	if (!folder)
		return;
	while ((text = next_text(&folders, &text_length)))
		folder[folders_len++] = text;
	for (; folder_of.end - folder_of.at >= 4; folder_of.at += 4) {
		uint32_t which = number(folder_of.at);

		text = next_text(&names, &text_length);
		if (!text)
			break;
		if (which < folders_len)
			add(index, folder[which], text, text_length);
	}
	free(folder);
}
