/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "visitor/spaces.h"

/* A tree in which files stand for namespaces: one that has two names is one namespace. */

#define PATTERNS(...) ((const char *const[]){__VA_ARGS__, NULL})

static char root[] = "/tmp/weir-spaces.XXXXXX", names[64], processes[64];
static const struct spaces_roots roots = {names, processes};

static void make(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* A process whose network namespace is the file `of`. */
static void process(const char *pid, const char *of)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", processes, pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%s/ns", processes, pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%s/ns/net", processes, pid);
	assert_int_equal(link(of, path), 0);
}

static int set_up(void **state)
{
	char host[64], web[128], pod[64], other[128];

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(names, sizeof(names), "%s/names", root);
	snprintf(processes, sizeof(processes), "%s/processes", root);
	snprintf(host, sizeof(host), "%s/host", root);
	snprintf(pod, sizeof(pod), "%s/pod", root);
	snprintf(web, sizeof(web), "%s/web", names);
	snprintf(other, sizeof(other), "%s/cni-1", names);
	assert_int_equal(mkdir(names, 0700) || mkdir(processes, 0700), 0);
	make(host);
	make(pod);
	make(web);
	make(other);
	process("self", host);
	process("1", host);
	process("20", web);
	process("30", pod);
	process("31", pod);
	process("uptime", pod);
	return 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static bool has(const struct spaces *spaces, const char *name)
{
	vec_each (space, &spaces->found)
		if (!strcmp(space->name, name))
			return true;
	return false;
}

static void by_name(void **state)
{
	struct spaces spaces = {0};

	(void)state;
	spaces_find(&spaces, PATTERNS("web"), &roots);
	assert_int_equal(spaces.found.len, 1);
	assert_true(has(&spaces, "web"));
	assert_true(strstr(spaces.found.at[0].path, "/names/web") != NULL);
	spaces_find(&spaces, PATTERNS("cni-*", "w*"), &roots);
	assert_int_equal(spaces.found.len, 2);
	spaces_find(&spaces, PATTERNS("nothing"), &roots);
	assert_int_equal(spaces.found.len, 0);
	spaces_free(&spaces);
}

static void by_process(void **state)
{
	struct spaces spaces = {0};

	(void)state;
	spaces_find(&spaces, PATTERNS("pid:30", "pid:31"), &roots);
	assert_int_equal(spaces.found.len, 1); /* one namespace */
	assert_true(has(&spaces, "pid:30"));
	spaces_find(&spaces, PATTERNS("pid:99", "pid:", "pid:../names"), &roots);
	assert_int_equal(spaces.found.len, 0);
	spaces_find(&spaces, PATTERNS("pid:1"), &roots);
	assert_int_equal(spaces.found.len, 0); /* our own */
	spaces_free(&spaces);
}

static void all_of_them(void **state)
{
	struct spaces spaces = {0};

	(void)state;
	spaces_find(&spaces, PATTERNS("all"), &roots);
	assert_int_equal(spaces.found.len, 3);
	assert_true(has(&spaces, "web")); /* by its name, not by its process */
	assert_true(has(&spaces, "cni-1"));
	assert_true(has(&spaces, "pid:30") || has(&spaces, "pid:31"));
	spaces_find(&spaces, PATTERNS("all", "!web"), &roots);
	assert_int_equal(spaces.found.len, 2);
	assert_false(has(&spaces, "web") || has(&spaces, "pid:20"));
	spaces_free(&spaces);
}

static void places_that_are_not_there(void **state)
{
	const struct spaces_roots nowhere = {"/nonexistent", "/nonexistent"};
	struct spaces spaces = {0};

	(void)state;
	spaces_find(&spaces, PATTERNS("all", "pid:1", "web"), &nowhere);
	assert_int_equal(spaces.found.len, 0);
	spaces_free(&spaces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),
		cmocka_unit_test(by_process),
		cmocka_unit_test(all_of_them),
		cmocka_unit_test(places_that_are_not_there),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
