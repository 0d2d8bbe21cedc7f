/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signal/key.h"

static const struct field_list by_port = {{FIELD_DESTINATION_PORT}, 1};
static unsigned gone[64], gone_len;

struct store {
	struct pool pool;
	struct key_store keys;
	struct tuple_buffer buffer;
	weir_time time;
};

static void release(void *context, struct key *key)
{
	struct store *s = context;
	struct value value;

	key_values(&s->keys, key, &value);
	gone[gone_len++ % 64] = (unsigned)value.number;
}

static void store_new(struct store *s, size_t max)
{
	*s = (struct store){0};
	gone_len = 0;
	keys_init(&s->keys, &s->pool, &s->buffer, &by_port, sizeof(struct key), max);
	s->keys.release = release;
	s->keys.context = s;
}

static void store_free(struct store *s)
{
	keys_free(&s->keys);
	free(s->buffer.at);
	pool_free(&s->pool);
}

static struct key *touch(struct store *s, unsigned port, bool *fresh)
{
	struct event e = {.time = ++s->time};
	struct item item;
	bool unused;

	event_set(&e, DESTINATION_PORT, destination_port, port);
	assert_true(tuple_item(&s->buffer, &e, &by_port, false, &item));
	return keys_touch(&s->keys, &item, roster_hash(&s->keys.roster, &item), &e,
			  fresh ? fresh : &unused);
}

/* Keys with a single event go first, the oldest of them, then the least recently updated. */
static void evicts_in_the_written_order(void **state)
{
	struct store s;

	(void)state;
	store_new(&s, 4);
	touch(&s, 1, NULL);
	touch(&s, 2, NULL);
	touch(&s, 3, NULL);
	touch(&s, 1, NULL); /* 1 has two events; 2 and 3 have one */
	touch(&s, 4, NULL);
	touch(&s, 5, NULL);
	assert_int_equal(gone[0], 2);
	touch(&s, 6, NULL);
	assert_int_equal(gone[1], 3);
	touch(&s, 4, NULL); /* known still */
	touch(&s, 5, NULL);
	touch(&s, 6, NULL);
	touch(&s, 7, NULL); /* all have two now: 1 is the least recently updated */
	assert_int_equal(gone[2], 1);
	assert_int_equal(s.keys.evicted, 3);
	store_free(&s);
}

/* What a rule holds is bounded in bytes too, whatever its keys hold. */
static void evicts_for_bytes_as_for_keys(void **state)
{
	struct store s;

	(void)state;
	store_new(&s, 1000);
	s.keys.max_bytes = 10 * sizeof(struct key);
	touch(&s, 1, NULL);
	for (unsigned i = 2; i < 50; i++) {
		touch(&s, 1, NULL);
		touch(&s, i, NULL);
		assert_true(s.keys.roster.count <= 11);
	}
	assert_int_equal(s.keys.evicted + s.keys.roster.count, 49);
	assert_int_equal(gone[0], 2);
	store_free(&s);
}

/* A slow scan among one-off sources: its second event is known as the second. */
static void a_forgotten_key_comes_back_as_known(void **state)
{
	struct key *key;
	struct store s;
	bool fresh;

	(void)state;
	store_new(&s, 10);
	touch(&s, 1, NULL);
	for (unsigned i = 0; i < 100; i++)
		touch(&s, 100 + i, NULL);
	key = touch(&s, 1, &fresh);
	assert_true(fresh);
	assert_false(key->single);
	assert_true(key->short_of);
	for (unsigned i = 0; i < 100; i++)
		touch(&s, 300 + i, NULL);
	touch(&s, 1, &fresh);
	assert_false(fresh); /* one-off sources went, not this one */
	store_free(&s);
}

static void a_scan_of_ten_events_among_a_million_stays(void **state)
{
	struct store s;
	unsigned known = 0;

	(void)state;
	store_new(&s, 1000);
	for (unsigned i = 0; i < 1000000; i++) {
		bool fresh;

		touch(&s, 1000 + i, NULL);
		if (i % 100000)
			continue;
		touch(&s, 1, &fresh);
		known += !fresh;
	}
	assert_true(known >= 8);
	assert_true(s.pool.bytes < 2 << 20);
	store_free(&s);
}

static void nothing_is_falsely_known_often(void **state)
{
	struct admission admission = {0};
	unsigned wrong = 0;

	(void)state;
	for (uint64_t i = 0; i < ADMISSION_KEYS; i++)
		admission_add(&admission, sketch_hash(&i, sizeof(i)));
	for (uint64_t i = 0; i < ADMISSION_KEYS; i += 97)
		assert_true(admission_has(&admission, sketch_hash(&i, sizeof(i))));
	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t other = i + (UINT64_C(1) << 40);

		wrong += admission_has(&admission, sketch_hash(&other, sizeof(other)));
	}
	assert_true(wrong < 300);
	admission_free(&admission);
}

/* Keys are whole and compare without case. */
static void keys_are_whole_and_without_case(void **state)
{
	static const struct field_list name = {{FIELD_MESSAGE}, 1};
	struct tuple_buffer buffer = {0};
	struct event a = {0}, b = {0};
	struct item x, y;
	char long_text[300];

	(void)state;
	event_set(&a, MESSAGE, message, ((struct text){"Printer", 7}));
	event_set(&b, MESSAGE, message, ((struct text){"pRINTER", 7}));
	assert_true(tuple_item(&buffer, &a, &name, false, &x));
	assert_true(tuple_item(&buffer, &b, &name, false, &y));
	assert_true(item_equal(&x, &y));
	memset(long_text, 'x', sizeof(long_text));
	event_set(&a, MESSAGE, message, ((struct text){long_text, 300}));
	event_set(&b, MESSAGE, message, ((struct text){long_text, 299}));
	assert_true(tuple_item(&buffer, &a, &name, false, &x));
	assert_true(tuple_item(&buffer, &b, &name, false, &y));
	assert_false(item_equal(&x, &y));
	event_clear(&a, FIELD_MESSAGE);
	assert_false(tuple_item(&buffer, &a, &name, false, &x));
	assert_true(tuple_item(&buffer, &a, &name, true, &x));
	free(buffer.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evicts_in_the_written_order),
		cmocka_unit_test(evicts_for_bytes_as_for_keys),
		cmocka_unit_test(a_forgotten_key_comes_back_as_known),
		cmocka_unit_test(a_scan_of_ten_events_among_a_million_stays),
		cmocka_unit_test(nothing_is_falsely_known_often),
		cmocka_unit_test(keys_are_whole_and_without_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
