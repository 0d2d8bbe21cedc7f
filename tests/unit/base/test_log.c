/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

/* A pipe that nobody reads holds nobody up; what had no room is said when there
 * is some. */
static void a_reader_that_sleeps_is_not_waited_for(void **state)
{
	static char said[1 << 20];
	int ends[2], old = dup(STDERR_FILENO);
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	for (int i = 0; i < 10000; i++)
		log_info("line %d of many that fill the pipe", i);
	n = read(ends[0], said, sizeof(said) - 1);
	log_info("one more");
	n = read(ends[0], said, sizeof(said) - 1);
	dup2(old, STDERR_FILENO);
	close(old);
	close(ends[0]);
	close(ends[1]);
	assert_true(n > 0);
	said[n] = '\0';
	assert_non_null(strstr(said, "weir: one more\n"));
	assert_non_null(strstr(said, " lines before this had no room\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_that_sleeps_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
