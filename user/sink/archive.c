/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/log.h"
#include "base/trust.h"
#include "event/archive.h"
#include "sink/aging.h"
#include "sink/database.h"
#include "sink/sink.h"

/*
 * Keeps events: a file an hour of event time, in zstd frames, the oldest files go by age and size.
 * A reader of a file that a crash cut off gets all but the last seconds. Behind a queue
 * (sink_queued()): compression and disk take their time.
 */

#define FOLDER_MODE 0750
#define FILE_MODE   0640
#define LEVEL	    3
#define FLUSH_EVERY (5 * WEIR_SEC)
#define RETRY_AFTER (10 * WEIR_SEC)
#define FRAME_BYTES (UINT64_C(8) << 20) /* of events; a frame can be read by itself */
#define PACKED_ROOM (1 << 17)

struct archive_sink {
	struct sink sink;
	struct archive_options options;
	char *folder;
	ZSTD_CCtx *zstd;
	int fd; /* -1: none */
	struct aging aging;
	weir_time hour;	   /* of the open file */
	unsigned number;   /* likewise */
	weir_time flushed; /* boot time; of the last failure while `error` */
	uint64_t frame;	   /* bytes of events in this frame */
	uint64_t size;	   /* of the open file */
	/* Read by the engine's thread for status. */
	atomic_uint_least64_t written, dropped, pruned;
	atomic_int error; /* errno while writing fails */
	char packed[PACKED_ROOM];
};

static void failed(struct archive_sink *s, int err)
{
	if (s->error != err)
		log_error("%s: %s: events are not kept, and counted", s->folder, strerror(err));
	s->error = err;
	s->flushed = time_boot();
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	ZSTD_CCtx_reset(s->zstd, ZSTD_reset_session_only);
}

static int pour(struct archive_sink *s, const char *bytes, size_t length)
{
	while (length) {
		ssize_t n = write(s->fd, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		length -= (size_t)n;
		s->size += (uint64_t)n;
	}
	return 0;
}

static int pack(struct archive_sink *s, const char *bytes, size_t length, ZSTD_EndDirective end)
{
	ZSTD_inBuffer in = {bytes, length, 0};

	for (;;) {
		ZSTD_outBuffer out = {s->packed, sizeof(s->packed), 0};
		size_t left = ZSTD_compressStream2(s->zstd, &out, &in, end);
		int err = ZSTD_isError(left) ? -EIO : pour(s, s->packed, out.pos);

		if (err)
			return err;
		if (end == ZSTD_e_continue ? in.pos == in.size : !left)
			return 0;
	}
}

static bool is_open(const struct archive_sink *s, const struct archive_file *file)
{
	return s->fd >= 0 &&
	       (file->hour > s->hour || (file->hour == s->hour && file->number >= s->number));
}

/* The oldest go while there are too many or too old ones; the open file stays. */
static void prune(struct archive_sink *s)
{
	weir_time now = aging_now(&s->aging, time_now(), time_boot());
	weir_time oldest = s->options.keep_for ? now - s->options.keep_for : TIME_NONE;
	struct archive_files files = {0};
	uint64_t total = 0;

	if (archive_list(s->folder, &files, NULL)) {
		archive_files_free(&files);
		return;
	}
	vec_each (file, &files.list)
		total += file->size;
	vec_each (file, &files.list) {
		bool old = file->hour + WEIR_HOUR < oldest;
		bool much = s->options.keep_bytes && total > s->options.keep_bytes;

		if (!(old || much) || is_open(s, file))
			break;
		if (unlink(file->path))
			break;
		s->pruned++;
		total -= file->size;
	}
	archive_files_free(&files);
}

static void start_aging(struct archive_sink *s)
{
	struct archive_files files = {0};
	weir_time newest = TIME_NONE;

	if (!archive_list(s->folder, &files, NULL))
		vec_each (file, &files.list)
			newest = file->hour + WEIR_HOUR;
	aging_start(&s->aging, newest, time_boot());
	archive_files_free(&files);
}

static void end_file(struct archive_sink *s)
{
	int err;

	if (s->fd < 0)
		return;
	err = pack(s, NULL, 0, ZSTD_e_end);
	if (err) {
		failed(s, -err);
		return;
	}
	close(s->fd);
	s->fd = -1;
}

static int begin_file(struct archive_sink *s, weir_time hour)
{
	char path[ARCHIVE_PATH_MAX];

	for (unsigned number = 0; number < ARCHIVE_PARTS; number++) {
		if (!archive_path(s->folder, hour, number, path))
			return -ENAMETOOLONG;
		s->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
		s->number = number;
		if (s->fd >= 0)
			break;
		if (errno != EEXIST)
			return -errno;
	}
	if (s->fd < 0)
		return -EEXIST;
	(void)!fchown(s->fd, (uid_t)-1, database_group());
	(void)!fchmod(s->fd, FILE_MODE); /* whatever the umask */
	s->hour = hour;
	s->frame = s->size = 0;
	s->flushed = time_boot();
	prune(s);
	return 0;
}

/* One that grew past its share within the hour is ended, so that size can be held to. */
static bool is_full(const struct archive_sink *s)
{
	return s->options.keep_bytes && s->size > s->options.keep_bytes / 4;
}

static int add(struct archive_sink *s, const struct out *out)
{
	weir_time hour = time_floor(out->at, WEIR_HOUR);
	int err = 0;

	if (s->fd >= 0 && (hour != s->hour || is_full(s)))
		end_file(s);
	if (s->fd < 0)
		err = begin_file(s, hour);
	err = err ? err : pack(s, out->json, out->json_length, ZSTD_e_continue);
	err = err ? err : pack(s, "\n", 1, ZSTD_e_continue);
	s->frame += out->json_length + 1;
	if (!err && s->frame >= FRAME_BYTES) {
		s->frame = 0;
		err = pack(s, NULL, 0, ZSTD_e_end);
	}
	return err;
}

static int archive_flush(struct sink *sink, int timeout_ms)
{
	struct archive_sink *s = (struct archive_sink *)sink;
	int err = s->fd >= 0 ? pack(s, NULL, 0, ZSTD_e_flush) : 0;

	(void)timeout_ms;
	if (err)
		failed(s, -err);
	else if (s->fd >= 0)
		s->flushed = time_boot();
	return err;
}

static void archive_write(struct sink *sink, struct out *out)
{
	struct archive_sink *s = (struct archive_sink *)sink;
	weir_time now = time_boot();
	int err;

	if (s->error && now - s->flushed < RETRY_AFTER) {
		s->dropped++;
		return;
	}
	err = add(s, out);
	if (err) {
		failed(s, -err);
		s->dropped++;
		return;
	}
	s->error = 0;
	s->written++;
	if (now - s->flushed >= FLUSH_EVERY)
		archive_flush(sink, 0);
}

static json_t *archive_status(struct sink *sink)
{
	struct archive_sink *s = (struct archive_sink *)sink;
	json_t *status = json_pack("{s:s, s:I, s:I, s:I}", "path", s->folder, "written",
				   (json_int_t)s->written, "dropped", (json_int_t)s->dropped,
				   "pruned_files", (json_int_t)s->pruned);

	if (s->error)
		json_object_set_new(status, "error", json_string(strerror(s->error)));
	return status;
}

static void archive_free(struct archive_sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	ZSTD_freeCCtx(s->zstd);
	free(s->folder);
	free(s);
}

static void archive_close(struct sink *sink)
{
	struct archive_sink *s = (struct archive_sink *)sink;

	end_file(s);
	if (s->dropped)
		log_error("%s: %llu events were not kept", s->folder,
			  (unsigned long long)s->dropped);
	archive_free(s);
}

static const struct sink_ops archive_ops = {
	.name = "archive",
	.write = archive_write,
	.flush = archive_flush,
	.status = archive_status,
	.close = archive_close,
};

static int open_folder(struct archive_sink *s, struct error *error)
{
	char why[TRUST_WHY_MAX];

	s->folder = strdup(s->options.path);
	s->zstd = ZSTD_createCCtx();
	if (!s->folder || !s->zstd)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", s->options.path);
	ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_checksumFlag, 1);
	if (!mkdir(s->folder, FOLDER_MODE))
		(void)!chown(s->folder, (uid_t)-1, database_group());
	else if (errno != EEXIST)
		return error_set(error, EXIT_SYSTEM, errno,
				 "%s: %s: archive.path names a folder that may be made or written",
				 s->folder, strerror(errno));
	if (!trust_path(s->folder, why))
		return error_set(error, EXIT_INPUT, EPERM, "archive %s %s", s->folder, why);
	if (access(s->folder, W_OK | X_OK))
		return error_set(error, EXIT_SYSTEM, errno,
				 "%s: %s: archive.path names a folder that may be written",
				 s->folder, strerror(errno));
	return 0;
}

int sink_archive_open(struct sink **sink, const struct archive_options *options,
		      struct error *error)
{
	struct archive_sink *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", options->path);
	s->sink = (struct sink){&archive_ops, 1u << OUT_EVENT};
	s->options = *options;
	s->fd = -1;
	err = open_folder(s, error);
	if (err) {
		archive_free(s);
		return err;
	}
	start_aging(s);
	prune(s);
	*sink = &s->sink;
	return 0;
}
