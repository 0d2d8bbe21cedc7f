/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/table.h"
#include "bpf/flow.h"

/* What an outsider can do by choosing keys: nothing, as long as the seed is not known. */

#define KEYS  100000u
#define CELLS (1u << 18)

/* Cells that a table with linear probing looks at to take all of them, as struct table does. */
static uint64_t probes(const void *keys, size_t size, uint64_t (*hash)(const void *, size_t))
{
	static uint8_t taken[CELLS];
	uint64_t looked = 0;

	memset(taken, 0, sizeof(taken));
	for (size_t i = 0; i < KEYS; i++) {
		size_t at = hash((const char *)keys + i * size, size) & (CELLS - 1);

		while (looked++, taken[at])
			at = (at + 1) & (CELLS - 1);
		taken[at] = 1;
	}
	return looked;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint64_t probes_of_random(size_t size)
{
	uint64_t state = 0x9e3779b97f4a7c15ull, looked;
	uint8_t *keys = malloc(KEYS * size);

	assert_non_null(keys);
	for (size_t i = 0; i < KEYS * size; i++)
		keys[i] = (uint8_t)next_random(&state);
	looked = probes(keys, size, hash_bytes);
	free(keys);
	return looked;
}

static void judge(const char *what, uint64_t looked, size_t size)
{
	double ratio = (double)looked / (double)probes_of_random(size);

	printf("figure: collide.%s %.2f times the probes of random keys\n", what, ratio);
	assert_true(ratio < 1.5);
}

/* All are the same to whoever knows the words: the first factor of the product is zero. */
#define KNOWN_A UINT64_C(0x0123456789abcdef)
#define KNOWN_B UINT64_C(0xfedcba9876543210)

static void test_keys_for_a_known_seed(void **state)
{
	uint64_t(*keys)[2] = malloc(KEYS * sizeof(*keys)), same;

	(void)state;
	assert_non_null(keys);
	for (size_t i = 0; i < KEYS; i++) {
		keys[i][0] = KNOWN_A;
		keys[i][1] = i;
	}
	same = hash_keyed(keys[0], sizeof(keys[0]), KNOWN_A, KNOWN_B);
	for (size_t i = 0; i < KEYS; i++)
		assert_true(hash_keyed(keys[i], sizeof(keys[i]), KNOWN_A, KNOWN_B) == same);
	judge("known_seed", probes(keys, sizeof(*keys), hash_bytes), sizeof(*keys));
	free(keys);
}

/* Ports and addresses of a range, of which sums and remainders are the same. */
static void test_keys_of_flows(void **state)
{
	struct flow_key *keys = calloc(KEYS, sizeof(*keys));

	(void)state;
	assert_non_null(keys);
	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t high = i << 15, low = (uint32_t)-high;

		memcpy(keys[i].addr[0] + 12, &high, 4);
		memcpy(keys[i].addr[1] + 12, &low, 4);
		keys[i].proto = 6;
	}
	judge("flows", probes(keys, sizeof(*keys), hash_bytes), sizeof(*keys));
	free(keys);
}

struct entry {
	uint64_t key[2];
};

static void test_all_are_found(void **state)
{
	struct entry *entries = calloc(KEYS, sizeof(*entries)), missing = {{KNOWN_A, KEYS}};
	struct table table;

	(void)state;
	assert_non_null(entries);
	table_init(&table, sizeof(entries->key), offsetof(struct entry, key));
	for (size_t i = 0; i < KEYS; i++) {
		entries[i] = (struct entry){{KNOWN_A, i}};
		assert_int_equal(table_insert(&table, &entries[i]), 0);
	}
	for (size_t i = 0; i < KEYS; i += 2)
		table_remove(&table, &entries[i]);
	for (size_t i = 0; i < KEYS; i++)
		assert_ptr_equal(table_find(&table, entries[i].key), i % 2 ? &entries[i] : NULL);
	assert_null(table_find(&table, missing.key));
	assert_int_equal(table.count, KEYS / 2);
	table_free(&table);
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_for_a_known_seed),
		cmocka_unit_test(test_keys_of_flows),
		cmocka_unit_test(test_all_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
