/* SPDX-License-Identifier: Apache-2.0 */
#include "top/pages.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"

static const struct top_page *flows = &top_pages[TOP_FLOWS];

static json_t *flow(const char *process, int port, int sent, int received)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:i, s:s, s:i, s:i}", "process.name", process,
			 "source.ip", "10.0.0.1", "source.port", port, "destination.ip", "fd00::1",
			 "destination.port", 443, "network.transport", "tcp", "source.bytes", sent,
			 "destination.bytes", received);
}

static json_t *list(void)
{
	json_t *rows = json_array();

	json_array_append_new(rows, flow("curl", 1, 10, 0));
	json_array_append_new(rows, flow("sshd", 2, 0, 5000000));
	json_array_append_new(rows, flow("bash", 3, 10, 0));
	return rows;
}

static size_t column(const char *title)
{
	for (size_t i = 0; i < flows->len; i++)
		if (!strcmp(flows->columns[i].title, title))
			return i;
	fail_msg("no column %s", title);
	return 0;
}

/* Processes in their order. */
static void assert_order(const struct top_rows *rows, const char *expected)
{
	char text[256] = "";

	for (size_t i = 0; i < rows->len; i++) {
		strcat(text, i ? " " : "");
		strcat(text, top_text(rows->at[i], "process.name"));
	}
	assert_string_equal(text, expected);
}

static void rows_are_sorted_and_stay_where_they_are_alike(void **state)
{
	struct top_rows rows = {0};
	json_t *all = list();

	(void)state;
	top_rows_make(&rows, flows, all, column("SUM/S"), false);
	assert_order(&rows, "sshd curl bash");
	top_rows_make(&rows, flows, all, column("SUM/S"), true);
	assert_order(&rows, "curl bash sshd");
	top_rows_make(&rows, flows, all, column("PROCESS"), false);
	assert_order(&rows, "bash curl sshd");
	top_rows_make(&rows, flows, NULL, column("PROCESS"), false);
	assert_int_equal(rows.len, 0);
	top_rows_free(&rows);
	json_decref(all);
}

static void rows_are_found_by_word_and_by_key(void **state)
{
	struct top_rows rows = {0};
	char key[TOP_CELL_MAX];
	json_t *all = list();

	(void)state;
	top_rows_make(&rows, flows, all, column("PROCESS"), false);
	assert_int_equal(top_rows_search(&rows, flows, "SSH", 0, false), 2);
	assert_int_equal(top_rows_search(&rows, flows, "10.0.0.1", 1, false), 1);
	assert_int_equal(top_rows_search(&rows, flows, "bash", 2, false), 0);
	assert_int_equal(top_rows_search(&rows, flows, "curl", 0, true), 1);
	assert_int_equal(top_rows_search(&rows, flows, "nothing", 0, false), -1);
	flows->key(rows.at[1], key);
	assert_int_equal(top_rows_find(&rows, flows, key), 1);
	assert_int_equal(top_rows_find(&rows, flows, "gone"), -1);
	top_rows_free(&rows);
	json_decref(all);
}

static void cells_say_what_is_known(void **state)
{
	json_t *row = flow("curl", 1, 0, 1234567);
	char text[TOP_CELL_MAX];

	(void)state;
	flows->columns[column("SOURCE")].text(row, text);
	assert_string_equal(text, "10.0.0.1:1");
	flows->columns[column("DESTINATION")].text(row, text);
	assert_string_equal(text, "[fd00::1]:443");
	flows->columns[column("SENT/S")].text(row, text);
	assert_string_equal(text, "-");
	flows->columns[column("RECV/S")].text(row, text);
	assert_string_equal(text, "1.2M");
	json_object_set_new(row, "event.duration", json_integer(3723 * WEIR_SEC));
	flows->columns[column("AGE")].text(row, text);
	assert_string_equal(text, "1h02m");
	json_object_set_new(row, "flow.ended", json_true());
	flows->columns[column("AGE")].text(row, text);
	assert_string_equal(text, "ended");
	json_decref(row);
	/* Of a row that says nothing, every cell is made. */
	row = json_object();
	for (size_t p = 0; p < TOP_PAGES; p++)
		for (size_t i = 0; i < top_pages[p].len; i++)
			top_pages[p].columns[i].text(row, text);
	json_decref(row);
}

static void amounts_take_five_columns_at_most(void **state)
{
	static const struct {
		double amount;
		const char *text;
	} cases[] = {{0, "0"},	    {999, "999"},      {999.6, "1.0K"},	    {1000, "1.0K"},
		     {9960, "10K"}, {1234567, "1.2M"}, {999600000, "1.0G"}, {1e18, "1.0E"}};
	char text[TOP_CELL_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		top_amount(cases[i].amount, text);
		assert_string_equal(text, cases[i].text);
	}
	top_span(59, text);
	assert_string_equal(text, "59s");
	top_span(3 * 86400 + 7200, text);
	assert_string_equal(text, "3d02h");
	top_span(-5, text);
	assert_string_equal(text, "0s");
}

/* On any screen what is shown fits, and the columns of rank 0 are there as far as they can be. */
static void columns_fit_any_screen(void **state)
{
	(void)state;
	for (size_t p = 0; p < TOP_PAGES; p++)
		for (unsigned width = 1; width < 300; width++) {
			unsigned widths[16], sum = 0;

			top_widths(&top_pages[p], width, widths);
			for (size_t i = 0; i < top_pages[p].len; i++)
				sum += widths[i] ? widths[i] + 1 : 0;
			assert_in_range(sum, 2, width + 1);
		}
}

static void text_is_cut_to_columns_and_cannot_steer_the_terminal(void **state)
{
	static const struct {
		const char *text;
		unsigned width;
		const char *shown;
		unsigned columns;
	} cases[] = {
		{"abc", 3, "abc", 3},
		{"abcd", 3, "ab…", 3},
		{"a\033[2Jb", 10, "a?[2Jb", 6},
		{"\xff\xfe", 4, "??", 2},
		{"日本語", 6, "日本語", 6},
		{"日本語", 5, "日本…", 5},
		{"日本語", 4, "日…", 3},
		{"e\xcc\x81x", 2, "e\xcc\x81x", 2},
		{"\xe2\x80\xaex", 3, "?x", 2},
		{"abc", 0, "", 0},
		{"", 5, "", 0},
	};
	char shown[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(top_fit(cases[i].text, cases[i].width, shown, sizeof(shown)),
				 cases[i].columns);
		assert_string_equal(shown, cases[i].shown);
	}
}

static void text_fits_a_small_buffer(void **state)
{
	char shown[16], text[400];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	top_fit(text, 300, shown, sizeof(shown));
	assert_true(strlen(shown) < sizeof(shown));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_and_stay_where_they_are_alike),
		cmocka_unit_test(rows_are_found_by_word_and_by_key),
		cmocka_unit_test(cells_say_what_is_known),
		cmocka_unit_test(amounts_take_five_columns_at_most),
		cmocka_unit_test(columns_fit_any_screen),
		cmocka_unit_test(text_is_cut_to_columns_and_cannot_steer_the_terminal),
		cmocka_unit_test(text_fits_a_small_buffer),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
