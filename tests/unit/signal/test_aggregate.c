/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "harness.h"

/* Aggregates by their definitions (docs/rules.md, Aggregates). Rules are decided at the close. */

#define ONE_MINUTE     "  timespan: 60s\n  condition: {gte: 3}\n"
#define HUNDRED	       "  timespan: 100s\n  condition: {gte: 3}\n"
#define TUMBLING       "  window: tumbling\n"
#define ANY_CONDITION  "  having: n < 1000000\n"
#define COMPUTE(lines) "  compute:\n    n: count\n" lines ANY_CONDITION

#define ALL_KINDS                                                                                  \
	COMPUTE("    dev: stddev(source.bytes)\n    cv: cv(source.bytes)\n"                        \
		"    med: median(source.bytes)\n    mad: mad(source.bytes)\n"                      \
		"    p95: percentile(source.bytes, 95)\n    p1: percentile(source.bytes, 1)\n"     \
		"    p50: percentile(source.bytes, 50)\n    one: first(source.bytes)\n"            \
		"    newest: last(source.bytes)\n    bits: entropy(source.bytes)\n"                \
		"    mean: interval_mean\n    regular: interval_cv()\n"                            \
		"    score: beacon(source.bytes)\n")

static const char *const all_names[] = {"dev", "cv",	 "med",	 "mad",	 "p95",	    "p1",   "p50",
					"one", "newest", "bits", "mean", "regular", "score"};

#define NAMES (sizeof(all_names) / sizeof(all_names[0]))

/* bytes < 0: the event does not know them. */
static void send(struct bench *b, double at, double bytes)
{
	struct event e = attempt(at, "10.0.0.1", "10.0.0.2", 80);

	if (bytes >= 0)
		event_set(&e, SOURCE_BYTES, source_bytes, (uint64_t)bytes);
	push(b, e);
}

static bool close_to(double value, double expected)
{
	return fabs(value - expected) <= 1e-9 * fmax(1, fabs(expected));
}

static void is(const struct bench *b, const char *name, double expected)
{
	double value = number_of(loud(b, 0), name);

	if (!close_to(value, expected))
		fail_msg("%s is %.17g, not %.17g", name, value, expected);
	assert_false(value_named(loud(b, 0), name)->estimated);
}

static void is_null(const struct bench *b, const char *name)
{
	assert_int_equal(value_named(loud(b, 0), name)->value.type, VALUE_NULL);
}

static void each_kind_is_as_defined(void **state)
{
	static const double bytes[] = {4, -1, 10, 2, 4, 10, 6};
	struct bench *b = bench_new(WINDOW_RULE(ONE_MINUTE, TUMBLING ALL_KINDS));
	double deviation = sqrt((4 + 16 + 16 + 4 + 16 + 0) / 6.0);

	(void)state;
	for (unsigned i = 0; i < 7; i++)
		send(b, i, bytes[i]);
	passes(b, 100);
	is(b, "dev", deviation);
	is(b, "cv", deviation / 6);
	is(b, "med", 5);
	is(b, "mad", 2); /* 1 1 1 3 5 5 */
	is(b, "p95", 10);
	is(b, "p1", 2);
	is(b, "p50", 4); /* nearest rank is no mean */
	is(b, "one", 4);
	is(b, "newest", 6);
	is(b, "bits", log2(6) - (2 + 2) / 6.0);
	is(b, "mean", 1e9);
	is(b, "regular", 0);
	bench_free(b);
}

static void of_nothing_they_are_null(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(ONE_MINUTE, TUMBLING ALL_KINDS));

	(void)state;
	send(b, 0, -1);
	send(b, 1, -1);
	passes(b, 100);
	for (size_t i = 0; i < NAMES; i++)
		is_null(b, all_names[i]);
	bench_free(b);
}

static void cv_needs_two_and_a_mean(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(ONE_MINUTE, TUMBLING ALL_KINDS));

	(void)state;
	send(b, 0, 7);
	passes(b, 100);
	is(b, "dev", 0);
	is_null(b, "cv");
	bench_clear(b);
	send(b, 120, 0);
	send(b, 121, 0);
	passes(b, 200);
	is_null(b, "cv");
	bench_free(b);
}

/* Numbers that are large beside what they differ by: a difference of squares has no digit left. */
static void deviations_survive_large_numbers(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(ONE_MINUTE, "  window: hop\n  every: 1s\n"
							    "  raise: detection\n" ALL_KINDS));
	const struct signal *whole = NULL;

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		send(b, i, 1e15 + i % 2);
	passes(b, 60);
	for (size_t i = 0; i < b->told_len; i++)
		if (b->told[i]->signal.window_start == BASE)
			whole = &b->told[i]->signal;
	assert_non_null(whole);
	assert_float_equal(number_of(whole, "dev"), 0.5, 1e-9);
	assert_float_equal(number_of(whole, "cv"), 0.5e-15, 1e-20);
	bench_free(b);
}

static void texts_and_addresses_are_kept_too(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE(ONE_MINUTE, TUMBLING
			    "  compute:\n    who: first(destination.ip)\n"
			    "    name: last(observer.ingress.interface.name)\n"
			    "    n: count\n"
			    "  having: who in (10.0.0.0/24) and name = 'ETH1' and n < 9\n"));
	char name[] = "eth0";
	struct event e = attempt(0, "10.0.0.1", "10.0.0.2", 1);

	(void)state;
	event_set(&e, INTERFACE_NAME, interface_name, ((struct text){name, 4}));
	push(b, e);
	e = attempt(1, "10.0.0.1", "10.0.9.3", 1);
	name[3] = '1';
	event_set(&e, INTERFACE_NAME, interface_name, ((struct text){name, 4}));
	push(b, e);
	name[3] = '7'; /* the window keeps its own */
	push(b, attempt(2, "10.0.0.1", "10.0.9.3", 1));
	passes(b, 100);
	assert_int_equal(louds(b), 1);
	assert_memory_equal(value_named(loud(b, 0), "name")->value.text.at, "eth1", 4);
	bench_free(b);
}

/* All values of the window that starts at BASE. */
static void values_of(const char *rules, double values[NAMES])
{
	struct bench *b = bench_new(rules);
	const struct signal *whole = NULL;
	uint32_t x = 7;

	for (unsigned i = 0; i < 400; i++) {
		x = x * 1103515245 + 12345;
		send(b, i * 0.2499, 1e9 + x % 1000 * 3);
	}
	passes(b, 100);
	for (size_t t = 0; t < b->told_len; t++)
		if (b->told[t]->signal.window_start == BASE)
			whole = &b->told[t]->signal;
	assert_non_null(whole);
	for (size_t n = 0; n < NAMES; n++) {
		values[n] = number_of(whole, all_names[n]);
		assert_false(value_named(whole, all_names[n])->estimated);
	}
	bench_free(b);
}

static void panes_do_not_show(void **state)
{
	double one[NAMES], many[NAMES];

	(void)state;
	values_of(WINDOW_RULE(HUNDRED, TUMBLING "  raise: detection\n" ALL_KINDS), one);
	values_of(
		WINDOW_RULE(HUNDRED, "  window: hop\n  every: 1s\n  raise: detection\n" ALL_KINDS),
		many);
	for (size_t n = 0; n < NAMES; n++)
		if (!close_to(many[n], one[n]))
			fail_msg("%s: %.17g, %.17g", all_names[n], one[n], many[n]);
}

#define ESTIMATED                                                                                  \
	"  max_distinct: 256\n" COMPUTE(                                                           \
		"    med: median(source.bytes)\n    mad: mad(source.bytes)\n"                      \
		"    p95: percentile(source.bytes, 95)\n    bits: entropy(source.bytes)\n"         \
		"    hosts: distinct(source.bytes)\n    mean: interval_mean\n"                     \
		"    score: beacon(source.bytes)\n")

/* Says what it is an estimate of, and keeps to the error that it states. */
static void near(const struct signal *signal, const char *name, double truth, double most)
{
	const struct signal_value *value = value_named(signal, name);
	double off = fabs(value->value.number - truth) / truth;

	assert_true(value->estimated);
	assert_true(value->error > 0 && value->error <= most);
	if (off > value->error + 1e-9)
		fail_msg("%s is %g, not %g: off by %g, error %g", name, value->value.number, truth,
			 off, value->error);
}

static void beyond_the_bound_the_error_is_stated(void **state)
{
	static const char *const windows[] = {
		WINDOW_RULE(HUNDRED, TUMBLING "  raise: detection\n" ESTIMATED),
		WINDOW_RULE(HUNDRED, "  window: hop\n  every: 10s\n  raise: detection\n" ESTIMATED),
	};

	(void)state;
	for (size_t w = 0; w < 2; w++) {
		struct bench *b = bench_new(windows[w]);
		const struct signal *whole = NULL;

		for (unsigned i = 0; i < 5000; i++)
			send(b, i * 0.0199, 1000 + i * 7919 % 5000);
		passes(b, 100);
		for (size_t t = 0; t < b->told_len; t++)
			if (b->told[t]->signal.window_start == BASE)
				whole = &b->told[t]->signal;
		assert_non_null(whole);
		near(whole, "med", 3499.5, 0.0051);
		near(whole, "p95", 1000 + 4749, 0.0051);
		near(whole, "mad", 1250, 0.05);
		assert_float_equal(value_named(whole, "hosts")->error, 0.023, 0);
		assert_true(value_named(whole, "bits")->estimated);
		assert_float_equal(number_of(whole, "bits"), log2(5000), 0.05);
		assert_false(value_named(whole, "mean")->estimated); /* they came in order */
		assert_float_equal(number_of(whole, "mean"), 0.0199e9, 1);
		assert_true(value_named(whole, "score")->estimated);
		bench_free(b);
	}
}

/* As windows go on, each holds its own numbers, exact or summed up: those of its times and no more.
 */
static void estimates_move_on_with_the_windows(void **state)
{
#define MOVING(timespan)                                                                           \
	WINDOW_RULE(                                                                               \
		"  timespan: " timespan "\n  condition: {gte: 1}\n",                               \
		"  window: hop\n  every: 2s\n  raise: detection\n  max_distinct: 64\n" COMPUTE(    \
			"    med: median(source.bytes)\n    bits: entropy(destination.port)\n"))
	static const char *const rules[] = {MOVING("20s"), MOVING("4s")};

	(void)state;
	for (size_t r = 0; r < 2; r++) {
		struct bench *b = bench_new(rules[r]);
		size_t estimates = 0;

		for (unsigned i = 0; i < 3000; i++)
			send(b, i * 0.1, 1000 + i);
		passes(b, 300);
		for (size_t t = 0; t < b->told_len; t++) {
			const struct signal *s = &b->told[t]->signal;
			double first = fmax(0, ceil(seconds(s->window_start) * 10 - 1e-6));
			double last = ceil(seconds(s->window_end) * 10 - 1e-6) - 1;
			const struct signal_value *med = value_named(s, "med");

			assert_true(fabs(med->value.number - (1000 + (first + last) / 2)) <=
				    (med->estimated ? 1 + med->error * med->value.number : 0));
			assert_true(med->estimated == (last - first + 1 > 64));
			assert_float_equal(number_of(s, "bits"), 0, 0);
			estimates += med->estimated;
		}
		assert_true(r ? estimates == 0 : estimates > 100);
		bench_free(b);
	}
}

/* Half is one value, the rest 2,000 values three times each. */
static void entropy_of_many_values_is_near(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(
		HUNDRED, "  window: hop\n  every: 10s\n  raise: detection\n"
			 "  max_distinct: 512\n" COMPUTE("    bits: entropy(source.bytes)\n")));
	const struct signal *whole = NULL;
	double truth = 1 + log2(2000) / 2;

	(void)state;
	for (unsigned i = 0; i < 12000; i++)
		send(b, i * 0.008, i % 2 ? 7 : 100 + i / 2 % 2000);
	passes(b, 100);
	for (size_t t = 0; t < b->told_len; t++)
		if (b->told[t]->signal.window_start == BASE)
			whole = &b->told[t]->signal;
	assert_non_null(whole);
	assert_true(value_named(whole, "bits")->estimated);
	assert_true(value_named(whole, "bits")->error < 0.05);
	assert_true(fabs(number_of(whole, "bits") - truth) <
		    4 * value_named(whole, "bits")->error * truth);
	bench_free(b);
}

/* event.start counts, in whatever order it comes; the event's time where it is missing. */
static void intervals_are_of_starts_in_order(void **state)
{
	static const double starts[] = {4, 1, 1, 11, 2};
	struct bench *b = bench_new(WINDOW_RULE(ONE_MINUTE, TUMBLING ALL_KINDS));

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct event e = attempt(20 + i, "10.0.0.1", "10.0.0.2", 80);

		event_set(&e, EVENT_START, event_start, BASE + (weir_time)(starts[i] * 1e9));
		push(b, e);
	}
	passes(b, 100);
	is(b, "mean", 10e9 / 3); /* 1 2 7 */
	is(b, "regular", sqrt((49 + 16 + 121) / 27.0) / (10 / 3.0));
	bench_free(b);
}

static void entropy_counts_text_without_case(void **state)
{
	static const char *const names[] = {"a", "A", "b", "B"};
	struct bench *b = bench_new(WINDOW_RULE(
		ONE_MINUTE, TUMBLING COMPUTE("    bits: entropy(observer.ingress.interface.name)\n"
					     "    pairs: entropy(source.ip, destination.port)\n")));

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct event e = attempt(i, "10.0.0.1", "10.0.0.2", i % 2);

		event_set(&e, INTERFACE_NAME, interface_name, ((struct text){names[i], 1}));
		push(b, e);
	}
	passes(b, 100);
	is(b, "bits", 1);
	is(b, "pairs", 1);
	bench_free(b);
}

#define GROUPS                                                                                     \
	"  per:\n    dst:\n      by: [destination.ip]\n      compute:\n        n: count\n"         \
	"        mid: median(destination.port)\n"

static void inner_groups_have_them_too(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(
		ONE_MINUTE, TUMBLING GROUPS COMPUTE(
				    "    med: median(dst.n)\n    dev: stddev(dst.n where n > 1)\n"
				    "    p: percentile(dst.n, 100)\n    mad: mad(dst.mid)\n"
				    "    kinds: distinct(dst.n)\n    bits: entropy(dst.n)\n")));

	(void)state;
	for (unsigned host = 1; host <= 4; host++) {
		char ip_text[16];

		snprintf(ip_text, sizeof(ip_text), "10.0.1.%u", host);
		for (unsigned i = 0; i < (host == 4 ? 1 : host); i++) /* 1 2 3 1 */
			push(b, attempt(host + i * 0.1, "10.0.0.1", ip_text, host * 10));
	}
	passes(b, 100);
	is(b, "med", 1.5);
	is(b, "dev", 0.5);
	is(b, "p", 3);
	is(b, "mad", 10);
	is(b, "kinds", 3);
	is(b, "bits", 1.5);
	bench_free(b);
}

#define SIGMA(type, condition)                                                                     \
	BASE_RULE "---\ntitle: window\nname: window\n"                                             \
		  "id: 22222222-2222-4222-8222-222222222222\n"                                     \
		  "correlation:\n  type: " type "\n  rules: [attempts]\n  group-by: [source.ip]\n" \
		  "  timespan: 60s\n  condition: {field: source.bytes, " condition "}\n"

/* Sigma's own types, without a word of weir's. */
static void sigma_asks_for_medians_and_percentiles(void **state)
{
	static const struct {
		const char *rule;
		size_t signals;
	} table[] = {
		{SIGMA("value_median", "gt: 2.4, lt: 2.6"), 1},
		{SIGMA("value_median", "gt: 2.4, lt: 2.5"), 0},
		{SIGMA("value_percentile", "percentile: 75, eq: 3"), 1},
		{SIGMA("value_percentile", "percentile: 75, eq: 4"), 0},
		{SIGMA("value_percentile", "percentile: 75.1, eq: 4"), 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct bench *b = bench_new(table[i].rule);

		for (unsigned n = 1; n <= 4; n++)
			send(b, n, n);
		if (louds(b) != table[i].signals)
			fail_msg("%zu: %zu signals", i, louds(b));
		bench_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_as_defined),
		cmocka_unit_test(of_nothing_they_are_null),
		cmocka_unit_test(cv_needs_two_and_a_mean),
		cmocka_unit_test(deviations_survive_large_numbers),
		cmocka_unit_test(texts_and_addresses_are_kept_too),
		cmocka_unit_test(panes_do_not_show),
		cmocka_unit_test(beyond_the_bound_the_error_is_stated),
		cmocka_unit_test(estimates_move_on_with_the_windows),
		cmocka_unit_test(entropy_of_many_values_is_near),
		cmocka_unit_test(intervals_are_of_starts_in_order),
		cmocka_unit_test(entropy_counts_text_without_case),
		cmocka_unit_test(inner_groups_have_them_too),
		cmocka_unit_test(sigma_asks_for_medians_and_percentiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
