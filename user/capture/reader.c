/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/inflate.h"

static int reader_file(struct reader *reader, const char *path, struct error *error)
{
	struct stat st;
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;

	if (fd < 0)
		return error_set(error, errno == EACCES ? EXIT_SYSTEM : EXIT_INPUT, errno,
				 "%s: %s: a file that can be read", path, strerror(errno));
	reader->fd = fd;
	if (fstat(fd, &st))
		return error_set(error, EXIT_SYSTEM, errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return error_set(error, EXIT_INPUT, EISDIR,
				 "%s is a directory: name the files in it", path);
	if (S_ISREG(st.st_mode)) {
		reader->size = (uint64_t)st.st_size;
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}
	return 0;
}

/* Whether it is compressed shows in the first bytes, which then are what the rest is read behind.
 */
static int reader_unpack(struct reader *reader)
{
	size_t have;
	const uint8_t *head = reader_need(reader, INFLATE_MAGIC, &have);
	int err = inflate_new(&reader->inflate, head, have, reader->buffer, reader->end);

	if (!err && reader->inflate) {
		reader->end = 0;
		reader->ended = false;
	}
	return err;
}

int reader_open(struct reader *reader, const char *path, struct error *error)
{
	int err;

	*reader = (struct reader){.fd = -1};
	err = reader_file(reader, path, error);
	if (!err) {
		reader->buffer = calloc(1, READER_ROOM + READER_TAIL);
		if (!reader->buffer || reader_unpack(reader))
			err = error_set(error, EXIT_SYSTEM, ENOMEM, "%s: out of memory", path);
	}
	if (err)
		reader_close(reader);
	return err;
}

void reader_close(struct reader *reader)
{
	if (reader->fd > STDIN_FILENO)
		close(reader->fd);
	free(reader->buffer);
	inflate_free(reader->inflate);
	*reader = (struct reader){.fd = -1, .ended = true};
}

static volatile sig_atomic_t stopped;

void readers_stop(void)
{
	stopped = 1;
}

static ssize_t load(struct reader *reader, uint8_t *to, size_t room)
{
	ssize_t n;

	do
		n = stopped ? 0 : read(reader->fd, to, room);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		reader->failed = errno;
	else
		reader->loaded += (uint64_t)n;
	return n;
}

/* Unpacked bytes; 0: the end, a failure, or damage. */
static ssize_t load_packed(struct reader *reader, uint8_t *to, size_t room)
{
	for (;;) {
		size_t free, got = inflate_step(reader->inflate, to, room, &reader->broken);
		uint8_t *packed;
		ssize_t n;

		if (got || reader->broken)
			return (ssize_t)got;
		packed = inflate_room(reader->inflate, &free);
		n = load(reader, packed, free);
		if (n <= 0) {
			if (!n)
				inflate_end(reader->inflate, &reader->broken);
			return 0;
		}
		inflate_given(reader->inflate, (size_t)n);
	}
}

bool reader_more(struct reader *reader)
{
	ssize_t n;

	if (reader->ended)
		return false;
	if (reader->start) {
		memmove(reader->buffer, reader->buffer + reader->start,
			reader->end - reader->start);
		reader->end -= reader->start;
		reader->start = 0;
	}
	if (reader->end == READER_ROOM)
		return false;
	n = (reader->inflate ? load_packed : load)(reader, reader->buffer + reader->end,
						   READER_ROOM - reader->end);
	if (n <= 0) {
		reader->ended = true;
		return false;
	}
	reader->end += (size_t)n;
	return true;
}

uint64_t reader_skip(struct reader *reader, uint64_t length)
{
	uint64_t skipped = 0;

	for (;;) {
		size_t here = reader->end - reader->start;

		if (here > length - skipped)
			here = (size_t)(length - skipped);
		reader_take(reader, here);
		skipped += here;
		if (skipped == length || !reader_more(reader))
			return skipped;
	}
}

void reader_move(struct reader *to, struct reader *from)
{
	*to = *from;
	*from = (struct reader){.fd = -1, .ended = true};
}

void reader_progress(const struct reader *reader, uint64_t *done, uint64_t *all)
{
	*done = reader->inflate ? reader->loaded : reader->taken;
	*all = reader->size;
}

const char *reader_fault(const struct reader *reader)
{
	return reader->failed ? strerror(reader->failed) : reader->broken;
}
