/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signal/cell_inside.h"
#include "signal/signal.h"

struct one {
	struct pool pool;
	struct distinct_space space;
	struct tuple_buffer buffer;
	struct plan plan;
	struct rule_aggregate list[2];
	struct cell *cell;
};

static void one_new(struct one *o, size_t max)
{
	*o = (struct one){.space = {.sketches_left = 1000}};
	o->space.pool = &o->pool;
	o->space.buffer = &o->buffer;
	o->space.max = (uint32_t)max;
	o->list[0] = (struct rule_aggregate){.name = "n", .kind = AGGREGATE_DISTINCT, .per = -1};
	o->list[0].fields = (struct field_list){{FIELD_DESTINATION_PORT}, 1};
	o->list[1] = o->list[0];
	o->list[1].kind = AGGREGATE_VALUES;
	plan_init(&o->plan, o->list, 2, &o->space, NULL);
	o->cell = calloc(1, o->plan.cell_size);
	cell_init(&o->plan, o->cell);
}

static void one_free(struct one *o)
{
	cell_free(&o->plan, o->cell);
	free(o->cell);
	free(o->buffer.at);
	pool_free(&o->pool);
}

static void see(struct one *o, weir_time pane, unsigned port)
{
	struct event e = {.time = pane};

	event_set(&e, DESTINATION_PORT, destination_port, port);
	assert_int_equal(cell_pane(&o->plan, o->cell, pane, pane), 0);
	cell_add(&o->plan, o->cell, &(struct expr_env){.event = &e});
}

static double count(struct one *o, enum cell_cursor which)
{
	return cell_value(&o->plan, o->cell, which, 0).number;
}

static void counts_a_value_once_in_overlapping_windows(void **state)
{
	struct one o;

	(void)state;
	one_new(&o, 1024);
	cell_seek(&o.plan, o.cell, CURSOR_CLOSE, 0);
	cell_seek(&o.plan, o.cell, CURSOR_EARLY, 10);
	see(&o, 0, 1);
	see(&o, 0, 2);
	see(&o, 10, 2);
	see(&o, 10, 3);
	see(&o, 20, 1);
	assert_float_equal(count(&o, CURSOR_CLOSE), 3, 0);
	assert_float_equal(count(&o, CURSOR_EARLY), 3, 0);
	cell_seek(&o.plan, o.cell, CURSOR_EARLY, 20);
	assert_float_equal(count(&o, CURSOR_EARLY), 1, 0);
	cell_seek(&o.plan, o.cell, CURSOR_CLOSE, 10);
	assert_float_equal(count(&o, CURSOR_CLOSE), 3, 0);
	cell_seek(&o.plan, o.cell, CURSOR_CLOSE, 30);
	assert_float_equal(count(&o, CURSOR_CLOSE), 0, 0);
	one_free(&o);
}

/* The order is that of the window asked for, not of all time. */
static void values_stand_in_order_of_first_appearance(void **state)
{
	static const unsigned ports[3] = {2, 3, 1};
	struct arena arena = {0};
	struct signal_set set;
	struct one o;

	(void)state;
	one_new(&o, 1024);
	cell_seek(&o.plan, o.cell, CURSOR_CLOSE, 0);
	see(&o, 0, 1);
	see(&o, 10, 2);
	see(&o, 10, 3);
	see(&o, 20, 1);
	cell_seek(&o.plan, o.cell, CURSOR_CLOSE, 10);
	assert_int_equal(cell_values(&o.plan, o.cell, CURSOR_CLOSE, 1, &arena, &set), 0);
	assert_int_equal(set.len, 3);
	assert_true(set.whole);
	for (unsigned i = 0; i < 3; i++)
		assert_float_equal(set.at[i].number, ports[i], 0);
	arena_free(&arena);
	one_free(&o);
}

/* Exact up to the bound in a window, whatever the key saw before. */
static void is_exact_to_its_bound_and_estimates_beyond(void **state)
{
	struct one o;
	double n;

	(void)state;
	one_new(&o, 64);
	cell_seek(&o.plan, o.cell, CURSOR_CLOSE, 0);
	for (unsigned i = 0; i < 64; i++)
		see(&o, 0, i);
	assert_float_equal(count(&o, CURSOR_CLOSE), 64, 0);
	assert_false(cell_told(&o.plan, o.cell, CURSOR_CLOSE, 0).estimated);
	for (unsigned i = 0; i < 20000; i++)
		see(&o, 10, i);
	n = count(&o, CURSOR_CLOSE);
	assert_true(cell_told(&o.plan, o.cell, CURSOR_CLOSE, 0).estimated);
	assert_true(fabs(n - 20000) < 20000 * 4 * SKETCH_ERROR);
	for (unsigned i = 0; i < 30; i++)
		see(&o, 20, i);
	assert_float_equal(count(&o, CURSOR_CLOSE), n, 0);
	cell_trim(&o.plan, o.cell, 20);
	assert_false(cell_told(&o.plan, o.cell, CURSOR_CLOSE, 0).estimated);
	assert_float_equal(count(&o, CURSOR_CLOSE), 30, 0);
	cell_trim(&o.plan, o.cell, 30);
	assert_int_equal(o.space.sketches_left, 1000);
	assert_true(o.pool.bytes < 512 << 10);
	one_free(&o);
}

static void without_room_for_registers_says_more_than_the_bound(void **state)
{
	struct one o;

	(void)state;
	one_new(&o, 16);
	o.space.sketches_left = 0;
	cell_seek(&o.plan, o.cell, CURSOR_CLOSE, 0);
	for (unsigned i = 0; i < 500; i++)
		see(&o, 0, i);
	assert_true(count(&o, CURSOR_CLOSE) >= 17);
	assert_true(o.space.refused > 0);
	one_free(&o);
}

/* Two runs see the same estimate: its hash has no seed. */
static void estimates_do_not_depend_on_the_process(void **state)
{
	struct sketch sketch;

	(void)state;
	sketch_init(&sketch);
	for (uint64_t i = 0; i < 100000; i++)
		sketch_add(&sketch, sketch_hash(&i, sizeof(i)));
	assert_true(fabs(sketch_estimate(&sketch) - 100000) < 100000 * 3 * SKETCH_ERROR);
	assert_int_equal(sketch_hash("weir", 4), UINT64_C(0x66d5c17f110a0347));
	sketch_init(&sketch);
	assert_float_equal(sketch_estimate(&sketch), 0, 0);
}

/* An estimate only grows while values come: thresholds stay monotone. */
static void estimates_only_grow(void **state)
{
	struct sketch sketch;
	double before = 0;

	(void)state;
	sketch_init(&sketch);
	for (uint64_t i = 0; i < 50000; i++) {
		double now;

		sketch_add(&sketch, sketch_hash(&i, sizeof(i)));
		now = sketch_estimate(&sketch);
		assert_true(now >= before);
		before = now;
	}
}

static void copy_set(struct one *to, const struct one *from, unsigned s)
{
	const struct distinct *set = cell_set(&from->plan, from->cell, s);
	struct distinct *copy = cell_set(&to->plan, to->cell, s);
	struct distinct_panes panes = cell_set_panes(&to->plan, to->cell, s);
	struct distinct_panes parts = cell_set_panes(&from->plan, from->cell, s);
	uint32_t less = from->cell->oldest - 1;

	assert_int_equal(distinct_rebuild(&to->space, copy, set->used), 0);
	for (uint32_t e = set->oldest; e; e = distinct_entry(set, e)->newer)
		distinct_put(copy, &panes, e, distinct_entry(set, e)->pane - less,
			     &distinct_entry(set, e)->item, NULL);
	distinct_rebuilt(copy);
	copy->sketching = set->sketching;
	copy->forgotten = set->forgotten ? set->forgotten - less : 0;
	for (uint32_t seq = from->cell->oldest; seq != from->cell->newest + 1; seq++) {
		struct distinct_pane *part = distinct_pane(&parts, seq);
		struct distinct_pane *pane = distinct_pane(&panes, seq - less);

		pane->first_len = pane->first_cap = part->first_len;
		pane->first = pool_get(&to->pool, part->first_len * sizeof(*part->first));
		if (part->first_len)
			memcpy(pane->first, part->first, part->first_len * sizeof(*part->first));
		if (!part->sketch)
			continue;
		pane->sketch = pool_get(&to->pool, sizeof(*part->sketch));
		to->space.sketches_left--;
		*pane->sketch = *part->sketch;
	}
}

/* As a snapshot does it. */
static void copy_cell(struct one *to, const struct one *from)
{
	for (uint32_t seq = from->cell->oldest; seq != from->cell->newest + 1; seq++) {
		const struct pane *pane = cell_pane_of(&from->plan, from->cell, seq);

		assert_int_equal(cell_pane(&to->plan, to->cell, pane->start, pane->first), 0);
	}
	for (unsigned s = 0; s < from->plan.sets; s++)
		copy_set(to, from, s);
	for (unsigned c = 0; c < CURSORS; c++)
		if (from->cell->start[c] != TIME_NONE)
			cell_seek(&to->plan, to->cell, c, from->cell->start[c]);
}

/* One that is taken apart and built anew goes on as if nothing had happened. */
static void goes_on_from_a_snapshot(void **state)
{
	struct arena arena = {0};
	struct one a, b;

	(void)state;
	srand(9);
	one_new(&a, 16);
	for (int pane = 1; pane < 500; pane++) {
		struct signal_set x, y;

		one_new(&b, 16);
		copy_cell(&b, &a);
		for (int i = rand() % 20; i >= 0; i--) {
			unsigned port = (unsigned)rand() % (rand() % 3 ? 8 : 30);

			see(&a, pane * 10, port);
			see(&b, pane * 10, port);
		}
		cell_trim(&a.plan, a.cell, (pane - 6) * 10);
		cell_trim(&b.plan, b.cell, (pane - 6) * 10);
		for (unsigned c = 0; c < CURSORS; c++) {
			cell_seek(&a.plan, a.cell, c, (pane - rand() % 6) * 10);
			cell_seek(&b.plan, b.cell, c, a.cell->start[c]);
			assert_float_equal(count(&a, c), count(&b, c), 0);
			assert_int_equal(cell_told(&a.plan, a.cell, c, 0).estimated,
					 cell_told(&b.plan, b.cell, c, 0).estimated);
			assert_int_equal(cell_values(&a.plan, a.cell, c, 1, &arena, &x), 0);
			assert_int_equal(cell_values(&b.plan, b.cell, c, 1, &arena, &y), 0);
			assert_int_equal(x.len, y.len);
			for (unsigned i = 0; i < x.len; i++)
				assert_float_equal(x.at[i].number, y.at[i].number, 0);
		}
		one_free(&b);
		arena_reset(&arena);
	}
	one_free(&a);
	arena_free(&arena);
}

/* Random panes and windows against a plain count; panes numbered from `seq` on. */
static void count_by_hand(uint32_t seq)
{
	static unsigned last[32]; /* pane that saw the port last, from 1 */
	struct one o;

	one_new(&o, 16);
	o.cell->oldest = seq;
	o.cell->newest = seq - 1;
	srand(5);
	memset(last, 0, sizeof(last));
	for (unsigned pane = 1, from = 1; pane < 400; pane++) {
		unsigned exact = 0, wide = rand() % 3 ? 8 : 30;

		for (int i = rand() % 30; i >= 0; i--) {
			unsigned port = (unsigned)rand() % wide;

			see(&o, pane * 10, port);
			last[port] = pane;
		}
		from = pane > from + 4 ? pane - (unsigned)rand() % 5 : from;
		cell_trim(&o.plan, o.cell, from * 10);
		cell_seek(&o.plan, o.cell, CURSOR_CLOSE, from * 10);
		for (unsigned port = 0; port < 32; port++)
			exact += last[port] >= from;
		if (exact <= 16)
			assert_float_equal(count(&o, CURSOR_CLOSE), exact, 0);
		else
			assert_true(fabs(count(&o, CURSOR_CLOSE) - exact) <= 2);
	}
	one_free(&o);
}

static void agrees_with_counting_by_hand(void **state)
{
	(void)state;
	count_by_hand(1);
}

/* A key that has had more panes than there are numbers for goes on as before. */
static void goes_on_when_numbers_run_out(void **state)
{
	(void)state;
	for (uint32_t before = 0; before < 40; before++)
		count_by_hand((UINT32_C(1) << 31) - 100 - before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_a_value_once_in_overlapping_windows),
		cmocka_unit_test(values_stand_in_order_of_first_appearance),
		cmocka_unit_test(is_exact_to_its_bound_and_estimates_beyond),
		cmocka_unit_test(without_room_for_registers_says_more_than_the_bound),
		cmocka_unit_test(estimates_do_not_depend_on_the_process),
		cmocka_unit_test(estimates_only_grow),
		cmocka_unit_test(agrees_with_counting_by_hand),
		cmocka_unit_test(goes_on_when_numbers_run_out),
		cmocka_unit_test(goes_on_from_a_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
