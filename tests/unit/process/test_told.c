/* SPDX-License-Identifier: Apache-2.0 */

/* What events say of a process: of itself, and of those above it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "process/told.h"

static struct processes *table;
static struct process_teller teller;
static struct event event;

static int begin(void **state)
{
	(void)state;
	table = processes_new(&(struct processes_options){0});
	memset(&event, 0, sizeof(event));
	return table ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	processes_free(table);
	return 0;
}

/* A child of the one before it. */
static struct process *add(uint32_t pid, const char *name)
{
	const struct process_birth birth = {.id = {.pid = pid, .start = pid},
					    .parent = {.pid = pid - 1, .start = pid - 1},
					    .uid = 1000,
					    .euid = 33};
	const struct program_facts facts = {.name = name, .executable = name};
	struct process *process = process_add(table, &birth);

	process_runs(table, process, &facts);
	return process;
}

static void assert_text(struct text text, const char *expected)
{
	assert_int_equal(text.length, strlen(expected));
	assert_memory_equal(text.at, expected, text.length);
}

static void test_fields(void **state)
{
	struct process *process;

	(void)state;
	add(100, "sshd");
	add(101, "bash");
	process = add(102, "curl");
	process_put(&teller, process, &event);
	assert_int_equal(event.process_pid, 102);
	assert_text(event.process_name, "curl");
	assert_text(event.process_parent_name, "bash");
	assert_int_equal(event.process_parent_pid, 101);
	assert_text(event.user_id, "1000");
	assert_text(event.user_effective_id, "33");
	assert_int_equal(event.process_ancestor_name.length, 9);
	assert_memory_equal(event.process_ancestor_name.at, "bash\0sshd", 9);
	assert_false(event_has(&event, FIELD_PROCESS_COMMAND_LINE));
	assert_false(event_has(&event, FIELD_PROCESS_WORKING_DIRECTORY));
}

static void test_nothing_known(void **state)
{
	const struct process_birth birth = {.id = {.pid = 7, .start = 1}};

	(void)state;
	process_put(&teller, process_add(table, &birth), &event);
	assert_true(event_has(&event, FIELD_PROCESS_PID));
	assert_false(event_has(&event, FIELD_PROCESS_NAME));
	assert_false(event_has(&event, FIELD_PROCESS_DELETED));
	assert_false(event_has(&event, FIELD_PROCESS_PARENT_PID));
	assert_false(event_has(&event, FIELD_PROCESS_ANCESTOR_NAME));
}

static void test_socket_above(void **state)
{
	struct process *server = add(100, "server"), *last = NULL;
	uint32_t pid;

	(void)state;
	server->flags |= PROCESS_HELD_SOCKET | PROCESS_LISTENED;
	for (pid = 101; pid <= 104; pid++)
		last = add(pid, "sh");
	process_put(&teller, last, &event);
	assert_true(event.process_has_socket);
	assert_true(event.process_is_service);
	process_put(&teller, add(105, "sh"), &event); /* too far below */
	assert_false(event.process_has_socket);
	assert_false(event.process_is_service);
}

/* The nearest that held one decides, not one above it. */
static void test_nearest_socket(void **state)
{
	struct process *server = add(100, "server"), *client = add(101, "client");

	(void)state;
	server->flags |= PROCESS_HELD_SOCKET | PROCESS_LISTENED;
	client->flags |= PROCESS_HELD_SOCKET;
	process_put(&teller, add(102, "sh"), &event);
	assert_true(event.process_has_socket);
	assert_false(event.process_is_service);
}

static void test_raised(void **state)
{
	struct process *process = add(100, "x");

	(void)state;
	process->uid = process->euid = 0;
	process_put(&teller, process, &event);
	process_put_user(&teller, process, 1000, &event);
	assert_text(event.user_id, "1000");
	assert_text(event.user_effective_id, "0");
}

/* Texts are kept from event to event, and not from process to process. */
static void test_one_after_another(void **state)
{
	struct process *first = add(100, "a"), *second = add(101, "b");
	char name[PROCESS_ENTITY_MAX];

	(void)state;
	second->euid = 34;
	process_put(&teller, first, &event);
	process_put(&teller, second, &event);
	assert_text(event.process_entity_id, process_entity_text(&second->entity, name));
	assert_text(event.process_tree, process_entity_text(&second->tree, name));
	assert_text(event.user_effective_id, "34");
	process_put(&teller, first, &event);
	assert_text(event.process_entity_id, process_entity_text(&first->entity, name));
	assert_text(event.user_effective_id, "33");
}

static void test_two_names_in_one_tick(void **state)
{
	const struct process_birth first = {.id = {.pid = 7, .start = 1}};
	const struct process_birth second = {.id = {.pid = 7, .start = 2}};
	char one[PROCESS_ENTITY_MAX], other[PROCESS_ENTITY_MAX];
	struct process *process = process_add(table, &first);

	(void)state;
	process_entity_text(&process->entity, one);
	process_ends(table, process, 2);
	process_entity_text(&process_add(table, &second)->entity, other);
	assert_string_not_equal(one, other);
	assert_memory_equal(one, other, strlen(one)); /* and a number behind it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fields, begin, end),
		cmocka_unit_test_setup_teardown(test_nothing_known, begin, end),
		cmocka_unit_test_setup_teardown(test_socket_above, begin, end),
		cmocka_unit_test_setup_teardown(test_nearest_socket, begin, end),
		cmocka_unit_test_setup_teardown(test_raised, begin, end),
		cmocka_unit_test_setup_teardown(test_one_after_another, begin, end),
		cmocka_unit_test_setup_teardown(test_two_names_in_one_tick, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
