/* SPDX-License-Identifier: Apache-2.0 */
#include "changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[32];
static weir_time now;

static const char *in_root(const char *name)
{
	static char path[4][128];
	static unsigned next;
	char *at = path[next++ % 4];

	snprintf(at, sizeof(path[0]), "%s/%s", root, name);
	return at;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(in_root(name), "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* A volume of a ConfigMap as the kubelet makes it: names that lead over "..data" to a folder. */
static void make_map(void)
{
	assert_int_equal(mkdir(in_root("..1"), 0755), 0);
	put("..1/a.yml", "1");
	assert_int_equal(symlink("..1", in_root("..data")), 0);
	assert_int_equal(symlink("..data/a.yml", in_root("a.yml")), 0);
}

static int setup(void **state)
{
	strcpy(root, "/tmp/weir-changes-XXXXXX");
	now = WEIR_HOUR;
	*state = mkdtemp(root) ? changes_open() : NULL;
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	changes_close(*state);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

/* Told now, or once it was still. */
static bool told(struct changes *changes)
{
	bool at_once = changes_due(changes, now);

	now += CHANGES_STILL;
	return changes_due(changes, now) || at_once;
}

static void a_file_that_is_written(void **state)
{
	put("a.yml", "1");
	changes_watch(*state, root);
	assert_false(told(*state));
	put("a.yml", "2");
	assert_true(told(*state));
	assert_false(told(*state));
}

static void only_files_of_rules(void **state)
{
	changes_watch(*state, root);
	put(".a.yml.swp", "1");
	put("a.yml~", "1");
	put("4913", "1");
	assert_false(told(*state));
	put("b.yaml", "1");
	assert_true(told(*state));
}

static void it_waits_until_all_is_still(void **state)
{
	changes_watch(*state, root);
	put("a.yml", "1");
	assert_false(changes_due(*state, now));
	now += CHANGES_STILL / 2;
	put("a.yml", "2");
	assert_false(changes_due(*state, now));
	now += CHANGES_STILL / 2;
	assert_false(changes_due(*state, now));
	now += CHANGES_STILL / 2;
	assert_true(changes_due(*state, now));
}

static void but_not_for_ever(void **state)
{
	bool due = false;

	changes_watch(*state, root);
	for (weir_time at = 0; at <= CHANGES_MOST && !due; at += CHANGES_STILL / 2) {
		put("a.yml", "1");
		due = changes_due(*state, now + at);
	}
	assert_true(due);
}

static void a_map_that_is_swapped(void **state)
{
	make_map();
	changes_watch(*state, root);
	assert_false(told(*state));
	assert_int_equal(mkdir(in_root("..2"), 0755), 0);
	put("..2/a.yml", "2");
	assert_int_equal(symlink("..2", in_root("..data_tmp")), 0);
	assert_int_equal(rename(in_root("..data_tmp"), in_root("..data")), 0);
	assert_true(told(*state));
}

static void folders_below(void **state)
{
	assert_int_equal(mkdir(in_root("team"), 0755), 0);
	changes_watch(*state, root);
	put("team/a.yml", "1");
	assert_true(told(*state));
	assert_int_equal(mkdir(in_root("other"), 0755), 0);
	assert_true(told(*state));
	changes_watch(*state, root);
	put("other/a.yml", "1");
	assert_true(told(*state));
}

static void a_file_that_comes_later(void **state)
{
	changes_watch(*state, in_root("weir.yaml"));
	put("weir.yaml", "1");
	assert_true(told(*state));
	unlink(in_root("weir.yaml"));
	assert_true(told(*state));
}

static void what_is_forgotten(void **state)
{
	size_t watched, left_out;

	changes_watch(*state, root);
	changes_watch(*state, root);
	changes_counts(*state, &watched, &left_out);
	assert_int_equal(watched, 1);
	assert_int_equal(left_out, 0);
	changes_forget(*state);
	put("a.yml", "1");
	assert_false(told(*state));
	changes_watch(*state, NULL);
	changes_watch(*state, "/nonexistent/weir.yaml");
	changes_counts(*state, &watched, &left_out);
	assert_int_equal(watched, 0);
}

static void no_more_than_there_is_room_for(void **state)
{
	size_t watched, left_out;
	char name[16];

	for (int i = 0; i < CHANGES_FOLDERS + 5; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(mkdir(in_root(name), 0755), 0);
	}
	changes_watch(*state, root);
	changes_counts(*state, &watched, &left_out);
	assert_int_equal(watched, CHANGES_FOLDERS);
	assert_int_equal(left_out, 6);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_file_that_is_written),	      CASE(only_files_of_rules),
		CASE(it_waits_until_all_is_still),    CASE(but_not_for_ever),
		CASE(a_map_that_is_swapped),	      CASE(folders_below),
		CASE(a_file_that_comes_later),	      CASE(what_is_forgotten),
		CASE(no_more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
