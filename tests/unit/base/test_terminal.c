/* SPDX-License-Identifier: Apache-2.0 */
#include "base/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/render.h"

static char *text;
static size_t size;

static struct terminal begin(bool colour, unsigned width)
{
	return (struct terminal){
		.out = open_memstream(&text, &size), .colour = colour, .width = width};
}

static void expect_text(const struct terminal *terminal, const char *expected)
{
	fclose(terminal->out);
	assert_string_equal(text, expected);
	free(text);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	struct terminal t = begin(false, 80);

	(void)state;
	terminal_put(&t, TINT_RED, "a\033[2Jb\x7f\r\n\xc2\x9b\xff\xe2\x82 é €");
	expect_text(&t, "a?[2Jb?????"
			"??"
			" é €");
	t = begin(false, 80);
	terminal_put(&t, TINT_PLAIN, "a\u202egpj.exe\u2066\u200f\u2028 →");
	expect_text(&t, "a?gpj.exe??? →");
}

static void colour_only_where_it_is_wanted(void **state)
{
	struct terminal t = begin(true, 80);

	(void)state;
	terminal_put(&t, TINT_RED, "x");
	terminal_put(&t, TINT_PLAIN, "y");
	expect_text(&t, "\033[31mx\033[0my");
	t = begin(false, 80);
	terminal_put(&t, TINT_RED, "x");
	expect_text(&t, "x");
}

static void a_pipe_is_plain(void **state)
{
	FILE *file = tmpfile();
	struct terminal t = terminal_open(file);

	(void)state;
	assert_false(t.colour);
	assert_int_equal(t.width, 0);
	fclose(file);
}

static void columns_are_aligned(void **state)
{
	struct terminal t = begin(false, 0);
	struct grid grid;

	(void)state;
	grid_begin(&grid, 3);
	grid_add(&grid, TINT_BOLD, "é");
	grid_addf(&grid, TINT_PLAIN, "%d", 7);
	grid_add(&grid, TINT_PLAIN, NULL);
	grid_add(&grid, TINT_PLAIN, "long");
	grid_add(&grid, TINT_PLAIN, "x");
	grid_add(&grid, TINT_PLAIN, "last");
	grid_end(&grid, &t, 1);
	expect_text(&t, " é     7  \n long  x  last\n");
	assert_null(grid.at);
}

static void the_last_column_ends_at_the_edge(void **state)
{
	struct terminal t = begin(false, 16);
	struct grid grid;

	(void)state;
	grid_begin(&grid, 2);
	grid_add(&grid, TINT_PLAIN, "name");
	grid_add(&grid, TINT_PLAIN, "0123456789abcdef");
	grid_end(&grid, &t, 0);
	expect_text(&t, "name  012345678…\n");
}

static void status_is_rendered_whatever_is_in_it(void **state)
{
	json_t *object =
		json_pack("{s:i, s:f, s:b, s:[s,s], s:[], s:n, s:{s:I, s:{s:i}}, s:[{s:s, "
			  "s:i}, {s:s, s:i, s:s}]}",
			  "events", 1234567, "coverage", 0.5, "fine", 1, "who", "a", "b", "none",
			  "nothing", "packet_loss", "ring_full", (json_int_t)-1000, "deep", "x", 1,
			  "rules", "name", "A", "n", 1, "name", "BB", "n", 22, "why", "z");
	struct terminal t = begin(false, 0);

	(void)state;
	assert_non_null(object);
	render_object(object, &t, 0);
	expect_text(&t, "events    1,234,567\n"
			"coverage  0.5\n"
			"fine      yes\n"
			"who       a, b\n"
			"none      none\n"
			"nothing   -\n"
			"\npacket loss:\n"
			"  ring full  -1,000\n"
			"  deep:\n"
			"    x  1\n"
			"\nrules:\n"
			"  name  n   why\n"
			"  A     1   -\n"
			"  BB    22  z\n");
	json_decref(object);
}

static void rows_with_objects_are_blocks(void **state)
{
	json_t *object =
		json_pack("{s:[{s:s, s:i, s:{s:i, s:s}}], s:[{s:s, s:i}, {s:s, s:i}], "
			  "s:[{s:s, s:i}]}",
			  "interfaces", "name", "eth0", "index", 2, "received", "wire_bytes", 5000,
			  "how", "tcx", "losses", "reason", "full", "count", 0, "reason", "race",
			  "count", 3, "quiet", "reason", "x", "count", 0);
	struct terminal t = begin(false, 0);

	(void)state;
	assert_non_null(object);
	render_object(object, &t, 0);
	expect_text(&t, "\ninterfaces:\n"
			"  eth0\n"
			"    index     2\n"
			"    received  wire bytes 5,000, how tcx\n"
			"\nlosses:\n"
			"  reason  count\n"
			"  race    3\n"
			"\nquiet:\n"
			"  none\n");
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(colour_only_where_it_is_wanted),
		cmocka_unit_test(a_pipe_is_plain),
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(the_last_column_ends_at_the_edge),
		cmocka_unit_test(status_is_rendered_whatever_is_in_it),
		cmocka_unit_test(rows_with_objects_are_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
