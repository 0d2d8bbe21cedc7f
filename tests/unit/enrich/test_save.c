/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "enrich/derive.h"
#include "state/reader.h"

#define NOW  (20000 * WEIR_DAY)
#define MANY 3000

static uint8_t bytes[1 << 20];
static size_t length;

static int put(void *context, const void *at, size_t size)
{
	(void)context;
	if (length + size > sizeof(bytes))
		return -ENOSPC;
	memcpy(bytes + length, at, size);
	length += size;
	return 0;
}

static struct derive *open_derive(size_t max)
{
	struct field_set wanted[SERVICE_COUNT];
	const struct derive_options options = {
		.wanted = wanted,
		.learn = {.days = 7, .max_destinations = max, .max_pairs = max},
		.max_names = max,
	};
	struct error error = {0};
	struct derive *derive = NULL;

	memset(wanted, 0xff, sizeof(wanted));
	assert_int_equal(derive_open(&derive, &options, &error), 0);
	return derive;
}

static struct text text(const char *words)
{
	return (struct text){words, (uint32_t)strlen(words)};
}

static struct addr inside(unsigned number)
{
	return addr_from_v4(__builtin_bswap32(0x0a000000u + number));
}

static struct addr outside(unsigned number)
{
	return addr_from_v4(__builtin_bswap32(0xc6330000u + number));
}

/* The n-th of a stream of uses and answers. */
static struct event nth(unsigned n)
{
	static char name[32], answer[ADDR_TEXT_MAX];
	struct event e = {.service = n % 3 ? SERVICE_CONNECTION : SERVICE_DNS,
			  .time = NOW + n * WEIR_MIN};
	struct addr to = outside(n % 700);

	event_set(&e, SOURCE_IP, source_ip, inside(n % 41));
	event_set(&e, SOURCE_SCOPE, source_scope, SCOPE_INTERNAL);
	event_set(&e, DESTINATION_IP, destination_ip, to);
	event_set(&e, DESTINATION_SCOPE, destination_scope, SCOPE_EXTERNAL);
	event_set(&e, DESTINATION_PORT, destination_port, n % 5 ? 443 : 80);
	if (n % 3)
		return e;
	snprintf(name, sizeof(name), "host%u.example%u.com", n, n % 50);
	event_set(&e, DNS_QUESTION_NAME, dns_question_name, text(name));
	event_set(&e, DNS_ANSWERS, dns_answers, text(addr_format(&to, answer)));
	return e;
}

static void feed(struct derive *derive, unsigned from, unsigned to)
{
	for (unsigned n = from; n < to; n++) {
		struct event e = nth(n);

		derive_event(derive, &e);
	}
}

static void save(const struct derive *derive, struct state_image *image)
{
	static struct state_writer writer;
	const char *words;

	length = 0;
	assert_int_equal(state_begin(&writer, DERIVE_SECTIONS, put, NULL), 0);
	derive_save(derive, &writer);
	assert_int_equal(state_end(&writer), 0);
	assert_int_equal(state_image_open(image, bytes, length, &words), 0);
}

static void same(const struct event *a, const struct event *b)
{
	assert_memory_equal(a->present, b->present, sizeof(a->present));
	assert_int_equal(a->destination_new, b->destination_new);
	assert_int_equal(a->pair_known, b->pair_known);
	assert_int_equal(a->destination_named, b->destination_named);
	assert_int_equal(a->destination_prevalence, b->destination_prevalence);
	assert_int_equal(a->home_hosts_seen, b->home_hosts_seen);
	assert_true(a->destination_first_seen_days == b->destination_first_seen_days);
	assert_true(a->learn_progress == b->learn_progress);
	assert_int_equal(a->destination_domain.length, b->destination_domain.length);
	if (event_has(a, FIELD_DESTINATION_DOMAIN))
		assert_memory_equal(a->destination_domain.at, b->destination_domain.at,
				    a->destination_domain.length);
}

/* One that was saved and loaded in the middle goes on as one that was not, eviction too. */
static void what_was_learned_goes_on_after_a_restart(void **state)
{
	static const size_t bounds[] = {100000, 300};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct derive *whole = open_derive(bounds[i]), *second;
		struct state_image image;

		feed(whole, 0, MANY);
		save(whole, &image);
		second = open_derive(bounds[i]);
		assert_int_equal(derive_load(second, &image), 0);
		state_image_close(&image);
		for (unsigned n = MANY; n < 5 * MANY; n++) {
			struct event a = nth(n), b = a;

			derive_event(whole, &a);
			derive_event(second, &b);
			same(&a, &b);
		}
		derive_close(whole);
		derive_close(second);
	}
}

static void a_smaller_store_keeps_what_fits(void **state)
{
	struct derive *large = open_derive(10000), *small = open_derive(50);
	struct state_image image;
	struct learn_stats learned;
	struct names_stats named;

	(void)state;
	feed(large, 0, MANY);
	save(large, &image);
	assert_int_equal(derive_load(small, &image), 0);
	learn_stats(derive_learn(small), &learned);
	names_stats(derive_names(small), &named);
	assert_int_equal(learned.destinations, 50);
	assert_int_equal(learned.pairs, 50);
	assert_int_equal(learned.evicted, 0);
	assert_int_equal(named.names, 50);
	state_image_close(&image);
	derive_close(large);
	derive_close(small);
}

static uint32_t next_random(void)
{
	static uint64_t state = 7;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33);
}

static size_t mutate(uint8_t *at, size_t size)
{
	for (unsigned i = next_random() % 4; i < 4; i++)
		at[next_random() % size] = (uint8_t)next_random();
	return next_random() % 4 ? size : next_random() % size;
}

/* A checksum stands before them; this is what stands behind it. */
static void damaged_sections_are_refused_and_do_no_harm(void **state)
{
	static const char *const kinds[] = {"learn", "names"};
	struct derive *derive = open_derive(1000);
	struct state_image image;
	unsigned refused = 0;

	(void)state;
	feed(derive, 0, 500);
	save(derive, &image);
	for (unsigned i = 0; i < 2000; i++) {
		struct derive *fresh = open_derive(1000);
		struct state_reader reader;
		uint8_t *copy;
		size_t size;
		int err;

		assert_true(state_find(&image, kinds[i % 2], "", &reader));
		size = (size_t)(reader.end - reader.at);
		copy = malloc(size);
		memcpy(copy, reader.at, size);
		reader.at = copy;
		reader.end = copy + mutate(copy, size);
		err = i % 2 ? names_load(derive_names(fresh), &reader)
			    : learn_load(derive_learn(fresh), &reader);
		assert_true(err == 0 || err == -EBADMSG);
		refused += err != 0;
		if (!err)
			feed(fresh, 0, 50);
		derive_close(fresh);
		free(copy);
	}
	assert_true(refused > 500);
	state_image_close(&image);
	derive_close(derive);
}

static void another_version_is_refused(void **state)
{
	struct derive *derive = open_derive(1000);
	struct state_reader reader;
	struct state_image image;

	(void)state;
	save(derive, &image);
	assert_true(state_find(&image, "learn", "", &reader));
	reader.version++;
	assert_int_equal(learn_load(derive_learn(derive), &reader), -EBADMSG);
	assert_true(state_find(&image, "names", "", &reader));
	reader.version++;
	assert_int_equal(names_load(derive_names(derive), &reader), -EBADMSG);
	state_image_close(&image);
	derive_close(derive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_learned_goes_on_after_a_restart),
		cmocka_unit_test(a_smaller_store_keeps_what_fits),
		cmocka_unit_test(damaged_sections_are_refused_and_do_no_harm),
		cmocka_unit_test(another_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
