/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tar.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK 512

struct tar {
	gzFile file;
	int err;
};

/* Numbers are octal digits, texts end with a zero where there is room. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

struct tar *tar_new(int fd)
{
	struct tar *tar = calloc(1, sizeof(*tar));

	if (tar)
		tar->file = gzdopen(fd, "wb");
	if (tar && tar->file)
		return tar;
	close(fd);
	free(tar);
	return NULL;
}

static void put(struct tar *tar, const void *bytes, size_t length)
{
	errno = 0;
	if (!tar->err && length && gzwrite(tar->file, bytes, (unsigned)length) != (int)length)
		tar->err = errno ? -errno : -EIO;
}

void tar_add(struct tar *tar, const char *name, const void *bytes, size_t length)
{
	static const char zeros[BLOCK];
	struct header header = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
	unsigned sum = 0;

	snprintf(header.name, sizeof(header.name), "%s", name);
	strcpy(header.mode, "0000600");
	strcpy(header.uid, "0000000");
	strcpy(header.gid, "0000000");
	snprintf(header.size, sizeof(header.size), "%011llo", (unsigned long long)length);
	snprintf(header.mtime, sizeof(header.mtime), "%011llo", (unsigned long long)time(NULL));
	memset(header.checksum, ' ', sizeof(header.checksum));
	for (size_t i = 0; i < sizeof(header); i++)
		sum += ((const unsigned char *)&header)[i];
	snprintf(header.checksum, sizeof(header.checksum) - 1, "%06o", sum);
	put(tar, &header, sizeof(header));
	put(tar, bytes, length);
	put(tar, zeros, (BLOCK - length % BLOCK) % BLOCK);
}

int tar_close(struct tar *tar)
{
	static const char end[2 * BLOCK];
	int err;

	put(tar, end, sizeof(end));
	err = tar->err;
	errno = 0;
	if (gzclose(tar->file) != Z_OK && !err)
		err = errno ? -errno : -EIO;
	free(tar);
	return err;
}
