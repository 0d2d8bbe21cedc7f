/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/trust.h"
#include "sink/spool.h"

static char folder[64];

static struct spool *open_spool(uint64_t bytes)
{
	const struct spool_options options = {folder, "web", bytes};
	struct spool *spool = NULL;
	struct error error;

	if (spool_open(&spool, &options, &error) || spool_begin(spool, &error))
		fail_msg("%s", error.text);
	return spool;
}

static int put_bytes(struct spool *spool, unsigned id, const char *body, size_t length)
{
	char text[16];
	const struct spool_record record = {
		.at = 1000 + id, .kind = OUT_DETECTION, .id = text, .body = body, .length = length};

	snprintf(text, sizeof(text), "id-%u", id);
	return spool_put(spool, &record);
}

static void put(struct spool *spool, unsigned from, unsigned to)
{
	char body[64];

	for (unsigned i = from; i < to; i++) {
		snprintf(body, sizeof(body), "{\"record\": %u}", i);
		assert_int_equal(put_bytes(spool, i, body, strlen(body)), 0);
	}
}

/* All that waits, a batch of at most `size` at a time, are [from, to) in order. */
static void take(struct spool *spool, unsigned from, unsigned to, size_t size)
{
	struct spool_batch batch = {0};
	char body[64], id[16];

	while (spool_peek(spool, &batch, size, 1 << 20)) {
		vec_each (record, &batch.list) {
			snprintf(body, sizeof(body), "{\"record\": %u}", from);
			snprintf(id, sizeof(id), "id-%u", from++);
			assert_string_equal(record->id, id);
			assert_string_equal(record->body, body);
			assert_int_equal(record->length, strlen(body));
			assert_int_equal(record->kind, OUT_DETECTION);
		}
		spool_done(spool, batch.list.at[batch.list.len - 1].number);
	}
	assert_int_equal(from, to);
	spool_batch_free(&batch);
}

static struct spool_stats stats_of(struct spool *spool)
{
	struct spool_stats stats;

	spool_stats(spool, &stats);
	return stats;
}

static size_t files(const char *pattern, char *first, size_t size)
{
	char path[128];
	glob_t found;
	size_t n;

	snprintf(path, sizeof(path), "%s/web/%s", folder, pattern);
	if (glob(path, 0, NULL, &found))
		return 0;
	n = found.gl_pathc;
	if (first)
		snprintf(first, size, "%s", found.gl_pathv[0]);
	globfree(&found);
	return n;
}

static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/weir-spool-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void what_is_put_is_taken_in_order(void **state)
{
	struct spool *spool = open_spool(SPOOL_LEAST);
	struct spool_stats stats;

	(void)state;
	put(spool, 0, 1000);
	stats = stats_of(spool);
	assert_int_equal(stats.records, 1000);
	assert_int_equal(stats.oldest, 1000);
	take(spool, 0, 1000, 7);
	put(spool, 1000, 1010);
	take(spool, 1000, 1010, 100);
	stats = stats_of(spool);
	assert_int_equal(stats.records, 0);
	assert_true(stats.oldest == TIME_NONE);
	spool_close(spool);
}

static void what_is_not_finished_with_is_there_after_a_restart(void **state)
{
	struct spool_batch batch = {0};
	struct spool *spool = open_spool(SPOOL_LEAST);

	(void)state;
	put(spool, 0, 5000); /* several files */
	assert_true(files("*.spool", NULL, 0) > 1);
	assert_int_equal(spool_peek(spool, &batch, 1500, 1 << 20), 1500);
	spool_done(spool, batch.list.at[1233].number);
	spool_close(spool);

	spool = open_spool(SPOOL_LEAST);
	assert_int_equal(stats_of(spool).records, 5000 - 1234);
	put(spool, 5000, 5001);
	take(spool, 1234, 5001, 100);
	spool_close(spool);

	spool = open_spool(SPOOL_LEAST);
	assert_int_equal(stats_of(spool).records, 0);
	put(spool, 0, 3);
	take(spool, 0, 3, 3);
	spool_close(spool);
	spool_batch_free(&batch);
}

static void the_oldest_goes_when_it_is_full(void **state)
{
	struct spool *spool = open_spool(SPOOL_LEAST);
	struct spool_stats stats;
	unsigned kept;

	(void)state;
	put(spool, 0, 30000);
	stats = stats_of(spool);
	assert_true(stats.bytes <= SPOOL_LEAST);
	assert_true(stats.bytes > SPOOL_LEAST / 8 * 7);
	assert_int_equal(stats.records + stats.dropped[OUT_DETECTION], 30000);
	kept = (unsigned)stats.records;
	assert_int_equal(stats.oldest, 1000 + 30000 - kept);
	take(spool, 30000 - kept, 30000, 1000);
	spool_close(spool);
}

/* As a power cut leaves it, at every length; what is whole is kept, the rest cut off and counted.
 */
static void a_torn_end_is_cut_off(void **state)
{
	char path[128];
	struct stat st;

	(void)state;
	for (off_t torn = 1; torn < 48; torn += 3) {
		struct spool *spool = open_spool(SPOOL_LEAST);

		put(spool, 0, 10);
		spool_close(spool);
		assert_int_equal(files("*.spool", path, sizeof(path)), 1);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(truncate(path, st.st_size - torn), 0);
		spool = open_spool(SPOOL_LEAST);
		assert_int_equal(stats_of(spool).records, 9);
		assert_true(stats_of(spool).cut_bytes > 0);
		put(spool, 9, 12);
		take(spool, 0, 12, 5);
		spool_close(spool);
		assert_int_equal(end(state), 0);
		assert_int_equal(mkdir(folder, 0700), 0);
	}
}

static void poke(const char *path, off_t at, char byte)
{
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void a_changed_byte_is_found(void **state)
{
	struct spool *spool = open_spool(SPOOL_LEAST);
	char path[128];

	(void)state;
	put(spool, 0, 10);
	spool_close(spool);
	files("*.spool", path, sizeof(path));
	poke(path, 24 + 3 * (32 + 4 + 13) + 40, 'X'); /* the fourth's body */
	spool = open_spool(SPOOL_LEAST);
	assert_int_equal(stats_of(spool).records, 3);
	take(spool, 0, 3, 5);
	spool_close(spool);
}

static void a_file_of_something_else_is_put_aside(void **state)
{
	struct spool *spool = open_spool(SPOOL_LEAST);
	char path[128];

	(void)state;
	put(spool, 0, 10);
	spool_close(spool);
	files("*.spool", path, sizeof(path));
	poke(path, 0, 'W');
	spool = open_spool(SPOOL_LEAST);
	assert_int_equal(stats_of(spool).records, 0);
	assert_int_equal(files("*.bad", NULL, 0), 1);
	put(spool, 0, 3);
	take(spool, 0, 3, 1);
	spool_close(spool);
}

/* The place is ahead of the files: a power cut took records that had been sent. */
static void numbers_go_on_behind_the_place(void **state)
{
	struct spool *spool = open_spool(SPOOL_LEAST);
	struct spool_batch batch = {0};
	char path[128];

	(void)state;
	put(spool, 0, 10);
	assert_int_equal(spool_peek(spool, &batch, 100, 1 << 20), 10);
	spool_done(spool, batch.list.at[9].number);
	spool_close(spool);
	files("*.spool", path, sizeof(path));
	assert_int_equal(truncate(path, 24 + 5 * (32 + 4 + 13)), 0);
	spool = open_spool(SPOOL_LEAST);
	put(spool, 10, 20);
	spool_close(spool);
	spool = open_spool(SPOOL_LEAST);
	take(spool, 10, 20, 100);
	spool_close(spool);
	spool_batch_free(&batch);
}

static void two_do_not_share_a_folder(void **state)
{
	const struct spool_options options = {folder, "web", SPOOL_LEAST};
	struct spool *first = open_spool(SPOOL_LEAST), *second;
	struct error error;

	(void)state;
	put(first, 0, 5);
	assert_int_equal(spool_open(&second, &options, &error), 0);
	assert_int_equal(spool_begin(second, &error), -EAGAIN);
	spool_close(first);
	assert_int_equal(spool_begin(second, &error), 0);
	take(second, 0, 5, 5);
	spool_close(second);
}

static void limit_files(rlim_t bytes)
{
	const struct rlimit limit = {bytes, RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A disk that refuses: what comes waits in memory, in order, as much as it may. */
static void memory_takes_what_the_disk_refuses(void **state)
{
	static char body[4000];
	struct spool *spool = open_spool(SPOOL_LEAST);
	struct spool_stats stats;

	(void)state;
	put(spool, 0, 10);
	/* No more than this in any file; a file in memory is bounded likewise, beyond it. */
	limit_files(24 + 10 * (32 + 4 + 13) + 20);
	put(spool, 10, 11);
	stats = stats_of(spool);
	assert_int_equal(stats.error, ENOSPC);
	assert_true(stats.memory);
	put(spool, 11, 14);
	limit_files(RLIM_INFINITY);
	take(spool, 0, 14, 5);
	memset(body, 'x', sizeof(body));
	for (unsigned i = 0; i < 2000; i++)
		assert_int_equal(put_bytes(spool, i, body, sizeof(body)), 0);
	stats = stats_of(spool);
	assert_in_range(stats.bytes, SPOOL_MEMORY / 2, SPOOL_MEMORY);
	assert_int_equal(stats.records + stats.dropped[OUT_DETECTION], 2000);
	spool_close(spool);
}

static void without_a_folder_it_is_in_memory(void **state)
{
	const struct spool_options options = {NULL, "web", 1 << 30};
	static char body[10000];
	struct spool *spool;
	struct error error;
	struct spool_stats stats;

	(void)state;
	assert_int_equal(spool_open(&spool, &options, &error), 0);
	assert_int_equal(spool_begin(spool, &error), 0);
	put(spool, 0, 100);
	take(spool, 0, 100, 10);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(put_bytes(spool, i, body, sizeof(body)), 0);
	stats = stats_of(spool);
	assert_true(stats.bytes <= SPOOL_MEMORY);
	assert_int_equal(stats.records + stats.dropped[OUT_DETECTION], 1000);
	assert_true(stats.memory);
	spool_close(spool);
}

static void what_is_too_long_is_refused(void **state)
{
	static char body[SPOOL_RECORD_MAX + 1];
	struct spool *spool = open_spool(1 << 30);

	(void)state;
	assert_int_equal(put_bytes(spool, 0, body, sizeof(body)), -EMSGSIZE);
	assert_int_equal(stats_of(spool).records, 0);
	spool_close(spool);
}

/* The last test: trust is demanded from here on. */
static void what_others_could_have_put_there_is_refused(void **state)
{
	const struct spool_options options = {folder, "web", SPOOL_LEAST};
	struct spool *spool = open_spool(SPOOL_LEAST);
	struct error error;
	char path[128];

	(void)state;
	if (geteuid()) {
		spool_close(spool);
		skip();
	}
	put(spool, 0, 3);
	spool_close(spool);
	trust_demand();
	files("*.spool", path, sizeof(path));
	assert_int_equal(chown(path, 1000, 1000), 0);
	assert_int_equal(spool_open(&spool, &options, &error), 0);
	assert_int_equal(spool_begin(spool, &error), -EPERM);
	assert_non_null(strstr(error.text, "belongs to user 1000"));
	put(spool, 0, 3); /* it goes on, in memory */
	assert_true(stats_of(spool).memory);
	spool_close(spool);
	snprintf(path, sizeof(path), "%s/web", folder);
	assert_int_equal(chown(path, 1000, 1000), 0);
	assert_int_equal(spool_open(&spool, &options, &error), -EPERM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_taken_in_order),
		TEST(what_is_not_finished_with_is_there_after_a_restart),
		TEST(the_oldest_goes_when_it_is_full),
		TEST(a_torn_end_is_cut_off),
		TEST(a_changed_byte_is_found),
		TEST(a_file_of_something_else_is_put_aside),
		TEST(numbers_go_on_behind_the_place),
		TEST(two_do_not_share_a_folder),
		TEST(memory_takes_what_the_disk_refuses),
		TEST(without_a_folder_it_is_in_memory),
		TEST(what_is_too_long_is_refused),
		TEST(what_others_could_have_put_there_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
