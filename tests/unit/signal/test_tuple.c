/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signal/tuple.h"

static struct pool pool;
static struct tuple_buffer buffer;

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(pool.used, 0);
	pool_free(&pool);
	free(buffer.at);
	buffer = (struct tuple_buffer){0};
	return 0;
}

static struct addr ip(const char *text)
{
	struct addr a = {0};

	assert_int_equal(addr_parse(text, strlen(text), &a), 0);
	return a;
}

/* What is kept of the event's fields says the same as the event; `whole`: the item alone does. */
static void says_the_same(const struct event *event, const struct field_list *fields, bool whole)
{
	struct value values[RULE_FIELDS_MAX];
	struct tuple *tuple;
	struct item item;

	assert_true(tuple_item(&buffer, event, fields, true, &item));
	assert_int_equal(tuple_keep(&pool, &buffer, event, fields, &item, &tuple), 0);
	assert_int_equal(whole, tuple == NULL);
	tuple_values(&item, tuple, fields, values);
	for (unsigned i = 0; i < fields->len; i++) {
		struct value expected = value_of_field(event, fields->at[i]);

		assert_int_equal(values[i].type, expected.type);
		assert_true(expected.type == VALUE_NULL || value_equal(&values[i], &expected));
		if (expected.type == VALUE_TEXT)
			assert_memory_equal(values[i].text.at, expected.text.at,
					    expected.text.length);
	}
	tuple_drop(&pool, tuple);
}

static void short_tuples_say_themselves(void **state)
{
	static const struct field_list triple = {
		{FIELD_SOURCE_IP, FIELD_DESTINATION_IP, FIELD_DESTINATION_PORT}, 3};
	static const struct field_list mixed = {
		{FIELD_NETWORK_TRANSPORT, FIELD_TCP_HALF_OPEN, FIELD_NETWORK_STATE}, 3};
	struct event e = {0};

	(void)state;
	event_set(&e, SOURCE_IP, source_ip, ip("10.0.0.1"));
	says_the_same(&e, &triple, true); /* with nulls */
	event_set(&e, DESTINATION_IP, destination_ip, ip("203.0.113.255"));
	event_set(&e, DESTINATION_PORT, destination_port, 65535);
	event_set(&e, NETWORK_TRANSPORT, network_transport, 6);
	event_set(&e, NETWORK_STATE, network_state, STATE_UNANSWERED);
	event_set(&e, TCP_HALF_OPEN, tcp_half_open, true);
	says_the_same(&e, &triple, true);
	says_the_same(&e, &mixed, true);
}

static void numbers_of_any_size_come_back(void **state)
{
	static const struct field_list fields = {{FIELD_SOURCE_BYTES, FIELD_EVENT_DURATION}, 2};
	struct event e = {0};

	(void)state;
	for (unsigned bit = 0; bit < 64; bit += 7) {
		event_set(&e, SOURCE_BYTES, source_bytes, UINT64_C(1) << bit);
		event_set(&e, EVENT_DURATION, event_duration, -(INT64_C(1) << (bit % 63)));
		says_the_same(&e, &fields, bit < 42);
	}
}

/* Long tuples and texts are kept as they came; texts that differ in case only are one item. */
static void texts_and_long_tuples_are_kept(void **state)
{
	static const struct field_list name = {{FIELD_MESSAGE, FIELD_DESTINATION_PORT}, 2};
	static const struct field_list addresses = {{FIELD_SOURCE_IP, FIELD_DESTINATION_IP}, 2};
	struct event e = {0};

	(void)state;
	event_set(&e, DESTINATION_PORT, destination_port, 445);
	event_set(&e, MESSAGE, message, ((struct text){"PrINter", 7}));
	says_the_same(&e, &name, false);
	event_set(&e, MESSAGE, message, ((struct text){"", 0}));
	says_the_same(&e, &name, false);
	event_set(&e, SOURCE_IP, source_ip, ip("2001:db8::1"));
	event_set(&e, DESTINATION_IP, destination_ip, ip("fe80::2"));
	says_the_same(&e, &addresses, false);
}

/* A long item of another process is the same under that process's secret. */
static void items_last_as_long_as_the_secret(void **state)
{
	static const struct field_list source = {{FIELD_SOURCE_IP}, 1};
	struct tuple_secret before = tuple_secret_get();
	struct item a, b;
	struct event e = {0};

	(void)state;
	event_set(&e, SOURCE_IP, source_ip, ip("2001:db8::1"));
	assert_true(tuple_item(&buffer, &e, &source, false, &a));
	tuple_secret_set((struct tuple_secret){{1, 2}});
	assert_true(tuple_item(&buffer, &e, &source, false, &b));
	assert_false(item_equal(&a, &b));
	assert_int_equal(item_fixed_hash(&a), item_fixed_hash(&b));
	tuple_secret_set(before);
	assert_true(tuple_item(&buffer, &e, &source, false, &b));
	assert_true(item_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(short_tuples_say_themselves, tear_down),
		cmocka_unit_test_teardown(numbers_of_any_size_come_back, tear_down),
		cmocka_unit_test_teardown(texts_and_long_tuples_are_kept, tear_down),
		cmocka_unit_test_teardown(items_last_as_long_as_the_secret, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
