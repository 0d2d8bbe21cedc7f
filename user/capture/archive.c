/* SPDX-License-Identifier: Apache-2.0 */
#include "event/archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "capture/kinds.h"
#include "capture/source.h"

/* Kept events: the files of an archive one behind the other, each opened when its turn has come. */

struct archive {
	struct source source;
	struct archive_files files;
	size_t next;	      /* file to open */
	struct source *inner; /* the open one; NULL: none */
	weir_time since, until;
	uint64_t done, all; /* bytes of the files that were read; of all */
	uint64_t records;
	json_t *skipped; /* of the files that were read */
	const struct intake *intake;
	char name[];
};

/* Adds what a file's report says to the archive's own. */
static void keep_report(struct archive *archive, const struct source *source)
{
	json_t *report = source->ops->report(source), *number;
	const char *key;

	archive->records += (uint64_t)json_integer_value(json_object_get(report, "records"));
	json_object_foreach(json_object_get(report, "skipped"), key, number)
	{
		json_int_t sum = json_integer_value(json_object_get(archive->skipped, key)) +
				 json_integer_value(number);

		json_object_set_new(archive->skipped, key, json_integer(sum));
	}
	json_decref(report);
}

static void close_inner(struct archive *archive)
{
	uint64_t done, all;

	if (!archive->inner)
		return;
	keep_report(archive, archive->inner);
	archive->inner->ops->progress(archive->inner, &done, &all);
	archive->done += all;
	archive->inner->ops->close(archive->inner);
	archive->inner = NULL;
}

/* The next file that can be read; false: there is none. One that vanished, because it was old, or
 * cannot be read is said and passed over. */
static bool open_next(struct archive *archive)
{
	struct error error;

	close_inner(archive);
	while (archive->next < archive->files.list.len) {
		const struct archive_file *file = &archive->files.list.at[archive->next++];

		if (!file->size)
			continue; /* begun, and nothing written yet */
		if (!source_open(&archive->inner, file->path, &error))
			return true;
		archive->inner = NULL;
		archive->done += file->size;
		log_warn("%s", error.text);
	}
	return false;
}

static int archive_peek(struct source *source, weir_time *at)
{
	struct archive *archive = (struct archive *)source;

	for (;;) {
		if (archive->inner && archive->inner->ops->peek(archive->inner, at) > 0)
			return 1;
		if (!open_next(archive))
			return 0;
	}
}

static void on_event(void *context, const struct event *event)
{
	const struct archive *archive = context;

	if (event->time >= archive->since && event->time < archive->until)
		archive->intake->event(archive->intake->context, event);
}

static void on_signal(void *context, const struct recorded_signal *signal)
{
	const struct archive *archive = context;

	archive->intake->signal(archive->intake->context, signal);
}

static void archive_deliver(struct source *source, const struct intake *intake)
{
	struct archive *archive = (struct archive *)source;
	const struct intake own = {.context = archive, .event = on_event, .signal = on_signal};

	archive->intake = intake;
	archive->inner->ops->deliver(archive->inner, &own);
}

static void archive_progress(const struct source *source, uint64_t *done, uint64_t *all)
{
	const struct archive *archive = (const struct archive *)source;
	uint64_t inner = 0, unused;

	if (archive->inner)
		archive->inner->ops->progress(archive->inner, &inner, &unused);
	*done = archive->done + inner;
	*all = archive->all;
}

static json_t *archive_report(const struct source *source)
{
	const struct archive *archive = (const struct archive *)source;

	return json_pack("{s:s, s:I, s:O}", "type", source->ops->type, "records",
			 (json_int_t)archive->records, "skipped", archive->skipped);
}

static void archive_close(struct source *source)
{
	struct archive *archive = (struct archive *)source;

	if (archive->inner)
		archive->inner->ops->close(archive->inner);
	archive_files_free(&archive->files);
	json_decref(archive->skipped);
	free(archive);
}

static const struct source_ops archive_ops = {
	.type = "archive",
	.lateness = LOG_LATENESS,
	.peek = archive_peek,
	.deliver = archive_deliver,
	.progress = archive_progress,
	.report = archive_report,
	.close = archive_close,
};

/* Files of other hours need not be read. */
static void choose(struct archive *archive)
{
	struct archive_file *at = archive->files.list.at;
	size_t kept = 0;

	for (size_t i = 0; i < archive->files.list.len; i++) {
		if (at[i].hour + WEIR_HOUR <= archive->since || at[i].hour >= archive->until) {
			free(at[i].path);
			continue;
		}
		archive->all += at[i].size;
		at[kept++] = at[i];
	}
	archive->files.list.len = kept;
}

int archive_open(struct source **source, const char *folder, weir_time since, weir_time until,
		 struct error *error)
{
	struct archive *archive = calloc(1, sizeof(*archive) + strlen(folder) + 1);
	int err;

	if (!archive || !(archive->skipped = json_object())) {
		free(archive);
		return error_set(error, EXIT_SYSTEM, ENOMEM, "%s: out of memory", folder);
	}
	strcpy(archive->name, folder);
	archive->source = (struct source){.ops = &archive_ops, .name = archive->name};
	archive->since = since;
	archive->until = until;
	err = archive_list(folder, &archive->files, error);
	choose(archive);
	if (!err && !archive->files.list.len)
		err = error_set(error, EXIT_INPUT, ENOENT,
				"%s: no events were kept in that time: archive.enabled keeps them",
				folder);
	if (err) {
		archive_close(&archive->source);
		return err;
	}
	*source = &archive->source;
	return 0;
}
