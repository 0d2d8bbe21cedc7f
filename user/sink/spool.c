/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/trust.h"
#include "sink/spool_file.h"
#include "sink/spool_place.h"

#define FOLDER_MODE  0700
#define FILE_MODE    0600
#define PATH_BYTES   4096
#define FILES_MAX    64 /* open at a time; of more the oldest goes */
#define FILES_SHARE  16 /* a file grows to this part of the bound, */
#define FILE_LEAST   (64u << 10)
#define FILE_MOST    (16u << 20) /* within these */
#define MEMORY_SHARE 4		 /* a file in memory, to this part of SPOOL_MEMORY */
#define EMPTY_KEPT   (1u << 20)	 /* of a file that is finished with: a greater one is removed */
#define RETRY_AFTER  (5 * WEIR_SEC)

struct spool {
	pthread_mutex_t lock;
	char *folder; /* NULL: memory alone */
	uint64_t bytes, file_bytes;
	int lock_fd;		  /* of the folder; -1: another process has it, or it is not used */
	struct spool_place place; /* where the taker is */
	VEC(struct spool_file) files; /* oldest first; the last one grows */
	uint64_t next;		      /* number of the next record */
	bool dirty;		      /* something is not on the disk */
	bool new_names;		      /* of files, likewise */
	bool disk;		      /* files are made there */
	int error;		      /* of the disk */
	weir_time retry;	      /* CLOCK_MONOTONIC: when it is tried again after that */
	struct spool_stats stats;
};

/* ---- files ---- */

static void path_of(const struct spool *s, uint64_t first, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%016llx.spool", s->folder, (unsigned long long)first);
}

static void remove_file(struct spool *s, size_t index)
{
	struct spool_file *file = &s->files.at[index];
	char path[PATH_BYTES];

	if (!file->memory) {
		path_of(s, file->first, path);
		unlink(path);
	}
	spool_file_close(file);
	memmove(file, file + 1, (s->files.len - index - 1) * sizeof(*file));
	s->files.len--;
}

/* The oldest goes, with what is in it. */
static void drop_oldest(struct spool *s)
{
	const struct spool_file *file = &s->files.at[0];

	for (unsigned i = 0; i < OUT_KINDS; i++)
		s->stats.dropped[i] += file->left[i];
	remove_file(s, 0);
}

static uint64_t bytes_of(const struct spool *s, bool memory)
{
	uint64_t bytes = 0;

	vec_each (file, &s->files)
		bytes += file->memory == memory ? file->size : 0;
	return bytes;
}

static void failed(struct spool *s, int err)
{
	s->error = -err;
	s->retry = time_monotonic() + RETRY_AFTER;
}

static int new_descriptor(struct spool *s, bool memory)
{
	char path[PATH_BYTES];
	int fd;

	if (memory) {
		fd = memfd_create("weir-spool", MFD_CLOEXEC);
	} else {
		path_of(s, s->next, path);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	}
	return fd < 0 ? -errno : fd;
}

/* Another file at the end. 0, or -errno. */
static int grow(struct spool *s, bool memory)
{
	struct spool_file *file;
	int err, fd;

	if (s->files.len == FILES_MAX)
		drop_oldest(s);
	fd = new_descriptor(s, memory);
	if (fd < 0)
		return fd;
	file = vec_add(&s->files);
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	err = spool_file_begin(file, fd, memory, s->next);
	if (err)
		remove_file(s, s->files.len - 1);
	else if (!memory)
		s->new_names = s->dirty = true;
	return err;
}

/* ---- putting ---- */

static bool fits(const struct spool *s, const struct spool_file *file, uint64_t need)
{
	uint64_t most = file->memory ? SPOOL_MEMORY / MEMORY_SHARE : s->file_bytes;

	/* After a power cut the place may be ahead of what the files have. */
	return file->next == s->next && (file->size + need <= most || file->next == file->first);
}

static bool disk_is_due(const struct spool *s)
{
	return s->disk && (!s->error || time_monotonic() >= s->retry);
}

/* The oldest go until there is room for as much more. */
static void make_room(struct spool *s, bool memory, uint64_t need)
{
	uint64_t most = memory ? SPOOL_MEMORY : s->bytes;

	while (s->files.len > 1 && s->files.at[0].memory == memory &&
	       bytes_of(s, memory) + need > most)
		drop_oldest(s);
}

static int put_on_disk(struct spool *s, const struct spool_record *record, uint64_t need)
{
	const struct spool_file *last;
	int err = 0;

	make_room(s, false, need);
	last = s->files.len ? &s->files.at[s->files.len - 1] : NULL;
	if (!last || last->memory || !fits(s, last, need))
		err = grow(s, false);
	err = err ? err : spool_file_put(&s->files.at[s->files.len - 1], record);
	if (err)
		failed(s, err);
	else
		s->error = 0;
	s->dirty = s->dirty || !err;
	return err;
}

/* What waits on a disk that refuses is older, and stays; without one the oldest goes. */
static int put_in_memory(struct spool *s, const struct spool_record *record, uint64_t need)
{
	const struct spool_file *last;
	int err = 0;

	make_room(s, true, need);
	if (bytes_of(s, true) + need > SPOOL_MEMORY)
		return -ENOSPC;
	last = s->files.len ? &s->files.at[s->files.len - 1] : NULL;
	if (!last || !last->memory || !fits(s, last, need))
		err = grow(s, true);
	err = err ? err : spool_file_put(&s->files.at[s->files.len - 1], record);
	return err ? -ENOSPC : 0;
}

int spool_put(struct spool *s, const struct spool_record *record)
{
	uint64_t need = spool_file_need(record);
	int err = -ENODEV;

	if (need > SPOOL_RECORD_MAX || need > s->file_bytes)
		return -EMSGSIZE;
	pthread_mutex_lock(&s->lock);
	if (disk_is_due(s))
		err = put_on_disk(s, record, need);
	if (err)
		err = put_in_memory(s, record, need);
	s->next += !err;
	pthread_mutex_unlock(&s->lock);
	return err;
}

/* ---- taking ---- */

/* What cannot be read is lost, and counted; when it is its turn. */
static void lose(struct spool *s, struct spool_file *file)
{
	for (unsigned i = 0; i < OUT_KINDS; i++)
		s->stats.dropped[i] += file->left[i];
	spool_file_done(file, file->next);
}

/* Adds what is left of one file; false: no more is to be added. */
static bool peek_file(struct spool *s, struct spool_file *file, struct spool_batch *batch,
		      size_t records, size_t bytes)
{
	uint64_t offset = file->taken;
	int err = 0;

	while (batch->list.len < records && (!batch->list.len || batch->arena.used < bytes)) {
		struct spool_record record, *at;

		err = spool_file_get(file, &offset, &batch->arena, &record);
		if (err)
			break;
		at = vec_add(&batch->list);
		if (!at)
			return false;
		*at = record;
	}
	if (err && err != -ENODATA && err != -ENOMEM && !batch->list.len)
		lose(s, file);
	return err == -ENODATA || (err && !batch->list.len);
}

size_t spool_peek(struct spool *s, struct spool_batch *batch, size_t records, size_t bytes)
{
	arena_reset(&batch->arena);
	batch->list.len = 0;
	pthread_mutex_lock(&s->lock);
	vec_each (file, &s->files)
		if (spool_file_left(file) && !peek_file(s, file, batch, records, bytes))
			break;
	pthread_mutex_unlock(&s->lock);
	return batch->list.len;
}

void spool_batch_free(struct spool_batch *batch)
{
	vec_free(&batch->list);
	arena_free(&batch->arena);
}

void spool_done(struct spool *s, uint64_t number)
{
	pthread_mutex_lock(&s->lock);
	vec_each (file, &s->files)
		if (spool_file_left(file) && file->first <= number)
			spool_file_done(file, number + 1);
	while (s->files.len > 1 && !spool_file_left(&s->files.at[0]))
		remove_file(s, 0);
	if (s->files.len == 1 && !spool_file_left(&s->files.at[0]) &&
	    s->files.at[0].size > EMPTY_KEPT)
		remove_file(s, 0);
	if (s->disk)
		spool_place_set(&s->place, number + 1);
	pthread_mutex_unlock(&s->lock);
}

/* ---- the disk ---- */

/* Outside the lock, by a descriptor of its own: a disk that takes its time holds up nobody. */
static int duplicate(struct spool *s, bool *names)
{
	const struct spool_file *last;
	int fd = -1;

	pthread_mutex_lock(&s->lock);
	last = s->files.len ? &s->files.at[s->files.len - 1] : NULL;
	if (s->dirty && last && !last->memory && spool_file_left(last))
		fd = dup(last->fd);
	*names = s->new_names;
	s->dirty = s->new_names = false;
	pthread_mutex_unlock(&s->lock);
	return fd;
}

void spool_sync(struct spool *s)
{
	bool names;
	int fd = duplicate(s, &names);

	if (fd < 0)
		return;
	if (fdatasync(fd) || (names && fsync(s->lock_fd))) {
		pthread_mutex_lock(&s->lock);
		failed(s, -errno);
		s->dirty = true;
		s->new_names = s->new_names || names;
		pthread_mutex_unlock(&s->lock);
	}
	close(fd);
}

void spool_stats(struct spool *s, struct spool_stats *stats)
{
	pthread_mutex_lock(&s->lock);
	*stats = s->stats;
	stats->oldest = TIME_NONE;
	stats->error = s->error;
	vec_each (file, &s->files) {
		uint64_t left = spool_file_left(file);

		stats->records += left;
		stats->bytes += file->size;
		stats->memory = stats->memory || (file->memory && left);
		if (stats->oldest == TIME_NONE)
			stats->oldest = file->oldest;
	}
	pthread_mutex_unlock(&s->lock);
}

const char *spool_folder(const struct spool *s)
{
	return s->folder;
}

/* ---- beginning and end ---- */

/* With what is above it, as far as that is not there. */
static int make_folder(char *path)
{
	char *slash = strrchr(path, '/');
	int err;

	if (!mkdir(path, FOLDER_MODE) || errno == EEXIST)
		return 0;
	if (errno != ENOENT || !slash || slash == path)
		return -errno;
	*slash = '\0';
	err = make_folder(path);
	*slash = '/';
	if (err)
		return err;
	return mkdir(path, FOLDER_MODE) && errno != EEXIST ? -errno : 0;
}

static int open_folder(struct spool *s, struct error *error)
{
	char why[TRUST_WHY_MAX];
	int err = make_folder(s->folder);

	if (!err && !trust_path(s->folder, why))
		return error_set(error, EXIT_INPUT, EPERM, "spool %s %s", s->folder, why);
	if (!err && access(s->folder, R_OK | W_OK | X_OK))
		err = -errno;
	if (err)
		error_set(error, EXIT_SYSTEM, -err,
			  "%s: %s: spool.path names a folder that may be made or written",
			  s->folder, strerror(-err));
	return err;
}

static uint64_t within(uint64_t value, uint64_t least, uint64_t most)
{
	return value < least ? least : value > most ? most : value;
}

int spool_open(struct spool **spool, const struct spool_options *options, struct error *error)
{
	struct spool *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for a spool");
	pthread_mutex_init(&s->lock, NULL);
	s->lock_fd = -1;
	s->place.fd = -1;
	s->next = 1;
	s->bytes = options->bytes < SPOOL_LEAST ? SPOOL_LEAST : options->bytes;
	s->file_bytes = options->folder ? within(s->bytes / FILES_SHARE, FILE_LEAST, FILE_MOST)
					: SPOOL_MEMORY / MEMORY_SHARE;
	if (options->folder && asprintf(&s->folder, "%s/%s", options->folder, options->name) < 0) {
		s->folder = NULL;
		err = error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for a spool");
	}
	if (!err && s->folder)
		err = open_folder(s, error);
	if (err)
		spool_close(s);
	else
		*spool = s;
	return err;
}

void spool_close(struct spool *s)
{
	spool_sync(s);
	vec_each (file, &s->files)
		spool_file_close(file);
	vec_free(&s->files);
	spool_place_close(&s->place);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_mutex_destroy(&s->lock);
	free(s->folder);
	free(s);
}

static int newest_last(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

typedef VEC(uint64_t) numbers;

/* The first numbers of its files, oldest first. */
static int list_files(const struct spool *s, numbers *list)
{
	DIR *folder = opendir(s->folder);
	const struct dirent *entry;

	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		unsigned long long first;
		int end = 0;
		uint64_t *at;

		if (sscanf(entry->d_name, "%16llx.spool%n", &first, &end) != 1 || end != 22 ||
		    entry->d_name[end])
			continue;
		at = vec_add(list);
		if (at)
			*at = first;
	}
	closedir(folder);
	if (list->len)
		qsort(list->at, list->len, sizeof(*list->at), newest_last);
	return 0;
}

static int open_file(const char *path, struct error *error)
{
	char why[TRUST_WHY_MAX] = "is no ordinary file";
	struct stat st;
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return error_set(error, EXIT_SYSTEM, errno, "spool %s: %s", path, strerror(errno));
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && trust_fd(fd, why))
		return fd;
	close(fd);
	return error_set(error, EXIT_INPUT, EPERM, "spool %s %s", path, why);
}

/* One that is no file of a spool is put aside under another name. */
static int take_file(struct spool *s, uint64_t first, uint64_t from, struct error *error)
{
	char path[PATH_BYTES], aside[PATH_BYTES + 8];
	struct spool_file *file;
	int err, fd;

	path_of(s, first, path);
	fd = open_file(path, error);
	if (fd < 0)
		return fd;
	file = vec_add(&s->files);
	if (!file) {
		close(fd);
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for spool %s", path);
	}
	err = spool_file_read(file, fd, from, &s->stats.cut_bytes);
	if (err || file->first != first) {
		spool_file_close(file);
		s->files.len--;
		snprintf(aside, sizeof(aside), "%s.bad", path);
		(void)!rename(path, aside);
		log_error("spool %s: no file of a spool (%s): put aside as %s.bad", path,
			  strerror(err ? -err : EBADMSG), path);
		return 0;
	}
	if (file->next > s->next)
		s->next = file->next;
	return 0;
}

static int take_files(struct spool *s, struct error *error)
{
	uint64_t from = s->place.next;
	numbers list = {0};
	int err = list_files(s, &list);

	if (err)
		error_set(error, EXIT_SYSTEM, -err, "spool %s: %s", s->folder, strerror(-err));
	if (from > s->next)
		s->next = from;
	for (size_t i = 0; i < list.len && !err; i++) {
		if (s->files.len == FILES_MAX - 1)
			drop_oldest(s);
		err = take_file(s, list.at[i], from, error);
	}
	vec_free(&list);
	while (s->files.len > 1 && !spool_file_left(&s->files.at[0]))
		remove_file(s, 0);
	return err;
}

int spool_begin(struct spool *s, struct error *error)
{
	int err = 0;

	if (!s->folder)
		return 0;
	if (s->lock_fd < 0)
		s->lock_fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->lock_fd < 0)
		return error_set(error, EXIT_SYSTEM, errno, "spool %s: %s", s->folder,
				 strerror(errno));
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB))
		return -EAGAIN;
	pthread_mutex_lock(&s->lock);
	err = spool_place_open(&s->place, s->folder, error);
	err = err ? err : take_files(s, error);
	s->disk = !err;
	pthread_mutex_unlock(&s->lock);
	if (s->stats.cut_bytes)
		log_warn(
			"spool %s: %llu bytes at the ends of files were not whole, and are cut off",
			s->folder, (unsigned long long)s->stats.cut_bytes);
	return err;
}
