/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "fuzz/replay.h"
#include "sink/spool_file.h"

/* A spool's file, whatever is in it: what is read of it is read again the same after it was cut,
 * and more can be put behind. */

static uint64_t all(const struct spool_file *file, uint64_t *last)
{
	uint64_t offset = file->taken, n = 0;
	struct arena arena = {0};
	struct spool_record record;

	while (!spool_file_get(file, &offset, &arena, &record)) {
		if (strlen(record.id) >= SPOOL_ID_MAX || record.kind >= OUT_KINDS)
			abort();
		*last = record.number;
		n++;
	}
	if (offset != file->size)
		abort();
	arena_free(&arena);
	return n;
}

static uint32_t word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Checksums stand in the way of what mutates: they are made right, as far as lengths are. */
static void mend(uint8_t *bytes, size_t size)
{
	size_t at = 24;
	uint32_t crc;

	if (size < at)
		return;
	memcpy(bytes, "weirspl1", 8);
	crc = (uint32_t)crc32(0, bytes, 16);
	memcpy(bytes + 16, &crc, sizeof(crc));
	while (size - at >= 32) {
		size_t length = 32 + (size_t)word(bytes + at) + bytes[at + 25];

		if (length > size - at)
			return;
		memset(bytes + at + 4, 0, 4);
		crc = (uint32_t)crc32(0, bytes + at, (uInt)length);
		memcpy(bytes + at + 4, &crc, sizeof(crc));
		at += length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct spool_record more = {
		.kind = OUT_SIGNAL, .id = "more", .body = "{}", .length = 2};
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	uint64_t cut = 0, again = 0, last = 0, left;
	struct spool_file file;

	uint8_t *bytes = malloc(size + 1);

	replay_quiet();
	if (fd < 0 || !bytes)
		abort();
	memcpy(bytes, data, size);
	if (size % 4)
		mend(bytes, size);
	if (write(fd, bytes, size) != (ssize_t)size)
		abort();
	free(bytes);
	if (spool_file_read(&file, dup(fd), size % 8, &cut)) {
		close(fd);
		return 0;
	}
	left = all(&file, &last);
	if (spool_file_left(&file) != left)
		abort();
	if (spool_file_put(&file, &more))
		abort();
	if (all(&file, &last) != left + 1)
		abort();
	spool_file_done(&file, last);
	if (last && spool_file_left(&file) != 1)
		abort();
	spool_file_close(&file);
	if (spool_file_read(&file, fd, 0, &again) || again)
		abort();
	spool_file_close(&file);
	return 0;
}
