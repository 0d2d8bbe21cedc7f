/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/usual.h"

#define MONDAY (INT64_C(1700438400) * WEIR_SEC) /* 2023-11-20T00:00:00Z */

static const struct rule_window hourly = {.timespan = WEIR_HOUR, .baseline = {.warmup = 3}};
static const struct rule_window quarters = {.timespan = 15 * WEIR_MIN, .baseline = {.warmup = 3}};
static const struct rule_window odd = {.timespan = 90 * WEIR_MIN, .baseline = {.warmup = 3}};

static struct baseline *get(void *context, size_t lines)
{
	(void)context;
	return calloc(lines, sizeof(struct baseline));
}

static struct baseline *get_none(void *context, size_t lines)
{
	(void)context;
	(void)lines;
	return NULL;
}

static void put(void *context, struct baseline *lines, size_t len)
{
	(void)context;
	(void)len;
	free(lines);
}

static const struct usual_memory memory = {get, put, NULL}, no_memory = {get_none, put, NULL};

/* On work days 100 × the hour, on others 7. */
static double value_at(weir_time at)
{
	weir_time hours = (at - MONDAY) / WEIR_HOUR;

	return hours / 24 % 7 < 5 ? 100 * (double)(hours % 24) : 7;
}

static void live(struct usual *usual, weir_time from, weir_time to, const struct usual_memory *m)
{
	for (weir_time at = from; at < to; at += WEIR_HOUR)
		usual_learn(usual, &hourly, m, at, value_at(at), false);
}

static void the_hour_of_the_week_counts_once_it_was_seen_often(void **state)
{
	weir_time sunday = 6 * WEIR_DAY + 10 * WEIR_HOUR, weeks = 0;
	struct usual usual;

	(void)state;
	usual_begin(&usual);
	live(&usual, MONDAY, MONDAY + WEIR_DAY, &memory);
	assert_null(usual.day);
	assert_false(usual_now(&usual, &hourly, MONDAY).mean == 0); /* all time alike */
	live(&usual, MONDAY + WEIR_DAY, MONDAY + 4 * WEIR_DAY, &memory);
	assert_null(usual.week);
	/* Three days of hours: Friday 10:00 is as other days at 10. */
	assert_float_equal(usual_now(&usual, &hourly, MONDAY + 4 * WEIR_DAY + 10 * WEIR_HOUR).mean,
			   1000, 1e-9);
	for (weeks = 1; weeks < 6; weeks++)
		live(&usual, MONDAY + (weeks == 1 ? 4 : weeks * 7 - 7) * WEIR_DAY,
		     MONDAY + weeks * 7 * WEIR_DAY, &memory);
	assert_float_equal(usual_now(&usual, &hourly, MONDAY + 35 * WEIR_DAY + sunday).mean, 7,
			   1e-9);
	assert_float_equal(usual_now(&usual, &hourly, MONDAY + 35 * WEIR_DAY + 10 * WEIR_HOUR).mean,
			   1000, 1e-9);
	usual_free(&usual, &memory);
}

/* Four windows an hour: twelve of an hour, however few `warmup` asks for. */
static void one_hour_proves_nothing(void **state)
{
	struct usual usual;

	(void)state;
	usual_begin(&usual);
	for (weir_time at = MONDAY; at < MONDAY + 5 * WEIR_DAY; at += 15 * WEIR_MIN) {
		bool day = at >= MONDAY + 4 * WEIR_DAY; /* the first day made no line for hours */

		assert_true((usual_now(&usual, &quarters, at).mean == value_at(at)) ==
			    (day || at == MONDAY || value_at(at) == usual.all.mean));
		usual_learn(&usual, &quarters, &memory, at, value_at(at), false);
	}
	usual_free(&usual, &memory);
}

static void without_memory_all_time_alike_goes_on(void **state)
{
	struct usual usual;

	(void)state;
	usual_begin(&usual);
	live(&usual, MONDAY, MONDAY + 30 * WEIR_DAY, &no_memory);
	assert_null(usual.day);
	assert_true(usual_now(&usual, &hourly, MONDAY).known);
	usual_free(&usual, &no_memory);
}

static void same(const struct baseline *a, const struct baseline *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		assert_float_equal(a[i].mean, b[i].mean, 1e-6);
		assert_float_equal(a[i].variance, b[i].variance, 1e-3);
		assert_float_equal(a[i].windows, b[i].windows, 1e-9);
	}
}

/* A gap is as many windows of nothing, also before the epoch and where hours hold no whole windows.
 */
static void a_gap_is_as_many_windows(void **state)
{
	static const struct rule_window *const rules[] = {&hourly, &quarters, &odd};
	static const unsigned windows[] = {1, 5, 700, 3001};

	(void)state;
	for (size_t r = 0; r < 3; r++) {
		for (size_t w = 0; w < 4; w++) {
			weir_time base = w % 2 ? MONDAY : -MONDAY, at = base + 15 * WEIR_DAY;
			struct usual gap, single;

			usual_begin(&gap);
			usual_begin(&single);
			live(&gap, base, at, &memory);
			live(&single, base, at, &memory);
			usual_learn_nothing(&gap, rules[r], at, windows[w]);
			for (unsigned i = 0; i < windows[w]; i++)
				usual_learn(&single, rules[r], &memory, at + i * rules[r]->timespan,
					    0, false);
			same(&gap.all, &single.all, 1);
			same(gap.day, single.day, USUAL_DAY);
			same(gap.week, single.week, USUAL_WEEK);
			usual_free(&gap, &memory);
			usual_free(&single, &memory);
		}
	}
}

struct bytes {
	uint8_t at[65536];
	size_t len;
};

static int take(void *context, const void *bytes, size_t length)
{
	struct bytes *b = context;

	assert_true(b->len + length <= sizeof(b->at));
	memcpy(b->at + b->len, bytes, length);
	b->len += length;
	return 0;
}

static void it_is_saved_and_loaded(void **state)
{
	static struct state_writer writer;
	static struct bytes bytes;
	struct usual usual, loaded;
	struct state_image image;
	struct state_reader reader;
	const char *words;

	(void)state;
	usual_begin(&usual);
	live(&usual, MONDAY, MONDAY + 9 * WEIR_DAY, &memory);
	assert_int_equal(state_begin(&writer, 1, take, &bytes), 0);
	state_section(&writer, "usual", "", 0, 1);
	usual_save(&usual, &writer);
	assert_int_equal(state_end(&writer), 0);
	assert_int_equal(state_image_open(&image, bytes.at, bytes.len, &words), 0);
	assert_true(state_find(&image, "usual", "", &reader));
	usual_begin(&loaded);
	assert_int_equal(usual_load(&loaded, &memory, &reader), 0);
	assert_true(state_done(&reader));
	assert_true(loaded.since == usual.since);
	assert_memory_equal(&loaded.all, &usual.all, sizeof(usual.all));
	assert_memory_equal(loaded.day, usual.day, USUAL_DAY * sizeof(*usual.day));
	assert_memory_equal(loaded.week, usual.week, USUAL_WEEK * sizeof(*usual.week));
	usual_free(&loaded, &memory);
	reader.end = reader.at = bytes.at + 40; /* cut */
	usual_begin(&loaded);
	usual_load(&loaded, &memory, &reader);
	assert_true(reader.bad);
	usual_free(&loaded, &memory);
	usual_free(&usual, &memory);
	state_image_close(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hour_of_the_week_counts_once_it_was_seen_often),
		cmocka_unit_test(one_hour_proves_nothing),
		cmocka_unit_test(without_memory_all_time_alike_goes_on),
		cmocka_unit_test(a_gap_is_as_many_windows),
		cmocka_unit_test(it_is_saved_and_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
