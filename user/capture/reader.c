/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int reader_open(struct reader *reader, const char *path, struct error *error)
{
	int err;

	*reader = (struct reader){.fd = -1};
	err = reader_file(reader, path, error);
	if (!err) {
		reader->buffer = malloc(READER_ROOM);
		if (!reader->buffer)
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
	*reader = (struct reader){.fd = -1, .ended = true};
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
	do
		n = read(reader->fd, reader->buffer + reader->end, READER_ROOM - reader->end);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		reader->ended = true;
		reader->failed = n < 0 ? errno : 0;
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
