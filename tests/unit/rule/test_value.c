/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rule/literal.h"
#include "rule/severity.h"

static void numbers_are_written_for_people(void **state)
{
	static const struct {
		double number;
		enum unit unit;
		const char *text;
	} table[] = {
		{228, UNIT_CONNECTIONS, "228"},
		{0, UNIT_NONE, "0"},
		{-0.0, UNIT_NONE, "0"},
		{2.5, UNIT_NONE, "2.5"},
		{2.004, UNIT_NONE, "2"},
		{0.1234, UNIT_NONE, "0.1234"},
		{123.4, UNIT_NONE, "123"},
		{1e15, UNIT_NONE, "1e+15"},
		{999, UNIT_BYTES, "999 B"},
		{1000, UNIT_BYTES, "1 KB"},
		{1234567890, UNIT_BYTES, "1.2 GB"},
		{999999, UNIT_BYTES, "1 MB"},
		{-1500, UNIT_BYTES, "-1.5 KB"},
		{300e9, UNIT_DURATION, "5m"},
		{90.6e9, UNIT_DURATION, "1m31s"},
		{1.5e9, UNIT_DURATION, "1s500ms"},
		{1e30, UNIT_DURATION, "1e+30 ns"},
		{1767323045e9, UNIT_TIME, "2026-01-02T03:04:05.000000Z"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct value v = {.type = VALUE_NUMBER, .number = table[i].number};

		assert_string_equal(value_format(&v, table[i].unit, text, sizeof(text)),
				    table[i].text);
	}
	assert_string_equal(value_format(&(struct value){.type = VALUE_NULL}, UNIT_NONE, text, 64),
			    "unknown");
	assert_string_equal(value_format(&(struct value){.type = VALUE_TEXT, .text = {"abcdef", 6}},
					 UNIT_NONE, text, 4),
			    "abc");
}

static void literals_have_units(void **state)
{
	static const struct {
		const char *text;
		double number;
		enum unit unit;
	} table[] = {
		{"20", 20, UNIT_NONE},
		{"1.5", 1.5, UNIT_NONE},
		{"1e6", 1e6, UNIT_NONE},
		{"1E-2", 0.01, UNIT_NONE},
		{"100KB", 1e5, UNIT_BYTES},
		{"1.5gb", 1.5e9, UNIT_BYTES},
		{"7B", 7, UNIT_BYTES},
		{"5m", 300e9, UNIT_DURATION},
		{"1h30m", 5400e9, UNIT_DURATION},
		{"250ms", 25e7, UNIT_DURATION},
	};
	static const char *const wrong[] = {"",	  "KB",	 "x",	 "1x",	"1e",	 ".5",	 "5.",
					    "-1", "0x1", "1 KB", "inf", "1e999", "1.5m", "1KBs"};
	enum unit unit;
	double number;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(
			literal_number(table[i].text, strlen(table[i].text), &number, &unit), 0);
		assert_true(number == table[i].number);
		assert_int_equal(unit, table[i].unit);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_true(literal_number(wrong[i], strlen(wrong[i]), &number, &unit) < 0);
}

static void equality_is_the_rules_own(void **state)
{
	struct value a = {.type = VALUE_TEXT, .text = {"Eth0", 4}};
	struct value b = {.type = VALUE_TEXT, .text = {"eTH0", 4}};
	struct value null = {.type = VALUE_NULL};
	struct value one = {.type = VALUE_NUMBER, .number = 1};

	(void)state;
	assert_true(value_equal(&a, &b));
	b.text.length = 3;
	assert_false(value_equal(&a, &b));
	assert_false(value_equal(&null, &null));
	assert_false(value_equal(&a, &one));
	assert_true(value_equal(&one, &one));
}

static void fields_become_values(void **state)
{
	static const char *const roles[] = {"a", "b"};
	struct event e = {0};
	struct value v;

	(void)state;
	field_roles_set(roles, 2);
	v = value_of_field(&e, FIELD_NETWORK_STATE);
	assert_int_equal(v.type, VALUE_NULL);
	event_set(&e, NETWORK_STATE, network_state, STATE_REJECTED);
	event_set(&e, SOURCE_ROLE, source_role, 2);
	event_set(&e, SOURCE_BYTES, source_bytes, 7);
	v = value_of_field(&e, FIELD_NETWORK_STATE);
	assert_memory_equal(v.text.at, "rejected", v.text.length);
	v = value_of_field(&e, FIELD_SOURCE_ROLE);
	assert_memory_equal(v.text.at, "b", v.text.length);
	assert_true(value_of_field(&e, FIELD_SOURCE_BYTES).number == 7);
	assert_int_equal(field_unit(FIELD_SOURCE_BYTES), UNIT_BYTES);
	assert_int_equal(field_unit(FIELD_SOURCE_PACKETS), UNIT_PACKETS);
	assert_int_equal(field_unit(FIELD_EVENT_DURATION), UNIT_DURATION);
	assert_int_equal(field_unit(FIELD_EVENT_START), UNIT_TIME);
	assert_int_equal(field_unit(FIELD_SOURCE_PORT), UNIT_NONE);
	field_roles_set(NULL, 0);
}

static void severities_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < SEVERITY_COUNT; i++) {
		const char *name = severity_name((enum severity)i);

		assert_int_equal(severity_find(name, strlen(name)), i);
	}
	assert_int_equal(severity_find("HIGH", 4), SEVERITY_HIGH);
	assert_int_equal(severity_find("hig", 3), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_for_people),
		cmocka_unit_test(literals_have_units),
		cmocka_unit_test(equality_is_the_rules_own),
		cmocka_unit_test(fields_become_values),
		cmocka_unit_test(severities_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
