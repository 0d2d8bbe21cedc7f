/* SPDX-License-Identifier: Apache-2.0 */

/* The processes of the machine: lives of a pid, lines of parents, programs, and the bounds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "process/table.h"

#define TICK (WEIR_SEC / 100)

static struct processes *table;

static int begin(void **state)
{
	(void)state;
	table = processes_new(
		&(struct processes_options){.max = 8, .bytes_max = 8192, .linger = 10 * WEIR_SEC});
	return table ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	processes_free(table);
	return 0;
}

static struct process_id id(uint32_t pid, uint64_t start)
{
	return (struct process_id){.start = start, .pid = pid};
}

static struct process *add(struct process_id self, struct process_id parent)
{
	struct process_birth birth = {.id = self, .parent = parent, .cgroup = 7};

	return process_add(table, &birth);
}

static void run(struct process *process, const char *name)
{
	const struct program_facts facts = {.name = name, .executable = name};

	process_runs(table, process, &facts);
}

static struct processes_stats stats(void)
{
	struct processes_stats s;

	processes_stats(table, &s);
	return s;
}

static void test_lives(void **state)
{
	struct process *first = add(id(100, 5 * TICK + 1), id(0, 0));
	struct process *second;

	(void)state;
	process_ends(table, first, 5 * TICK + 2);
	second = add(id(100, 5 * TICK + 3), id(0, 0));
	assert_ptr_equal(process_find(table, id(100, 5 * TICK + 1)), first);
	assert_ptr_equal(process_find(table, id(100, 5 * TICK + 3)), second);
	assert_null(process_find(table, id(100, 5 * TICK + 2)));
	assert_null(process_find(table, id(101, 5 * TICK + 1)));
	assert_ptr_equal(process_latest(table, 100), second);
	/* In one tick, and yet two names. */
	assert_int_equal(first->entity.tick, second->entity.tick);
	assert_int_equal(first->entity.nth, 0);
	assert_int_equal(second->entity.nth, 1);
}

static void test_coarse(void **state)
{
	struct process_birth birth = {.id = id(100, 5 * TICK), .coarse = true};
	struct process *process = process_add(table, &birth);

	(void)state;
	assert_null(process_find(table, id(100, 6 * TICK)));
	assert_ptr_equal(process_find(table, id(100, 5 * TICK + 9)), process);
	/* Now it is known exactly: another in that tick is another. */
	assert_null(process_find(table, id(100, 5 * TICK + 8)));
	/* But /proc goes on to know the tick. */
	assert_ptr_equal(process_find(table, id(100, 5 * TICK)), process);
	assert_int_equal(process->entity.tick, 5);
}

static void test_program_of_the_parent(void **state)
{
	struct process *parent = add(id(100, 1), id(1, 0)), *child;

	(void)state;
	run(parent, "nginx");
	child = add(id(101, 2), id(100, 1));
	assert_ptr_equal(child->program, parent->program);
	assert_ptr_equal(child->parent, parent);
	run(child, "sh");
	assert_string_equal(parent->program->name, "nginx");
	assert_string_equal(child->program->name, "sh");
	assert_int_equal(child->parent_pid, 100);
}

static void test_another_life_is_no_parent(void **state)
{
	struct process *child;

	(void)state;
	add(id(100, 1), id(0, 0));
	child = add(id(101, 2), id(100, 77));
	assert_null(child->parent);
	assert_int_equal(child->parent_pid, 100);
}

static void test_tree(void **state)
{
	struct process *init = add(id(1, 1), id(0, 0)), *service, *worker, *moved;

	(void)state;
	(void)init;
	service = add(id(100, 2), id(1, 1));
	worker = add(id(101, 3), id(100, 2));
	moved = add(id(102, 4), id(101, 3));
	assert_int_equal(worker->tree.pid, 100);
	assert_int_equal(moved->tree.pid, 100);
	process_moves(moved, 8);
	assert_int_equal(moved->tree.pid, 102);
	assert_int_equal(service->tree.pid, 100);
}

static void test_linger(void **state)
{
	struct process *process = add(id(100, 1), id(0, 0));

	(void)state;
	process_ends(table, process, 1000);
	processes_advance(table, 1000 + 10 * WEIR_SEC - 1);
	assert_ptr_equal(process_find(table, id(100, 1)), process);
	processes_advance(table, 1000 + 10 * WEIR_SEC);
	assert_null(process_find(table, id(100, 1)));
	assert_int_equal(stats().processes, 0);
}

static void test_held_beyond_its_end(void **state)
{
	struct process *process = add(id(100, 1), id(0, 0));

	(void)state;
	process_ends(table, process, 1000);
	process_hold(table, process);
	process_hold(table, process);
	processes_advance(table, UINT64_MAX / 2);
	process_let(table, process);
	processes_advance(table, UINT64_MAX / 2);
	assert_ptr_equal(process_find(table, id(100, 1)), process);
	process_let(table, process);
	processes_advance(table, UINT64_MAX / 2);
	assert_null(process_find(table, id(100, 1)));
}

static void test_parent_stays_while_its_child_lives(void **state)
{
	struct process *parent = add(id(100, 1), id(0, 0)), *child;

	(void)state;
	run(parent, "sh");
	child = add(id(101, 2), id(100, 1));
	process_ends(table, parent, 3);
	processes_advance(table, UINT64_MAX / 2);
	assert_string_equal(child->parent->program->name, "sh");
	process_ends(table, child, 4);
	processes_advance(table, UINT64_MAX / 2); /* the child, and then its parent */
	processes_advance(table, UINT64_MAX / 2);
	assert_int_equal(stats().processes, 0);
	assert_int_equal(stats().ended, 0);
}

/* A process that forks and ends for ever does not keep its line. */
static void test_endless_line(void **state)
{
	struct process *last = NULL, *first;
	uint32_t pid;

	(void)state;
	processes_free(table);
	table = processes_new(&(struct processes_options){.max = 1000});
	first = add(id(100, 100), id(0, 0));
	process_ends(table, first, 100);
	for (pid = 101; pid < 500; pid++) {
		last = add(id(pid, pid), id(pid - 1, pid - 1));
		assert_non_null(last->parent);
		if (pid < 499)
			process_ends(table, last, pid);
	}
	processes_advance(table, UINT64_MAX / 2);
	assert_in_range(stats().processes, 2, 20);
}

static void test_bounds(void **state)
{
	struct process *ended = add(id(100, 1), id(0, 0));
	uint32_t pid;

	(void)state;
	process_ends(table, ended, 1);
	for (pid = 101; pid < 108; pid++)
		assert_non_null(add(id(pid, pid), id(0, 0)));
	assert_non_null(add(id(108, 8), id(0, 0))); /* in place of the ended one */
	assert_null(process_find(table, id(100, 1)));
	assert_int_equal(stats().evicted, 1);
	assert_null(add(id(109, 9), id(0, 0))); /* all others live */
	assert_int_equal(stats().refused, 1);
	assert_int_equal(stats().processes, 8);
}

static void test_bytes(void **state)
{
	struct process *process = add(id(100, 1), id(0, 0));
	static char large[PROGRAM_COMMAND_MAX + 100];
	const struct program_facts facts = {.name = "x", .command_line = large};
	unsigned i;

	(void)state;
	memset(large, 'a', sizeof(large) - 1);
	process_runs(table, process, &facts);
	assert_int_equal(strlen(process->program->command_line), PROGRAM_COMMAND_MAX);
	for (i = 0; i < 3; i++)
		process_runs(table, add(id(101 + i, 1), id(0, 0)), &facts);
	assert_string_equal(process_latest(table, 103)->program->name, "");
	assert_true(stats().refused > 0);
	run(process, "small"); /* what it had is given back */
	assert_string_equal(process->program->name, "small");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lives, begin, end),
		cmocka_unit_test_setup_teardown(test_coarse, begin, end),
		cmocka_unit_test_setup_teardown(test_program_of_the_parent, begin, end),
		cmocka_unit_test_setup_teardown(test_another_life_is_no_parent, begin, end),
		cmocka_unit_test_setup_teardown(test_tree, begin, end),
		cmocka_unit_test_setup_teardown(test_linger, begin, end),
		cmocka_unit_test_setup_teardown(test_held_beyond_its_end, begin, end),
		cmocka_unit_test_setup_teardown(test_parent_stays_while_its_child_lives, begin,
						end),
		cmocka_unit_test_setup_teardown(test_endless_line, begin, end),
		cmocka_unit_test_setup_teardown(test_bounds, begin, end),
		cmocka_unit_test_setup_teardown(test_bytes, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
