/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "event/privacy.h"
#include "signal/identity.h"

#define NAME  "Secret.Example"
#define LOWER "secret.example"

/* The id of a signal whose keys are that name and a port, in the wrong order. */
static void make(char id[UUID_TEXT_MAX])
{
	static const char *const names[] = {"dns.question.name", "destination.port"};
	static const enum field fields[] = {FIELD_DNS_QUESTION_NAME, FIELD_DESTINATION_PORT};
	const struct rule rule = {.kind = RULE_BASE};
	const struct value keys[] = {{.type = VALUE_TEXT, .text = text_string(NAME)},
				     {.type = VALUE_NUMBER, .number = 53}};
	struct arena arena = {0};

	assert_int_equal(
		identity_make(&arena,
			      &(struct identity){&rule, "rule", names, fields, keys, 2, "7"}, id),
		0);
	arena_free(&arena);
}

static void expect(const char *name, char id[UUID_TEXT_MAX])
{
	char text[200];
	int length = snprintf(text, sizeof(text),
			      "[\"rule\",{\"destination.port\":53,\"dns.question.name\":\"%s\"},7]",
			      name);

	uuid_v5(text, (size_t)length, id);
}

static void it_is_of_keys_in_order_without_case(void **state)
{
	char id[UUID_TEXT_MAX], expected[UUID_TEXT_MAX];

	(void)state;
	make(id);
	expect(LOWER, expected);
	assert_string_equal(id, expected);
}

/* Dropped or hashed: nobody can try names against it. */
static void what_does_not_leave_stands_in_it_as_its_hash(void **state)
{
	static const enum privacy modes[] = {PRIVACY_HASH, PRIVACY_DROP};
	char id[UUID_TEXT_MAX], expected[UUID_TEXT_MAX], room[PRIVACY_TEXT_MAX], hash[64];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct privacy_options options = {.dns_names = modes[i], .key = {7}};
		struct text text = text_string(LOWER);

		assert_int_equal(privacy_set(&options), 0);
		text = privacy_hash(&text, room);
		snprintf(hash, sizeof(hash), "%.*s", (int)text.length, text.at);
		make(id);
		expect(hash, expected);
		assert_string_equal(id, expected);
		assert_int_equal(privacy_set(NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_of_keys_in_order_without_case),
		cmocka_unit_test(what_does_not_leave_stands_in_it_as_its_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
