/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "event/doers.h"
#include "event/packed.h"

/* A connection of a process; texts are the caller's. */
static struct event connection(uint64_t port, const char *entity, const char *name)
{
	struct event event = {.time = 7 * WEIR_SEC, .service = SERVICE_CONNECTION};

	event_set(&event, DESTINATION_PORT, destination_port, port);
	event_set(&event, INTERFACE_NAME, interface_name, text_string("eth0"));
	event_set(&event, PROCESS_ENTITY_ID, process_entity_id, text_string(entity));
	event_set(&event, PROCESS_PID, process_pid, 42);
	event_set(&event, PROCESS_NAME, process_name, text_string(name));
	event_set(&event, PROCESS_PACKAGED, process_packaged, true);
	event_set(&event, ORCHESTRATOR_LABEL, orchestrator_label, text_string(""));
	return event;
}

static void assert_text(const struct text *text, const char *wanted)
{
	assert_int_equal(text->length, strlen(wanted));
	assert_memory_equal(text->at, wanted, text->length);
}

static void assert_connection(const struct event *event, uint64_t port, const char *entity,
			      const char *name)
{
	const struct event wanted = connection(port, entity, name);

	assert_memory_equal(event->present, wanted.present, sizeof(wanted.present));
	assert_int_equal(event->time, 7 * WEIR_SEC);
	assert_int_equal(event->service, SERVICE_CONNECTION);
	assert_int_equal(event->destination_port, port);
	assert_int_equal(event->process_pid, 42);
	assert_true(event->process_packaged);
	assert_text(&event->interface_name, "eth0");
	assert_text(&event->process_entity_id, entity);
	assert_text(&event->process_name, name);
	assert_text(&event->orchestrator_label, "");
}

static void an_event_comes_back_whole(void **state)
{
	struct packed_store *store = packed_store_new();
	char entity[] = "1-2-3", name[] = "curl";
	struct event event = connection(443, entity, name), back;
	struct packed *packed = packed_take(store, &event);

	(void)state;
	memset(entity, 'x', strlen(entity)); /* its texts are copies */
	memset(name, 'x', strlen(name));
	memset(&back, 0xa5, sizeof(back));
	packed_read(packed, &back);
	assert_connection(&back, 443, "1-2-3", "curl");
	packed_give(store, packed);
	packed_store_free(store);
}

static void events_of_one_process_do_not_mix(void **state)
{
	struct packed_store *store = packed_store_new();
	struct event a = connection(1, "1-2-3", "curl"), b = connection(2, "1-2-3", "curl"),
		     after = connection(3, "1-2-3", "bash"), other = connection(4, "1-2-4", "curl"),
		     back = {0};
	struct packed *packed[] = {packed_take(store, &a), packed_take(store, &b),
				   packed_take(store, &after), packed_take(store, &other)};

	(void)state;
	packed_give(store, packed[0]);
	packed_store_shrink(store);
	packed_read(packed[1], &back);
	assert_connection(&back, 2, "1-2-3", "curl");
	packed_read(packed[2], &back);
	assert_connection(&back, 3, "1-2-3", "bash");
	packed_read(packed[3], &back);
	assert_connection(&back, 4, "1-2-4", "curl");
	for (size_t i = 1; i < 4; i++)
		packed_give(store, packed[i]);
	packed_store_free(store);
}

static void a_process_is_kept_once(void **state)
{
	char copy[] = "1-2-3";
	struct event a = connection(1, "1-2-3", "curl"), b = connection(2, copy, "curl"),
		     renamed = connection(3, "1-2-3", "bash"), none = {0};
	struct doers doers = {0};
	struct field_set own;
	struct doer *first = doer_take(&doers, &a, &own), *second, *third;

	(void)state;
	assert_non_null(first);
	second = doer_take(&doers, &b, &own);
	assert_ptr_equal(first, second);
	third = doer_take(&doers, &renamed, &own);
	assert_ptr_not_equal(first, third);
	assert_null(doer_take(&doers, &none, &own));
	doer_give(first);
	doer_give(second);
	doers_forget(&doers);
	doer_read(third, &none); /* who holds it has it still */
	assert_text(&none.process_name, "bash");
	doer_give(third);
}

static void what_differs_in_one_field_is_another(void **state)
{
	struct event event = connection(1, "1-2-3", "curl");
	struct doers doers = {0};
	struct field_set own;
	struct doer *first = doer_take(&doers, &event, &own), *second;

	(void)state;
	event.process_packaged = false;
	second = doer_take(&doers, &event, &own);
	assert_ptr_not_equal(first, second);
	doer_give(first);
	first = second;
	event_set(&event, CONTAINER_ID, container_id, text_string("c"));
	second = doer_take(&doers, &event, &own);
	assert_ptr_not_equal(first, second);
	doer_give(first);
	doer_give(second);
	doers_forget(&doers);
}

/* Larger than any room that is handed out by the block. */
static void a_long_text_is_a_piece_of_its_own(void **state)
{
	struct packed_store *store = packed_store_new();
	struct event event = connection(1, "1-2-3", "curl"), back = {0};
	char *path = calloc(1, 5000);
	struct packed *packed;

	(void)state;
	memset(path, 'p', 4999);
	event_set(&event, INTERFACE_NAME, interface_name, text_string(path));
	packed = packed_take(store, &event);
	packed_read(packed, &back);
	assert_text(&back.interface_name, path);
	assert_text(&back.process_name, "curl");
	packed_give(store, packed);
	packed_store_free(store);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_comes_back_whole),
		cmocka_unit_test(events_of_one_process_do_not_mix),
		cmocka_unit_test(a_process_is_kept_once),
		cmocka_unit_test(what_differs_in_one_field_is_another),
		cmocka_unit_test(a_long_text_is_a_piece_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
