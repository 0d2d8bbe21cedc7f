/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "enrich/geo.h"
#include "unit/enrich/mmdb.h"

static char city[] = "/tmp/weir-city-XXXXXX", asn[] = "/tmp/weir-asn-XXXXXX",
	    junk[] = "/tmp/weir-junk-XXXXXX";

static int write_databases(void **state)
{
	static struct mmdb m;
	size_t at;

	(void)state;
	close(mkstemp(city));
	close(mkstemp(asn));
	at = mmdb_city(&m, "DE", 52.5, 13.25);
	mmdb_add(&m, "198.51.100.0/24", at);
	mmdb_add(&m, "2001:db8::/32", mmdb_city(&m, "BR", -23.5, -46.625));
	mmdb_write(&m, city, "GeoLite2-City");
	memset(&m, 0, sizeof(m));
	mmdb_add(&m, "198.51.0.0/16",
		 mmdb_system(&m, 64496, "Example Networks of a long name Ltd"));
	mmdb_write(&m, asn, "GeoLite2-ASN");
	assert_int_equal(write(mkstemp(junk), "no database", 11), 11);
	return 0;
}

static int remove_databases(void **state)
{
	(void)state;
	unlink(city);
	unlink(asn);
	unlink(junk);
	return 0;
}

static const struct geo_facts *find(struct geo *geo, const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, strlen(text), &a), 0);
	return geo_find(geo, &a);
}

static bool text_is(const struct text *text, const char *words)
{
	return text->length == strlen(words) && !memcmp(text->at, words, text->length);
}

static void addresses_are_found_in_both_families(void **state)
{
	const struct geo_options options = {.city = city, .asn = asn};
	const struct geo_facts *facts;
	struct error error = {0};
	struct geo *geo;

	(void)state;
	assert_int_equal(geo_open(&geo, &options, &error), 0);
	for (int again = 0; again < 2; again++) { /* the second time from the cache */
		facts = find(geo, "198.51.100.7");
		assert_int_equal(facts->has,
				 GEO_COUNTRY | GEO_PLACE | GEO_NUMBER | GEO_ORGANIZATION);
		assert_true(text_is(&facts->country, "DE"));
		assert_true(facts->lat == 52.5 && facts->lon == 13.25);
		assert_int_equal(facts->number, 64496);
		assert_true(text_is(&facts->organization, "Example Networks of a long name Ltd"));
		facts = find(geo, "2001:db8::1");
		assert_int_equal(facts->has, GEO_COUNTRY | GEO_PLACE);
		assert_true(text_is(&facts->country, "BR"));
		assert_true(facts->lat == -23.5 && facts->lon == -46.625);
		assert_int_equal(find(geo, "198.51.1.1")->has, GEO_NUMBER | GEO_ORGANIZATION);
		assert_int_equal(find(geo, "203.0.113.1")->has, 0);
	}
	geo_close(geo);
}

static void a_country_database_stands_in_for_the_city(void **state)
{
	const struct geo_options options = {.country = city};
	const struct geo_facts *facts;
	struct error error = {0};
	struct geo *geo;

	(void)state;
	assert_int_equal(geo_open(&geo, &options, &error), 0);
	facts = find(geo, "198.51.100.7");
	assert_int_equal(facts->has, GEO_COUNTRY);
	geo_close(geo);
}

static void what_is_no_database_is_told(void **state)
{
	static const struct {
		struct geo_options options;
		const char *words;
	} cases[] = {
		{{.city = "/nowhere/x.mmdb"},

		 "geo.city: '/nowhere/x.mmdb': No such file or directory: a MaxMind database "
		 "(.mmdb) would be right"},
		{{.asn = junk}, "a MaxMind database (.mmdb) would be right"},
		{{.city = city, .country = "/"}, "geo.country: '/': "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error = {0};
		struct geo *geo = NULL;

		assert_true(geo_open(&geo, &cases[i].options, &error) < 0);
		assert_null(geo);
		assert_int_equal(error.status, EXIT_INPUT);
		assert_non_null(strstr(error.text, cases[i].words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_found_in_both_families),
		cmocka_unit_test(a_country_database_stands_in_for_the_city),
		cmocka_unit_test(what_is_no_database_is_told),
	};

	return cmocka_run_group_tests(tests, write_databases, remove_databases);
}
