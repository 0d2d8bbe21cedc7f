/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped rules, whole: a scan, a spike and administration from one host are one detection;
 * any two of them, or all three from different hosts, are none. */
#include "../signal/harness.h"

#include <unistd.h>

static struct bench *shipped(void)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct signal_engine_ops ops = {.signal = bench_signal, .context = b};
	struct correlate_ops detections = {.detection = bench_detection, .context = b};
	const char *paths[] = {"rules", NULL};
	struct rule_options options = {.paths = paths};

	assert_non_null(b);
	if (access("rules/detections/lateral_movement.yml", R_OK)) {
		print_message("skip: not run from the project's root\n");
		free(b);
		skip();
	}
	field_roles_set((const char *const[]){"scanner"}, 1);
	assert_int_equal(ruleset_load(&b->set, &options, &b->faults), 0);
	b->engine = signal_engine_new(b->set, &ops);
	b->correlate = correlate_new(b->set, &detections);
	return b;
}

static struct event internal(double at, enum event_service service, const char *source,
			     const char *destination, unsigned port)
{
	struct event e = attempt(at, source, destination, port);

	e.service = (uint16_t)service;
	event_set(&e, SOURCE_SCOPE, source_scope, SCOPE_INTERNAL);
	event_set(&e, DESTINATION_SCOPE, destination_scope, SCOPE_INTERNAL);
	event_set(&e, EVENT_START, event_start, e.time);
	return e;
}

/* One connection that is rejected: an attempt and its outcome. */
static void rejected(struct bench *b, double at, const char *source, const char *destination,
		     unsigned port)
{
	struct event e = internal(at, SERVICE_CONNECTION, source, destination, port);

	push(b, internal(at, SERVICE_ATTEMPT, source, destination, port));
	event_set(&e, NETWORK_STATE, network_state, STATE_REJECTED);
	push(b, e);
}

static void scans(struct bench *b, double at, const char *source)
{
	for (unsigned port = 1; port <= 60; port++)
		rejected(b, at + port / 100.0, source, "10.1.0.1", 1000 + port);
}

static void administers(struct bench *b, double at, const char *source, bool talks)
{
	push(b, internal(at, SERVICE_ATTEMPT, source, "10.1.0.1", 22));
	push(b, internal(at + 1, SERVICE_ATTEMPT, source, "10.1.0.1", 445));
	if (talks) {
		struct event e = internal(at + 2, SERVICE_FLOW, source, "10.1.0.1", 22);

		event_set(&e, SOURCE_PAYLOAD_BYTES, source_payload_bytes, 2000);
		event_set(&e, DESTINATION_PAYLOAD_BYTES, destination_payload_bytes, 3000);
		push(b, e);
	}
}

static size_t raised(const struct bench *b)
{
	size_t len = 0;

	for (size_t i = 0; i < b->detections; i++)
		len += b->detection[i].change == DETECTION_RAISED;
	return len;
}

static void all_three_are_one_detection(void **state)
{
	struct bench *b = shipped();

	(void)state;
	scans(b, 0, "10.0.0.5");
	administers(b, 30, "10.0.0.5", false);
	ends(b);
	assert_int_equal(raised(b), 1);
	assert_string_equal(b->detection[0].rule, "lateral_movement");
	assert_int_equal(b->detection[0].severity, SEVERITY_HIGH);
	assert_non_null(strstr(b->detection[0].why, "PORT_SCAN"));
	assert_non_null(strstr(b->detection[0].why, "CONNECTION_SPIKE"));
	assert_non_null(strstr(b->detection[0].why, "usually 10"));
	assert_non_null(strstr(b->detection[0].message, "10.1.0.1"));
	bench_free(b);
}

static void it_is_critical_when_somebody_answered(void **state)
{
	struct bench *b = shipped();
	enum severity worst = SEVERITY_INFORMATIONAL;

	(void)state;
	scans(b, 0, "10.0.0.5");
	administers(b, 30, "10.0.0.5", true);
	passes(b, 200);
	ends(b);
	for (size_t i = 0; i < b->detections; i++)
		worst = b->detection[i].severity > worst ? b->detection[i].severity : worst;
	assert_int_equal(raised(b), 1);
	assert_int_equal(worst, SEVERITY_CRITICAL);
	bench_free(b);
}

static void less_is_none(void **state)
{
	struct bench *b = shipped();

	(void)state;
	scans(b, 0, "10.0.0.5");
	ends(b);
	assert_int_equal(b->detections, 0);
	assert_non_null(loud(b, 0));
	bench_free(b);
	b = shipped();
	scans(b, 0, "10.0.0.5");
	administers(b, 30, "10.0.0.6", true);
	ends(b);
	assert_int_equal(b->detections, 0);
	bench_free(b);
	b = shipped();
	scans(b, 0, "10.0.0.5");
	administers(b, 30 + 900 + 61, "10.0.0.5", true);
	ends(b);
	assert_int_equal(b->detections, 0);
	bench_free(b);
}

/* The role scanner takes what it does out of the scan. */
static void a_permitted_scanner_is_quiet(void **state)
{
	struct bench *b = shipped();

	(void)state;
	for (unsigned port = 1; port <= 60; port++) {
		struct event e = internal(port / 100.0, SERVICE_CONNECTION, "10.0.0.5", "10.1.0.1",
					  1000 + port);

		event_set(&e, NETWORK_STATE, network_state, STATE_REJECTED);
		event_set(&e, SOURCE_ROLE, source_role, 1);
		push(b, e);
	}
	ends(b);
	assert_int_equal(b->told_len, 0);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_three_are_one_detection),
		cmocka_unit_test(it_is_critical_when_somebody_answered),
		cmocka_unit_test(less_is_none),
		cmocka_unit_test(a_permitted_scanner_is_quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
