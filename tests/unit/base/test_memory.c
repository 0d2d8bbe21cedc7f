/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, arenas, vectors and queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/queue.h"
#include "base/table.h"
#include "base/vec.h"

struct entry {
	int other;
	uint32_t key;
	bool in;
};

/* A table that churns says the same as an array of flags. */
static void a_table_is_a_set(void **state)
{
	enum { KEYS = 3000, STEPS = 200000 };
	struct entry *entries = calloc(KEYS, sizeof(*entries));
	struct table table;
	size_t cursor = 0, count = 0;
	unsigned random = 1;

	(void)state;
	table_init(&table, sizeof(uint32_t), offsetof(struct entry, key));
	for (uint32_t i = 0; i < KEYS; i++)
		entries[i].key = i * 64;
	for (int step = 0; step < STEPS; step++) {
		struct entry *e;

		random = random * 1103515245 + 12345;
		e = &entries[(random >> 8) % KEYS];
		assert_ptr_equal(table_find(&table, &e->key), e->in ? e : NULL);
		if (e->in)
			table_remove(&table, e);
		else
			assert_int_equal(table_insert(&table, e), 0);
		e->in = !e->in;
	}
	for (int i = 0; i < KEYS; i++)
		count += entries[i].in;
	assert_int_equal(table.count, count);
	for (struct entry *e; (e = table_next(&table, &cursor)); count--)
		assert_true(e->in);
	assert_int_equal(count, 0);
	table_free(&table);
	free(entries);
}

static void an_arena_keeps_what_it_gave(void **state)
{
	struct arena arena = {0};
	char *texts[500];

	(void)state;
	for (int i = 0; i < 500; i++)
		texts[i] = arena_format(&arena, "text %d %0*d", i, i * 10 + 1, i);
	for (int i = 0; i < 500; i++) {
		char start[32];

		snprintf(start, sizeof(start), "text %d ", i);
		assert_memory_equal(texts[i], start, strlen(start));
		assert_int_equal(strlen(texts[i]), strlen(start) + (size_t)i * 10 + 1);
	}
	arena_reset(&arena);
	assert_int_equal(arena.used, 0);
	assert_string_equal(arena_text(&arena, "again"), "again");
	assert_null(arena_alloc(&arena, SIZE_MAX));
	arena_free(&arena);
}

static void a_vector_grows_zeroed(void **state)
{
	VEC(uint64_t) numbers = {0};
	uint64_t sum = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t *at = vec_add(&numbers);

		assert_int_equal(*at, 0);
		*at = i;
	}
	vec_each (n, &numbers)
		sum += *n;
	assert_int_equal(sum, 999 * 500);
	vec_free(&numbers);
	assert_int_equal(numbers.len, 0);
}

static void a_full_queue_refuses(void **state)
{
	struct queue *queue = queue_new(2);

	(void)state;
	assert_null(queue_try(queue));
	assert_true(queue_put(queue, (void *)1));
	assert_true(queue_put(queue, (void *)2));
	assert_false(queue_put(queue, (void *)3));
	assert_ptr_equal(queue_try(queue), (void *)1);
	assert_true(queue_put(queue, (void *)4));
	assert_ptr_equal(queue_try(queue), (void *)2);
	assert_ptr_equal(queue_try(queue), (void *)4);
	assert_null(queue_try(queue));
	queue_free(queue);
	assert_null(queue_new(0));
}

#define LAST ((void *)UINTPTR_MAX)

static void *take_all(void *queue)
{
	uintptr_t sum = 0;

	for (void *item = NULL; item != LAST; item = queue_try(queue)) {
		sum += (uintptr_t)item;
		if (!item)
			sched_yield();
	}
	return (void *)sum;
}

static void a_queue_joins_threads(void **state)
{
	struct queue *queue = queue_new(16);
	uintptr_t sent = 0;
	pthread_t thread;
	void *got;

	(void)state;
	pthread_create(&thread, NULL, take_all, queue);
	for (uintptr_t i = 1; i <= 10000; i++)
		if (queue_put(queue, (void *)i))
			sent += i;
	while (!queue_put(queue, LAST))
		sched_yield();
	pthread_join(thread, &got);
	assert_int_equal((uintptr_t)got, sent);
	queue_free(queue);
}

/* RFC 9562's own example of version 5 has another namespace; what counts here is that ours never
 * changes: stored ids would change with it. */
static void identifiers_never_change(void **state)
{
	char a[UUID_TEXT_MAX], b[UUID_TEXT_MAX];
	uint8_t digest[DIGEST_BYTES_MAX];

	(void)state;
	uuid_v5("weir", 4, a);
	uuid_v5("weir", 4, b);
	assert_string_equal(a, b);
	assert_int_equal(a[14], '5');
	assert_non_null(strchr("89ab", a[19]));
	uuid_v5("weis", 4, b);
	assert_string_not_equal(a, b);
	hash_digest(DIGEST_SHA1, "abc", 3, digest);
	assert_memory_equal(digest, "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e", 10);
	assert_int_equal(hash_bytes("abcdefghijklmnopqrstuvwxyz", 26),
			 hash_bytes("abcdefghijklmnopqrstuvwxyz", 26));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_a_set),
		cmocka_unit_test(an_arena_keeps_what_it_gave),
		cmocka_unit_test(a_vector_grows_zeroed),
		cmocka_unit_test(a_full_queue_refuses),
		cmocka_unit_test(a_queue_joins_threads),
		cmocka_unit_test(identifiers_never_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
