/* SPDX-License-Identifier: Apache-2.0 */
#include "../signal/harness.h"

/* Rules over what other rules say: docs/rules.md, Rules over rules. */

#define WINDOW(name, id, over, group, correlation, weir)                                           \
	"---\ntitle: " name "\nname: " name "\nid: " id "\nstatus: stable\nlevel: medium\n"        \
	"correlation:\n  type: event_count\n  rules: [" over "]\n  group-by: [" group "]\n"        \
	"  timespan: " correlation "\nweir:\n" weir
#define TEMPORAL(name, id, over, group, weir)                                                      \
	"---\ntitle: " name "\nname: " name "\nid: " id "\nstatus: stable\nlevel: low\n"           \
	"correlation:\n  type: temporal\n  rules: [" over "]\n  group-by: [" group "]\n"           \
	"  timespan: 5m\nweir:\n  suppress: 10m\n" weir

/* Ten attempts in ten seconds from one source to one destination. */
#define BURST                                                                                      \
	BASE_RULE WINDOW("burst", "22222222-2222-4222-8222-222222222222", "attempts",              \
			 "source.ip, destination.ip", "10s\n  condition: {gte: 10}",               \
			 "  window: tumbling\n  suppress: 10s\n")
#define BURSTS                                                                                     \
	BURST WINDOW(                                                                              \
		"bursts", "33333333-3333-4333-8333-333333333333", "burst", "source.ip",            \
		"1h\n  condition: {gte: 3}",                                                       \
		"  window: tumbling\n  compute: {hosts: distinct(destination.ip), n: count}\n"     \
		"  having: n >= 3\n  suppress: 1h\n")

static void burst(struct bench *b, double at, const char *target, int attempts)
{
	for (int i = 0; i < attempts; i++)
		push(b, attempt(at + i / 10.0, "10.0.0.1", target, 1));
}

static const struct signal *said_by(const struct bench *b, const char *rule, size_t n)
{
	const struct signal *signal;

	for (size_t i = 0; (signal = loud(b, i)); i++)
		if (!strcmp(signal->rule->name, rule) && n-- == 0)
			return signal;
	return NULL;
}

/* Each signal counts once, however many events its window had, at the time it was said. */
static void a_window_counts_signals(void **state)
{
	struct bench *b = bench_new(BURSTS);
	const struct signal *signal;

	(void)state;
	burst(b, 0, "10.1.0.1", 50);
	burst(b, 20, "10.1.0.2", 10);
	assert_null(said_by(b, "bursts", 0));
	burst(b, 40, "10.1.0.2", 10);
	signal = said_by(b, "bursts", 0);
	assert_non_null(signal);
	assert_seconds(signal->time, 40.9);
	assert_seconds(signal->emitted, 40.9);
	assert_seconds(signal->start, 0.9);
	assert_float_equal(number_of(signal, "n"), 3, 0);
	assert_float_equal(number_of(signal, "hosts"), 2, 0);
	assert_int_equal(signal->keys_len, 1);
	assert_int_equal(signal->samples_len, 0);
	assert_int_equal(b->detections, 1); /* a correlation over correlations makes detections */
	assert_string_equal(b->detection[0].rule, "bursts");
	bench_free(b);
}

/* Signals of windows that wait for their end come at that end, before events of that time. */
static void signals_at_a_close_come_in_order(void **state)
{
	struct bench *b = bench_new(
		BASE_RULE WINDOW("few", "22222222-2222-4222-8222-222222222222", "attempts",
				 "source.ip, destination.ip", "10s\n  condition: {lt: 3}",
				 "  window: tumbling\n  suppress: 1s\n")
			WINDOW("fews", "33333333-3333-4333-8333-333333333333", "few", "source.ip",
			       "10s\n  condition: {gte: 2}", "  window: tumbling\n"));

	(void)state;
	burst(b, 1, "10.1.0.1", 1);
	burst(b, 2, "10.1.0.2", 1);
	burst(b, 9, "10.1.0.3", 1);
	assert_null(said_by(b, "fews", 0));
	passes(b, 10); /* all three at 10: in the window from 10 to 20 */
	assert_seconds(said_by(b, "fews", 0)->time, 10);
	assert_seconds(said_by(b, "fews", 0)->window_start, 10);
	bench_free(b);
}

#define PAIR                                                                                       \
	BASE_RULE WINDOW("first", "22222222-2222-4222-8222-222222222222", "attempts", "source.ip", \
			 "10s\n  condition: {gte: 1}",                                             \
			 "  window: tumbling\n  compute: {n: count where destination.port = 1}\n"  \
			 "  having: n >= 1\n  suppress: 10s\n")                                    \
		WINDOW("second", "33333333-3333-4333-8333-333333333333", "attempts", "source.ip",  \
		       "10s\n  condition: {gte: 1}",                                               \
		       "  window: tumbling\n  compute: {n: count where destination.port = 2}\n"    \
		       "  having: n >= 1\n  suppress: 10s\n  severity: {high: n >= 5}\n")          \
			WINDOW("third", "44444444-4444-4444-8444-444444444444", "attempts",        \
			       "source.ip", "10s\n  condition: {gte: 1}",                          \
			       "  window: tumbling\n"                                              \
			       "  compute: {n: count where destination.port = 3}\n"                \
			       "  having: n >= 1\n  suppress: 10s\n")                              \
				TEMPORAL("both", "55555555-5555-4555-8555-555555555555",           \
					 "first, second", "source.ip", BOTH)

#define BOTH "  raise: signal\n"
static const char over_signal[] = PAIR TEMPORAL("all", "66666666-6666-4666-8666-666666666666",
						"both, third", "source.ip", "");
#undef BOTH
#define BOTH ""
static const char over_detection[] = PAIR TEMPORAL("all", "66666666-6666-4666-8666-666666666666",
						   "both, third", "source.ip", "");

static void port(struct bench *b, double at, unsigned number)
{
	push(b, attempt(at, "10.0.0.1", "10.1.0.1", number));
}

/* `raise: signal` of a temporal rule: evidence for others, no detection. */
static void a_temporal_rule_may_make_signals(void **state)
{
	struct bench *b = bench_new(over_signal);

	(void)state;
	port(b, 1, 1);
	port(b, 2, 2);
	assert_int_equal(b->detections, 0);
	assert_non_null(said_by(b, "both", 0));
	assert_seconds(said_by(b, "both", 0)->time, 2);
	port(b, 30, 3);
	assert_int_equal(b->detections, 1);
	assert_string_equal(b->detection[0].rule, "all");
	assert_seconds(b->detection[0].first, 1);
	assert_int_equal(b->detection[0].signals_len, 2);
	bench_free(b);
}

static void a_detection_is_evidence(void **state)
{
	struct bench *b = bench_new(over_detection);

	(void)state;
	port(b, 1, 3);
	port(b, 20, 1);
	assert_int_equal(b->detections, 0);
	port(b, 30, 2);
	assert_int_equal(b->detections, 2);
	assert_string_equal(b->detection[0].rule, "both");
	assert_string_equal(b->detection[1].rule, "all");
	for (int i = 0; i < 5; i++)
		port(b, 31 + i / 10.0, 2);
	passes(b, 40); /* worse evidence makes both worse */
	assert_int_equal(b->detection[b->detections - 1].severity, SEVERITY_HIGH);
	assert_string_equal(b->detection[b->detections - 1].rule, "all");
	assert_string_equal(b->detection[b->detections - 1].id, b->detection[1].id);
	bench_free(b);
}

/* Three detections in an hour; updates of one are not counted. */
static void a_window_counts_detections(void **state)
{
	static const char rules[] =
		PAIR WINDOW("often", "66666666-6666-4666-8666-666666666666", "both", "source.ip",
			    "2h\n  condition: {gte: 2}", "  window: sliding\n");
	struct bench *b = bench_new(rules);

	(void)state;
	port(b, 1, 1);
	port(b, 2, 2);
	port(b, 20, 1);
	port(b, 40, 2);
	assert_null(said_by(b, "often", 0));
	passes(b, 1000); /* the first is closed */
	port(b, 1001, 1);
	port(b, 1002, 2);
	assert_seconds(said_by(b, "often", 0)->time, 1002);
	assert_seconds(said_by(b, "often", 0)->start, 2);
	bench_free(b);
}

/* Signals from outside, of rules that the set knows. */
static void signals_from_outside_are_counted(void **state)
{
	struct bench *b = bench_new(BURSTS);
	enum field fields[] = {FIELD_SOURCE_IP, FIELD_DESTINATION_IP};
	struct value keys[] = {{.type = VALUE_ADDR, .addr = ip("10.0.0.1")},
			       {.type = VALUE_ADDR, .addr = ip("10.0.0.2")}};
	struct signal signal = {.rule = &b->set->rules[1],
				.key_fields = fields,
				.keys = keys,
				.keys_len = 2,
				.message = "from elsewhere"};

	(void)state;
	assert_string_equal(signal.rule->name, "burst");
	for (int i = 0; i < 3; i++) {
		signal.time = signal.emitted = signal.start = BASE + i * WEIR_MIN;
		signal_engine_signal(b->engine, &signal);
	}
	assert_non_null(said_by(b, "bursts", 0));
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_counts_signals),
		cmocka_unit_test(signals_at_a_close_come_in_order),
		cmocka_unit_test(a_temporal_rule_may_make_signals),
		cmocka_unit_test(a_detection_is_evidence),
		cmocka_unit_test(a_window_counts_detections),
		cmocka_unit_test(signals_from_outside_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
