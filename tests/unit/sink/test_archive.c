/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <sys/stat.h>

#include "event/archive.h"
#include "sink/sink.h"
#include "unit/capture/build.h"

/* What is kept is read again: by the hour, within bounds, and after a crash up to the damage. */

#define HOUR (INT64_C(1700006400) * WEIR_SEC) /* 2023-11-15T00:00:00Z */

static char folder[] = "/tmp/weir-archive-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/weir-archive-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	struct archive_files files = {0};

	(void)state;
	archive_list(folder, &files, NULL);
	vec_each (file, &files.list)
		unlink(file->path);
	archive_files_free(&files);
	return rmdir(folder);
}

static struct sink *open_sink(uint64_t keep_bytes)
{
	const struct archive_options options = {.path = folder, .keep_bytes = keep_bytes};
	struct error error;
	struct sink *sink;

	assert_int_equal(sink_archive_open(&sink, &options, &error), 0);
	return sink;
}

static void keep(struct sink *sink, weir_time at, const char *message)
{
	struct event event = {.time = at, .service = SERVICE_HEALTH};
	struct out *out;

	event_set(&event, MESSAGE, message, ((struct text){message, (uint32_t)strlen(message)}));
	out = out_event(&event, "host");
	assert_non_null(out);
	sink->ops->write(sink, out);
	out_drop(out);
}

static struct reading read_archive(weir_time since, weir_time until)
{
	struct reading r = {0};
	const struct intake intake = {&r, keep_packet, keep_event, keep_signal};
	struct source *source;
	weir_time at;

	r.err = archive_open(&source, folder, since, until, &r.error);
	if (r.err)
		return r;
	while (source->ops->peek(source, &at) > 0)
		source->ops->deliver(source, &intake);
	r.report = source->ops->report(source);
	source->ops->close(source);
	return r;
}

static void what_was_kept_comes_back(void **state)
{
	struct sink *sink = open_sink(0);
	struct archive_files files = {0};
	struct reading r;

	(void)state;
	for (int i = 0; i < 180; i++)
		keep(sink, HOUR + i * WEIR_MIN, "it is well");
	sink->ops->close(sink);
	assert_int_equal(archive_list(folder, &files, NULL), 0);
	assert_int_equal(files.list.len, 3);
	assert_int_equal(files.list.at[1].hour, HOUR + WEIR_HOUR);
	archive_files_free(&files);
	r = read_archive(HOUR + 30 * WEIR_MIN, HOUR + 150 * WEIR_MIN);
	assert_int_equal(r.events.len, 120);
	assert_int_equal(r.events.at[0].time, HOUR + 30 * WEIR_MIN);
	assert_memory_equal(r.events.at[119].message.at, "it is well", 10);
	reading_free(&r);
	r = read_archive(HOUR + 4 * WEIR_HOUR, TIME_NEVER);
	assert_int_equal(r.err, -2);
	assert_non_null(strstr(r.error.text, "no events were kept in that time"));
}

/* Killed: what was flushed is there, what came after is cut; a new start begins a new file. */
static void a_crash_costs_the_tail(void **state)
{
	char path[ARCHIVE_PATH_MAX];
	struct sink *sink = open_sink(0);
	struct reading r;
	struct stat st;

	(void)state;
	for (int i = 0; i < 100; i++)
		keep(sink, HOUR + i, "before");
	sink->ops->flush(sink, 0);
	assert_true(archive_path(folder, HOUR, 0, path));
	assert_int_equal(stat(path, &st), 0);
	for (int i = 0; i < 100; i++)
		keep(sink, HOUR + 100 + i, "after");
	sink->ops->close(sink);
	assert_int_equal(truncate(path, st.st_size + 3), 0);
	sink = open_sink(0);
	keep(sink, HOUR + WEIR_MIN, "again");
	sink->ops->close(sink);
	r = read_archive(TIME_NONE, TIME_NEVER);
	assert_int_equal(r.events.len, 101);
	assert_memory_equal(r.events.at[100].message.at, "again", 5);
	assert_int_equal(skipped(&r, "unreadable"), 1);
	reading_free(&r);
}

static uint64_t noise = 1;

static const char *words(char text[513])
{
	for (int i = 0; i < 512; i++) {
		noise = noise * UINT64_C(6364136223846793005) + 1442695040888963407;
		text[i] = (char)('!' + (noise >> 33) % 90);
	}
	text[512] = '\0';
	return text;
}

/* The oldest go, also within one hour. */
static void size_is_held(void **state)
{
	const uint64_t bound = 1 << 20;
	struct sink *sink = open_sink(bound);
	struct archive_files files = {0};
	uint64_t total = 0;
	char text[513];

	(void)state;
	for (int i = 0; i < 12000; i++)
		keep(sink, HOUR + i * WEIR_SEC / 2, words(text));
	sink->ops->close(sink);
	assert_int_equal(archive_list(folder, &files, NULL), 0);
	vec_each (file, &files.list)
		total += file->size;
	assert_in_range(total, bound / 4, bound + bound / 2);
	assert_true(files.list.at[0].hour == HOUR + WEIR_HOUR);
	archive_files_free(&files);
}

static void what_cannot_be_a_folder(void **state)
{
	const struct archive_options options = {.path = "/dev/null/x"};
	struct error error;
	struct sink *sink;

	(void)state;
	assert_true(sink_archive_open(&sink, &options, &error) < 0);
	assert_non_null(strstr(error.text, "archive.path names a folder"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_kept_comes_back, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_crash_costs_the_tail, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(size_is_held, make_folder, remove_folder),
		cmocka_unit_test(what_cannot_be_a_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
