/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>

#include "harness.h"

#define MIN "  timespan: 60s\n  condition: {gte: 3}\n"

/* Look back over [t - timespan, t], both ends in. */
static void sliding_has_both_ends_in(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE(MIN, "  window: sliding\n  compute: {n: count}\n  having: n >= 2\n"));

	(void)state;
	push(b, attempt(0, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(60, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(louds(b), 1);
	assert_seconds(loud(b, 0)->window_start, 0);
	push(b, attempt(200, "10.0.0.2", "10.0.0.2", 1));
	push(b, attempt(260.001, "10.0.0.2", "10.0.0.2", 1));
	assert_int_equal(louds(b), 1);
	bench_free(b);
}

/* Without suppress: quiet until the condition has been false, at an event or by age. */
static void sliding_is_quiet_while_true(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE(MIN, "  window: sliding\n  compute: {n: count}\n  having: n >= 2\n"));

	(void)state;
	for (int i = 0; i < 20; i++)
		push(b, attempt(i * 20, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(louds(b), 1);
	push(b, attempt(399, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(louds(b), 1);
	push(b, attempt(460, "10.0.0.1", "10.0.0.2", 1)); /* false: one event */
	push(b, attempt(461, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(louds(b), 2);
	bench_free(b);
	b = bench_new(
		WINDOW_RULE(MIN, "  window: sliding\n  compute: {n: count}\n  having: n >= 2\n"));
	push(b, attempt(0, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(1, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(60, "10.0.0.1", "10.0.0.2", 1)); /* 3; 2 just after, 1 just after 61 */
	assert_int_equal(louds(b), 1);
	push(b, attempt(61.5, "10.0.0.1", "10.0.0.2", 1)); /* 2 again: it was false by age */
	assert_int_equal(louds(b), 2);
	bench_free(b);
}

static void a_busy_sliding_key_is_bounded(void **state)
{
	struct bench *b = bench_new(WINDOW_RULE(
		MIN, "  window: sliding\n  compute: {n: count}\n  having: n >= 50000\n"));
	struct signal_engine_stats stats;

	(void)state;
	for (int i = 0; i < 60000; i++)
		push(b, attempt(i / 1000.0, "10.0.0.1", "10.0.0.2", 1));
	signal_engine_stats(b->engine, &stats);
	assert_true(stats.bytes < 2 << 20);
	assert_int_equal(louds(b), 1);
	assert_true(value_named(loud(b, 0), "n")->estimated);
	bench_free(b);
}

/* Where nobody else reads them: what no rule takes comes as a name alone. */
static void only_what_a_rule_takes_is_worded(void **state)
{
	static const char *const weir =
		"  window: sliding\n  compute: {n: count}\n  having: n >= 2\n";
	char text[2048];

	(void)state;
	for (int taken = 0; taken < 2; taken++) {
		struct signal_engine_ops ops = {.signal = bench_signal, .bare = true};
		struct bench *b;

		snprintf(text, sizeof(text), WINDOW_RULE(MIN, "%s%s"), weir,
			 taken ? "  raise: detection\n" : "");
		b = bench_new(text);
		signal_engine_free(b->engine);
		ops.context = b;
		b->engine = signal_engine_new(b->set, &ops);
		push(b, attempt(0, "10.0.0.1", "10.0.0.2", 1));
		push(b, attempt(1, "10.0.0.1", "10.0.0.2", 1));
		assert_int_equal(louds(b), 1);
		assert_int_equal(loud(b, 0)->severity, SEVERITY_MEDIUM);
		assert_seconds(loud(b, 0)->time, 1);
		assert_int_equal(loud(b, 0)->message != NULL, taken);
		assert_int_equal(loud(b, 0)->samples_len, taken);
		assert_int_equal(loud(b, 0)->values_len, taken);
		assert_int_equal(b->detections, taken);
		bench_free(b);
	}
}

static struct bench *session(weir_time gap, weir_time timespan, const char *having)
{
	char text[2048];
	struct bench *b;
	struct rule *rule;
	struct signal_engine_ops ops = {.signal = bench_signal};

	snprintf(text, sizeof(text),
		 WINDOW_RULE(MIN, "  window: tumbling\n  compute: {n: count}\n  having: %s\n"
				  "  suppress: 1s\n"),
		 having);
	b = bench_new(text);
	rule = (struct rule *)&b->set->rules[1];
	rule->window.type = WINDOW_SESSION;
	rule->window.gap = gap;
	rule->window.timespan = timespan;
	signal_engine_free(b->engine);
	ops.context = b;
	b->engine = signal_engine_new(b->set, &ops);
	return b;
}

/* Goes on while the gap is ≤ gap; an event at ≥ first + timespan starts a new one. */
static void a_session_ends_by_gap_or_length(void **state)
{
	struct bench *b = session(10 * WEIR_SEC, 60 * WEIR_SEC, "n < 100");

	(void)state;
	push(b, attempt(0, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(10, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(20.5, "10.0.0.1", "10.0.0.2", 1)); /* a new one */
	assert_int_equal(louds(b), 1);
	assert_float_equal(number_of(loud(b, 0), "n"), 2, 0);
	assert_seconds(loud(b, 0)->window_start, 0);
	assert_seconds(loud(b, 0)->time, 10);
	for (int i = 0; i < 10; i++)
		push(b, attempt(100 + 7 * i, "10.0.0.2", "10.0.0.2", 1));
	assert_int_equal(louds(b), 3);
	assert_float_equal(number_of(loud(b, 2), "n"), 9, 0); /* 100 to 156; 163 is new */
	passes(b, 1000);
	assert_int_equal(louds(b), 4);
	bench_free(b);
	b = session(10 * WEIR_SEC, 60 * WEIR_SEC, "n >= 2");
	push(b, attempt(0, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(1, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(louds(b), 1); /* early */
	push(b, attempt(2, "10.0.0.1", "10.0.0.2", 1));
	passes(b, 100);
	assert_int_equal(louds(b), 1);
	assert_float_equal(number_of(&b->told[b->told_len - 1]->signal, "n"), 3, 0);
	bench_free(b);
}

#define PER                                                                                        \
	"  per:\n    dst: {by: [destination.ip], compute: {ports: distinct(destination.port)}}\n"  \
	"  compute: {most: max(dst.ports), wide: count(dst where ports >= 3)}\n"

/* What holds of one destination within a source. */
static void inner_groups_hold_of_one_destination(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE(MIN, "  window: hop\n  every: 10s\n" PER "  having: most > 3\n"));
	char destination[32];

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		snprintf(destination, sizeof(destination), "10.1.0.%u", i % 20);
		push(b, attempt(1 + i / 100.0, "10.0.0.1", destination, i));
	}
	assert_int_equal(louds(b), 0); /* 40 ports, 2 of each */
	for (unsigned i = 0; i < 4; i++)
		push(b, attempt(2 + i, "10.0.0.1", "10.1.0.9", 100 + i));
	assert_int_equal(louds(b), 1);
	assert_float_equal(number_of(loud(b, 0), "most"), 4, 0);
	assert_float_equal(number_of(loud(b, 0), "wide"), 1, 0);
	bench_free(b);
}

static void inner_groups_are_bounded_and_say_so(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE(MIN, "  window: hop\n  every: 10s\n" PER "  having: wide >= 1\n"));
	char destination[32];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(destination, sizeof(destination), "10.1.%u.%u", i / 200, i % 200);
		push(b, attempt(1 + i / 1000.0, "10.0.0.1", destination, 1));
	}
	for (unsigned i = 0; i < 3; i++)
		push(b, attempt(4, "10.0.0.1", "10.1.0.0", i));
	assert_int_equal(louds(b), 1);
	assert_true(value_named(loud(b, 0), "wide")->estimated);
	bench_free(b);
}

/* A base rule that nothing refers to: an hour's quiet by addresses, and null is one. */
static void a_rule_alone_is_quiet_for_an_hour(void **state)
{
	struct bench *b = bench_new(BASE_RULE);
	struct signal_rule_stats stats;

	(void)state;
	push(b, attempt(0, "10.0.0.1", "10.0.0.2", 1));
	push(b, attempt(1, "10.0.0.1", "10.0.0.2", 2));
	push(b, attempt(2, "10.0.0.1", "10.0.0.3", 1));
	push(b, attempt(3, NULL, "10.0.0.3", 1));
	push(b, attempt(4, NULL, "10.0.0.3", 1));
	push(b, attempt(3599, "10.0.0.1", "10.0.0.2", 2));
	assert_int_equal(louds(b), 3);
	push(b, attempt(3600, "10.0.0.1", "10.0.0.2", 2));
	assert_int_equal(louds(b), 4);
	assert_int_equal(b->told_len, 4); /* silent ones are for nobody */
	signal_engine_rule_stats(b->engine, 0, &stats);
	assert_int_equal(stats.fired, 4);
	assert_int_equal(stats.suppressed, 3);
	assert_int_equal(stats.keys, 3);
	passes(b, 7200);
	signal_engine_rule_stats(b->engine, 0, &stats);
	assert_int_equal(stats.keys, 0);
	assert_int_equal(b->detections, 0); /* its level is low */
	bench_free(b);
}

static const char *const steady_rule = WINDOW_RULE(MIN, "  window: hop\n  every: 10s\n" PER
							"  having: most > 1000\n  suppress: 1h\n");

static void steady(struct bench *b, int from, int to)
{
	for (int i = from; i < to; i++) {
		char source[32];

		snprintf(source, sizeof(source), "10.0.0.%d", i % 50);
		push(b,
		     attempt(i / 20.0, source, i % 3 ? "10.1.0.1" : "10.1.0.2", (unsigned)i % 40));
	}
}

/* Nothing is asked of the system for events of known keys in the steady state. */
static void the_steady_state_allocates_nothing(void **state)
{
	struct bench *b = bench_new(steady_rule);
	struct signal_engine_stats before, after;

	(void)state;
	steady(b, 0, 8000);
	signal_engine_stats(b->engine, &before);
	steady(b, 8000, 40000);
	signal_engine_stats(b->engine, &after);
	assert_int_equal(before.bytes, after.bytes);
	bench_free(b);
}

/* Bounded: more keys than there is room for, all counted. */
static void keys_are_bounded(void **state)
{
	struct bench *b =
		bench_new(WINDOW_RULE(MIN, "  window: hop\n  every: 10s\n  compute: {n: count}\n"
					   "  having: n > 5\n  max_keys: 100\n"));
	struct signal_engine_stats stats;
	const struct signal *s;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		char source[32];

		snprintf(source, sizeof(source), "10.2.%u.%u", i / 250, i % 250);
		push(b, attempt(i / 100.0, source, "10.0.0.2", 1));
		if (i % 500 == 0)
			push(b, attempt(i / 100.0, "10.9.9.9", "10.0.0.2", 1));
	}
	signal_engine_stats(b->engine, &stats);
	assert_int_equal(stats.keys, 100);
	assert_true(stats.evicted_keys > 4800);
	assert_int_equal(louds(b), 1); /* the slow one among them was found */
	s = loud(b, 0);
	assert_true(value_named(s, "n")->estimated); /* and says that it may be short */
	bench_free(b);
}

/* Evidence is a key's own, in order, whatever others kept before and after it; and of a key whose
 * evidence had to go there is what came since. */
static void evidence_is_the_keys_own(void **state)
{
	enum { KEYS = 500, ROUNDS = 60 };
	struct bench *b = bench_new(
		WINDOW_RULE("  timespan: 1h\n  condition: {gte: 3}\n",
			    "  window: tumbling\n  compute: {n: count}\n  having: n >= 40\n"
			    "  raise: detection\n"));

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned k = 0; k < KEYS; k++) {
			char source[32], name[64];
			struct event e;

			snprintf(source, sizeof(source), "10.3.%u.%u", k / 250, k % 250);
			snprintf(name, sizeof(name), "key %u round %u %.*s", k, round,
				 (int)(k % 30), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
			e = attempt(round * 10 + k / 100.0, source, "10.0.0.2", k);
			event_set(&e, MESSAGE, message,
				  ((struct text){name, (uint32_t)strlen(name)}));
			push(b, e);
		}
	}
	assert_int_equal(louds(b), KEYS);
	for (unsigned i = 0; i < KEYS; i++) {
		const struct signal *s = loud(b, i);
		unsigned k = (unsigned)s->samples[0].destination_port;

		assert_int_equal(s->samples_len, SIGNAL_SAMPLES_MAX);
		for (unsigned j = 0; j < s->samples_len; j++) {
			const struct event *e = &s->samples[j];
			unsigned key, round;
			char name[64];

			snprintf(name, sizeof(name), "%.*s", (int)e->message.length, e->message.at);
			assert_int_equal(sscanf(name, "key %u round %u", &key, &round), 2);
			assert_int_equal(key, k);
			assert_int_equal(e->destination_port, k);
			assert_int_equal(round, j + 1 < s->samples_len ? j + 1 : 39);
		}
	}
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sliding_has_both_ends_in),
		cmocka_unit_test(sliding_is_quiet_while_true),
		cmocka_unit_test(a_busy_sliding_key_is_bounded),
		cmocka_unit_test(a_session_ends_by_gap_or_length),
		cmocka_unit_test(inner_groups_hold_of_one_destination),
		cmocka_unit_test(inner_groups_are_bounded_and_say_so),
		cmocka_unit_test(a_rule_alone_is_quiet_for_an_hour),
		cmocka_unit_test(only_what_a_rule_takes_is_worded),
		cmocka_unit_test(the_steady_state_allocates_nothing),
		cmocka_unit_test(keys_are_bounded),
		cmocka_unit_test(evidence_is_the_keys_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
