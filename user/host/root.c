/* SPDX-License-Identifier: Apache-2.0 */
#include "host/root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PLACE (O_PATH | O_CLOEXEC | O_NOFOLLOW)
#define RACES 8 /* openat2 gives up when somebody renames folders meanwhile */

int host_root_open(struct host_root *root, const char *path)
{
	struct stat facts;
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &facts)) {
		int err = -errno;

		close(fd);
		return err;
	}
	*root = (struct host_root){.fd = fd, .device = facts.st_dev, .inode = facts.st_ino};
	return 0;
}

void host_root_close(struct host_root *root)
{
	close(root->fd);
	root->fd = -1;
}

/* What a place holds may be read only if it is of the kind that is asked for: the place is the same
 * file when it is opened again, whatever its name has come to mean. */
static int open_place(int place, mode_t kind, struct stat *facts)
{
	char self[32];
	struct stat own;
	int fd;

	if (!facts)
		facts = &own;
	if (fstat(place, facts))
		return -errno;
	if ((facts->st_mode & S_IFMT) != kind)
		return kind == S_IFDIR ? -ENOTDIR : -EINVAL;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", place);
	fd = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int finish(int place, mode_t kind, struct stat *facts)
{
	int fd;

	if (place < 0)
		return place;
	if (!kind) {
		if (!facts || !fstat(place, facts))
			return place;
		fd = -errno;
	} else {
		fd = open_place(place, kind, facts);
	}
	close(place);
	return fd;
}

int host_open_in(int folder, const char *name, mode_t kind, struct stat *facts)
{
	int place = strchr(name, '/') ? -1 : openat(folder, name, PLACE);

	return finish(place < 0 ? -errno : place, kind, facts);
}

/* The entry of a folder with the first `length` bytes of `name` as its name. */
static int step(int folder, const char *name, size_t length)
{
	char entry[256];
	int fd;

	if (!length || length >= sizeof(entry) || (length == 2 && !memcmp(name, "..", 2)))
		return -EINVAL;
	memcpy(entry, name, length);
	entry[length] = '\0';
	fd = openat(folder, entry, PLACE);
	return fd < 0 ? -errno : fd;
}

static bool passable(const struct host_root *root, int folder)
{
	struct stat facts;

	return !fstat(folder, &facts) && S_ISDIR(facts.st_mode) &&
	       (root->whole || facts.st_dev == root->device);
}

/* One folder after the other, none of them a link. */
static int walk(const struct host_root *root, const char *path)
{
	int at = root->fd;

	for (const char *end;; path = end + 1) {
		int next = -ELOOP;

		end = strchrnul(path, '/');
		if (passable(root, at))
			next = step(at, path, (size_t)(end - path));
		if (at != root->fd)
			close(at);
		at = next;
		if (at < 0 || !*end)
			return at;
	}
}

static int place_of(const struct host_root *root, const char *path, bool follow)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS |
			   (root->whole ? 0 : RESOLVE_NO_XDEV),
	};

	if (root->plain)
		return walk(root, path);
	for (unsigned i = 0; i < RACES; i++) {
		int fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));

		if (fd >= 0)
			return fd;
		if (errno == ENOSYS || errno == EPERM)
			return walk(root, path);
		if (errno != EAGAIN)
			break;
	}
	return -errno;
}

int host_open(const struct host_root *root, const char *path, mode_t kind, struct stat *facts)
{
	return finish(place_of(root, path, kind != 0), kind, facts);
}

bool host_read_link(const struct host_root *root, const char *path, char *text, size_t size)
{
	int place = host_open(root, path, 0, NULL);
	ssize_t length;

	if (place < 0)
		return false;
	length = readlinkat(place, "", text, size);
	close(place);
	if (length <= 0 || (size_t)length >= size)
		return false;
	text[length] = '\0';
	return true;
}

static ssize_t read_whole(int fd, char *bytes, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, bytes + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

char *host_read(const struct host_root *root, const char *path, size_t max, size_t *length)
{
	struct stat facts;
	int fd = host_open(root, path, S_IFREG, &facts);
	char *bytes = NULL;
	ssize_t have = -1;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	if ((uint64_t)facts.st_size > max)
		errno = EFBIG;
	else
		bytes = malloc((size_t)facts.st_size + 1);
	if (bytes)
		have = read_whole(fd, bytes, (size_t)facts.st_size);
	close(fd);
	if (have < 0) {
		free(bytes);
		return NULL;
	}
	bytes[have] = '\0';
	*length = (size_t)have;
	return bytes;
}

struct lines {
	char bytes[16 * HOST_LINE_MAX];
	size_t used;
	bool over; /* in the middle of a line that is too long */
	void (*line)(void *context, char *text, size_t length);
	void *context;
};

static void take_lines(struct lines *lines)
{
	char *at = lines->bytes, *end = at + lines->used, *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1) {
		*newline = '\0';
		if (!lines->over && newline - at <= HOST_LINE_MAX)
			lines->line(lines->context, at, (size_t)(newline - at));
		lines->over = false;
	}
	lines->used = (size_t)(end - at);
	if (lines->used > HOST_LINE_MAX) {
		lines->over = true;
		lines->used = 0;
	}
	memmove(lines->bytes, at, lines->used);
}

int host_lines(int fd, uint64_t *budget, void (*line)(void *context, char *text, size_t length),
	       void *context)
{
	struct lines lines;
	ssize_t n;

	lines.used = 0;
	lines.over = false;
	lines.line = line;
	lines.context = context;
	while ((n = read(fd, lines.bytes + lines.used, sizeof(lines.bytes) - 1 - lines.used))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if ((uint64_t)n > *budget)
			return -EFBIG;
		*budget -= (uint64_t)n;
		lines.used += (size_t)n;
		take_lines(&lines);
	}
	if (lines.used && !lines.over) { /* the last one needs no newline */
		lines.bytes[lines.used] = '\0';
		line(context, lines.bytes, lines.used);
	}
	return 0;
}
