/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/login/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLL_BYTES (1 << 20)

typedef void piece_fn(void *context, const char *bytes, size_t length);

void follow_init(struct follow *follow, const char *path, size_t record)
{
	memset(follow, 0, sizeof(*follow));
	follow->path = path;
	follow->record = record;
	follow->fd = -1;
}

static void forget(struct follow *follow)
{
	if (follow->fd >= 0)
		close(follow->fd);
	follow->fd = -1;
	follow->held = 0;
	follow->passing = false;
}

void follow_close(struct follow *follow)
{
	forget(follow);
}

/* A pipe in its place would be waited for. */
static int open_path(const struct follow *follow)
{
	int fd;

	if (follow->opener)
		return follow->opener->open(follow->opener->context, follow->path);
	fd = open(follow->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* At its end the first time, later at its beginning. */
static void open_file(struct follow *follow)
{
	struct stat st;

	follow->fd = open_path(follow);
	follow->error = follow->fd < 0 ? follow->fd : 0;
	if (follow->fd >= 0 && (fstat(follow->fd, &st) || !S_ISREG(st.st_mode)))
		follow->error = -EINVAL;
	if (follow->error) {
		forget(follow);
		/* One that comes later is new from its first byte. */
		follow->began = follow->began || follow->error == -ENOENT;
		return;
	}
	follow->device = st.st_dev;
	follow->inode = st.st_ino;
	follow->offset = follow->began ? 0 : (uint64_t)st.st_size;
	if (follow->record)
		follow->offset -= follow->offset % follow->record;
	follow->began = true;
	lseek(follow->fd, (off_t)follow->offset, SEEK_SET);
}

/* The length of the first piece with its end; 0: it is not whole. */
static size_t piece_length(const struct follow *follow, const char *at, size_t have)
{
	const char *end;

	if (follow->record)
		return have >= follow->record ? follow->record : 0;
	end = memchr(at, '\n', have);
	return end ? (size_t)(end - at) + 1 : 0;
}

static void hand_over(struct follow *follow, piece_fn *piece, void *context)
{
	const char *at = follow->buffer;
	size_t left = follow->held, length;

	while ((length = piece_length(follow, at, left))) {
		if (!follow->passing)
			piece(context, at, follow->record ? length : length - 1);
		follow->passing = false;
		at += length;
		left -= length;
	}
	if (left >= FOLLOW_PIECE_MAX) {
		follow->too_long += !follow->passing;
		follow->passing = true;
		left = 0;
	}
	memmove(follow->buffer, at, left);
	follow->held = left;
}

/* True while there may be more. */
static bool read_some(struct follow *follow, piece_fn *piece, void *context)
{
	ssize_t n = read(follow->fd, follow->buffer + follow->held,
			 sizeof(follow->buffer) - follow->held);

	if (n <= 0)
		return n < 0 && errno == EINTR;
	follow->held += (size_t)n;
	follow->offset += (uint64_t)n;
	hand_over(follow, piece, context);
	return true;
}

/* In a folder that we may not look into, by opening it. */
static bool look_at(const struct follow *follow, struct stat *st)
{
	int fd;
	bool there;

	if (!stat(follow->path, st))
		return true;
	if (errno != EACCES || !follow->opener)
		return false;
	fd = open_path(follow);
	there = fd >= 0 && !fstat(fd, st);
	if (fd >= 0)
		close(fd);
	return there;
}

/* Another file has its name, or it is shorter than what was read of it. */
static bool was_replaced(const struct follow *follow)
{
	struct stat st;

	if (!look_at(follow, &st))
		return false; /* between two names: what is open may still grow */
	return st.st_ino != follow->inode || st.st_dev != follow->device ||
	       (uint64_t)st.st_size < follow->offset;
}

void follow_poll(struct follow *follow, piece_fn *piece, void *context)
{
	uint64_t from;

	if (follow->fd < 0)
		open_file(follow);
	from = follow->offset;
	while (follow->fd >= 0 && follow->offset - from < POLL_BYTES &&
	       read_some(follow, piece, context))
		;
	if (follow->fd < 0 || follow->offset - from >= POLL_BYTES || !was_replaced(follow))
		return;
	/* What came between the last byte and the look. */
	while (read_some(follow, piece, context))
		;
	forget(follow);
	open_file(follow);
	while (follow->fd >= 0 && follow->offset < POLL_BYTES && read_some(follow, piece, context))
		;
}
