/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "enrich/learn.h"

#define START (20000 * WEIR_DAY + 10 * WEIR_HOUR)

static struct learn *learn;

static int open_learn(void **state)
{
	const struct learn_options options = {
		.days = 7, .max_destinations = 1000, .max_pairs = 1000};

	(void)state;
	learn = learn_new(&options);
	return !learn;
}

static int close_learn(void **state)
{
	(void)state;
	learn_free(learn);
	return 0;
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, strlen(text), &a), 0);
	return a;
}

static enum address_scope scope(const char *text)
{
	return !strncmp(text, "10.", 3) ? SCOPE_INTERNAL : SCOPE_EXTERNAL;
}

static struct event from_to(unsigned service, weir_time time, const char *source,
			    const char *destination)
{
	struct event e = {.service = (uint16_t)service, .time = time};

	event_set(&e, SOURCE_IP, source_ip, addr(source));
	event_set(&e, DESTINATION_IP, destination_ip, addr(destination));
	event_set(&e, DESTINATION_PORT, destination_port, 443);
	event_set(&e, SOURCE_SCOPE, source_scope, scope(source));
	event_set(&e, DESTINATION_SCOPE, destination_scope, scope(destination));
	return e;
}

static void name(struct event *e, const char *domain, const char *registered)
{
	event_set(e, DESTINATION_DOMAIN, destination_domain,
		  ((struct text){domain, (uint32_t)strlen(domain)}));
	if (registered)
		event_set(e, DESTINATION_REGISTERED_DOMAIN, destination_registered_domain,
			  ((struct text){registered, (uint32_t)strlen(registered)}));
}

/* What is known before, then learnt. */
static struct event pass(struct event e)
{
	learn_read(learn, &e);
	learn_observe(learn, &e);
	return e;
}

static struct event use(weir_time time, const char *source, const char *destination)
{
	struct event e = from_to(SERVICE_CONNECTION, time, source, destination);

	event_set(&e, NETWORK_STATE, network_state, STATE_ESTABLISHED);
	return pass(e);
}

static void all_is_new_at_first_and_known_after_some_days(void **state)
{
	struct event e;

	(void)state;
	for (int day = 0; day < 7; day++) {
		for (int again = 0; again < 3; again++) {
			e = use(START + day * WEIR_DAY + again * WEIR_HOUR, "10.0.0.1",
				"198.51.100.1");
			assert_true(e.destination_new);
			assert_false(e.pair_known);
			assert_true(e.destination_first_seen_days == day);
		}
	}
	e = use(START + 7 * WEIR_DAY, "10.0.0.1", "198.51.100.1");
	assert_false(e.destination_new);
	assert_true(e.pair_known);
	/* Another port and another source are other pairs of the same destination. */
	e = from_to(SERVICE_ATTEMPT, START + 7 * WEIR_DAY, "10.0.0.1", "198.51.100.1");
	e.destination_port = 22;
	learn_read(learn, &e);
	assert_false(e.pair_known || e.destination_new);
	e = use(START + 7 * WEIR_DAY, "10.0.0.2", "198.51.100.1");
	assert_false(e.pair_known || e.destination_new);
}

static void what_was_seen_long_ago_is_known_too(void **state)
{
	struct event e;

	(void)state;
	use(START, "10.0.0.1", "198.51.100.1");
	e = use(START + 6 * WEIR_DAY, "10.0.0.1", "198.51.100.1");
	assert_true(e.destination_new && !e.pair_known);
	e = use(START + 7 * WEIR_DAY, "10.0.0.1", "198.51.100.1");
	assert_false(e.destination_new);
	assert_true(e.pair_known);
}

static void what_was_never_seen_is_new(void **state)
{
	struct event e;

	(void)state;
	use(START, "10.0.0.1", "198.51.100.1");
	e = use(START + 30 * WEIR_DAY, "10.0.0.1", "198.51.100.2");
	assert_true(e.destination_new);
	assert_false(e.pair_known);
	assert_true(e.destination_first_seen_days == 0);
	assert_int_equal(e.destination_prevalence, 0);
}

/* Touching is not using. */
static void attempts_refusals_and_half_open_ones_teach_nothing(void **state)
{
	struct event e;

	(void)state;
	pass(from_to(SERVICE_ATTEMPT, START, "10.0.0.1", "10.0.0.9"));
	pass(from_to(SERVICE_FLOW, START, "10.0.0.1", "10.0.0.9"));
	e = from_to(SERVICE_CONNECTION, START, "10.0.0.1", "10.0.0.9");
	event_set(&e, NETWORK_STATE, network_state, STATE_REJECTED);
	pass(e);
	e.network_state = STATE_UNANSWERED;
	pass(e);
	e.network_state = STATE_ESTABLISHED;
	event_set(&e, TCP_HALF_OPEN, tcp_half_open, true);
	pass(e);
	e = use(START + 8 * WEIR_DAY, "10.0.0.1", "10.0.0.9");
	assert_false(e.pair_known);
	assert_true(e.destination_new);
}

static void requests_and_unknown_outcomes_teach(void **state)
{
	static const unsigned services[] = {SERVICE_CONNECTION, SERVICE_TLS, SERVICE_HTTP,
					    SERVICE_FILE};

	(void)state;
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		char destination[] = "198.51.100.1";
		struct event e;

		destination[11] = (char)('1' + i);
		pass(from_to(services[i], START, "10.0.0.1", destination));
		e = use(START + 7 * WEIR_DAY, "10.0.0.1", destination);
		assert_true(e.pair_known);
	}
}

static void hosts_that_use_a_destination_are_counted(void **state)
{
	struct event e;

	(void)state;
	use(START, "10.0.0.1", "198.51.100.1");
	use(START, "10.0.0.1", "198.51.100.1");
	use(START, "10.0.0.2", "198.51.100.1");
	use(START, "10.0.0.3", "10.0.0.1");    /* inside */
	use(START, "203.0.113.1", "10.0.0.1"); /* from outside */
	e = use(START, "10.0.0.4", "198.51.100.1");
	assert_int_equal(e.destination_prevalence, 2);
	assert_int_equal(e.home_hosts_seen, 2);
}

static void a_domain_decides_where_there_is_one(void **state)
{
	struct event e;

	(void)state;
	e = from_to(SERVICE_CONNECTION, START, "10.0.0.1", "198.51.100.1");
	name(&e, "www.example.com", "example.com");
	pass(e);
	/* The same domain, in other letters, at another address. */
	e = from_to(SERVICE_CONNECTION, START + 7 * WEIR_DAY, "10.0.0.1", "198.51.100.77");
	name(&e, "cdn.EXAMPLE.com", "EXAMPLE.com");
	learn_read(learn, &e);
	assert_false(e.destination_new);
	assert_true(e.destination_first_seen_days == 7);
	assert_int_equal(e.destination_prevalence, 1);
	/* Another domain at the known address. */
	e = from_to(SERVICE_CONNECTION, START + 7 * WEIR_DAY, "10.0.0.1", "198.51.100.1");
	name(&e, "evil.example", "evil.example");
	learn_read(learn, &e);
	assert_true(e.destination_new);
	/* The address without a name. */
	e = from_to(SERVICE_CONNECTION, START + 7 * WEIR_DAY, "10.0.0.1", "198.51.100.1");
	learn_read(learn, &e);
	assert_false(e.destination_new);
}

static void what_the_input_says_stays(void **state)
{
	struct event e = from_to(SERVICE_HTTP, START, "10.0.0.1", "198.51.100.1");

	(void)state;
	event_set(&e, DESTINATION_FIRST_SEEN_DAYS, destination_first_seen_days, 30);
	event_set(&e, DESTINATION_PREVALENCE, destination_prevalence, 17);
	event_set(&e, LEARN_PROGRESS, learn_progress, 1);
	event_set(&e, PAIR_KNOWN, pair_known, true);
	event_set(&e, DESTINATION_NAMED, destination_named, false);
	event_set(&e, HOME_HOSTS_SEEN, home_hosts_seen, 99);
	learn_read(learn, &e);
	assert_true(e.destination_first_seen_days == 30);
	assert_int_equal(e.destination_prevalence, 17);
	assert_true(e.learn_progress == 1);
	assert_true(e.pair_known);
	assert_false(e.destination_named);
	assert_int_equal(e.home_hosts_seen, 99);
	assert_false(e.destination_new); /* it follows from first_seen_days */
	e = from_to(SERVICE_HTTP, START, "10.0.0.1", "198.51.100.1");
	event_set(&e, DESTINATION_FIRST_SEEN_DAYS, destination_first_seen_days, 1);
	learn_read(learn, &e);
	assert_true(e.destination_new);
}

static struct event use_named(unsigned number, bool named)
{
	struct event e = from_to(SERVICE_CONNECTION, START + number, "10.0.0.1", "198.51.100.1");

	e.destination_ip.byte[14] = (uint8_t)(number >> 8);
	e.destination_ip.byte[15] = (uint8_t)number;
	if (named)
		name(&e, "www.example.com", "example.com");
	return pass(e);
}

/* That a name is missing says something only where names are seen. */
static void unnamed_is_told_where_most_are_named(void **state)
{
	struct event e;

	(void)state;
	e = use_named(0, true);
	assert_true(event_has(&e, FIELD_DESTINATION_NAMED) && e.destination_named);
	for (unsigned i = 1; i < 20; i++) {
		e = use_named(i, i % 4);
		assert_int_equal(event_has(&e, FIELD_DESTINATION_NAMED), i % 4 != 0);
	}
	e = use_named(20, false);
	assert_true(event_has(&e, FIELD_DESTINATION_NAMED));
	assert_false(e.destination_named);
	/* One that calls all the time decides nothing. */
	for (unsigned i = 0; i < 500; i++)
		e = use_named(20, false);
	assert_true(event_has(&e, FIELD_DESTINATION_NAMED));
	/* Peer-to-peer does. */
	for (unsigned i = 0; i < 100; i++)
		e = use_named(1000 + i, false);
	assert_false(event_has(&e, FIELD_DESTINATION_NAMED));
	/* Within the house, nothing is said of what has no name. */
	e = use(START, "10.0.0.1", "10.0.0.2");
	assert_false(event_has(&e, FIELD_DESTINATION_NAMED));
}

static void pairs_are_those_of_internal_hosts(void **state)
{
	struct event e = use(START, "203.0.113.1", "10.0.0.1");

	(void)state;
	assert_false(event_has(&e, FIELD_PAIR_KNOWN));
	assert_true(event_has(&e, FIELD_DESTINATION_NEW));
	e = from_to(SERVICE_CONNECTION, START, "10.0.0.1", "224.0.0.1");
	e.destination_scope = SCOPE_MULTICAST;
	e = pass(e);
	assert_false(event_has(&e, FIELD_DESTINATION_NEW));
	assert_true(event_has(&e, FIELD_LEARN_PROGRESS));
}

static void progress_is_the_share_of_the_days(void **state)
{
	struct learn_stats stats;
	struct event e;

	(void)state;
	assert_true(use(START, "10.0.0.1", "198.51.100.1").learn_progress == 0);
	e = use(START + 7 * WEIR_DAY / 4, "10.0.0.1", "198.51.100.1");
	assert_true(e.learn_progress == 0.25);
	assert_true(use(START - WEIR_DAY, "10.0.0.1", "198.51.100.1").learn_progress == 0);
	assert_true(use(START + 70 * WEIR_DAY, "10.0.0.1", "198.51.100.1").learn_progress == 1);
	learn_stats(learn, &stats);
	assert_true(stats.progress == 1);
	assert_int_equal(stats.destinations, 1);
	assert_int_equal(stats.pairs, 1);
	assert_int_equal(stats.hosts, 1);
}

static void memory_is_bounded_and_what_goes_is_counted(void **state)
{
	struct learn_stats stats;

	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		use_named(i, false);
	learn_stats(learn, &stats);
	assert_int_equal(stats.destinations, 1000);
	assert_int_equal(stats.pairs, 1000);
	assert_int_equal(stats.evicted, 4000);
	assert_int_equal(stats.refused, 0);
	assert_true(stats.bytes < 200000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_learn, close_learn)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_new_at_first_and_known_after_some_days),
		TEST(what_was_seen_long_ago_is_known_too),
		TEST(what_was_never_seen_is_new),
		TEST(attempts_refusals_and_half_open_ones_teach_nothing),
		TEST(requests_and_unknown_outcomes_teach),
		TEST(hosts_that_use_a_destination_are_counted),
		TEST(a_domain_decides_where_there_is_one),
		TEST(what_the_input_says_stays),
		TEST(unnamed_is_told_where_most_are_named),
		TEST(pairs_are_those_of_internal_hosts),
		TEST(progress_is_the_share_of_the_days),
		TEST(memory_is_bounded_and_what_goes_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
