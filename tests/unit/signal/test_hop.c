/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "harness.h"

#define HOP "  window: hop\n  every: 10s\n"
#define MIN "  timespan: 60s\n  condition: {gte: 3}\n"

/* Start ≤ t < start + timespan, starts are multiples of `every`: an event at 10 is in windows that
 * start at -40 to 10, and not in the one that ends at 10. */
static void an_event_is_in_the_windows_that_hold_it(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE(MIN, HOP "  compute: {n: count}\n  having: n < 100\n  suppress: 1s\n"));

	(void)state;
	push(b, attempt(10, "10.0.0.1", "10.0.0.2", 1));
	passes(b, 1000);
	assert_int_equal(b->told_len, 1); /* one event: quiet after the first, and nobody listens */
	bench_free(b);
	b = bench_new(WINDOW_RULE(MIN, HOP "  compute: {n: count}\n  having: n < 100\n"
					   "  raise: detection\n"));
	push(b, attempt(10, "10.0.0.1", "10.0.0.2", 1));
	passes(b, 1000);
	assert_int_equal(b->told_len, 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_seconds(b->told[i]->signal.window_start, -40.0 + 10 * i);
		assert_seconds(b->told[i]->signal.window_end, 20.0 + 10 * i);
		assert_seconds(b->told[i]->signal.emitted, 20.0 + 10 * i);
		assert_seconds(b->told[i]->signal.time, 10);
	}
	bench_free(b);
}

static void a_timer_due_at_t_runs_before_events_at_t(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(
		MIN,
		"  window: tumbling\n  compute: {n: count}\n  having: n < 100\n  suppress: 1s\n"));

	(void)state;
	push(b, attempt(59, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(louds(b), 0);
	push(b, attempt(60, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(louds(b), 1);
	assert_float_equal(number_of(loud(b, 0), "n"), 1, 0);
	assert_seconds(loud(b, 0)->emitted, 60);
	bench_free(b);
}

/* Once a window, the earliest start of those that one event makes true; then its final values. */
static void early_fires_the_earliest_and_says_final_values(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE(MIN, HOP "  compute: {n: count, ports: distinct(destination.port)}\n"
				     "  having: n >= 3\n"));

	(void)state;
	push(b, attempt(5, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(6, "10.0.0.1", "10.0.0.2", 2));
	assert_int_equal(b->told_len, 0);
	push(b, attempt(7, "10.0.0.1", "10.0.0.2", 2));
	assert_int_equal(b->told_len, 1);
	assert_float_equal(number_of(loud(b, 0), "n"), 3, 0);
	assert_float_equal(number_of(loud(b, 0), "ports"), 2, 0);
	assert_seconds(loud(b, 0)->window_start, -50);
	assert_seconds(loud(b, 0)->start, 5);
	assert_seconds(loud(b, 0)->time, 7);
	assert_seconds(loud(b, 0)->emitted, 7);
	push(b, attempt(9, "10.0.0.1", "10.0.0.2", 3));
	push(b, attempt(15, "10.0.0.1", "10.0.0.2", 4));
	assert_int_equal(b->told_len, 2); /* the window's close at 10 */
	assert_true(b->told[1]->signal.update);
	assert_false(b->told[1]->signal.silent);
	assert_string_equal(b->told[1]->signal.id, b->told[0]->signal.id);
	assert_float_equal(number_of(&b->told[1]->signal, "n"), 4, 0);
	passes(b, 1000);
	assert_int_equal(louds(b), 1);
	bench_free(b);
}

/* All but monotone parts wait: of an `or` the monotone branch fires early, the other at the close.
 */
static void what_is_not_monotone_waits(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE(MIN, "  window: tumbling\n  compute: {n: count, b: sum(source.bytes)}\n"
				 "  having: n > 100 or (n >= 2 and not (b > 5KB))\n"));
	struct event e;

	(void)state;
	for (int i = 0; i < 3; i++) {
		e = attempt(i, "10.0.0.1", "10.0.0.2", 1);
		event_set(&e, SOURCE_BYTES, source_bytes, 100);
		push(b, e);
	}
	assert_int_equal(louds(b), 0);
	passes(b, 60);
	assert_int_equal(louds(b), 1);
	assert_seconds(loud(b, 0)->time, 2); /* the last contributing event, not the end */
	e = attempt(125, "10.0.0.1", "10.0.0.2", 1);
	event_set(&e, EVENT_COUNT, event_count, 101);
	push(b, e);
	assert_int_equal(louds(b), 2); /* event.count is summed */
	assert_seconds(loud(b, 1)->emitted, 125);
	bench_free(b);
}

static void suppress_limits_output_only(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE(MIN, HOP "  compute: {n: count}\n  having: n >= 1\n  suppress: 100s\n"
				     "  raise: detection\n  severity: {high: n >= 3}\n"));
	size_t silent = 0;

	(void)state;
	push(b, attempt(0, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(99, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(99.5, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(louds(b), 1);
	for (size_t i = 0; i < b->told_len; i++) {
		silent += b->told[i]->signal.silent;
		assert_string_equal(b->told[i]->signal.id, b->told[0]->signal.id);
	}
	assert_true(silent > 0);
	push(b, attempt(99.7, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(100, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(louds(b), 2); /* the quiet time is over at 100 */
	assert_string_not_equal(loud(b, 1)->id, loud(b, 0)->id);
	bench_free(b);
}

/* Time and values of updates move on; severity never falls. */
static void the_highest_severity_stays(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(
		MIN, "  window: hop\n  every: 30s\n  compute: {n: count}\n  having: n >= 1\n"
		     "  suppress: 1h\n  raise: detection\n  severity: {critical: n >= 3}\n"));

	(void)state;
	for (int i = 0; i < 3; i++)
		push(b, attempt(i, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(100, "10.0.0.1", "10.0.0.2", 1));
	passes(b, 1000);
	assert_int_equal(b->told[0]->signal.severity, SEVERITY_MEDIUM);
	assert_int_equal(b->told[b->told_len - 1]->signal.severity, SEVERITY_CRITICAL);
	assert_float_equal(number_of(&b->told[b->told_len - 1]->signal, "n"), 1, 0);
	assert_seconds(b->told[b->told_len - 1]->signal.time, 100);
	bench_free(b);
}

/* In windows that reach past the last event lt lte eq neq not and absence are not decided. */
static void the_end_of_the_input_leaves_less_open(void **state)
{
	const char *rules[] = {"n < 5", "n = 2", "not (n > 5)", "not known(b)"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char text[2048];
		struct bench *b;

		snprintf(text, sizeof(text),
			 WINDOW_RULE(MIN, "  window: tumbling\n"
					  "  compute: {n: count, b: max(source.bytes)}\n"
					  "  having: %s\n"),
			 rules[i]);
		b = bench_new(text);
		push(b, attempt(1, "10.0.0.1", "10.0.0.2", 1));
		push(b, attempt(2, "10.0.0.1", "10.0.0.2", 1));
		push(b, attempt(61, "10.0.0.1", "10.0.0.2", 1));
		push(b, attempt(62, "10.0.0.1", "10.0.0.2", 1));
		assert_int_equal(louds(b), 1); /* the first window is whole */
		ends(b);
		assert_int_equal(louds(b), 1);
		bench_free(b);
	}
}

static void greater_is_decided_in_a_partial_window(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(
		MIN, "  window: tumbling\n  compute: {n: count}\n  having: zscore(n) > 3\n"
		     "  baseline: {warmup: 20, mean: 10, stddev: 3}\n"));

	(void)state;
	for (int i = 0; i < 40; i++)
		push(b, attempt(i, "10.0.0.1", "10.0.0.2", 1));
	ends(b);
	assert_int_equal(louds(b), 1);
	assert_true(loud(b, 0)->partial);
	assert_true(value_named(loud(b, 0), "n")->scored);
	assert_float_equal(value_named(loud(b, 0), "n")->zscore, 10, 1e-9);
	assert_string_equal(value_named(loud(b, 0), "n")->threshold, "> 3 deviations");
	bench_free(b);
}

/* A window is scored against the baseline before it; only multiples of timespan teach. */
static void scores_against_what_was_before(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(
		MIN, "  window: hop\n  every: 30s\n  compute: {n: count}\n"
		     "  having: zscore(n) > 3\n  suppress: 1s\n  baseline: {warmup: 5}\n"));

	(void)state;
	for (int window = 0; window < 10; window++)
		for (int i = 0; i < 10; i++)
			push(b, attempt(window * 60 + i, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(louds(b), 0);
	for (int i = 0; i < 30; i++)
		push(b, attempt(600 + i, "10.0.0.1", "10.0.0.2", 1));
	passes(b, 700);
	assert_true(louds(b) >= 1);
	assert_seconds(loud(b, 0)->window_start, 570);
	assert_float_equal(value_named(loud(b, 0), "n")->mean, 10, 1e-9);
	assert_float_equal(value_named(loud(b, 0), "n")->deviation, 1, 1e-9);
	assert_float_equal(value_named(loud(b, 0), "n")->zscore, 20, 1e-9);
	bench_free(b);
}

/* Windows without events count 0 from the key's first sighting on. */
static void silence_counts_as_zero(void **state)
{
	struct bench *b =
		bench_new(WINDOW_RULE(MIN, "  window: tumbling\n  compute: {n: count}\n"
					   "  having: zscore(n) > 3\n  baseline: {warmup: 5}\n"));

	(void)state;
	push(b, attempt(0, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(60 * 1000, "10.0.0.9", "10.0.0.2", 1));
	for (int i = 0; i < 5; i++)
		push(b, attempt(60 * 1000 + i, "10.0.0.1", "10.0.0.2", 1));
	passes(b, 60 * 1001);
	assert_int_equal(louds(b), 1);
	assert_float_equal(value_named(loud(b, 0), "n")->mean, 0, 1e-6);
	assert_float_equal(value_named(loud(b, 0), "n")->zscore, 5, 1e-6);
	bench_free(b);
}

static void a_gap_of_years_costs_nothing(void **state)
{
	struct bench *b =
		bench_new(WINDOW_RULE("  timespan: 24h\n  condition: {gte: 3}\n",
				      "  window: hop\n  every: 1s\n  compute: {n: count}\n"
				      "  having: zscore(n) > 3\n  baseline: {warmup: 5}\n"));
	clock_t start = clock();

	(void)state;
	for (int year = 0; year < 5; year++)
		push(b, attempt(year * 86400.0 * 365, "10.0.0.1", "10.0.0.2", 1));
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 20);
	bench_free(b);
}

/* (window end, rule, key's creation): whatever the hash says. */
static void fires_in_a_fixed_order(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE(MIN, "  window: tumbling\n  compute: {n: count}\n  having: n < 10\n"));

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		char source[32];

		snprintf(source, sizeof(source), "10.0.%u.%u", (i * 37) % 200, i);
		push(b, attempt(i / 10.0, source, "10.0.0.2", 1));
	}
	passes(b, 60);
	assert_int_equal(louds(b), 200);
	for (unsigned i = 1; i < 200; i++)
		assert_true(loud(b, i - 1)->time <= loud(b, i)->time);
	bench_free(b);
}

static void a_null_key_is_skipped_and_counted(void **state)
{
	struct bench *b =
		bench_new(WINDOW_RULE(MIN, HOP "  compute: {n: count}\n  having: n >= 1\n"));
	struct signal_engine_stats stats;

	(void)state;
	push(b, attempt(1, NULL, "10.0.0.2", 1));
	signal_engine_stats(b->engine, &stats);
	assert_int_equal(stats.skipped_null_key, 1);
	assert_int_equal(stats.keys, 0);
	assert_int_equal(b->told_len, 0);
	bench_free(b);
}

/* A missing input is null: skipped; of nothing count and distinct are 0, the others null. */
static void aggregates_of_nothing(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(
		MIN, HOP
		"  compute: {n: count, z: count where destination.port > 9, s: sum(source.bytes),"
		" d: distinct(local.ip), m: max(source.bytes), a: avg(source.bytes),"
		" l: min(source.bytes)}\n  having: n >= 1\n"));
	const struct signal *s;

	(void)state;
	push(b, attempt(1, "10.0.0.1", "10.0.0.2", 1));
	s = loud(b, 0);
	assert_non_null(s);
	assert_float_equal(number_of(s, "z"), 0, 0);
	assert_float_equal(number_of(s, "d"), 0, 0);
	assert_int_equal(value_named(s, "s")->value.type, VALUE_NULL);
	assert_int_equal(value_named(s, "m")->value.type, VALUE_NULL);
	assert_int_equal(value_named(s, "a")->value.type, VALUE_NULL);
	assert_int_equal(value_named(s, "l")->value.type, VALUE_NULL);
	bench_free(b);
}

/* One event counts once, though two rules of the list match it. */
static void evidence_is_the_first_events_and_the_one_that_fired(void **state)
{
	struct bench *b =
		bench_new(WINDOW_RULE(MIN, HOP "  compute: {n: count}\n  having: n >= 30\n"));
	const struct signal *s;

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		push(b, attempt(1 + i / 100.0, "10.0.0.1", "10.0.0.2", 1000 + i));
	s = loud(b, 0);
	assert_int_equal(s->samples_len, SIGNAL_SAMPLES_MAX);
	for (unsigned i = 1; i < s->samples_len; i++)
		assert_true(s->samples[i - 1].time < s->samples[i].time);
	assert_int_equal(s->samples[SIGNAL_SAMPLES_MAX - 1].destination_port, 1029);
	bench_free(b);
}

/* The id is that of anybody who computes it so. */
static void the_id_is_derived(void **state)
{
	struct bench *b =
		bench_new(WINDOW_RULE(MIN, HOP "  compute: {n: count}\n  having: n >= 1\n"));
	const char *name = "[\"22222222-2222-4222-8222-222222222222\",{\"source.ip\":\"10.0.0.1\"},"
			   "1700006350000000000]";
	char id[UUID_TEXT_MAX];

	(void)state;
	push(b, attempt(1, "10.0.0.1", "10.0.0.2", 1));
	uuid_v5(name, strlen(name), id);
	assert_string_equal(loud(b, 0)->id, id);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_in_the_windows_that_hold_it),
		cmocka_unit_test(a_timer_due_at_t_runs_before_events_at_t),
		cmocka_unit_test(early_fires_the_earliest_and_says_final_values),
		cmocka_unit_test(what_is_not_monotone_waits),
		cmocka_unit_test(suppress_limits_output_only),
		cmocka_unit_test(the_highest_severity_stays),
		cmocka_unit_test(the_end_of_the_input_leaves_less_open),
		cmocka_unit_test(greater_is_decided_in_a_partial_window),
		cmocka_unit_test(scores_against_what_was_before),
		cmocka_unit_test(silence_counts_as_zero),
		cmocka_unit_test(a_gap_of_years_costs_nothing),
		cmocka_unit_test(fires_in_a_fixed_order),
		cmocka_unit_test(a_null_key_is_skipped_and_counted),
		cmocka_unit_test(aggregates_of_nothing),
		cmocka_unit_test(evidence_is_the_first_events_and_the_one_that_fired),
		cmocka_unit_test(the_id_is_derived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
