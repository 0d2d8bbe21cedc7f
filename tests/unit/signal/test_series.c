/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signal/cell.h"

/* Series where memory is short: what found none is counted, and its value says so. */

#define LINES 7

struct short_of {
	struct pool pool;
	struct tuple_buffer buffer, scratch;
	struct distinct_space space;
	struct series_space series;
	struct rule_aggregate list[LINES];
	struct plan plan;
	struct cell *cell;
};

static void begin(struct short_of *s, size_t bytes)
{
	static const enum aggregate_kind kinds[LINES] = {
		AGGREGATE_MEDIAN,  AGGREGATE_MAD,	  AGGREGATE_FIRST,  AGGREGATE_LAST,
		AGGREGATE_ENTROPY, AGGREGATE_INTERVAL_CV, AGGREGATE_BEACON,
	};

	*s = (struct short_of){.series = {.bytes_left = bytes, .max = 16, .timespan = 1000}};
	s->space.pool = s->series.pool = &s->pool;
	s->space.buffer = s->series.buffer = &s->buffer;
	s->series.scratch = &s->scratch;
	for (unsigned i = 0; i < LINES; i++) {
		s->list[i] = (struct rule_aggregate){.name = "x", .kind = kinds[i], .per = -1};
		s->list[i].fields = (struct field_list){{FIELD_SOURCE_BYTES}, 1};
	}
	s->list[2].fields.at[0] = s->list[3].fields.at[0] = FIELD_INTERFACE_NAME;
	plan_init(&s->plan, s->list, LINES, &s->space, &s->series);
	s->cell = calloc(1, s->plan.cell_size);
	assert_non_null(s->cell);
	cell_init(&s->plan, s->cell);
	cell_seek(&s->plan, s->cell, CURSOR_CLOSE, 0);
}

static void add(struct short_of *s, unsigned i)
{
	char name[64];
	int length = snprintf(name, sizeof(name), "an interface with a long name, %u", i);
	struct event e = {.time = i};

	event_set(&e, SOURCE_BYTES, source_bytes, (uint64_t)i * 7919 % 100003);
	event_set(&e, INTERFACE_NAME, interface_name, ((struct text){name, (uint32_t)length}));
	assert_int_equal(cell_pane(&s->plan, s->cell, i / 20, i), 0);
	cell_add(&s->plan, s->cell, &(struct expr_env){.event = &e});
}

static void end(struct short_of *s)
{
	cell_free(&s->plan, s->cell);
	free(s->cell);
	free(s->buffer.at);
	free(s->scratch.at);
	pool_free(&s->pool);
}

static void what_finds_no_memory_is_told(void **state)
{
	size_t refusals = 0, complete = 0;

	(void)state;
	for (size_t bytes = 0; bytes < 60000; bytes += 377) {
		struct short_of s;
		bool estimated = true;

		begin(&s, bytes);
		for (unsigned i = 0; i < 200; i++)
			add(&s, i);
		if (!bytes)
			for (unsigned i = 0; i < LINES; i++)
				estimated &= cell_told(&s.plan, s.cell, CURSOR_CLOSE, i).estimated;
		assert_true(estimated);
		for (unsigned i = 0; i < LINES; i++)
			cell_value(&s.plan, s.cell, CURSOR_CLOSE, i);
		refusals += s.series.refused > 0;
		complete += s.series.refused == 0;
		cell_trim(&s.plan, s.cell, 5);
		for (unsigned i = 0; i < LINES; i++)
			cell_value(&s.plan, s.cell, CURSOR_CLOSE, i);
		cell_free(&s.plan, s.cell);
		assert_int_equal(s.series.bytes_left, bytes); /* all was given back */
		end(&s);
	}
	assert_true(refusals > 10 && complete > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_finds_no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
