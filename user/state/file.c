/* SPDX-License-Identifier: Apache-2.0 */
#include "state/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096

static int put(void *context, const void *bytes, size_t length)
{
	const char *at = bytes;
	int fd = *(int *)context;

	while (length) {
		ssize_t n = write(fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

/* The folder of a path, which is cut off behind it. */
static void folder_of(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		strcpy(path, ".");
	else
		slash[slash == path] = '\0';
}

/* A name is on the disk only when its folder is. */
static int folder_sync(const char *path)
{
	char folder[PATH_BYTES];
	int fd, err;

	snprintf(folder, sizeof(folder), "%s", path);
	folder_of(folder);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fsync(fd) ? -errno : 0;
	close(fd);
	return err;
}

struct sealed {
	int fd;
	struct state_seal *seal;
};

static int put_sealed(void *context, const void *bytes, size_t length)
{
	struct sealed *sealed = context;

	return state_seal_more(sealed->seal, bytes, length, put, &sealed->fd);
}

static int write_sealed(int fd, struct state_seal *seal, struct state_writer *writer,
			size_t sections, void (*save)(void *context, struct state_writer *writer),
			void *context)
{
	struct sealed sealed = {fd, seal};
	int err = state_seal_head(seal, put, &fd);

	err = err ? err : state_write(writer, sections, put_sealed, &sealed, save, context);
	return err ? err : state_seal_tail(seal, put, &fd);
}

int state_fd_write(int fd, struct state_writer *writer, size_t sections,
		   void (*save)(void *context, struct state_writer *writer), void *context)
{
	return state_write(writer, sections, put, &fd, save, context);
}

int state_file_write(const char *path, struct state_seal *seal, struct state_writer *writer,
		     size_t sections, void (*save)(void *context, struct state_writer *writer),
		     void *context)
{
	char temporary[PATH_BYTES];
	int fd, err;

	if (snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	/* Whoever made one there before us has no part in it. */
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	err = seal ? write_sealed(fd, seal, writer, sections, save, context)
		   : state_fd_write(fd, writer, sections, save, context);
	if (!err && fsync(fd))
		err = -errno;
	close(fd);
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	return err ? err : folder_sync(path);
}

static int read_whole(int fd, char *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = pread(fd, bytes + done, length - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

int state_fd_read(int fd, void **bytes, size_t *length)
{
	struct stat status;
	int err = 0;

	*bytes = NULL;
	if (fstat(fd, &status))
		err = -errno;
	else if (!S_ISREG(status.st_mode))
		err = -EINVAL;
	else if ((uint64_t)status.st_size > STATE_BYTES_MAX)
		err = -EFBIG;
	*length = err ? 0 : (size_t)status.st_size;
	*bytes = err ? NULL : malloc(*length + 1);
	if (!err)
		err = *bytes ? read_whole(fd, *bytes, *length) : -ENOMEM;
	if (err) {
		free(*bytes);
		*bytes = NULL;
	}
	return err;
}

int state_file_read(const char *path, void **bytes, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	*bytes = NULL;
	if (fd < 0)
		return -errno;
	err = state_fd_read(fd, bytes, length);
	close(fd);
	return err;
}

/* Names carry their time, so that their order is that of age. */
static void keep_newest(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char folder[PATH_BYTES], start[PATH_BYTES], name[PATH_BYTES + 256];
	struct dirent **entries;
	int len, found = 0;

	snprintf(folder, sizeof(folder), "%s", path);
	folder_of(folder);
	snprintf(start, sizeof(start), "%s.bad-", base);
	len = scandir(folder, &entries, NULL, alphasort);
	for (int i = len; i-- > 0;) {
		if (!strncmp(entries[i]->d_name, start, strlen(start)) &&
		    ++found > STATE_BAD_KEPT) {
			snprintf(name, sizeof(name), "%s/%s", folder, entries[i]->d_name);
			unlink(name);
		}
		free(entries[i]);
	}
	if (len >= 0)
		free(entries);
}

int state_file_set_aside(const char *path, weir_time now, char *name, size_t size)
{
	char time[TIME_TEXT_MAX];

	if (snprintf(name, size, "%s.bad-%s", path, time_format(now, time)) >= (int)size)
		return -ENAMETOOLONG;
	if (rename(path, name))
		return -errno;
	keep_newest(path);
	return 0;
}
