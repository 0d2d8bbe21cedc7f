/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/trust.h"
#include "sink/document.h"

/*
 * JSON lines, to a file or standard output. Written where it is called: a file does not wait for
 * long, and a replay must wait for who reads it. Where a pipe must not stop the engine, the sink
 * goes behind a queue (sink_queued()). A line is written whole or not at all, also when the disk
 * is full.
 */

#define BUFFER_SIZE 65536
#define FILE_MODE   0640

struct json_sink {
	struct sink sink;
	int fd;
	bool bulk; /* lines of _bulk, of what is chosen */
	struct document_choice choice;
	struct arena arena; /* of one record */
	const char *name;   /* for messages */
	char *path;	    /* NULL: standard output */
	char *buffer;
	size_t used;
	unsigned lines; /* in the buffer */
	/* Behind a queue, read by the engine's thread for status. */
	atomic_uint_least64_t written, dropped;
	atomic_int error; /* errno while writing fails */
};

/* All of it, or what fitted is taken back (a file) or ends here (a pipe). */
static int write_all(struct json_sink *s, const char *bytes, size_t length)
{
	off_t begin = s->path ? lseek(s->fd, 0, SEEK_END) : -1;
	struct pollfd ready = {.fd = s->fd, .events = POLLOUT};

	while (length) {
		ssize_t n = write(s->fd, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && poll(&ready, 1, -1) >= 0)
			continue;
		if (n < 0) {
			int err = errno;

			if (begin >= 0)
				(void)!ftruncate(s->fd, begin);
			return -err;
		}
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

static void failed(struct json_sink *s, int err)
{
	if (s->error != err)
		log_error("%s: %s: lines are lost and counted", s->name, strerror(err));
	s->error = err;
}

static void pour(struct json_sink *s)
{
	int err;

	if (!s->used)
		return;
	err = write_all(s, s->buffer, s->used);
	if (err) {
		failed(s, -err);
		s->dropped += s->lines;
	} else {
		s->error = 0;
		s->written += s->lines;
	}
	s->used = s->lines = 0;
}

static void add(struct json_sink *s, const char *line, size_t length)
{
	if (s->used + length + 1 > BUFFER_SIZE)
		pour(s);
	if (length + 1 > BUFFER_SIZE) {
		int err = write_all(s, line, length);

		err = err ? err : write_all(s, "\n", 1);
		if (err)
			failed(s, -err);
		s->dropped += !!err;
		s->written += !err;
		return;
	}
	memcpy(s->buffer + s->used, line, length);
	s->used += length;
	s->buffer[s->used++] = '\n';
	s->lines++;
}

/* Its two lines as one, so that neither stands alone. */
static void add_bulk(struct json_sink *s, const struct out *out)
{
	const char *id, *lines = elastic_lines(out, &s->arena, &id);

	if (lines)
		add(s, lines, strlen(lines) - 1);
	else
		s->dropped++;
	arena_reset(&s->arena);
}

static void json_write(struct sink *sink, struct out *out)
{
	struct json_sink *s = (struct json_sink *)sink;

	if (s->bulk ? !document_chosen(&s->choice, out)
		    : out->kind == OUT_DETECTION && !out->announce)
		return;
	/* Who read the pipe has gone, and does not come back. */
	if (s->error == EPIPE) {
		s->dropped++;
		return;
	}
	if (s->bulk)
		add_bulk(s, out);
	else
		add(s, out->json, out->json_length);
	/* Events come by the thousand and may wait for the next of anything else. */
	if (out->kind != OUT_EVENT)
		pour(s);
}

static int json_flush(struct sink *sink, int timeout_ms)
{
	(void)timeout_ms;
	pour((struct json_sink *)sink);
	return 0;
}

static json_t *json_status(struct sink *sink)
{
	struct json_sink *s = (struct json_sink *)sink;
	json_t *status = json_pack("{s:s, s:I, s:I}", "path", s->path ? s->path : "-", "written",
				   (json_int_t)s->written, "dropped", (json_int_t)s->dropped);

	if (s->error)
		json_object_set_new(status, "error", json_string(strerror(s->error)));
	return status;
}

static void json_free(struct json_sink *s)
{
	if (s->path && s->fd >= 0)
		close(s->fd);
	arena_free(&s->arena);
	free(s->path);
	free(s->buffer);
	free(s);
}

static void json_close(struct sink *sink)
{
	struct json_sink *s = (struct json_sink *)sink;

	pour(s);
	if (s->dropped)
		log_error("%s: %llu lines were lost", s->name, (unsigned long long)s->dropped);
	json_free(s);
}

static const struct sink_ops json_ops = {
	.name = "json",
	.write = json_write,
	.flush = json_flush,
	.status = json_status,
	.close = json_close,
};

static int open_file(struct json_sink *s, const char *path, struct error *error)
{
	char why[TRUST_WHY_MAX];

	s->path = strdup(path);
	if (!s->path)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", path);
	s->name = s->path;
	if (!trust_path(path, why))
		return error_set(error, EXIT_INPUT, EPERM, "%s %s", path, why);
	s->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, FILE_MODE);
	if (s->fd < 0)
		return error_set(error, EXIT_SYSTEM, errno,
				 "%s: %s: name a file that may be written", path, strerror(errno));
	return 0;
}

int sink_json_open(struct sink **sink, const char *path, uint32_t kinds, struct error *error)
{
	struct json_sink *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", path);
	s->sink = (struct sink){&json_ops, kinds};
	s->fd = STDOUT_FILENO;
	s->name = "standard output";
	s->buffer = malloc(BUFFER_SIZE);
	if (!s->buffer)
		err = error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", path);
	else if (strcmp(path, "-") != 0)
		err = open_file(s, path, error);
	if (err) {
		json_free(s);
		return err;
	}
	*sink = &s->sink;
	return 0;
}

int sink_bulk_open(struct sink **sink, const char *path, const struct document_choice *choice,
		   struct error *error)
{
	int err = sink_json_open(sink, path, document_kinds(choice), error);
	struct json_sink *s = (struct json_sink *)*sink;

	if (err)
		return err;
	s->bulk = true;
	s->choice = *choice;
	return 0;
}
