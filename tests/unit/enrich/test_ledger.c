/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "enrich/hosts.h"
#include "enrich/ledger.h"

/* Keys are hashes: spread over all bits. */
static uint64_t key(uint64_t number)
{
	return (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct ledger_entry *see(struct ledger *ledger, uint64_t number, uint16_t day)
{
	bool fresh;

	return ledger_see(ledger, key(number), day, &fresh);
}

static void many_entries_are_found_again_in_little_memory(void **state)
{
	enum { MANY = 100000 };
	struct ledger ledger;

	(void)state;
	ledger_init(&ledger, 16, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		struct ledger_entry *entry = see(&ledger, i, 20000);

		assert_non_null(entry);
		memset(entry->more, i & 0xff, 16);
	}
	for (unsigned i = 0; i < MANY; i++) {
		struct ledger_entry *entry = ledger_find(&ledger, key(i));

		assert_non_null(entry);
		assert_int_equal(ledger_key(entry), key(i));
		assert_int_equal(entry->more[15], i & 0xff);
	}
	assert_null(ledger_find(&ledger, key(MANY)));
	/* The bounds that docs/configuration.md states. */
	assert_true(ledger_bytes(&ledger) <= MANY * 48 + 65536);
	ledger_free(&ledger);
	ledger_init(&ledger, 0, MANY);
	for (unsigned i = 0; i < MANY; i++)
		see(&ledger, i, 20000);
	assert_true(ledger_bytes(&ledger) <= MANY * 32 + 65536);
	ledger_free(&ledger);
}

static void the_first_and_the_last_day_are_kept(void **state)
{
	struct ledger ledger;
	struct ledger_entry *entry;
	bool fresh;

	(void)state;
	ledger_init(&ledger, 0, 10);
	entry = ledger_see(&ledger, key(1), 100, &fresh);
	assert_true(fresh);
	assert_ptr_equal(ledger_see(&ledger, key(1), 100, &fresh), entry);
	assert_false(fresh);
	see(&ledger, 1, 103);
	assert_int_equal(entry->first, 100);
	assert_int_equal(entry->last, 103);
	see(&ledger, 1, 102);
	assert_int_equal(entry->last, 103);
	see(&ledger, 1, 90); /* an older recording */
	assert_int_equal(entry->first, 90);
	assert_int_equal(entry->last, 103);
	ledger_free(&ledger);
}

static void without_room_the_least_recently_seen_goes(void **state)
{
	const struct ledger_entry *entry = NULL;
	static const unsigned left[] = {0, 3, 4, 5};
	struct ledger ledger;

	(void)state;
	ledger_init(&ledger, 0, 4);
	for (unsigned i = 0; i < 4; i++)
		see(&ledger, i, 1);
	see(&ledger, 0, 1);
	see(&ledger, 3, 1);
	see(&ledger, 4, 1); /* 1 goes */
	assert_null(ledger_find(&ledger, key(1)));
	see(&ledger, 5, 1); /* 2 goes */
	for (unsigned i = 0; i < 4; i++) {
		entry = ledger_next(&ledger, entry);
		assert_int_equal(ledger_key(entry), key(left[i]));
	}
	assert_null(ledger_next(&ledger, entry));
	assert_int_equal(ledger.len, 4);
	assert_int_equal(ledger.evicted, 2);
	assert_int_equal(ledger.refused, 0);
	for (unsigned i = 0; i < 1000; i++)
		see(&ledger, i, 1);
	assert_int_equal(ledger.len, 4);
	for (unsigned i = 996; i < 1000; i++)
		assert_non_null(ledger_find(&ledger, key(i)));
	ledger_free(&ledger);
}

static struct addr host(uint32_t number)
{
	return addr_from_v4(__builtin_bswap32(0x0a000000u + number));
}

static void few_hosts_are_counted_exactly_and_many_nearly(void **state)
{
	static const unsigned marks[] = {20, 50, 100, 300, 1000, 5000};
	uint8_t count = 0, byte[16] = {0};
	unsigned next = 0, before = 0;

	(void)state;
	for (unsigned i = 1; i <= 5000; i++) {
		struct addr a = host(i);

		hosts_add(&count, byte, &a);
		hosts_add(&count, byte, &a);
		if (i <= HOSTS_EXACT)
			assert_int_equal(hosts_count(count, byte), i);
		else
			assert_true(hosts_count(count, byte) > HOSTS_EXACT);
		if (i == marks[next]) {
			unsigned estimate = hosts_count(count, byte);

			/* Twice the standard error. */
			assert_true(estimate > i * 0.64 && estimate < i * 1.36);
			assert_true(estimate > before);
			before = estimate;
			next++;
		}
	}
	assert_int_equal(next, sizeof(marks) / sizeof(marks[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_entries_are_found_again_in_little_memory),
		cmocka_unit_test(the_first_and_the_last_day_are_kept),
		cmocka_unit_test(without_room_the_least_recently_seen_goes),
		cmocka_unit_test(few_hosts_are_counted_exactly_and_many_nearly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
