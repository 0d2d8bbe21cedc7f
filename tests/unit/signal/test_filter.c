/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/signal/harness.h"

/* Sigma's filters: what they take out, where, and that it is counted. */

#define UUID(n) "11111111-1111-4111-8111-1111111111" n "\n"
#define PORTS                                                                                      \
	"title: any\nname: any\nlevel: low\nid: " UUID(                                            \
		"01") "logsource: {category: network, service: attempt}\n"                         \
		      "detection: {s: {network.transport: tcp}, condition: s}\n"                   \
		      "---\ntitle: ports\nname: ports\nid: " UUID(                                 \
			      "02") "correlation: {type: value_count, rules: [any], group-by: "    \
				    "[source.ip], timespan: 1m,\n"                                 \
				    "    condition: {field: destination.port, gte: 3}}\n"          \
				    "weir: {window: tumbling, compute: {n: count}}\n"
#define FOUND                                                                                      \
	"---\ntitle: found\nname: found\nid: " UUID(                                               \
		"03") "correlation: {type: temporal, rules: [ports], group-by: [source.ip], "      \
		      "timespan: 5m}\n"
#define FILTER(rules, rest)                                                                        \
	"---\ntitle: allow\nid: " UUID("04") "logsource: {category: network, service: attempt}\n"  \
					     "filter:\n    rules: " rules "\n    " rest "\n"

/* Four ports of two sources, true at the third and told once more at the end; what was told, and
 * what the filter says it took. */
static void run(const char *rules, size_t signals, size_t detections, uint64_t suppressed)
{
	struct bench *b = bench_new(rules);
	size_t raised = 0;

	for (unsigned port = 1; port <= 4; port++) {
		push(b, attempt(port, "10.0.0.5", "192.0.2.1", port));
		push(b, attempt(port, "10.0.0.6", "192.0.2.1", port));
	}
	passes(b, 100);
	ends(b);
	for (size_t i = 0; i < b->detections; i++)
		raised += b->detection[i].change == DETECTION_RAISED;
	assert_int_equal(louds(b), signals);
	assert_int_equal(raised, detections);
	if (b->set->filters_len)
		assert_int_equal(b->set->filters[0].suppressed, suppressed);
	bench_free(b);
}

static void nothing_is_taken_without_a_filter(void **state)
{
	(void)state;
	run(PORTS FOUND, 2, 2, 0);
}

/* Events go before they are counted: of one source only two ports are left. */
static void events_of_base_rules_are_taken_out(void **state)
{
	(void)state;
	run(PORTS FOUND FILTER("[any]", "s: {source.ip: 10.0.0.5, destination.port|gt: 2}\n"
					"    condition: s"),
	    1, 1, 2);
}

/* The same by a condition that says what stays, as other tools have it. */
static void a_condition_of_not_says_what_stays(void **state)
{
	(void)state;
	run(PORTS FOUND FILTER("[any]", "s: {source.ip: 10.0.0.5, destination.port|gt: 2}\n"
					"    condition: not s"),
	    1, 1, 2);
	run(PORTS FOUND FILTER("any", "a: {destination.port: 1}\n"
				      "    b: {destination.port: 2}\n"
				      "    condition: not a and not b"),
	    0, 0, 4);
}

static void any_means_every_base_rule_of_the_events(void **state)
{
	(void)state;
	run(PORTS FOUND FILTER("any", "s: {source.ip|cidr: 10.0.0.0/8}\n    condition: s"), 0, 0,
	    8);
}

/* Fields of events that are no keys: they go before this window counts, and only there. */
static void events_of_windows_are_taken_out(void **state)
{
	(void)state;
	run(PORTS FOUND FILTER("[ports]", "s: {destination.port: [1, 2]}\n    condition: s"), 0, 0,
	    4);
}

static void signals_are_dropped_by_key_and_value(void **state)
{
	(void)state;
	run(PORTS FOUND FILTER("[ports]", "s: {source.ip: 10.0.0.6}\n    condition: s"), 1, 1, 2);
	run(PORTS FOUND FILTER("[ports]", "s: {n|lt: 100}\n    condition: s"), 0, 0, 2);
	/* Three when it becomes true, four at the end: what counts is the end. */
	run(PORTS FOUND FILTER("[ports]", "s: {n|lt: 4}\n    condition: s"), 2, 2, 0);
	run(PORTS FOUND FILTER("[ports]", "s: {n|gt: 100, source.ip: 10.0.0.6}\n    condition: s"),
	    2, 2, 0);
}

static void detections_are_dropped_by_key(void **state)
{
	(void)state;
	run(PORTS FOUND FILTER("[found]", "s: {source.ip: 10.0.0.6}\n    condition: s"), 2, 1, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_taken_without_a_filter),
		cmocka_unit_test(events_of_base_rules_are_taken_out),
		cmocka_unit_test(a_condition_of_not_says_what_stays),
		cmocka_unit_test(any_means_every_base_rule_of_the_events),
		cmocka_unit_test(events_of_windows_are_taken_out),
		cmocka_unit_test(signals_are_dropped_by_key_and_value),
		cmocka_unit_test(detections_are_dropped_by_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
