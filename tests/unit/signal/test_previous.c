/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

/* prev(): what a condition knows of the key's event before. */

#define LOGIN                                                                                      \
	"title: logins\nname: logins\nid: 11111111-1111-4111-8111-111111111111\n"                  \
	"level: low\nlogsource: {category: network, service: login}\n"                             \
	"detection:\n  selection:\n    event.outcome: success\n  condition: selection\n---\n"

/* The example of docs/rules.md. */
#define IMPOSSIBLE_TRAVEL                                                                          \
	LOGIN "title: One user, too far apart\nname: impossible_travel\n"                          \
	      "id: 22222222-2222-4222-8222-222222222222\nlevel: high\n"                            \
	      "correlation:\n  type: event_count\n  rules: [logins]\n  group-by: [user.name]\n"    \
	      "  timespan: 1d\n  condition: {gte: 1}\nweir:\n  compute:\n"                         \
	      "    jumps: count where geo_km(prev(source.geo.location), source.geo.location) >= "  \
	      "750 and geo_km(prev(source.geo.location), source.geo.location) >= 900 * "           \
	      "((event.start - prev(event.start)) / 1h)\n"                                         \
	      "    country: last(source.geo.country_iso_code)\n"                                   \
	      "  having: jumps >= 1\n  raise: detection\n"                                         \
	      "  summary: '{user.name} came from {country}'\n"

struct town {
	double latitude, longitude;
	const char *country;
};

static const struct town berlin = {52.52, 13.405, "DE"}, new_york = {40.7128, -74.006, "US"},
			 potsdam = {52.3906, 13.0645, "DE"};

static void login(struct bench *b, double hours, const char *user, const struct town *place)
{
	struct event e = {.time = BASE + (weir_time)(hours * 3600e9), .service = SERVICE_LOGIN};

	event_set(&e, USER_NAME, user_name, ((struct text){user, (uint32_t)strlen(user)}));
	event_set(&e, EVENT_OUTCOME, event_outcome, ((struct text){"success", 7}));
	if (place) {
		event_set(&e, SOURCE_GEO_LAT, source_geo_lat, place->latitude);
		event_set(&e, SOURCE_GEO_LON, source_geo_lon, place->longitude);
		event_set(&e, SOURCE_GEO_COUNTRY, source_geo_country,
			  ((struct text){place->country, 2}));
	}
	push(b, e);
}

static void nobody_crosses_the_sea_in_an_hour(void **state)
{
	struct bench *b = bench_new(IMPOSSIBLE_TRAVEL);

	(void)state;
	login(b, 0, "ada", &berlin);
	login(b, 0, "bob", &new_york);
	login(b, 0.1, "ada", &potsdam); /* near */
	login(b, 10, "ada", &new_york); /* 640 km/h */
	assert_int_equal(louds(b), 0);
	login(b, 11, "ada", &berlin);
	assert_int_equal(louds(b), 1);
	assert_string_equal(loud(b, 0)->message, "ada came from DE");
	bench_free(b);
}

/* Two at once are no division by zero; what has no place proves nothing, and hides nothing
 * before it: the event before is the event before. */
static void at_once_is_too_fast_and_nowhere_is_unknown(void **state)
{
	struct bench *b = bench_new(IMPOSSIBLE_TRAVEL);

	(void)state;
	login(b, 0, "ada", &berlin);
	login(b, 0, "ada", &new_york);
	assert_int_equal(louds(b), 1);
	login(b, 0, "bob", &berlin);
	login(b, 0, "bob", NULL);
	login(b, 0, "bob", &new_york);
	assert_int_equal(louds(b), 1);
	bench_free(b);
}

/* The event before counts however long ago it was, in every window type. */
static void it_is_known_beyond_the_window(void **state)
{
	static const char *const windows[] = {"", "  window: tumbling\n",
					      "  window: hop\n  every: 10s\n",
					      "  window: session\n  gap: 5s\n"};
	char rule[2048];

	(void)state;
	for (size_t w = 0; w < 4; w++) {
		struct bench *b;

		snprintf(rule, sizeof(rule),
			 WINDOW_RULE("  timespan: 60s\n  condition: {gte: 1}\n",
				     "%s  compute: {n: count where prev(destination.port) = 22 and "
				     "destination.port = 23}\n  having: n >= 1\n"),
			 windows[w]);
		b = bench_new(rule);
		push(b, attempt(0, "10.0.0.1", "10.0.0.2", 22));
		push(b, attempt(1, "10.0.0.9", "10.0.0.2", 23)); /* another key's */
		passes(b, 5000);
		push(b, attempt(9000, "10.0.0.1", "10.0.0.2", 23));
		passes(b, 20000);
		assert_int_equal(louds(b), 1);
		push(b, attempt(20000, "10.0.0.1", "10.0.0.2", 23));
		passes(b, 30000);
		assert_int_equal(louds(b), 1);
		bench_free(b);
	}
}

static void it_works_in_inner_groups_and_of_texts(void **state)
{
	struct bench *b = bench_new(
		WINDOW_RULE("  timespan: 60s\n  condition: {gte: 1}\n",
			    "  per:\n    dst:\n      by: [destination.ip]\n      compute:\n"
			    "        n: count where prev(observer.ingress.interface.name) = 'a "
			    "long name of one'\n"
			    "  compute: {most: max(dst.n)}\n  having: most >= 1\n"));
	struct event e = attempt(0, "10.0.0.1", "10.0.0.2", 1);
	char name[] = "A long name of One";

	(void)state;
	event_set(&e, INTERFACE_NAME, interface_name, ((struct text){name, sizeof(name) - 1}));
	push(b, e);
	memset(name, 'x', sizeof(name));
	push(b, attempt(1, "10.0.0.1", "10.0.0.3", 1)); /* the key's event before, another group */
	assert_int_equal(louds(b), 1);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_crosses_the_sea_in_an_hour),
		cmocka_unit_test(at_once_is_too_fast_and_nowhere_is_unknown),
		cmocka_unit_test(it_is_known_beyond_the_window),
		cmocka_unit_test(it_works_in_inner_groups_and_of_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
