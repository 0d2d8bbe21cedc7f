/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_HOST_TREE_H
#define WEIR_TESTS_HOST_TREE_H

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"

/* A made-up root folder of a system, and a clock that stands still. */
static char tree[PATH_MAX / 4];
static weir_time tree_now;

static inline weir_time tree_clock(void)
{
	return tree_now;
}

static inline int tree_new(void **state)
{
	(void)state;
	snprintf(tree, sizeof(tree), "/tmp/weir-host-XXXXXX");
	tree_now = WEIR_DAY;
	return mkdtemp(tree) ? 0 : -1;
}

static inline int tree_drop(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	(void)facts;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline int tree_free(void **state)
{
	(void)state;
	return nftw(tree, tree_drop, 16, FTW_DEPTH | FTW_PHYS);
}

/* Where `path` lies, with its folders made. */
static inline const char *tree_path(const char *path)
{
	static char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s/%s", tree, path);
	for (char *slash = whole + strlen(tree); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
	return whole;
}

static inline void tree_bytes(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(tree_path(path), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static inline void tree_file(const char *path, const char *text)
{
	tree_bytes(path, text, strlen(text));
}

static inline void tree_link(const char *path, const char *target)
{
	assert_int_equal(symlink(target, tree_path(path)), 0);
}

static inline struct host_facts *tree_facts(void)
{
	const struct host_options options = {.root = tree, .clock = tree_clock};
	struct host_facts *facts = host_facts_new(&options);

	assert_non_null(facts);
	return facts;
}

#endif
