/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/host/tree.h"

#include <errno.h>

#include "host/root.h"

/* Both ways: by openat2, and folder by folder where that is forbidden. */
static const bool plain[] = {false, true};

static struct host_root opened(bool is_plain)
{
	struct host_root root;

	assert_int_equal(host_root_open(&root, tree_path("root")), 0);
	root.plain = is_plain;
	return root;
}

static char *content(const struct host_root *root, const char *path)
{
	size_t length;

	return host_read(root, path, 64, &length);
}

static void files_are_read(void **state)
{
	(void)state;
	tree_file("root/a/b/c", "words");
	tree_file("root/top", "");
	for (unsigned i = 0; i < 2; i++) {
		struct host_root root = opened(plain[i]);
		char *text = content(&root, "a/b/c");

		assert_string_equal(text, "words");
		free(text);
		text = content(&root, "top");
		assert_string_equal(text, "");
		free(text);
		assert_null(content(&root, "a/b"));
		assert_null(content(&root, "a/b/c/d"));
		assert_null(content(&root, "none"));
		host_root_close(&root);
	}
}

static void links_stay_inside_or_are_refused(void **state)
{
	(void)state;
	tree_file("secret", "of others");
	tree_file("root/a/file", "inside");
	tree_file("root/b/x", "");
	tree_link("root/b/up", "../../secret");
	tree_link("root/b/far", "../../../../../../../etc/passwd");
	tree_link("root/b/absolute", "/etc/passwd");
	tree_link("root/b/self", "/proc/self/environ");
	tree_link("root/b/good", "/a/file");
	tree_link("root/c", "../..");
	for (unsigned i = 0; i < 2; i++) {
		struct host_root root = opened(plain[i]);
		char *good = content(&root, "b/good");

		assert_null(content(&root, "b/up"));
		assert_null(content(&root, "b/far"));
		assert_null(content(&root, "b/absolute"));
		assert_null(content(&root, "b/self"));
		assert_null(content(&root, "c/secret"));
		assert_null(content(&root, "../secret"));
		assert_null(content(&root, "a/../../secret"));
		if (plain[i])
			assert_null(good);
		else
			assert_string_equal(good, "inside");
		free(good);
		host_root_close(&root);
	}
}

static void only_regular_files_are_opened(void **state)
{
	(void)state;
	tree_file("root/x", "");
	assert_int_equal(mkfifo(tree_path("root/fifo"), 0644), 0);
	alarm(20);
	for (unsigned i = 0; i < 2; i++) {
		struct host_root root = opened(plain[i]);

		assert_int_equal(host_open(&root, "fifo", S_IFREG, NULL), -EINVAL);
		assert_int_equal(host_open(&root, "x", S_IFDIR, NULL), -ENOTDIR);
		host_root_close(&root);
	}
	alarm(0);
}

static void what_is_too_long_is_refused(void **state)
{
	char long_text[66] = "";

	(void)state;
	memset(long_text, 'a', 65);
	tree_file("root/long", long_text);
	for (unsigned i = 0; i < 2; i++) {
		struct host_root root = opened(plain[i]);

		assert_null(content(&root, "long"));
		assert_int_equal(errno, EFBIG);
		host_root_close(&root);
	}
}

static void links_say_where_they_lead(void **state)
{
	char text[16];

	(void)state;
	tree_file("root/file", "");
	tree_link("root/bin", "usr/bin");
	tree_link("root/long", "0123456789abcdef");
	for (unsigned i = 0; i < 2; i++) {
		struct host_root root = opened(plain[i]);

		assert_true(host_read_link(&root, "bin", text, sizeof(text)));
		assert_string_equal(text, "usr/bin");
		assert_false(host_read_link(&root, "long", text, sizeof(text)));
		assert_false(host_read_link(&root, "file", text, sizeof(text)));
		assert_false(host_read_link(&root, "none", text, sizeof(text)));
		host_root_close(&root);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_new, tree_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_are_read),
		TEST(links_stay_inside_or_are_refused),
		TEST(only_regular_files_are_opened),
		TEST(what_is_too_long_is_refused),
		TEST(links_say_where_they_lead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
