/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "capture/login/line.h"

/* 2024-03-01T12:00:00Z: the February before it had 29 days. */
#define REFERENCE (INT64_C(1709294400) * WEIR_SEC)

static struct login_line line;

static bool reads(const char *text)
{
	return login_line_read(text, strlen(text), REFERENCE, &line);
}

static bool is(const struct text *text, const char *words)
{
	return text->length == strlen(words) && !memcmp(text->at, words, text->length);
}

static const char *when(void)
{
	static char text[TIME_TEXT_MAX];

	return time_format(line.at, text);
}

static void both_times_are_read(void **state)
{
	static const struct {
		const char *text, *at;
	} cases[] = {
		{"Mar  1 11:00:01 host sshd[12]: words", "2024-03-01T11:00:01.000000Z"},
		{"Feb 29 11:00:01 host sshd[12]: words", "2024-02-29T11:00:01.000000Z"},
		{"Mar 02 11:59:59 host sshd[12]: words", "2024-03-02T11:59:59.000000Z"},
		{"Mar  3 11:00:01 host sshd[12]: words", "2023-03-03T11:00:01.000000Z"},
		{"Dec 31 23:59:59 host sshd[12]: words", "2023-12-31T23:59:59.000000Z"},
		{"2024-02-01T10:00:00.5+01:00 host sshd[12]: words\r",
		 "2024-02-01T09:00:00.500000Z"},
		{"2024-02-01T10:00:00Z host /usr/sbin/sshd[12]: words",
		 "2024-02-01T10:00:00.000000Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(reads(cases[i].text));
		assert_string_equal(when(), cases[i].at);
		assert_true(is(&line.message.program, "sshd"));
		assert_true(is(&line.message.text, "words"));
	}
}

static void programs_may_have_parts_and_no_number(void **state)
{
	(void)state;
	assert_true(reads("Mar  1 11:00:01 host postfix/smtpd[1]: x: y"));
	assert_true(is(&line.message.program, "postfix/smtpd"));
	assert_true(reads("Mar  1 11:00:01 host sudo: x"));
	assert_true(is(&line.message.program, "sudo"));
}

static void a_line_without_a_time_is_a_message(void **state)
{
	(void)state;
	assert_true(reads("Failed password for root from 203.0.113.9 port 4 ssh2\r\n"));
	assert_true(line.at == TIME_NONE);
	assert_int_equal(line.message.program.length, 0);
	assert_true(
		is(&line.message.text, "Failed password for root from 203.0.113.9 port 4 ssh2"));
}

static void what_is_no_line_is_none(void **state)
{
	static const char *const cases[] = {
		"",
		"\r\n",
		"Mar  1 11:00:01",
		"Mar  1 11:00:01 host",
		"Mar  1 11:00:01 host sshd",
		"Mar  1 11:00:01 host sshd[12",
		"Mar  1 11:00:01 host sshd[12]",
		"Mar  1 11:00:01 host sshd[x]: y",
		"Mar  1 11:00:01 host : x",
		"Mar  1 11:00:01 host last message: repeated",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (reads(cases[i]) && line.at != TIME_NONE)
			fail_msg("read: '%s'", cases[i]);
	/* No such days. */
	assert_true(reads("Mar 32 11:00:01 host sshd: x") && line.at == TIME_NONE);
	assert_true(reads("Xyz  1 11:00:01 host sshd: x") && line.at == TIME_NONE);
	assert_true(reads("Mar  1 25:00:01 host sshd: x") && line.at == TIME_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_times_are_read),
		cmocka_unit_test(programs_may_have_parts_and_no_number),
		cmocka_unit_test(a_line_without_a_time_is_a_message),
		cmocka_unit_test(what_is_no_line_is_none),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
