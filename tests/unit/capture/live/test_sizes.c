/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/live/sizes.h"

#define MIB (UINT64_C(1) << 20)

static void slots_follow_memory(void **state)
{
	(void)state;
	assert_int_equal(sizes_slots(0), SLOTS_MIN);
	assert_int_equal(sizes_slots(64 * MIB), SLOTS_MIN);
	assert_in_range(sizes_slots(1024 * MIB), 71000, 71600);
	assert_int_equal(sizes_slots(1024 * MIB) % 64, 0);
	assert_int_equal(sizes_slots(24000 * MIB), SLOTS_MAX);
	assert_int_equal(sizes_slots(UINT64_MAX), SLOTS_MAX);
}

static void half_open_follows_cpus(void **state)
{
	(void)state;
	assert_int_equal(sizes_half_open(1), 65536);
	assert_int_equal(sizes_half_open(64), 65536);
	assert_int_equal(sizes_half_open(128), 131072);
	assert_int_equal(sizes_half_open(UINT_MAX), SLOTS_MAX);
}

static void rings_are_powers_of_two(void **state)
{
	(void)state;
	assert_int_equal(sizes_ring(0), 4 * MIB);
	assert_int_equal(sizes_ring(1), RING_BYTES_MIN);
	assert_int_equal(sizes_ring(5 * MIB), 8 * MIB);
	assert_int_equal(sizes_ring(8 * MIB), 8 * MIB);
	assert_int_equal(sizes_ring(SIZE_MAX), 1024 * MIB);
}

static void payload_ring_follows_memory_and_readers(void **state)
{
	struct live_options options = {.payload = {.ring_bytes = 3 * MIB}};
	struct sizes sizes;

	(void)state;
	assert_int_equal(sizes_payload_ring(0), MIB);
	assert_int_equal(sizes_payload_ring(2049 * MIB), 2 * MIB);
	assert_int_equal(sizes_payload_ring(UINT64_MAX), 4 * MIB);
	sizes_choose(&sizes, &options);
	assert_int_equal(sizes.payload_ring, RING_BYTES_MIN); /* nobody reads */
	options.payload.wanted = true;
	sizes_choose(&sizes, &options);
	assert_int_equal(sizes.payload_ring, 4 * MIB);
	options.payload.ring_bytes = 0;
	sizes_choose(&sizes, &options);
	assert_in_range(sizes.payload_ring, MIB, 4 * MIB);
}

/* ---- memory, from files as the kernel writes them ---- */

static char root[PATH_MAX];

static void write_file(const char *name, const char *format, ...)
{
	char path[PATH_MAX + 64], *slash;
	va_list args;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
}

static uint64_t memory(int *by_cgroup)
{
	char proc[PATH_MAX + 8];

	snprintf(proc, sizeof(proc), "%s/proc", root);
	return sizes_memory(proc, by_cgroup);
}

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/weir-sizes.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void without_a_limit_the_machine(void **state)
{
	int by_cgroup;

	(void)state;
	write_file("proc/meminfo", "MemFree: 7 kB\nMemTotal: 2048000 kB\n");
	assert_int_equal(memory(&by_cgroup), UINT64_C(2048000) * 1024);
	assert_false(by_cgroup);
}

static void the_least_limit_above_us(void **state)
{
	int by_cgroup;

	(void)state;
	write_file("proc/meminfo", "MemTotal: 2048000 kB\n");
	write_file("proc/self/mountinfo",
		   "30 23 0:26 / %s/cg rw,nosuid shared:4 - cgroup2 cgroup2 rw\n", root);
	write_file("proc/self/cgroup", "0::/pod/weir\n");
	write_file("cg/pod/weir/memory.max", "max\n");
	write_file("cg/pod/memory.max", "268435456\n");
	assert_int_equal(memory(&by_cgroup), 268435456);
	assert_true(by_cgroup);
	write_file("cg/pod/weir/memory.max", "134217728\n");
	assert_int_equal(memory(&by_cgroup), 134217728);
}

static void version_1_too(void **state)
{
	int by_cgroup;

	(void)state;
	write_file("proc/meminfo", "MemTotal: 2048000 kB\n");
	write_file("proc/self/mountinfo",
		   "30 23 0:26 / %s/v1 rw,nosuid shared:4 - cgroup cgroup rw,memory\n", root);
	write_file("proc/self/cgroup", "5:cpu:/\n4:memory:/slice\n0::/\n");
	write_file("v1/slice/memory.limit_in_bytes", "536870912\n");
	assert_int_equal(memory(&by_cgroup), 536870912);
	assert_true(by_cgroup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_follow_memory),
		cmocka_unit_test(half_open_follows_cpus),
		cmocka_unit_test(rings_are_powers_of_two),
		cmocka_unit_test(payload_ring_follows_memory_and_readers),
		cmocka_unit_test_setup_teardown(without_a_limit_the_machine, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(the_least_limit_above_us, make_root, remove_root),
		cmocka_unit_test_setup_teardown(version_1_too, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
