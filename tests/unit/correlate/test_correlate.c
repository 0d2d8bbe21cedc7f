/* SPDX-License-Identifier: Apache-2.0 */
#include "../signal/harness.h"

/* Two windows over attempts, by port, and what is said of both together. */
#define SEEN(name, id, port, level)                                                                \
	"---\ntitle: " name "\nname: " name "\nid: " id "\nstatus: stable\nlevel: " level          \
	"\ncorrelation:\n  type: event_count\n  rules: [attempts]\n  group-by: [source.ip]\n"      \
	"  timespan: 10s\n  condition: {gte: 1}\nweir:\n  window: tumbling\n"                      \
	"  compute: {n: count where destination.port = " port ", "                                 \
	"targets: values(destination.ip where destination.port = " port ")}\n"                     \
	"  having: n >= 1\n  suppress: 10s\n  severity: {critical: n >= 10}\n"
#define PAIR                                                                                       \
	BASE_RULE SEEN("scan", "22222222-2222-4222-8222-222222222222", "1", "low")                 \
		SEEN("access", "33333333-3333-4333-8333-333333333333", "2", "medium")
#define TOGETHER(type, weir)                                                                       \
	PAIR "---\ntitle: Both of one source\nname: both\n"                                        \
	     "id: 44444444-4444-4444-8444-444444444444\nstatus: stable\nlevel: medium\n"           \
	     "correlation:\n  type: " type "\n  rules: [scan, access]\n  group-by: [source.ip]\n"  \
	     "  timespan: 5m\nweir:\n  suppress: 10m\n" weir

static void scan(struct bench *b, double at, const char *target)
{
	push(b, attempt(at, "10.0.0.1", target, 1));
}

static void access_to(struct bench *b, double at, const char *target)
{
	push(b, attempt(at, "10.0.0.1", target, 2));
}

static void all_within_the_timespan_make_one(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", ""));
	const struct told_detection *d = &b->detection[0];

	(void)state;
	scan(b, 1, "10.1.0.1");
	assert_int_equal(b->detections, 0);
	access_to(b, 200, "10.1.0.2");
	assert_int_equal(b->detections, 1);
	assert_int_equal(d->change, DETECTION_RAISED);
	assert_string_equal(d->rule, "both");
	assert_int_equal(d->severity, SEVERITY_MEDIUM);
	assert_seconds(d->first, 1);
	assert_seconds(d->last, 200);
	assert_seconds(d->emitted, 200);
	assert_int_equal(d->signals_len, 2);
	assert_string_equal(d->message, "Both of one source: 10.0.0.1");
	assert_non_null(strstr(d->why, "within 5m"));
	assert_non_null(strstr(d->why, "fires at >= 1"));
	bench_free(b);
}

/* Looking back from the newest: 300 s are in, a nanosecond more is not, and an old one spoils
 * nothing. */
static void looks_back_from_the_newest(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", ""));

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 301.001, "10.1.0.1");
	assert_int_equal(b->detections, 0);
	scan(b, 500, "10.1.0.1");
	assert_int_equal(b->detections, 1);
	assert_seconds(b->detection[0].first, 301.001);
	bench_free(b);
	b = bench_new(TOGETHER("temporal", ""));
	scan(b, 1, "10.1.0.1");
	access_to(b, 301, "10.1.0.1");
	assert_int_equal(b->detections, 1);
	bench_free(b);
}

static void keys_are_apart(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", ""));

	(void)state;
	scan(b, 1, "10.1.0.1");
	push(b, attempt(2, "10.0.0.9", "10.1.0.1", 2));
	assert_int_equal(b->detections, 0);
	bench_free(b);
}

static void ordered_asks_for_the_order(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal_ordered", ""));

	(void)state;
	access_to(b, 1, "10.1.0.1");
	scan(b, 20, "10.1.0.1");
	assert_int_equal(b->detections, 0);
	access_to(b, 40, "10.1.0.1");
	assert_int_equal(b->detections, 1);
	bench_free(b);
	b = bench_new(TOGETHER("temporal_ordered", ""));
	scan(b, 20, "10.1.0.1"); /* equal times satisfy it */
	access_to(b, 20, "10.1.0.1");
	assert_int_equal(b->detections, 1);
	bench_free(b);
}

/* A value shared by the sets, over all signals within the timespan. */
static void common_wants_a_shared_value(void **state)
{
	struct bench *b = bench_new(TOGETHER(
		"temporal", "  common: [destination.ip]\n  summary: \"{source.ip}: {common}\"\n"));

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 20, "10.1.0.2");
	assert_int_equal(b->detections, 0);
	scan(b, 40, "10.1.0.3");
	access_to(b, 60, "10.1.0.1"); /* the first scan, not the newest */
	assert_int_equal(b->detections, 1);
	assert_int_equal(b->detection[0].common_len, 1);
	assert_string_equal(b->detection[0].message, "10.0.0.1: 10.1.0.1");
	assert_non_null(strstr(b->detection[0].why, "in common: destination.ip 10.1.0.1"));
	bench_free(b);
}

/* Of what a set had to push out it still knows that it was there. */
static void common_reaches_beyond_the_exact_bound(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", "  common: [destination.ip]\n"));
	char target[16];

	(void)state;
	for (unsigned i = 0; i < 1500; i++) {
		snprintf(target, sizeof(target), "10.1.%u.%u", i / 250, i % 250);
		scan(b, 1 + i * 0.001, target);
	}
	access_to(b, 20, "10.2.0.1");
	assert_int_equal(b->detections, 0);
	access_to(b, 40, "10.1.0.1");
	assert_int_equal(b->detections, 1);
	assert_int_equal(b->detection[0].common_len, 1);
	assert_non_null(strstr(b->detection[0].why, "in common: destination.ip 10.1.0.1"));
	assert_non_null(strstr(b->detection[0].why, "goes by fingerprints"));
	bench_free(b);
}

/* More signals than are looked at, and of these more than are kept: both are said. */
static void what_finds_no_room_is_counted(void **state)
{
	struct bench *b = bench_new(
		PAIR "---\ntitle: Both of one source\nname: both\n"
		     "id: 44444444-4444-4444-8444-444444444444\nstatus: stable\nlevel: medium\n"
		     "correlation:\n  type: temporal\n  rules: [scan, access]\n"
		     "  group-by: [source.ip]\n  timespan: 1h\n");
	struct correlate_stats stats;

	(void)state;
	for (unsigned i = 0; i < 70; i++)
		scan(b, i * 10, "10.1.0.1");
	access_to(b, 700, "10.1.0.1");
	correlate_stats(b->correlate, &stats);
	assert_int_equal(stats.dropped, 6);
	assert_int_equal(stats.left_out, 64 + 1 - 32);
	scan(b, 701, "10.1.0.1");
	correlate_stats(b->correlate, &stats);
	assert_int_equal(stats.dropped, 7);
	assert_int_equal(stats.left_out, 64 + 1 - 32 + 1);
	assert_int_equal(b->detections, 2);
	assert_non_null(strstr(b->detection[1].why, "\n34 more signals are not kept"));
	assert_non_null(strstr(b->detection[1].why, "\n7 older signals are not looked at"));
	bench_free(b);
}

static void differ_wants_two_values(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", "  differ: [destination.ip]\n"));

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 20, "10.1.0.1");
	assert_int_equal(b->detections, 0);
	access_to(b, 40, "10.1.0.2");
	assert_int_equal(b->detections, 1);
	bench_free(b);
}

static void evidence_must_be_severe_enough(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", "  min_severity: {scan: high}\n"));

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 20, "10.1.0.1");
	assert_int_equal(b->detections, 0);
	for (int i = 0; i < 10; i++)
		scan(b, 40 + i / 10.0, "10.1.0.1");
	passes(b, 60); /* at its close it is critical */
	assert_int_equal(b->detections, 1);
	bench_free(b);
}

/* The rule's own expression; else the greatest of level and worst evidence. */
static void severity_is_the_rules_or_the_worst(void **state)
{
	struct bench *b = bench_new(
		TOGETHER("temporal",
			 "  severity:\n    critical: severity(scan) >= critical\n"
			 "    high: common(destination.ip, scan.targets, access.targets) >= 2\n"));

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 20, "10.1.0.1");
	assert_int_equal(b->detection[0].severity, SEVERITY_MEDIUM);
	scan(b, 40, "10.1.0.2");
	access_to(b, 60, "10.1.0.2");
	assert_int_equal(b->detection[b->detections - 1].severity, SEVERITY_HIGH);
	assert_true(b->detection[b->detections - 1].worse);
	assert_int_equal(b->detection[b->detections - 1].change, DETECTION_UPDATED);
	bench_free(b);
	b = bench_new(TOGETHER("temporal", ""));
	for (int i = 0; i < 10; i++)
		scan(b, 1, "10.1.0.1");
	access_to(b, 20, "10.1.0.1");
	assert_int_equal(b->detection[0].severity, SEVERITY_CRITICAL);
	bench_free(b);
}

static void a_condition_is_over_rules(void **state)
{
	struct bench *b = bench_new(
		PAIR "---\ntitle: Either\nname: either\nid: 44444444-4444-4444-8444-444444444444\n"
		     "status: stable\nlevel: medium\ncorrelation:\n  type: temporal\n"
		     "  rules: [scan, access]\n  group-by: [source.ip]\n  timespan: 5m\n"
		     "  condition: access and not scan\nweir: {confidence: 0.5}\n");

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 20, "10.1.0.1");
	assert_int_equal(b->detections, 0);
	access_to(b, 400, "10.1.0.1");
	assert_int_equal(b->detections, 1);
	assert_float_equal(b->detection[0].confidence, 0.5, 0);
	bench_free(b);
}

/* Raised once, updated while it holds within suppress, then closed by event time. */
static void one_attack_is_one_detection(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", ""));
	size_t raised = 0, closed = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		scan(b, i * 30, "10.1.0.1");
		access_to(b, i * 30 + 10, "10.1.0.1");
	}
	passes(b, 1780 + 600 - 1);
	for (size_t i = 0; i < b->detections; i++) {
		raised += b->detection[i].change == DETECTION_RAISED;
		closed += b->detection[i].change == DETECTION_CLOSED;
		assert_string_equal(b->detection[i].id, b->detection[0].id);
	}
	assert_int_equal(raised, 1);
	assert_int_equal(closed, 0);
	assert_true(b->detection[b->detections - 1].count > 100);
	assert_true(b->detection[b->detections - 1].signals_len <= DETECTION_SIGNALS_MAX);
	passes(b, 1780 + 700);
	assert_int_equal(b->detection[b->detections - 1].change, DETECTION_CLOSED);
	scan(b, 3000, "10.1.0.1");
	access_to(b, 3001, "10.1.0.1");
	assert_int_equal(b->detection[b->detections - 1].change, DETECTION_RAISED);
	assert_string_not_equal(b->detection[b->detections - 1].id, b->detection[0].id);
	bench_free(b);
}

static size_t announced(const struct bench *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->detections; i++)
		n += b->detection[i].announce;
	return n;
}

/* People get one line: at once if it is critical, else when it has settled. */
static void one_detection_is_announced_once(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", ""));

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 2, "10.1.0.1");
	assert_int_equal(b->detection[0].change, DETECTION_RAISED);
	assert_int_equal(announced(b), 0);
	passes(b, 6);
	assert_int_equal(announced(b), 0);
	passes(b, 7);
	assert_int_equal(announced(b), 1);
	assert_true(b->detection[b->detections - 1].announce);
	for (int i = 0; i < 20; i++) {
		scan(b, 10 + i * 7, "10.1.0.2");
		access_to(b, 11 + i * 7, "10.1.0.2");
	}
	ends(b);
	assert_int_equal(announced(b), 1);
	bench_free(b);
}

/* The end of the input comes before it has settled: nothing is kept back. */
static void the_end_announces_what_waits(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", ""));

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 2, "10.1.0.1");
	ends(b);
	assert_int_equal(announced(b), 1);
	bench_free(b);
}

/* The end of a replay leaves detections open; what was not told yet is. */
static void the_end_of_the_input_closes_nothing(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", ""));

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 2, "10.1.0.1");
	for (int i = 0; i < 5; i++)
		scan(b, 3 + i, "10.1.0.1");
	ends(b);
	for (size_t i = 0; i < b->detections; i++)
		assert_int_not_equal(b->detection[i].change, DETECTION_CLOSED);
	assert_int_equal(b->detection[b->detections - 1].change, DETECTION_UPDATED);
	assert_seconds(b->detection[b->detections - 1].last, 7);
	bench_free(b);
}

/* The id is that of anybody who computes it so. */
static void the_id_is_derived(void **state)
{
	struct bench *b = bench_new(TOGETHER("temporal", ""));
	char name[256], id[UUID_TEXT_MAX];
	const char *first, *second;

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 1, "10.1.0.1");
	first = b->told[0]->signal.id;
	second = b->told[1]->signal.id;
	snprintf(name, sizeof(name),
		 "[\"44444444-4444-4444-8444-444444444444\",{\"source.ip\":\"10.0.0.1\"},\"%s\"]",
		 strcmp(first, second) < 0 ? first : second);
	uuid_v5(name, strlen(name), id);
	assert_string_equal(b->detection[0].id, id);
	bench_free(b);
}

#define ALONE(name, id, port, weir)                                                                \
	"---\ntitle: " name "\nname: " name "\nid: " id "\nstatus: stable\nlevel: high\n"          \
	"correlation:\n  type: event_count\n  rules: [attempts]\n  group-by: [source.ip]\n"        \
	"  timespan: 10s\n  condition: {gte: 1}\nweir:\n  window: tumbling\n  raise: detection\n"  \
	"  suppress: 1h\n  compute: {n: count where destination.port = " port "}\n"                \
	"  having: n >= 1\n" weir

static void a_strong_signal_is_a_detection(void **state)
{
	struct bench *b =
		bench_new(BASE_RULE ALONE("flood", "55555555-5555-4555-8555-555555555555", "1",
					  "  summary: \"{source.ip} did it {n} times\"\n"));

	(void)state;
	scan(b, 1, "10.1.0.1");
	assert_int_equal(b->detections, 1);
	assert_int_equal(b->detection[0].severity, SEVERITY_HIGH);
	assert_string_equal(b->detection[0].message, "10.0.0.1 did it 1 times");
	assert_non_null(strstr(b->detection[0].why, "strong enough alone"));
	for (int i = 2; i < 100; i++)
		scan(b, i, "10.1.0.1");
	passes(b, 200);
	assert_int_equal(louds(b), 1);
	assert_int_equal(b->detection[b->detections - 1].change, DETECTION_UPDATED);
	assert_seconds(b->detection[b->detections - 1].last, 99);
	bench_free(b);
}

/* Members of a family update the one that is open. */
static void a_family_shares_a_detection(void **state)
{
	struct bench *b = bench_new(BASE_RULE ALONE("fast", "55555555-5555-4555-8555-555555555555",
						    "1", "  family: flood\n")
					    ALONE("slow", "66666666-6666-4666-8666-666666666666",
						  "2", "  family: flood\n"));

	(void)state;
	scan(b, 1, "10.1.0.1");
	access_to(b, 2, "10.1.0.1");
	assert_int_equal(b->detections, 2);
	assert_int_equal(b->detection[1].change, DETECTION_UPDATED);
	assert_string_equal(b->detection[1].id, b->detection[0].id);
	assert_string_equal(b->detection[1].rule, "fast");
	assert_int_equal(b->detection[1].signals_len, 2);
	bench_free(b);
}

/* Events of a base rule are evidence as signals are. */
static void a_base_rule_is_evidence(void **state)
{
	struct bench *b = bench_new(
		PAIR "---\ntitle: login\nname: login\nid: 77777777-7777-4777-8777-777777777777\n"
		     "status: stable\nlevel: low\nlogsource: {category: network, service: tls}\n"
		     "detection:\n  s:\n    destination.port: 443\n  condition: s\n"
		     "---\ntitle: With\nname: with\nid: 44444444-4444-4444-8444-444444444444\n"
		     "status: stable\nlevel: medium\ncorrelation:\n  type: temporal\n"
		     "  rules: [scan, login]\n  group-by: [source.ip]\n  timespan: 5m\n");
	struct event e = attempt(3, "10.0.0.1", "10.5.0.1", 443);

	(void)state;
	scan(b, 1, "10.1.0.1");
	e.service = SERVICE_TLS;
	push(b, e);
	assert_int_equal(b->detections, 1);
	assert_int_equal(louds(b), 1); /* the event's own signal is for correlation only */
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_within_the_timespan_make_one),
		cmocka_unit_test(one_detection_is_announced_once),
		cmocka_unit_test(the_end_announces_what_waits),
		cmocka_unit_test(looks_back_from_the_newest),
		cmocka_unit_test(keys_are_apart),
		cmocka_unit_test(ordered_asks_for_the_order),
		cmocka_unit_test(common_wants_a_shared_value),
		cmocka_unit_test(common_reaches_beyond_the_exact_bound),
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(differ_wants_two_values),
		cmocka_unit_test(evidence_must_be_severe_enough),
		cmocka_unit_test(severity_is_the_rules_or_the_worst),
		cmocka_unit_test(a_condition_is_over_rules),
		cmocka_unit_test(one_attack_is_one_detection),
		cmocka_unit_test(the_end_of_the_input_closes_nothing),
		cmocka_unit_test(the_id_is_derived),
		cmocka_unit_test(a_strong_signal_is_a_detection),
		cmocka_unit_test(a_family_shares_a_detection),
		cmocka_unit_test(a_base_rule_is_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
