/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trust.h"

static char folder[] = "/tmp/weir-trust-XXXXXX";
static char file[64], link_name[64];

static int make(void **state)
{
	int fd;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/file", folder);
	snprintf(link_name, sizeof(link_name), "%s/link", folder);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	return fd < 0 || close(fd) || symlink(file, link_name) ? -1 : 0;
}

static int clean(void **state)
{
	(void)state;
	unlink(file);
	unlink(link_name);
	return rmdir(folder);
}

static bool fd_trusted(const char *path, char why[TRUST_WHY_MAX])
{
	int fd = open(path, O_RDONLY);
	bool trusted = trust_fd(fd, why);

	close(fd);
	return trusted;
}

static void nothing_is_asked_before_it_is_demanded(void **state)
{
	char why[TRUST_WHY_MAX];

	(void)state;
	assert_false(trust_demanded());
	assert_true(trust_path(link_name, why));
	trust_demand();
	assert_true(trust_demanded());
}

static void links_are_no_files_to_write(void **state)
{
	char why[TRUST_WHY_MAX] = "";

	(void)state;
	assert_true(trust_path(file, why));
	assert_true(trust_path("/nowhere/at/all", why));
	assert_false(trust_path(link_name, why));
	assert_non_null(strstr(why, "link"));
	assert_true(fd_trusted(link_name, why)); /* to be read it may be */
}

static void what_everybody_writes_says_nothing(void **state)
{
	char why[TRUST_WHY_MAX] = "";

	(void)state;
	chmod(file, 0602);
	assert_false(trust_path(file, why));
	assert_false(fd_trusted(file, why));
	assert_non_null(strstr(why, "everybody"));
	chmod(file, 0600);
	chmod(folder, 0777);
	assert_false(fd_trusted(folder, why));
	chmod(folder, 01777);
	assert_true(fd_trusted(folder, why));
	assert_true(fd_trusted("/dev/null", why));
}

static void what_belongs_to_another_says_nothing(void **state)
{
	char why[TRUST_WHY_MAX] = "";

	(void)state;
	if (geteuid() != 0 || chown(file, 65534, 0)) {
		print_message("skipped: only root gives files away\n");
		skip();
	}
	assert_false(trust_path(file, why));
	assert_non_null(strstr(why, "65534"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_asked_before_it_is_demanded),
		cmocka_unit_test(links_are_no_files_to_write),
		cmocka_unit_test(what_everybody_writes_says_nothing),
		cmocka_unit_test(what_belongs_to_another_says_nothing),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
