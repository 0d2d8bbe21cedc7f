/* SPDX-License-Identifier: Apache-2.0 */

/* Who listens where: the nearest address decides, and network namespaces are apart. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "process/listeners.h"

enum { HERE = 1, THERE = 2, TCP = 6, UDP = 17 };

static struct processes *processes;
static struct listeners *listeners;

static int begin(void **state)
{
	(void)state;
	processes = processes_new(&(struct processes_options){0});
	listeners = listeners_new(processes);
	return listeners ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	listeners_free(listeners);
	processes_free(processes);
	return 0;
}

static struct process *process(uint32_t pid)
{
	const struct process_birth birth = {.id = {.pid = pid, .start = pid}};

	return process_add(processes, &birth);
}

static bool add(uint64_t cookie, uint64_t netns, uint32_t v4, uint16_t port, struct process *who)
{
	const struct listener listener = {.cookie = cookie,
					  .netns = netns,
					  .addr = addr_from_v4(v4),
					  .port = port,
					  .proto = TCP,
					  .process = who};

	return listeners_add(listeners, &listener);
}

static uint32_t find(uint64_t netns, uint8_t proto, uint32_t v4, uint16_t port)
{
	struct addr addr = addr_from_v4(v4);
	const struct listener *listener = listeners_find(listeners, netns, proto, &addr, port);

	return listener ? listener->process->id.pid : 0;
}

static void test_find(void **state)
{
	(void)state;
	assert_true(add(11, HERE, 0, 80, process(100)));
	assert_true(add(12, HERE, 7, 80, process(101)));
	assert_true(add(13, THERE, 0, 81, process(102)));
	assert_int_equal(find(HERE, TCP, 7, 80), 101);
	assert_int_equal(find(HERE, TCP, 8, 80), 100);
	assert_int_equal(find(HERE, UDP, 8, 80), 0);
	assert_int_equal(find(HERE, TCP, 8, 81), 0);
	assert_int_equal(find(THERE, TCP, 8, 81), 102);
}

static void test_remove(void **state)
{
	struct process *one = process(100);

	(void)state;
	add(11, HERE, 0, 80, one);
	add(12, HERE, 0, 80, process(101));
	listeners_remove(listeners, 12);
	listeners_remove(listeners, 12);
	assert_int_equal(find(HERE, TCP, 7, 80), 100);
	/* It is held while it listens, and not after. */
	process_ends(processes, one, 1);
	processes_advance(processes, UINT64_MAX / 2);
	assert_int_equal(find(HERE, TCP, 7, 80), 100);
	listeners_remove(listeners, 11);
	processes_advance(processes, UINT64_MAX / 2);
	assert_null(process_latest(processes, 100));
	assert_int_equal(listeners_count(listeners), 0);
}

static void test_replaced(void **state)
{
	(void)state;
	add(11, HERE, 0, 80, process(100));
	add(11, HERE, 0, 90, process(101));
	assert_int_equal(find(HERE, TCP, 0, 80), 0);
	assert_int_equal(find(HERE, TCP, 0, 90), 101);
	assert_int_equal(listeners_count(listeners), 1);
}

static void test_bound(void **state)
{
	struct process *who = process(100);
	unsigned i;

	(void)state;
	for (i = 0; i < LISTENERS_MAX; i++)
		assert_true(add(i + 1, HERE, i, (uint16_t)i, who));
	assert_false(add(LISTENERS_MAX + 1, HERE, 1, 1, who));
	assert_int_equal(listeners_refused(listeners), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find, begin, end),
		cmocka_unit_test_setup_teardown(test_remove, begin, end),
		cmocka_unit_test_setup_teardown(test_replaced, begin, end),
		cmocka_unit_test_setup_teardown(test_bound, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
