/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signal/roster.h"

#define KEYS 4096

struct entry {
	uint64_t key, value;
};

static void finds_what_is_in_and_nothing_else(void **state)
{
	static uint32_t number[KEYS];
	struct roster roster;
	struct pool pool = {0};

	(void)state;
	memset(number, 0, sizeof(number));
	roster_init(&roster, &pool, sizeof(uint64_t), sizeof(struct entry));
	srand(3);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t key = (uint64_t)rand() % KEYS;

		assert_int_equal(roster_find(&roster, &key, roster_hash(&roster, &key)),
				 number[key]);
		if (!number[key]) {
			struct entry *entry;

			number[key] = roster_add(&roster, &key);
			assert_int_not_equal(number[key], ROSTER_NONE);
			entry = roster_at(&roster, number[key]);
			assert_int_equal(entry->key, key);
			assert_int_equal(entry->value, 0);
			entry->value = key + 1;
		} else if (rand() % 3) {
			assert_int_equal(((struct entry *)roster_at(&roster, number[key]))->value,
					 key + 1);
		} else {
			roster_remove(&roster, number[key]);
			number[key] = ROSTER_NONE;
		}
	}
	assert_int_equal(pool.used, roster.count * sizeof(struct entry));
	roster_free(&roster);
	pool_free(&pool);
}

/* Entries stay where they are while others come, and their room is used again. */
static void entries_stay_and_room_is_used_again(void **state)
{
	struct roster roster;
	struct pool pool = {0};
	uint64_t bytes = 0;
	struct entry *first;

	(void)state;
	roster_init(&roster, &pool, sizeof(uint64_t), sizeof(struct entry));
	for (unsigned round = 0; round < 3; round++) {
		uint32_t number[KEYS];

		for (uint64_t key = 0; key < KEYS; key++) {
			number[key] = roster_add(&roster, &key);
			if (!key)
				first = roster_at(&roster, number[0]);
		}
		assert_ptr_equal(roster_at(&roster, number[0]), first);
		assert_true(!round || pool.bytes == bytes);
		bytes = pool.bytes;
		for (uint64_t key = 0; key < KEYS; key++)
			roster_remove(&roster, number[key]);
	}
	assert_int_equal(pool.used, 0);
	roster_free(&roster);
	pool_free(&pool);
}

static void entries_may_be_larger_than_a_block(void **state)
{
	enum { LARGE = 100000 };
	struct roster roster;
	struct pool pool = {0};

	(void)state;
	roster_init(&roster, &pool, sizeof(uint64_t), LARGE);
	for (uint64_t key = 0; key < 20; key++) {
		char *entry = roster_at(&roster, roster_add(&roster, &key));

		memset(entry + sizeof(key), (int)key, LARGE - sizeof(key));
	}
	for (uint64_t key = 0; key < 20; key++) {
		char *entry =
			roster_at(&roster, roster_find(&roster, &key, roster_hash(&roster, &key)));

		assert_int_equal(entry[sizeof(key)], key);
		assert_int_equal(entry[LARGE - 1], key);
	}
	roster_free(&roster);
	pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_in_and_nothing_else),
		cmocka_unit_test(entries_stay_and_room_is_used_again),
		cmocka_unit_test(entries_may_be_larger_than_a_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
