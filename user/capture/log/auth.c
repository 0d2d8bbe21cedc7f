/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "capture/kinds.h"
#include "capture/log/rows.h"
#include "capture/login/line.h"
#include "capture/tally.h"

/* auth.log, secure and their like: log-ins among the lines of a syslog. */

struct auth {
	struct source source;
	struct reader reader;
	struct rows rows;
	struct tally tally;
	struct shapes *shapes;
	weir_time reference; /* when the file was written last: its times have no year */
	struct login login;
	bool ready, ended;
	char name[];
};

static void end(struct auth *auth)
{
	auth->ended = true;
	if (reader_fault(&auth->reader))
		tally_skip(&auth->tally, auth->name, SKIP_UNREADABLE,
			   "cannot be read on after byte %llu: %s",
			   (unsigned long long)auth->reader.taken, reader_fault(&auth->reader));
}

static void read_line(struct auth *auth, const struct line *text)
{
	struct login_line line;

	auth->rows.passed++;
	if (!login_line_read(text->at, text->length, auth->reference, &line) ||
	    line.at == TIME_NONE) {
		tally_skip(&auth->tally, auth->name, SKIP_LINE,
			   "line %llu is none of a syslog: passed over (others are counted)",
			   (unsigned long long)auth->rows.passed);
		return;
	}
	auth->ready = shapes_read(auth->shapes, &line.message, &auth->login);
	if (!auth->ready)
		auth->tally.skipped[SKIP_KIND]++;
	auth->login.at = line.at;
	auth->login.provider = "auth.log";
}

static int auth_peek(struct source *source, weir_time *at)
{
	struct auth *auth = (struct auth *)source;
	struct line line;

	while (!auth->ready && !auth->ended) {
		if (!rows_line(&auth->rows, &line)) {
			end(auth);
			break;
		}
		read_line(auth, &line);
		reader_take(&auth->reader, line.taken);
		if (line.taken >= ROW_ROOM)
			rows_skip_line(&auth->rows);
	}
	*at = auth->login.at;
	return auth->ready;
}

static void auth_deliver(struct source *source, const struct intake *intake)
{
	struct auth *auth = (struct auth *)source;
	struct event event;

	login_event(&auth->login, &event);
	intake->event(intake->context, &event);
	auth->tally.records++;
	auth->ready = false;
}

static void auth_progress(const struct source *source, uint64_t *done, uint64_t *all)
{
	reader_progress(&((const struct auth *)source)->reader, done, all);
}

static json_t *auth_report(const struct source *source)
{
	return tally_report(&((const struct auth *)source)->tally, "log-ins");
}

static void auth_close(struct source *source)
{
	struct auth *auth = (struct auth *)source;

	shapes_free(auth->shapes);
	reader_close(&auth->reader);
	free(auth);
}

static const struct source_ops auth_ops = {
	.type = "auth",
	.lateness = LOG_LATENESS,
	.peek = auth_peek,
	.deliver = auth_deliver,
	.progress = auth_progress,
	.report = auth_report,
	.close = auth_close,
};

/* The first line has a time, a host and a program. */
static bool auth_recognise(const uint8_t *head, size_t length)
{
	const uint8_t *stop = memchr(head, '\n', length);
	struct login_line line;

	return login_line_read((const char *)head, stop ? (size_t)(stop - head) : length,
			       time_now(), &line) &&
	       line.at != TIME_NONE;
}

static int auth_open(struct source **source, struct reader *reader, const char *name,
		     struct error *error)
{
	struct auth *auth = calloc(1, sizeof(*auth) + strlen(name) + 1);
	struct stat st;

	if (!auth)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "%s: out of memory", name);
	auth->shapes = shapes_new();
	if (!auth->shapes) {
		auth_close(&auth->source);
		return error_set(error, EXIT_SYSTEM, ENOMEM, "%s: out of memory", name);
	}
	strcpy(auth->name, name);
	auth->source = (struct source){.ops = &auth_ops, .name = auth->name};
	auth->reference = stat(name, &st) ? time_now() : st.st_mtim.tv_sec * WEIR_SEC;
	reader_move(&auth->reader, reader);
	auth->rows.reader = &auth->reader;
	*source = &auth->source;
	return 0;
}

const struct source_kind auth_kind = {&auth_ops, auth_recognise, auth_open};
