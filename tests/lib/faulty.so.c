/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file system that fails, in front of the real one (LD_PRELOAD). Only files under WEIR_FAULTY are
 * meant. Calls that change them are numbered, over all processes that share the control file.
 *
 *   WEIR_FAULTY          a folder
 *   WEIR_FAULTY_CONTROL  a file of struct control: a test changes it while the program runs
 *   WEIR_FAULTY_LOG      if set: each change is recorded there, to be replayed (powercut.py)
 *
 * Record: kind (1 byte), time (8, CLOCK_REALTIME ns), offset (8), length of path (4), length of
 * data (4), path, data. Numbers little end first. Kinds: w(rite) t(runcate to offset) s(ync)
 * c(reate) r(ename to data) u(nlink).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
	atomic_uint_least64_t calls;  /* so far */
	atomic_uint_least64_t failed; /* of them */
	uint64_t from, until;	      /* numbers that fail: from <= number < until */
	int32_t fault;		      /* errno; -1: writes are short; 0: none */
	int32_t unused;
};

static struct control *control;
static char root[PATH_MAX];
static size_t root_length;
static int record = -1;

static void __attribute__((constructor)) begin(void)
{
	const char *folder = getenv("WEIR_FAULTY"), *path = getenv("WEIR_FAULTY_CONTROL");
	const char *log = getenv("WEIR_FAULTY_LOG");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (!folder || fd < 0)
		return;
	snprintf(root, sizeof(root), "%s/", folder);
	root_length = strlen(root);
	map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	if (log)
		record = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (map != MAP_FAILED)
		control = map;
}

static bool meant(const char *path)
{
	return control && path && !strncmp(path, root, root_length);
}

/* The path of a descriptor, if it is one that is meant. */
static bool meant_fd(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	if (!control || fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return meant(path);
}

/* Numbers a change: 0: let it be; -1: errno is set; 1: make it short. */
static int fate(bool write)
{
	uint64_t number = atomic_fetch_add(&control->calls, 1);

	if (!control->fault || number < control->from || number >= control->until)
		return 0;
	if (control->fault < 0 && !write)
		return 0;
	atomic_fetch_add(&control->failed, 1);
	if (control->fault < 0)
		return 1;
	errno = control->fault;
	return -1;
}

static void note(char kind, uint64_t offset, const char *path, const void *data, uint32_t length)
{
	uint32_t path_length = (uint32_t)strlen(path);
	uint8_t head[25];
	struct iovec parts[3] = {
		{head, sizeof(head)}, {(void *)path, path_length}, {(void *)data, length}};
	struct timespec ts;
	uint64_t at;

	if (record < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	at = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	head[0] = (uint8_t)kind;
	memcpy(head + 1, &at, 8);
	memcpy(head + 9, &offset, 8);
	memcpy(head + 17, &path_length, 4);
	memcpy(head + 21, &length, 4);
	syscall(SYS_writev, record, parts, length ? 3 : 2);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t length)
{
	static ssize_t (*real)(int, const void *, size_t);
	char path[PATH_MAX];
	off_t at;
	ssize_t n;

	real = real ? real : REAL(write);
	if (!meant_fd(fd, path))
		return real(fd, bytes, length);
	switch (fate(true)) {
	case -1:
		return -1;
	case 1:
		length = length > 1 ? length / 2 : length;
	}
	n = real(fd, bytes, length);
	at = lseek(fd, 0, SEEK_CUR);
	if (n > 0)
		note('w', (uint64_t)(at - n), path, bytes, (uint32_t)n);
	return n;
}

static ssize_t faulty_pwrite(int fd, const void *bytes, size_t length, off_t at)
{
	static ssize_t (*real)(int, const void *, size_t, off_t);
	char path[PATH_MAX];
	ssize_t n;

	real = real ? real : REAL(pwrite64);
	if (!meant_fd(fd, path))
		return real(fd, bytes, length, at);
	switch (fate(true)) {
	case -1:
		return -1;
	case 1:
		length = length > 1 ? length / 2 : length;
	}
	n = real(fd, bytes, length, at);
	if (n > 0)
		note('w', (uint64_t)at, path, bytes, (uint32_t)n);
	return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
	return faulty_pwrite(fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at)
{
	return faulty_pwrite(fd, bytes, length, at);
}

static int faulty_truncate(int fd, off_t length)
{
	static int (*real)(int, off_t);
	char path[PATH_MAX];
	int err;

	real = real ? real : REAL(ftruncate64);
	if (!meant_fd(fd, path))
		return real(fd, length);
	if (fate(false))
		return -1;
	err = real(fd, length);
	if (!err)
		note('t', (uint64_t)length, path, NULL, 0);
	return err;
}

int ftruncate(int fd, off_t length)
{
	return faulty_truncate(fd, length);
}

int ftruncate64(int fd, off_t length)
{
	return faulty_truncate(fd, length);
}

static int faulty_sync(int fd, int (*real)(int))
{
	char path[PATH_MAX + 1] = "";
	struct stat status;
	int err;

	if (!control || fd < 0)
		return real(fd);
	if (!meant_fd(fd, path)) {
		/* The folder itself: names in it become durable. */
		strcat(path, "/");
		if (strcmp(path, root) || fstat(fd, &status) || !S_ISDIR(status.st_mode))
			return real(fd);
	}
	if (fate(false))
		return -1;
	err = real(fd);
	if (!err)
		note('s', 0, path, NULL, 0);
	return err;
}

int fsync(int fd)
{
	static int (*real)(int);

	real = real ? real : REAL(fsync);
	return faulty_sync(fd, real);
}

int fdatasync(int fd)
{
	static int (*real)(int);

	real = real ? real : REAL(fdatasync);
	return faulty_sync(fd, real);
}

static int faulty_open(const char *path, int flags, mode_t mode)
{
	static int (*real)(const char *, int, ...);
	struct stat status;
	bool new;
	int fd;

	real = real ? real : REAL(open64);
	if (!meant(path) || !(flags & (O_CREAT | O_TRUNC)))
		return real(path, flags, mode);
	new = stat(path, &status) != 0;
	if ((new || flags &O_TRUNC) && fate(false))
		return -1;
	fd = real(path, flags, mode);
	if (fd >= 0 && new)
		note('c', 0, path, NULL, 0);
	else if (fd >= 0 && flags & O_TRUNC)
		note('t', 0, path, NULL, 0);
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return faulty_open(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int rename(const char *from, const char *to)
{
	static int (*real)(const char *, const char *);
	int err;

	real = real ? real : REAL(rename);
	if (!meant(from))
		return real(from, to);
	if (fate(false))
		return -1;
	err = real(from, to);
	if (!err)
		note('r', 0, from, to, (uint32_t)strlen(to));
	return err;
}

int unlink(const char *path)
{
	static int (*real)(const char *);
	int err;

	real = real ? real : REAL(unlink);
	if (!meant(path))
		return real(path);
	if (fate(false))
		return -1;
	err = real(path);
	if (!err)
		note('u', 0, path, NULL, 0);
	return err;
}
