/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/usage.h"

#define MIB ((size_t)1 << 20)

static uint64_t own(void)
{
	struct usage usage;

	assert_int_equal(usage_of(0, &usage), 0);
	return usage.own;
}

static void touched_memory_is_its_own(void **state)
{
	uint64_t before = own();
	void *pages =
		mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_true(own() < before + 8 * MIB);
	memset(pages, 1, 32 * MIB);
	assert_true(own() >= before + 31 * MIB);
	munmap(pages, 32 * MIB);
	assert_true(own() < before + 8 * MIB);
}

static void another_process_is_measured_too(void **state)
{
	struct usage usage;
	pid_t child = fork();

	(void)state;
	if (!child)
		for (;;)
			pause();
	assert_int_equal(usage_of(child, &usage), 0);
	assert_true(usage.resident >= usage.own);
	assert_true(usage.own > 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_true(usage_of(child, &usage) < 0);
	assert_int_equal(usage.resident, 0);
}

static void processor_time_counts(void **state)
{
	struct usage first, then;

	(void)state;
	assert_int_equal(usage_of(0, &first), 0);
	do
		assert_int_equal(usage_of(0, &then), 0);
	while (then.cpu_time < first.cpu_time + WEIR_MSEC);
	assert_true(first.cpu_time > 0);
}

static void the_share_is_of_the_last_two_intervals(void **state)
{
	struct usage_marks marks = {0};

	(void)state;
	usage_mark(&marks, 100 * WEIR_SEC, 0);
	assert_float_equal(usage_percent(&marks, 110 * WEIR_SEC, WEIR_SEC), 10, 1e-9);
	usage_mark(&marks, 160 * WEIR_SEC, 30 * WEIR_SEC);
	assert_float_equal(usage_percent(&marks, 160 * WEIR_SEC, 30 * WEIR_SEC), 50, 1e-9);
	usage_mark(&marks, 220 * WEIR_SEC, 30 * WEIR_SEC);
	assert_float_equal(usage_percent(&marks, 260 * WEIR_SEC, 31 * WEIR_SEC), 1, 1e-9);
	assert_float_equal(usage_percent(&marks, 160 * WEIR_SEC, 31 * WEIR_SEC), 0, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(touched_memory_is_its_own),
		cmocka_unit_test(another_process_is_measured_too),
		cmocka_unit_test(processor_time_counts),
		cmocka_unit_test(the_share_is_of_the_last_two_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
