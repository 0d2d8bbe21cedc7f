/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"

static weir_time parsed(const char *text)
{
	weir_time at = TIME_NONE;

	assert_int_equal(time_parse(text, strlen(text), &at), 0);
	return at;
}

static void formats_are_read(void **state)
{
	const weir_time second = INT64_C(1767323045) * WEIR_SEC; /* 2026-01-02T03:04:05Z */

	(void)state;
	assert_int_equal(parsed("2026-01-02T03:04:05Z"), second);
	assert_int_equal(parsed("2026-01-02 03:04:05"), second);
	assert_int_equal(parsed("2026-01-02T05:04:05+02:00"), second);
	assert_int_equal(parsed("2026-01-01T22:04:05-0500"), second);
	assert_int_equal(parsed("2026-01-02T03:04:05.25Z"), second + 250 * WEIR_MSEC);
	assert_int_equal(parsed("1767323045.000000001"), second + 1);
	assert_int_equal(parsed("1767323045"), second);
	assert_int_equal(parsed("-1.5"), -1500 * WEIR_MSEC);
}

static void nonsense_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"x",
		"2026-13-01T00:00:00Z",
		"2026-01-02T03:04",
		"2026-01-02T25:00:00Z",
		"2026-01-02T03:04:05Q",
		"1.",
		"99999999999999999999",
		"2026-01-02T03:04:05+99:00",
	};
	weir_time at = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_not_equal(time_parse(texts[i], strlen(texts[i]), &at), 0);
	assert_int_equal(at, 7);
}

static void times_are_written_and_read_back(void **state)
{
	static const weir_time times[] = {0, -1 * WEIR_USEC, 1767323045123456 * WEIR_USEC,
					  -WEIR_DAY * 400};
	char text[TIME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		assert_int_equal(parsed(time_format(times[i], text)), times[i]);
	assert_string_equal(time_format(1767323045123456 * WEIR_USEC, text),
			    "2026-01-02T03:04:05.123456Z");
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		weir_time length;
		const char *shortest;
	} cases[] = {
		{"90s", 90 * WEIR_SEC, "1m30s"},     {"5m", 5 * WEIR_MIN, "5m"},
		{"250ms", 250 * WEIR_MSEC, "250ms"}, {"1h30m", 90 * WEIR_MIN, "1h30m"},
		{"7d", 7 * WEIR_DAY, "7d"},	     {"1w", 7 * WEIR_DAY, "7d"},
		{"10us", 10 * WEIR_USEC, "10us"},    {"0s", 0, "0s"},
	};
	static const char *const wrong[] = {"", "5", "m", "5x", "5m3", "99999999999999w", "-5m"};
	char text[TIME_TEXT_MAX];
	weir_time length;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(duration_parse(cases[i].text, strlen(cases[i].text), &length), 0);
		assert_int_equal(length, cases[i].length);
		assert_string_equal(duration_format(length, text), cases[i].shortest);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_not_equal(duration_parse(wrong[i], strlen(wrong[i]), &length), 0);
}

static void floor_holds_before_the_epoch(void **state)
{
	(void)state;
	assert_int_equal(time_floor(25, 10), 20);
	assert_int_equal(time_floor(20, 10), 20);
	assert_int_equal(time_floor(-1, 10), -10);
	assert_int_equal(time_floor(-10, 10), -10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_read),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(times_are_written_and_read_back),
		cmocka_unit_test(durations),
		cmocka_unit_test(floor_holds_before_the_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
