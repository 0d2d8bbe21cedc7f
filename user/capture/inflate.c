/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/inflate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define PACKED_ROOM (1 << 20)

struct inflate;

/* One way of compressing. */
struct inflate_kind {
	uint8_t magic[INFLATE_MAGIC], magic_length;
	int (*open)(struct inflate *in);
	/* Moves `start` and returns what was written; *broken on damage. */
	size_t (*step)(struct inflate *in, uint8_t *to, size_t room, const char **broken);
	void (*close)(struct inflate *in);
};

struct inflate {
	const struct inflate_kind *kind;
	z_stream gzip;
	ZSTD_DStream *zstd;
	bool within; /* a frame has begun and not ended */
	size_t start, end;
	uint8_t packed[PACKED_ROOM];
};

static int gzip_open(struct inflate *in)
{
	/* 15 bits of window, and a header of gzip. */
	return inflateInit2(&in->gzip, 15 + 16) == Z_OK ? 0 : -ENOMEM;
}

static size_t gzip_step(struct inflate *in, uint8_t *to, size_t room, const char **broken)
{
	int got;

	in->gzip.next_in = in->packed + in->start;
	in->gzip.avail_in = (unsigned)(in->end - in->start);
	in->gzip.next_out = to;
	in->gzip.avail_out = (unsigned)room;
	in->within |= in->gzip.avail_in > 0;
	got = inflate(&in->gzip, Z_NO_FLUSH);
	in->start = in->end - in->gzip.avail_in;
	if (got == Z_STREAM_END) {
		in->within = false;
		inflateReset(&in->gzip);
	} else if (got != Z_OK && got != Z_BUF_ERROR) {
		*broken = "its gzip compression is damaged";
	}
	return room - in->gzip.avail_out;
}

static void gzip_close(struct inflate *in)
{
	inflateEnd(&in->gzip);
}

static int zstd_open(struct inflate *in)
{
	in->zstd = ZSTD_createDStream();
	return in->zstd ? 0 : -ENOMEM;
}

static size_t zstd_step(struct inflate *in, uint8_t *to, size_t room, const char **broken)
{
	ZSTD_inBuffer from = {in->packed, in->end, in->start};
	ZSTD_outBuffer out = {to, room, 0};
	size_t left = ZSTD_decompressStream(in->zstd, &out, &from);

	if (ZSTD_isError(left))
		*broken = "its zstd compression is damaged";
	else if (from.pos != in->start || out.pos)
		in->within = left != 0;
	in->start = from.pos;
	return out.pos;
}

static void zstd_close(struct inflate *in)
{
	ZSTD_freeDStream(in->zstd);
}

static const struct inflate_kind kinds[] = {
	{{0x1f, 0x8b}, 2, gzip_open, gzip_step, gzip_close},
	{{0x28, 0xb5, 0x2f, 0xfd}, 4, zstd_open, zstd_step, zstd_close},
};

int inflate_new(struct inflate **inflate, const uint8_t *head, size_t have, const uint8_t *packed,
		size_t length)
{
	struct inflate *in;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (have < kinds[i].magic_length ||
		    memcmp(head, kinds[i].magic, kinds[i].magic_length) != 0)
			continue;
		in = calloc(1, sizeof(*in));
		if (!in)
			return -ENOMEM;
		in->kind = &kinds[i];
		if (in->kind->open(in)) {
			free(in);
			return -ENOMEM;
		}
		memcpy(in->packed, packed, length);
		in->end = length;
		*inflate = in;
		return 0;
	}
	*inflate = NULL;
	return 0;
}

void inflate_free(struct inflate *in)
{
	if (in)
		in->kind->close(in);
	free(in);
}

size_t inflate_step(struct inflate *in, uint8_t *to, size_t room, const char **broken)
{
	size_t got = 0, before;

	/* A header gives nothing yet; without input only what waits inside comes out. */
	do {
		before = in->start;
		got = in->kind->step(in, to, room, broken);
	} while (!got && !*broken && in->start != before && in->start < in->end);
	return got;
}

uint8_t *inflate_room(struct inflate *in, size_t *room)
{
	/* What is left is a few bytes of a header at most. */
	memmove(in->packed, in->packed + in->start, in->end - in->start);
	in->end -= in->start;
	in->start = 0;
	*room = PACKED_ROOM - in->end;
	return in->packed + in->end;
}

void inflate_given(struct inflate *in, size_t length)
{
	in->end += length;
}

void inflate_end(const struct inflate *in, const char **broken)
{
	if (in->within)
		*broken = "it ends within what was compressed";
}
